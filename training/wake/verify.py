"""Fits the verifier, judges it on people it never heard, and writes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dialog.wake.evidence import FIGURES, PHONE_SIZE, RATIO, WHOLE_SIZE
from dialog.wake.verifier import USUAL_RATIO
from training.wake.pairs import Pair

WIDTH = 40
DROPOUT = 0.15
BATCH = 256
RATE, DECAY = 2e-3, 1e-3
RATIO_WEIGHT = 4.0
"""Chosen on false accepts of a few phrases; see `Verifier.ratio_weight`."""
SHARES = {"said": 1.0, "other": 1.0, "near": 0.5, "foreign": 0.5}
"""How much each kind of pair counts in all."""


class Network(nn.Module):
    """As `dialog.wake.verifier.Verifier` runs it.

    Args:
        middle: Of the phones' figures and of the whole's, one vector each.
        spread: Their standard deviations.
    """

    def __init__(self, middle: tuple[Tensor, Tensor], spread: tuple[Tensor, Tensor]) -> None:
        super().__init__()
        for name, value in zip(("phone", "whole"), middle, strict=True):
            self.register_buffer(f"{name}_middle", value)
        for name, value in zip(("phone", "whole"), spread, strict=True):
            self.register_buffer(f"{name}_spread", value)
        self.phone = nn.Linear(PHONE_SIZE, WIDTH)
        self.around = nn.Linear(3 * WIDTH, WIDTH)
        self.whole = nn.Linear(3 * WIDTH + WHOLE_SIZE, WIDTH)
        self.last = nn.Linear(WIDTH, 1)
        self.drop = nn.Dropout(DROPOUT)

    def forward(self, phones: Tensor, whole: Tensor, lengths: Tensor) -> Tensor:
        """Logits of paths: phones (batch, longest, size) filled up with anything."""
        there = (torch.arange(phones.shape[1])[None, :] < lengths[:, None])[..., None]
        each = torch.relu(self.phone((phones - self.phone_middle) / self.phone_spread)) * there
        each = self.drop(each)
        padded = nn.functional.pad(each, (0, 0, 1, 1))
        around = torch.cat([padded[:, :-2], padded[:, 1:-1], padded[:, 2:]], dim=2)
        each = torch.relu(self.around(around))
        mean = (each * there).sum(dim=1) / lengths[:, None]
        most = each.masked_fill(~there, -1e9).amax(dim=1)
        least = each.masked_fill(~there, 1e9).amin(dim=1)
        scaled = (whole - self.whole_middle) / self.whole_spread
        hidden = torch.relu(self.whole(torch.cat([mean, most, least, scaled], dim=1)))
        made: Tensor = self.last(self.drop(hidden))[:, 0]
        return made


@dataclass(frozen=True, slots=True)
class Batch:
    """Pairs as tensors."""

    phones: Tensor
    whole: Tensor
    lengths: Tensor

    @classmethod
    def of(cls, pairs: Sequence[Pair]) -> Batch:
        """Stack them."""
        longest = max(len(pair.evidence.phones) for pair in pairs)
        phones = np.zeros((len(pairs), longest, PHONE_SIZE), np.float32)
        for row, pair in enumerate(pairs):
            phones[row, : len(pair.evidence.phones)] = pair.evidence.phones
        whole = np.stack([pair.evidence.whole for pair in pairs])
        lengths = torch.tensor([len(pair.evidence.phones) for pair in pairs])
        return cls(torch.from_numpy(phones), torch.from_numpy(whole), lengths)


def fit(pairs: Sequence[Pair], *, epochs: int, seed: int) -> Network:
    """Train on pairs; kinds count by `SHARES` however many there are of each."""
    torch.manual_seed(seed)
    everything = Batch.of(pairs)
    there = torch.arange(everything.phones.shape[1])[None, :] < everything.lengths[:, None]
    phones = everything.phones[there]
    middle, spread = phones.mean(dim=0), phones.std(dim=0) + 1e-3
    middle[FIGURES:], spread[FIGURES:] = 0.0, 1.0
    network = Network(
        (middle, everything.whole.mean(dim=0)), (spread, everything.whole.std(dim=0) + 1e-3)
    )
    target = torch.tensor([float(pair.kind == "said") for pair in pairs])
    counts = Counter(pair.kind for pair in pairs)
    each = {kind: SHARES[kind] * len(pairs) / 2.5 / count for kind, count in counts.items()}
    weight = torch.tensor([each[pair.kind] for pair in pairs])
    steps = epochs * (len(pairs) // BATCH + 1)
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps)
    draw = torch.Generator().manual_seed(seed)
    network.train()
    for _ in range(epochs):
        order = torch.randperm(len(pairs), generator=draw)
        for at in range(0, len(order), BATCH):
            part = order[at : at + BATCH]
            logits = network(
                everything.phones[part], everything.whole[part], everything.lengths[part]
            )
            losses = nn.functional.binary_cross_entropy_with_logits(
                logits, target[part] * 0.98 + 0.01, reduction="none"
            )
            optimiser.zero_grad()
            (losses * weight[part]).mean().backward()
            optimiser.step()
            schedule.step()
    return network.eval()


def logits(networks: Sequence[Network], pairs: Sequence[Pair]) -> NDArray[np.float64]:
    """Mean logit of the networks for every pair, as `Verifier.logit` has it before its offset."""
    batch = Batch.of(pairs)
    with torch.no_grad():
        each = [net(batch.phones, batch.whole, batch.lengths).numpy() for net in networks]
    ratio = RATIO_WEIGHT * (batch.whole[:, RATIO].numpy() - USUAL_RATIO)
    made: NDArray[np.float64] = np.mean(each, axis=0) + ratio
    return made


def write(network: Network, path: Path, *, offset: float, held_out: Sequence[str]) -> None:
    """Write what `dialog.wake.verifier.Verifier` loads.

    Args:
        network: Trained.
        path: Of the file.
        offset: Logit at which the device wakes.
        held_out: Speakers that nothing was learnt from; who measures asks the file for them.
    """
    kept = {name: value.numpy().astype(np.float64) for name, value in network.state_dict().items()}
    kept["phone.bias"] -= kept["phone.weight"] @ (kept["phone_middle"] / kept["phone_spread"])
    kept["phone.weight"] /= kept["phone_spread"]
    figures = slice(3 * WIDTH, None)
    scaled = kept["whole_middle"] / kept["whole_spread"]
    kept["whole.bias"] -= kept["whole.weight"][:, figures] @ scaled
    kept["whole.weight"][:, figures] /= kept["whole_spread"]
    kept["last.bias"] -= offset
    layers = ("phone", "around", "whole", "last")
    arrays: dict[str, NDArray[np.generic]] = {
        f"{name}.weight": kept[f"{name}.weight"].T.astype(np.float32) for name in layers
    }
    arrays |= {f"{name}.bias": kept[f"{name}.bias"].astype(np.float32) for name in layers}
    arrays["ratio_weight"] = np.array(RATIO_WEIGHT)
    arrays["held_out"] = np.array(sorted(held_out))
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)

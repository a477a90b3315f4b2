"""The network of a head: dilated convolutions over the encoder's rows, the highest place counts."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from dialog.wake.head import DILATIONS, EPSILON, KERNEL, NEAR, STEPS, Fusion
from training.wake.call_jobs import NEGATIVE, POSITIVE
from training.wake.call_windows import Windows

Places = NDArray[np.int64]

WIDTH, ENCODED = 48, 288
LEARNING_RATE, WEIGHT_DECAY = 2e-3, 0.02
DROPPED_INPUTS, DROPPED, NOISE = 0.1, 0.15, 0.1
CALLS = 64
OTHERS = {
    "near": 24, "cut_near": 12, "echoed_near": 16, "english": 16, "mandarin": 12, "talk": 48,
    "mined": 16, "asked": 48, "met": 16, "met_read": 16,
}  # fmt: skip
"""Of each kind in a batch, half of them from the hardest found."""
OTHERS_WEIGHT = 1.5
MINE_EVERY, MINE_FROM, MINE_KEPT = 300, 4000, 300
TARGET = (0.01, 0.99)
_log = logging.getLogger(__name__)


class Network(nn.Module):
    """Windows (n, rows, 288) to logits (n,)."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(ENCODED, eps=EPSILON)
        self.first = nn.Conv1d(ENCODED, WIDTH, 1)
        self.layers = nn.ModuleList(
            nn.Conv1d(WIDTH, WIDTH, KERNEL, dilation=each, padding=each * (KERNEL // 2))
            for each in DILATIONS
        )
        self.last = nn.Conv1d(WIDTH, 1, 1)

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Logits of a call somewhere in the window."""
        hidden = self.norm(windows).transpose(1, 2)
        if self.training:
            kept = torch.rand(hidden.shape[0], ENCODED, 1) >= DROPPED_INPUTS
            hidden = hidden * kept / (1 - DROPPED_INPUTS)
        hidden = functional.relu(self.first(hidden))
        if self.training:
            hidden = hidden + NOISE * torch.randn_like(hidden)
        for layer in self.layers:
            dropped = functional.dropout(hidden, DROPPED, self.training)
            hidden = hidden + functional.relu(layer(dropped))
        logits: torch.Tensor = self.last(hidden)[:, 0].amax(1)
        return logits

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """As `dialog.wake.head.PhraseHead` takes them."""
        made: dict[str, NDArray[np.float32]] = {}
        for name, tensor in self.state_dict().items():
            value = tensor.numpy()
            if value.ndim == 3:  # (out, in, kernel): rows of inputs, the kernel's places in turn
                value = value.transpose(2, 1, 0).reshape(-1, value.shape[0])
            made[name] = value
        return made


def fit(heard: Mapping[str, Windows], *, steps: int, seed: int) -> Network:
    """Train one network.

    Args:
        heard: By kind; some of `POSITIVE` and of `NEGATIVE`.
        steps: Batches.
        seed: Of everything drawn.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    calls = [heard[kind] for kind in POSITIVE if kind in heard]
    others = {kind: heard[kind] for kind in NEGATIVE if kind in heard}
    hard = {kind: rng.integers(0, len(found), 2 * MINE_KEPT) for kind, found in others.items()}
    network = Network()
    optimiser = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, steps)
    for step in range(steps):
        if step and step % MINE_EVERY == 0:
            for kind, found in others.items():
                drawn = rng.choice(len(found), min(MINE_FROM, len(found)), replace=False)
                worst = drawn[np.argsort(-logits(network, found[drawn]))[:MINE_KEPT]]
                hard[kind] = np.concatenate([hard[kind][-2 * MINE_KEPT :], worst])
            _log.info("fitted steps=%d of=%d", step, steps)
        network.train()
        batch = [found[rng.integers(0, len(found), CALLS // len(calls))] for found in calls]
        count = sum(len(each) for each in batch)
        for kind, found in others.items():
            half = OTHERS[kind] // 2
            batch += [found[rng.integers(0, len(found), half)], found[rng.choice(hard[kind], half)]]
        given = torch.from_numpy(np.concatenate(batch).astype(np.float32))
        target = torch.full((len(given),), TARGET[0])
        target[:count] = TARGET[1]
        losses = functional.binary_cross_entropy_with_logits(
            network(given), target, reduction="none"
        )
        loss = losses[:count].mean() + OTHERS_WEIGHT * losses[count:].mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        schedule.step()
    return network.eval()


def logits(network: Network, windows: Windows, size: int = 256) -> NDArray[np.float32]:
    """Of windows, shape (n,)."""
    network.eval()
    made = []
    with torch.no_grad():
        for start in range(0, len(windows), size):
            part = torch.from_numpy(windows[start : start + size].astype(np.float32))
            made.append(network(part).numpy())
    return np.concatenate(made) if made else np.zeros(0, np.float32)


def export(
    phrase: str,
    networks: Sequence[Mapping[str, NDArray[np.float32]]],
    fusion: Fusion,
    path: Path,
    ears: str = NEAR,
) -> None:
    """Write a head, its weights in 255 steps for each column.

    Args:
        phrase: In plain lower-case words.
        networks: Weights as `Network.weights` and `dialog.wake.head.PhraseHead` have them.
        fusion: With the other witnesses.
        path: Where to.
        ears: Whose rows they learnt from.
    """
    kept: dict[str, NDArray[np.generic]] = {}
    for number, network in enumerate(networks):
        for name, value in network.items():
            if value.size > ENCODED:
                steps = np.maximum(np.abs(value).max(axis=0), 1e-9) / 127.0
                kept[f"{number}.{name}{STEPS}"] = steps.astype(np.float32)
                kept[f"{number}.{name}"] = np.rint(value / steps).astype(np.int8)
            else:
                kept[f"{number}.{name}"] = value.astype(np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = np.array([fusion.head, fusion.last, fusion.first, fusion.offset])
    np.savez_compressed(
        path,
        phrase=np.array(phrase),
        ears=np.array(ears),
        networks=np.array(len(networks)),
        fusion=weights,
        **kept,
    )

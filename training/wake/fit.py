"""The head: two convolutions over 16 embeddings and two layers, trained with mined negatives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional

from training.wake.data import Spoken, Talk, window_ends_s
from training.wake.embed import HOP_S, WINDOW_S

Places = NDArray[np.int64]

WINDOW = 16
EARLY_S, LATE_S = 0.0, 0.40
"""A window is the phrase when it ends this long after it."""
BEFORE_S = 0.35
"""A window that ends this long before the phrase's end has not heard it whole."""
LEARNING_RATE, WEIGHT_DECAY = 1e-3, 1e-2
POSITIVES, RANDOM, HARD = 64, 128, 128
MINE_EVERY, MINE_FROM, MINE_KEPT = 250, 24_000, 1_500
NOISE = 0.15
OPSET = 17


class Head(nn.Module):
    """Windows (n, 16, 96) to logits (n,).

    Args:
        mean: Of every figure of an embedding, shape (96,).
        deviation: The same.
    """

    def __init__(self, mean: torch.Tensor, deviation: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        self.first = nn.Conv1d(96, 48, 3)
        self.second = nn.Conv1d(48, 32, 3)
        self.third = nn.Linear(32 * (WINDOW - 4), 48)
        self.last = nn.Linear(48, 1)

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Logits of the phrase just having ended."""
        hidden = ((windows - self.mean) / self.deviation).transpose(1, 2)
        if self.training:
            hidden = hidden + NOISE * torch.randn_like(hidden)
        hidden = functional.relu(self.second(functional.relu(self.first(hidden))))
        hidden = functional.dropout(hidden.flatten(1), 0.2, self.training)
        logits: torch.Tensor = self.last(functional.relu(self.third(hidden)))
        return logits[:, 0]


def fit(
    phrase: Sequence[str], spoken: Sequence[Spoken], talks: Sequence[Talk], *, steps: int, seed: int
) -> Head:
    """Train a head.

    Args:
        phrase: Its words; windows of talk that hold them teach nothing.
        spoken: The phrase and near-misses.
        talks: Other talk.
        steps: Batches.
        seed: Of everything drawn.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    embeddings, sources, pools = _gathered(phrase, spoken, talks)
    hard = [rng.choice(pool, MINE_KEPT) for pool in pools]
    offsets = torch.arange(WINDOW)

    def windows(places: Places) -> torch.Tensor:
        return embeddings[torch.from_numpy(places)[:, None] + offsets]

    sample = embeddings[:: max(1, len(embeddings) // 50_000)]
    head = Head(sample.mean(0), sample.std(0))
    optimiser = torch.optim.AdamW(head.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps, LEARNING_RATE / 50)
    for step in range(steps):
        if step and step % MINE_EVERY == 0:
            for index, pool in enumerate(pools):
                drawn = rng.choice(pool, min(MINE_FROM, len(pool)), replace=False)
                worst = drawn[np.argsort(-_logits(head, windows(drawn)))[:MINE_KEPT]]
                hard[index] = np.concatenate([hard[index][-3 * MINE_KEPT :], worst])
        head.train()
        share = POSITIVES // len(sources)
        drawn = [rng.choice(source, share) for source in sources]
        drawn += [rng.choice(pool, RANDOM // 2) for pool in pools]
        drawn += [rng.choice(pool, HARD // 2) for pool in hard]
        logits = head(windows(np.concatenate(drawn)))
        said = share * len(sources)
        target = torch.zeros(len(logits))
        target[:said] = 1.0
        losses = functional.binary_cross_entropy_with_logits(
            logits, target * 0.98 + 0.005, reduction="none"
        )
        loss = losses[:said].mean() + 2.0 * losses[said:].mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(head.parameters(), 2.0)
        optimiser.step()
        schedule.step()
    return head.eval()


def _gathered(
    phrase: Sequence[str], spoken: Sequence[Spoken], talks: Sequence[Talk]
) -> tuple[torch.Tensor, list[Places], list[Places]]:
    """All embeddings; where windows of the phrase begin, by source; and of near-misses and talk."""
    kept: list[NDArray[np.float32]] = []
    positives: dict[str, list[Places]] = {}
    near: list[Places] = []
    other: list[Places] = []
    at = 0
    for clip in spoken:
        ends_s, places = window_ends_s(clip.embeddings), at + np.arange(len(clip.embeddings) - 15)
        if clip.end_s is None:
            near.append(places)
        else:
            late_s = ends_s - clip.end_s
            whole = places[(late_s >= EARLY_S) & (late_s <= LATE_S)]
            positives.setdefault(clip.source, []).append(whole)
            near.append(places[late_s < -BEFORE_S])
        kept.append(clip.embeddings)
        at += len(clip.embeddings)
    for talk in talks:
        other.append(at + np.flatnonzero(talk.windows_without(phrase)))
        kept.append(talk.embeddings)
        at += len(talk.embeddings)
    embeddings = torch.from_numpy(np.concatenate(kept))
    sources = [np.concatenate(found) for found in positives.values()]
    return embeddings, sources, [np.concatenate(near), np.concatenate(other)]


def scores(heads: Sequence[Head], embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean logit over the heads for every window."""
    windows = torch.from_numpy(embeddings).unfold(0, WINDOW, 1).transpose(1, 2)
    return np.mean([_logits(head, windows) for head in heads], axis=0)


def _logits(head: Head, windows: torch.Tensor) -> NDArray[np.float64]:
    head.eval()
    with torch.no_grad():
        return torch.cat([head(part.contiguous()) for part in windows.split(4096)]).numpy()


def export(heads: Sequence[Head], path: Path, *, offset: float) -> None:
    """Write the mean of the heads as ONNX: (1, 16, 96) in, a score 0..1 of shape (1, 1) out.

    Args:
        heads: Trained.
        path: Of the file.
        offset: Logit that becomes the score 0.5.
    """
    nodes, constants, logits = [], [], []

    def constant(name: str, value: NDArray[np.float32]) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(value, np.float32), name))
        return name

    def add(kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    for index, head in enumerate(heads):
        weights = {f"{k}": v.numpy() for k, v in head.state_dict().items()}

        def weight(name: str, value: NDArray[np.float32], index: int = index) -> str:
            return constant(f"{index}.{name}", value)

        hidden = add("Sub", ["embeddings", weight("mean", weights["mean"])], f"{index}.centred")
        scale = weight("scale", 1.0 / weights["deviation"])
        hidden = add("Mul", [hidden, scale], f"{index}.scaled")
        hidden = add("Transpose", [hidden], f"{index}.turned", perm=[0, 2, 1])
        for name in ("first", "second"):
            inputs = [hidden, *(weight(f"{name}.{w}", weights[f"{name}.{w}"]) for w in _BOTH)]
            hidden = add("Relu", [add("Conv", inputs, f"{index}.{name}")], f"{index}.{name}.relu")
        hidden = add("Flatten", [hidden], f"{index}.flat")
        for name in ("third", "last"):
            inputs = [hidden, *(weight(f"{name}.{w}", weights[f"{name}.{w}"]) for w in _BOTH)]
            hidden = add("Gemm", inputs, f"{index}.{name}", transB=1)
            if name == "third":
                hidden = add("Relu", [hidden], f"{index}.third.relu")
        logits.append(hidden)
    mean = add("Mean", logits, "mean")
    shifted = add("Sub", [mean, constant("offset", np.array([offset], np.float32))], "shifted")
    add("Sigmoid", [shifted], "score")
    float32 = TensorProto.FLOAT
    graph = helper.make_graph(
        nodes, "wake",
        [helper.make_tensor_value_info("embeddings", float32, [1, WINDOW, 96])],
        [helper.make_tensor_value_info("score", float32, [1, 1])],
        constants,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)


_BOTH = ("weight", "bias")


def best_near_end(scored: NDArray[np.float64], clip: Spoken) -> float:
    """The highest score where a detector would wake: from just before to 0.7 s after the end."""
    if clip.end_s is None:
        raise ValueError("a near-miss has no end")
    late_s = WINDOW_S + HOP_S * np.arange(len(scored)) - clip.end_s
    inside = (late_s >= -0.2) & (late_s <= 0.7)
    return float(scored[inside].max()) if inside.any() else float("-inf")

"""Training's own loop: AdamW, a warm-up, a cosine down to nothing much."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

_log = logging.getLogger(__name__)
_Batch = TypeVar("_Batch")

LEARNING_RATE, WEIGHT_DECAY, WARM_UP_STEPS = 3e-3, 2e-2, 100


def descend(
    network: nn.Module,
    batches: Callable[[], Iterable[_Batch]],
    loss_of: Callable[[_Batch], Tensor],
    *,
    epochs: int,
    steps: int,
    rate: float = LEARNING_RATE,
) -> None:
    """Train a network in place.

    Args:
        network: Where it lies its weights stay.
        batches: Those of one epoch, asked for anew for each.
        loss_of: Of one batch.
        epochs: How often.
        steps: How many batches there are in all: what the learning rate is planned for.
        rate: The highest learning rate.
    """
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=WEIGHT_DECAY)
    step, began = 0, time.monotonic()
    for epoch in range(epochs):
        network.train()
        losses = []
        for batch in batches():
            share = min(1.0, (step + 1) / WARM_UP_STEPS) * 0.5 * (1 + np.cos(np.pi * step / steps))
            for group in optimiser.param_groups:
                group["lr"] = rate * max(0.01, float(share))
            loss = loss_of(batch)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimiser.step()
            losses.append(float(loss.detach()))
            step += 1
        _log.info(
            "epoch=%d of=%d loss=%.3f seconds=%.0f",
            epoch + 1, epochs, np.mean(losses), time.monotonic() - began,
        )  # fmt: skip

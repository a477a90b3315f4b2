"""The network: a convolution that looks at 50 ms every 30 ms, then six residual dilated ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dialog.phone_features import BAND_COUNT
from dialog.phone_set import OUTPUTS, PHONES

WIDTH = 160
STRIDE = 3
DILATIONS = (1, 1, 2, 2, 3, 3)
DROPOUT = 0.1
TYPICAL_SCORE = 1.8
PHONE_OUTPUTS = 1 + len(PHONES)
"""Of the head for Vosk: silence, then the phones, one state each."""


class Network(nn.Module):
    """Heads: states of phones, whole phones (for Vosk), and the experts' scores.

    Args:
        scale: Standard deviation of every band in training, shape (40,).
    """

    def __init__(self, scale: Tensor) -> None:
        super().__init__()
        self.register_buffer("scale", scale)
        self.first = nn.Conv1d(BAND_COUNT, WIDTH, 5, STRIDE, 2)
        self.first_norm = nn.BatchNorm1d(WIDTH)
        self.layers = nn.ModuleList(nn.Conv1d(WIDTH, WIDTH, 3, 1, d, d) for d in DILATIONS)
        self.norms = nn.ModuleList(nn.BatchNorm1d(WIDTH) for _ in DILATIONS)
        self.states = nn.Conv1d(WIDTH, OUTPUTS, 1)
        self.phones = nn.Conv1d(WIDTH, PHONE_OUTPUTS, 1)
        self.scores = nn.Conv1d(WIDTH, len(PHONES), 1)

    def forward(self, bands: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """States, phones and scores of bands of shape (batch, 40, frames), every third frame."""
        hidden = self.first_norm(torch.relu(self.first(bands / self.scale[:, None])))
        for layer, norm in zip(self.layers, self.norms, strict=True):
            step = norm(torch.relu(layer(hidden)))
            hidden = hidden + nn.functional.dropout(step, DROPOUT, self.training)
        return self.states(hidden), self.phones(hidden), self.scores(hidden) + TYPICAL_SCORE

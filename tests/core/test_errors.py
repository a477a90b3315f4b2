"""Errors cross between processes whole."""

from __future__ import annotations

import pickle

import pytest

from core.errors import ConfigError, SpeakerError, StoreError, WorkerDied


@pytest.mark.parametrize(
    "error",
    [
        ConfigError(["line 1 is wrong", "line 2, too"]),
        StoreError("the disk is full; free some space"),
        WorkerDied("it died", code="worker.timeout", retryable=False),
    ],
)
def test_an_error_comes_back_as_it_was(error: SpeakerError) -> None:
    back = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert type(back) is type(error)
    assert (str(back), back.code, back.retryable) == (str(error), error.code, error.retryable)
    assert vars(back) == vars(error)

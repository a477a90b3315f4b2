"""What every audio backend honours; one suite, run on all of them.

A backend joins by a class of its own in `test_backends.py` that fills the `make` fixture.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from audio.ports import FRAME_SAMPLES, AudioBackend, ReadStatus, Samples

MakeBackend = Callable[[], AudioBackend]
READ_LIMIT_S = 5.0


class CountingSource:
    """Plays a saw tooth in which every sample says its place, so that no loss goes unseen."""

    PERIOD = 8_000

    def __init__(self) -> None:
        self.pulled = 0

    def pull(self, out: Samples) -> None:
        places = np.arange(self.pulled, self.pulled + len(out)) % self.PERIOD
        out[:] = places - self.PERIOD // 2
        self.pulled += len(out)


class BrokenSource:
    """Fails after a while, as a bug in the player would."""

    def __init__(self, good_pulls: int) -> None:
        self.left = good_pulls

    def pull(self, out: Samples) -> None:
        if self.left == 0:
            raise ZeroDivisionError("a bug in the source")
        self.left -= 1
        out[:] = 0


def read_frames(
    backend: AudioBackend, count: int
) -> tuple[list[NDArray[np.int16]], list[NDArray[np.int16]], list[ReadStatus]]:
    """Read until `count` frames came or the backend has ended; times out loudly."""
    nears, fars, statuses = [], [], []
    near, far = np.zeros(FRAME_SAMPLES, np.int16), np.zeros(FRAME_SAMPLES, np.int16)
    while len(nears) < count:
        status = backend.read(near, far, timeout_s=READ_LIMIT_S)
        if status.ended:
            break
        assert status.ok, f"no frame within {READ_LIMIT_S} s"
        nears.append(near.copy())
        fars.append(far.copy())
        statuses.append(status)
    return nears, fars, statuses


class BackendContract:
    """Subclass, name it Test…, and give it a fixture `make` that returns a `MakeBackend`."""

    def test_it_has_a_name_for_people_and_counters_at_zero(self, make: MakeBackend) -> None:
        backend = make()
        assert backend.name
        assert backend.counters.frames == 0

    def test_every_frame_is_counted(self, make: MakeBackend) -> None:
        with make() as backend:
            backend.open(CountingSource())
            nears, _, _ = read_frames(backend, 30)
            assert len(nears) == 30
            assert backend.counters.frames == 30

    def test_far_is_what_was_handed_over_sample_for_sample(self, make: MakeBackend) -> None:
        source = CountingSource()
        with make() as backend:
            backend.open(source)
            _, fars, statuses = read_frames(backend, 50)
            pulled = source.pulled
        following = 0
        for before, after, status in zip(fars, fars[1:], statuses[1:], strict=False):
            if status.discontinuity:
                continue
            step = (int(after[0]) - int(before[-1])) % CountingSource.PERIOD
            assert step == 1
            assert set(np.diff(after.astype(int)) % CountingSource.PERIOD) == {1}
            following += 1
        assert following >= 25, "a paired stream, not one loss after the other"
        assert pulled >= 50 * FRAME_SAMPLES

    def test_near_and_far_are_filled_whole(self, make: MakeBackend) -> None:
        with make() as backend:
            backend.open(CountingSource())
            near = np.full(FRAME_SAMPLES, -32768, np.int16)
            far = np.full(FRAME_SAMPLES, -32768, np.int16)
            assert backend.read(near, far, timeout_s=READ_LIMIT_S).ok
            assert -32768 not in near
            assert -32768 not in far

    def test_closing_twice_and_unopened_is_fine(self, make: MakeBackend) -> None:
        backend = make()
        backend.close()
        backend.open(CountingSource())
        read_frames(backend, 3)
        backend.close()
        backend.close()

    def test_it_can_be_opened_again(self, make: MakeBackend) -> None:
        backend = make()
        for _ in range(2):
            source = CountingSource()
            with backend:
                backend.open(source)
                nears, _, _ = read_frames(backend, 10)
                assert len(nears) == 10
                assert source.pulled >= 10 * FRAME_SAMPLES

    def test_a_closed_backend_pulls_no_more(self, make: MakeBackend) -> None:
        source = CountingSource()
        backend = make()
        backend.open(source)
        read_frames(backend, 10)
        backend.close()
        pulled = source.pulled
        backend.idle(0.05)
        assert source.pulled == pulled

    def test_a_fault_of_the_source_reaches_the_reader(self, make: MakeBackend) -> None:
        with make() as backend:
            backend.open(BrokenSource(good_pulls=10))
            with pytest.raises(ZeroDivisionError, match="a bug in the source"):
                read_frames(backend, 200)

"""The canceller's inner loops: compiled they say what NumPy says."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from audio.echo_kalman import KalmanCanceller
from audio.kalman_compiled import CompiledKalmanState, compiled_loops, kalman_state
from audio.kalman_state import LEAST_VARIANCE, KalmanState
from audio.ports import FRAME_SAMPLES

SHAPE = (7, 161)
KEEP = 0.9998


@pytest.fixture
def compiled() -> type[KalmanState]:
    loops = compiled_loops()
    if loops is None:
        assert shutil.which("gcc") is None, "there is a compiler: make setup should have used it"
        pytest.skip("no compiler here")
    return lambda shape: CompiledKalmanState(shape, loops)  # type: ignore[return-value]


def filled(state: KalmanState) -> KalmanState:
    rng = np.random.default_rng(3)
    for values in (state.spectra, state.weights):
        values.real, values.imag = rng.normal(size=(2, *SHAPE))
    for powers in (state.powers, state.variance):
        powers[:] = rng.exponential(size=SHAPE)
    return state


def alike(one: np.ndarray, other: np.ndarray) -> bool:
    return np.allclose(one, other, rtol=1e-5, atol=1e-5)


def test_every_loop_says_what_numpy_says(compiled: type[KalmanState]) -> None:
    plain, fast = filled(KalmanState(SHAPE)), filled(compiled(SHAPE))
    rng = np.random.default_rng(4)
    inverse = np.asarray(rng.exponential(size=SHAPE[1]) / 20, np.float32)
    error = np.asarray(rng.normal(size=SHAPE[1]) + 1j * rng.normal(size=SHAPE[1]), np.complex64)
    for _ in range(3):
        assert alike(plain.echo(), fast.echo())
        assert alike(plain.expected(), fast.expected())
        for state in (plain, fast):
            state.adapt(inverse, error)
            state.settle(inverse, KEEP)
            state.advance()
            state.spectra[0], state.powers[0] = error, inverse
        for name in ("spectra", "powers", "weights", "variance"):
            assert alike(getattr(plain, name), getattr(fast, name)), name


def test_a_weight_never_becomes_quite_sure(compiled: type[KalmanState]) -> None:
    for state in (KalmanState(SHAPE), compiled(SHAPE)):
        state.powers[:] = 1.0
        state.variance[:] = 1e-13
        state.settle(np.ones(SHAPE[1], np.float32), KEEP)
        assert state.variance.min() == np.float32(LEAST_VARIANCE)


def test_the_canceller_gives_out_the_same(compiled: type[KalmanState]) -> None:
    """Through start, double talk, a delay that is followed and two clocks, within two steps."""
    rng = np.random.default_rng(5)
    far = (rng.normal(size=(400, FRAME_SAMPLES)) * 3000).astype(np.int16)
    room = np.zeros(1600)
    room[40:] = rng.normal(size=1560) * 0.05 * np.exp(-np.arange(1560) / 400)
    near = np.convolve(far.reshape(-1).astype(np.float64), room)[: far.size].reshape(far.shape)
    near[200:300] += rng.normal(size=(100, FRAME_SAMPLES)) * 800
    near = np.clip(np.rint(near), -32768, 32767).astype(np.int16)
    given = []
    for make in (KalmanState, compiled):
        canceller = KalmanCanceller(tail_ms=200, state=make)
        heard = np.zeros_like(near)
        for number in range(len(near)):
            if number == 320:
                history = far[number - canceller.partitions : number] / np.float32(32768)
                canceller.realign(history.reshape(-1).astype(np.float32), slide_samples=24)
                canceller.expect_drift()
            canceller.process(near[number], far[number], heard[number])
        given.append(heard.astype(np.int32))
    assert np.abs(given[0] - given[1]).max() <= 2
    before, after = (
        np.square(near[150:200].astype(float)),
        np.square(given[1][150:200].astype(float)),
    )
    assert after.mean() < 0.05 * before.mean()


def test_loops_for_another_processor_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "_kalman_loops.so").write_bytes(b"\x7fELF for a board")
    assert compiled_loops(tmp_path) is None
    assert compiled_loops(tmp_path / "nowhere") is None


def test_there_is_always_a_state() -> None:
    assert kalman_state(SHAPE).echo().shape == (SHAPE[1],)

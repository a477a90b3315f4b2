"""Every canceller by its name, under one contract; a missing one in one sentence."""

from __future__ import annotations

import ctypes
import sys

import numpy as np
import pytest

from audio.echo_factory import CANCELLERS, make_canceller
from audio.ports import FRAME_SAMPLES
from core.errors import ModelError
from device.bench import echo_signals


@pytest.mark.parametrize("name", CANCELLERS)
def test_contract(name: str):
    far = echo_signals.babble(6, seed=1)
    near = echo_signals.int16(
        echo_signals.echo_of(far, delay_samples=640) + echo_signals.noise(len(far), seed=2)
    )
    kept = near.copy()
    subject = make_canceller(name, tail_ms=200)
    out = echo_signals.through(subject, near, echo_signals.int16(far))
    assert np.array_equal(near, kept)
    erle = echo_signals.erle_db(near, out, from_s=4, to_s=6)
    assert erle == 0.0 if name == "none" else erle > 8
    assert subject.residual_echo_dbfs <= subject.echo_dbfs + 3
    subject.reset(keep_filter=True)
    subject.reset()
    quiet = np.zeros(FRAME_SAMPLES, np.int16)
    still = np.zeros(FRAME_SAMPLES, np.int16)
    for _ in range(200):
        subject.process(quiet, quiet, still)
    assert int(np.abs(still).max()) <= 1
    assert subject.residual_echo_dbfs < -60


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ModelError, match="choose one of kalman, aec3, speex, none"):
        make_canceller("wizard", tail_ms=200)


def test_a_missing_aec3_names_its_package(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    with pytest.raises(ModelError, match="pip install pywebrtc-audio"):
        make_canceller("aec3", tail_ms=200)


def test_a_missing_speexdsp_names_its_package(monkeypatch: pytest.MonkeyPatch):
    def missing(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", missing)
    with pytest.raises(ModelError, match="apt-get install libspeexdsp1"):
        make_canceller("speex", tail_ms=200)

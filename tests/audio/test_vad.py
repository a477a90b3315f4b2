"""Silero behind its gate, noise suppression, and the figures of the ear."""

from __future__ import annotations

import numpy as np
import pytest

from audio.ear import SILENCE_DBFS, EchoExpectation
from audio.harmonicity import Harmonicity
from audio.noise_floor import NoiseFloor
from audio.noise_gain import WebrtcNoiseGain
from audio.ports import FRAME_SAMPLES, Samples
from audio.tape import Tape
from audio.vad_silero import SileroVad
from core.errors import ModelError
from tests.audio.speech import cough, espeak, pink_noise, silence


def frames(sound: Samples) -> Samples:
    return sound[: len(sound) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)


def test_speech_is_speech_and_noise_is_not() -> None:
    vad = SileroVad()
    speech = espeak("yellow banana", "-v", "en-us+f3")
    assert max(vad.process(frame) for frame in frames(pink_noise(2.0, -35))) < 0.5
    during = [vad.process(frame) for frame in frames(speech)]
    assert np.mean(np.array(during) > 0.5) > 0.6


def test_silence_asks_the_model_nothing() -> None:
    vad = SileroVad()
    for frame in frames(silence(5.0)):
        assert vad.process(frame) == 0.0
    assert vad.asked == 0


def test_the_gate_does_not_delay_the_onset() -> None:
    speech = np.concatenate([silence(3.2), espeak("yellow banana", "-v", "en-us+f3")])
    gated, open_ = SileroVad(), SileroVad()
    open_._gate = lambda frame: setattr(open_, "_hang", 10)  # type: ignore[method-assign]

    def onset(vad: SileroVad) -> int:
        return next(i for i, frame in enumerate(frames(speech)) if vad.process(frame) >= 0.5)

    assert onset(gated) <= onset(open_)


def test_a_vowel_is_harmonic_and_a_cough_is_not() -> None:
    def peaks(sound: Samples) -> list[float]:
        judge = Harmonicity()
        values = []
        for frame in frames(sound):
            judge.push(frame)
            values.append(judge.peak())
        return values[3:]

    vowel = peaks(espeak("[[A:::]]", "-v", "en-us+f3"))
    assert np.median(vowel) > 0.8
    assert np.median(peaks(cough()[:1920])) < 0.4
    assert peaks(silence(0.1)) == [0.0] * 7


def test_the_floor_follows_a_fan_once_its_two_seconds_are_full_and_not_a_voice() -> None:
    floor = NoiseFloor()
    for _ in range(225):
        floor.update(-45.0)
    assert floor.dbfs == pytest.approx(-45.0, abs=0.1)
    for _ in range(4):
        for level in [-20.0] * 30 + [-45.0] * 15:
            floor.update(level)
    assert floor.dbfs == pytest.approx(-45.0, abs=1.0)


def test_the_expected_echo_learns_from_echo_and_not_from_a_child() -> None:
    echo = EchoExpectation()
    for _ in range(400):
        echo.update(-20.0, -45.0, -50.0, near_voice=False)
    learned = echo.update(-20.0, -45.0, -50.0, near_voice=False)
    assert learned == pytest.approx(-45.0, abs=0.5)
    for _ in range(100):
        echo.update(-20.0, -20.0, -50.0, near_voice=True)
    assert echo.update(-20.0, -45.0, -50.0, near_voice=False) == pytest.approx(-45.0, abs=0.5)
    for _ in range(60):
        quiet = echo.update(SILENCE_DBFS, -60.0, float("-inf"), near_voice=False)
    assert quiet == SILENCE_DBFS


def test_suppression_takes_noise_and_leaves_speech() -> None:
    stage = WebrtcNoiseGain(suppression=2, target_dbfs=0)
    out = np.zeros(FRAME_SAMPLES, np.int16)
    noise = pink_noise(3.0, -40)
    left = []
    for frame in frames(noise):
        stage.process(frame, out)
        left.append(out.copy())
    power = np.mean(np.concatenate(left[100:]).astype(float) ** 2)
    assert power < 0.25 * np.mean(noise.astype(float) ** 2)


def test_a_setting_out_of_range_is_one_sentence() -> None:
    with pytest.raises(ModelError, match=r"0\.\.4"):
        WebrtcNoiseGain(suppression=9, target_dbfs=3)


def test_the_tape_keeps_the_newest_and_its_places() -> None:
    tape = Tape(0.1)
    sound = np.arange(1, 4001, dtype=np.int16)
    for at in range(0, 4000, 160):
        tape.write(sound[at : at + 160])
    assert (tape.start, tape.end) == (2400, 4000)
    assert tape.copy(3000, 3200).tolist() == sound[3000:3200].tolist()
    assert tape.copy(0, 9000).tolist() == sound[2400:].tolist()
    tape.skip(100)
    assert tape.copy(3990, 4100).tolist() == [*sound[3990:].tolist(), *[0] * 100]
    tape.skip(100_000)
    assert not tape.copy(0, tape.end).any()
    assert tape.copy(50, 20).tolist() == []

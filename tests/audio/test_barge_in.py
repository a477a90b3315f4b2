"""Ducking and cutting, frame by frame."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audio.barge_in import BargeIn, Evidence, Verdict
from audio.settings import TurnSettings

SETTINGS = TurnSettings(duck_voiced_ms=40, interrupt_voiced_ms=150, duck_release_ms=400)
VOWEL = Evidence(sound=True, harmonic=True, speech=True)
EARLY_VOWEL = Evidence(sound=True, harmonic=True, speech=False)
HISS = Evidence(sound=True, harmonic=False, speech=False)
LATE_VOWEL = Evidence(sound=True, harmonic=True, speech=False, possible=True)
TUNE = Evidence(sound=True, harmonic=True, speech=False, possible=False)
HISS_OF_SPEECH = Evidence(sound=True, harmonic=False, speech=False, possible=True)
PITCHLESS_SPEECH = Evidence(sound=True, harmonic=False, speech=True)
QUIET = Evidence(sound=False, harmonic=False, speech=False)
ECHO = Evidence(sound=False, harmonic=False, speech=True)


def weigh(
    *parts: tuple[Evidence, int], settings: TurnSettings = SETTINGS
) -> list[tuple[int, Verdict]]:
    barge_in = BargeIn(settings)
    barge_in.begin(0)
    verdicts = []
    frame = 0
    for evidence, frames in parts:
        for _ in range(frames):
            verdict = barge_in.step(evidence)
            frame += 1
            if verdict is not None:
                verdicts.append((frame * 10, verdict))
                if verdict is Verdict.INTERRUPT:
                    return verdicts
    return verdicts


def test_a_voice_ducks_after_40_ms_and_cuts_after_150() -> None:
    assert weigh((QUIET, 50), (VOWEL, 50)) == [(540, Verdict.DUCK), (650, Verdict.INTERRUPT)]


def test_the_lag_of_voice_activity_is_not_added_to_the_wait() -> None:
    assert weigh((EARLY_VOWEL, 10), (VOWEL, 50)) == [(40, Verdict.DUCK), (150, Verdict.INTERRUPT)]


def test_a_pitch_alone_cuts_where_voice_activity_is_late() -> None:
    assert weigh((LATE_VOWEL, 50)) == [(40, Verdict.DUCK), (110, Verdict.INTERRUPT)]


def test_a_longer_wait_holds_for_a_pitch_too() -> None:
    patient = TurnSettings(duck_voiced_ms=40, interrupt_voiced_ms=600, duck_release_ms=400)
    assert weigh((LATE_VOWEL, 100), settings=patient)[-1] == (440, Verdict.INTERRUPT)


@pytest.mark.parametrize("sound", [TUNE, HISS_OF_SPEECH])
def test_neither_a_tune_nor_a_hiss_cuts(sound: Evidence) -> None:
    assert [verdict for _, verdict in weigh((sound, 200))] == [Verdict.DUCK]


def test_a_little_pitch_in_a_long_noise_does_not_cut() -> None:
    parts = [(HISS_OF_SPEECH, 30), *[(LATE_VOWEL, 2), (HISS_OF_SPEECH, 4)] * 20]
    assert [verdict for _, verdict in weigh(*parts)] == [Verdict.DUCK]


def test_a_hiss_before_the_vowel_ducks_later() -> None:
    assert weigh((HISS, 8), (VOWEL, 50)) == [(80, Verdict.DUCK), (150, Verdict.INTERRUPT)]


@pytest.mark.parametrize(("cough", "frames"), [(HISS, 30), (PITCHLESS_SPEECH, 18)])
def test_a_cough_ducks_and_the_voice_comes_back_after_quiet(cough: Evidence, frames: int) -> None:
    verdicts = weigh((cough, frames), (QUIET, 100))
    assert [verdict for _, verdict in verdicts] == [Verdict.DUCK, Verdict.RELEASE]
    assert verdicts[-1][0] == frames * 10 + 400


def test_the_voiced_end_of_a_cough_is_no_voice() -> None:
    burst = Evidence(sound=True, harmonic=False, speech=False, possible=True, level_dbfs=-24.0)
    end = replace(LATE_VOWEL, possible=True, level_dbfs=-34.0)
    parts = ((burst, 16), (end, 14), (QUIET, 5), (burst, 14), (end, 12), (QUIET, 100))
    verdicts = [verdict for _, verdict in weigh(*parts)]
    assert verdicts == [Verdict.DUCK, Verdict.RELEASE]
    vowel = replace(VOWEL, level_dbfs=-20.0)
    hiss = replace(burst, level_dbfs=-26.0)
    assert weigh((hiss, 16), (vowel, 14))[-1][1] is Verdict.INTERRUPT


def test_speech_in_which_no_pitch_is_found_cuts_when_it_goes_on() -> None:
    assert weigh((PITCHLESS_SPEECH, 50)) == [(40, Verdict.DUCK), (210, Verdict.INTERRUPT)]


def test_what_is_left_of_the_echo_changes_nothing_however_speech_like() -> None:
    assert weigh((ECHO, 500)) == []


def test_a_click_changes_nothing() -> None:
    assert weigh((VOWEL, 2), (QUIET, 30), (HISS, 3), (QUIET, 30)) == []


def test_the_onset_is_the_first_sound_of_the_run() -> None:
    barge_in = BargeIn(SETTINGS)
    barge_in.begin(100)
    for evidence in [QUIET] * 7 + [HISS] * 5 + [VOWEL] * 9:
        assert barge_in.step(evidence) is not Verdict.INTERRUPT
    assert barge_in.step(VOWEL) is Verdict.INTERRUPT
    assert barge_in.onset == 107

"""How training material for a wake phrase is put together; nothing is trained here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from dialog.phone_set import PHONE_ID, SILENCE, STATES_PER_PHONE
from training.corpus import Utterance
from training.wake.cuts import Speaker, varied
from training.wake.data import holds
from training.wake.voices import near_misses, trimmed

PHONE_FRAMES = 9
SAID = ("M", "AY", "B", "AH", "N", "AH")


@pytest.fixture
def speaker(tmp_path: Path) -> Speaker:
    """Somebody who said "my" and, after a pause, "-bana", every phone at a pitch of its own."""
    path, sound = [SILENCE] * 10, [np.zeros(1600)]
    for place, phone in enumerate(SAID):
        if place == 2:
            path += [SILENCE] * 20
            sound.append(np.zeros(3200))
        first = PHONE_ID[phone] * STATES_PER_PHONE
        path += [first + state for state in range(STATES_PER_PHONE) for _ in range(3)]
        time_s = np.arange(PHONE_FRAMES * 160) / 16_000
        sound.append(0.3 * np.sin(2 * np.pi * 500 * (place + 1) * time_s))
    recording = tmp_path / "said.wav"
    soundfile.write(recording, np.concatenate(sound), 16_000)
    words = ("my", "banana")
    said = Utterance("said", "somebody", 9, recording, words, ((), ()), None)
    return Speaker([(said, np.array(path, np.int16))])


def pitches_hz(sound: np.ndarray, count: int) -> list[int]:
    """The strongest pitch of every one of `count` equal parts."""
    found = []
    for part in np.array_split(sound, count):
        middle = part[len(part) // 4 : -len(part) // 4]
        spectrum = np.abs(np.fft.rfft(middle * np.hanning(middle.size), 16_000))
        found.append(round(int(spectrum.argmax()), -2))
    return found


def test_a_phrase_is_joined_from_what_was_said(speaker: Speaker) -> None:
    sound = speaker.say(("M", "AY", "N", "AH"), np.random.default_rng(1))
    assert sound is not None
    assert pitches_hz(sound, 4) == [500, 1000, 2500, 3000]
    assert sound.size == pytest.approx(4 * PHONE_FRAMES * 160, abs=200)


def test_phones_that_were_never_said_are_not_made_up(speaker: Speaker) -> None:
    assert speaker.say(("HH", "AH", "M", "AY"), np.random.default_rng(1)) is None


def test_no_piece_reaches_over_a_pause(speaker: Speaker) -> None:
    assert ("M", "AY") in speaker.runs
    assert ("AY", "B") not in speaker.runs


def test_a_near_miss_in_real_phones_is_shorter_or_differs() -> None:
    rng = np.random.default_rng(2)
    phrase = ("HH", "AH", "L", "OW", "M", "AY", "N", "AH")
    made = [varied(phrase, rng) for _ in range(200)]
    assert {len(phones) for phones in made} == {6, 8}
    assert sum(phones == phrase for phones in made) < 2


def test_near_misses_never_hold_the_phrase() -> None:
    texts = near_misses("hello myna", ["help", "yellow", "mystery", "mine"])
    assert {"hello mina", "hello mystery", "hello", "yellow"} <= set(texts)
    assert not [text for text in texts if "hello myna" in text]


def test_whether_an_utterance_holds_the_phrase() -> None:
    assert holds(("we", "are", "going", "to", "see"), ("going", "to"))
    assert not holds(("going", "and", "to"), ("going", "to"))
    assert not holds(("going",), ("going", "to"))


def test_silence_at_the_ends_is_cut_off() -> None:
    tone = 0.1 * np.sin(np.arange(8000) / 5).astype(np.float32)
    cut = trimmed(np.pad(tone, 5000))
    assert cut.size == pytest.approx(8000, abs=600)
    assert np.abs(cut).max() == pytest.approx(0.6, abs=1e-4)

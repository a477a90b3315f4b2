"""Running speech like a phrase, made where two sentences meet."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dialog.phone_set import PHONE_ID, SILENCE, STATES_PER_PHONE
from training.corpus import Utterance
from training.realign import Aligned
from training.wake import meetings
from training.wake.meetings import LEAST, MOST, unlike

HELLO_MYNA = ("HH", "AH", "L", "OW", "M", "AY", "N", "AH")
PHONE_SAMPLES, LEAD_SAMPLES = 9 * 160, 10 * 160


def found(*sentences: str, count: int = 50) -> list[str]:
    return meetings.texts(HELLO_MYNA, sentences, count, np.random.default_rng(1))


def test_sentences_meet_where_that_sounds_like_the_phrase() -> None:
    made = found("we want to follow the cat", "is it my sister", "ten big dogs")
    assert "we want to follow my sister" in made
    assert not [text for text in made if text.startswith("ten") or text.endswith("dogs")]


def test_the_phrase_itself_is_never_made() -> None:
    made = found("please say hello to them", "see how a myna sings", "mine are many")
    assert "please say hello many" in made
    assert not [text for text in made if "hello myna" in text or "hello mine" in text]


def test_what_somebody_said_as_it_is_is_no_meeting() -> None:
    assert "we follow my sister" not in found("we follow my sister")


def test_no_half_sentence_is_used_more_than_a_few_times() -> None:
    follow = [(phone,) for phone in ("F", "AA", "L", "OW")]
    others = [[("M",), ("AY",), ("N",), ("IH",), (last,)] for last in ("B", "T", "K", "S", "Z")]
    made = meetings.meetings(HELLO_MYNA, [follow, *others], 500, np.random.default_rng(1))
    for used in (
        Counter((each.left, each.until) for each in made),
        Counter((each.right, each.since) for each in made),
    ):
        assert max(used.values()) == meetings.MOST_USES


def test_every_meeting_is_like_the_phrase_and_not_the_phrase() -> None:
    follow, my, nut, cat = ("F", "AA", "L", "OW"), ("M", "AY"), ("N", "AH", "T"), ("K", "AE", "T")
    sentences = [[follow], [my, nut], [cat]]
    made = meetings.meetings(HELLO_MYNA, sentences, 50, np.random.default_rng(1))
    assert made
    assert all(LEAST <= each.cost <= MOST for each in made)
    assert not [each for each in made if 2 in (each.left, each.right)]
    (best,) = [each for each in made if (each.left, each.right, each.since) == (0, 1, 0)]
    assert best.phones == 4
    assert best.cost == pytest.approx(unlike("F", "HH") + unlike("AA", "AH"))


def test_phones_of_one_manner_are_more_alike() -> None:
    assert unlike("AA", "AA") == 0
    assert unlike("AA", "AH") < unlike("L", "N") < unlike("AA", "T")


def recorded(folder: Path, name: str, phones: tuple[str, ...], pitch_hz: int) -> Aligned:
    """A recording of one pitch, with quiet before it."""
    path, size = [SILENCE] * 10, len(phones) * PHONE_SAMPLES
    for phone in phones:
        first = PHONE_ID[phone] * STATES_PER_PHONE
        path += [first + state for state in range(STATES_PER_PHONE) for _ in range(3)]
    tone = 0.3 * np.sin(2 * np.pi * pitch_hz * np.arange(size) / 16_000)
    file = folder / f"{name}.wav"
    soundfile.write(file, np.concatenate([np.zeros(LEAD_SAMPLES), tone]), 16_000)
    words = Utterance(name, "somebody", 9, file, (name,), ((),), None)
    return words, np.array(path, np.int16)


def test_one_recording_goes_over_into_another_and_what_follows_is_known(tmp_path: Path) -> None:
    pair = [
        recorded(tmp_path, "follow", ("F", "AA", "L", "OW"), 500),
        recorded(tmp_path, "mynute", ("M", "AY", "N", "IH", "T", "S"), 2000),
    ]
    sounds = list(meetings.said(HELLO_MYNA, pair, 50, np.random.default_rng(1)))
    whole = LEAD_SAMPLES + 10 * PHONE_SAMPLES
    fits = [more for sound, more in sounds if abs(sound.size - whole) < 200]
    assert fits == [2 * PHONE_SAMPLES]

"""Who is judged on which saying, what they are taught with, and how the table counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from dialog.phone_set import PHONE_ID, SILENCE, STATES_PER_PHONE
from training.corpus import Utterance
from training.realign import Aligned
from training.wake.pairs import said, word_spans
from training.wake.people_sayings import EXAMPLES, PHRASES, examples, firsts, sayings
from training.wake.people_stages import Asked, Candidate
from training.wake.people_table import Accepts, Judged, table

STATE_FRAMES = 3
GOING = {
    "we": ("W", "IY"),
    "wanted": ("W", "AO", "N", "T", "IH", "D"),
    "to": ("T", "UW"),
    "go": ("G", "OW"),
}
SURE, UNSURE = 3.0, -3.0


def read_aloud(folder: Path, name: str, speaker: str, text: str, age: int = 9) -> Aligned:
    """Noise, in which an alignment finds a text's phones, with quiet before and after."""
    words = tuple(text.split())
    phones = tuple(tuple(PHONE_ID[each] for each in GOING[word]) for word in words)
    path = [SILENCE] * 20
    for phone in (each for word in phones for each in word):
        path += [
            phone * STATES_PER_PHONE + part
            for part in range(STATES_PER_PHONE)
            for _ in range(STATE_FRAMES)
        ]
    path += [SILENCE] * 20
    sound = np.random.default_rng(len(name) + age).normal(0.0, 0.1, len(path) * 160)
    file = folder / f"{name}.wav"
    soundfile.write(file, sound, 16_000)
    return Utterance(name, speaker, age, file, words, phones, None), np.array(path, np.int16)


def test_where_words_are(tmp_path: Path) -> None:
    utterance, path = read_aloud(tmp_path, "a", "somebody", "we wanted to go")
    frames = STATE_FRAMES * STATES_PER_PHONE
    assert word_spans(utterance, path) == [
        (20, 20 + 2 * frames),
        (20 + 2 * frames, 20 + 8 * frames),
        (20 + 8 * frames, 20 + 10 * frames),
        (20 + 10 * frames, 20 + 12 * frames),
    ]
    assert said(utterance) == {
        ("wanted", "to"): 2, ("we", "wanted"): 1, ("we", "wanted", "to"): 2,
        ("wanted", "to", "go"): 3,
    }  # fmt: skip


def test_each_person_is_judged_on_the_first_saying(tmp_path: Path) -> None:
    known = [
        read_aloud(tmp_path, "a1", "one", "we wanted to go"),
        read_aloud(tmp_path, "a2", "one", "wanted to go"),
        read_aloud(tmp_path, "b1", "two", "we wanted to go", age=30),
        read_aloud(tmp_path, "b2", "two", "we go"),
    ]
    found = sayings(known, "wanted to")
    assert [each.utterance.name for each in found] == ["a1", "a2", "b1"]
    chosen = firsts(found)
    assert [each.utterance.name for each in chosen] == ["a1", "b1"]
    assert [each.by_child for each in chosen] == [True, False]
    assert chosen[0].start_s == 0.2 + 0.18
    assert len(chosen[0].cut()) == round((chosen[0].end_s - chosen[0].start_s + 0.1) * 16_000)


def test_nobody_is_taught_with_what_they_are_judged_on(tmp_path: Path) -> None:
    """The phrase elsewhere, then pieces; not enough of them for whoever said little else."""
    known = [
        read_aloud(tmp_path, "a1", "one", "we wanted to go"),
        read_aloud(tmp_path, "a2", "one", "wanted to go"),
        read_aloud(tmp_path, "b1", "two", "we wanted to go"),
        read_aloud(tmp_path, "b2", "two", "we go"),
    ]
    found = sayings(known, "wanted to")
    rng = np.random.default_rng(1)
    lessons = examples(found[0], known[:2], found, rng)
    assert lessons[0].source == "said"
    assert np.array_equal(lessons[0].sound, found[1].cut())
    assert {each.source for each in lessons[1:]} <= {"joined"}
    assert len(lessons) <= EXAMPLES
    assert examples(found[2], known[2:], found, rng) == []


def test_every_phrase_can_be_listened_for() -> None:
    assert len(PHRASES) >= 10
    assert [Asked.of(each).phrase.text for each in PHRASES] == list(PHRASES)


def test_the_table_counts_people_and_false_wakes() -> None:
    heard = Candidate(0, 1.0, 2.0, SURE)
    refused = Candidate(0, 1.0, 2.0, UNSURE)
    judged = [
        Judged("wanted to", "one", True, "quiet", "", heard),
        Judged("wanted to", "one", True, "quiet", "said", heard),
        Judged("wanted to", "two", False, "quiet", "", refused),
        Judged("wanted to", "two", False, "quiet", "joined", heard),
        Judged("wanted to", "six", False, "quiet", "", None),
    ]
    soon = Candidate(0, 1.5, 2.0, SURE)
    later = Candidate(0, 9.0, 2.0, SURE)
    accepts = [
        Accepts("wanted to", "quiet", True, False, 3600.0, (heard, soon, refused, later)),
        Accepts("wanted to", "quiet", False, True, 1800.0, ()),
    ]
    made = table(judged, accepts)
    assert '| "wanted to" | 3 (1) | 2 of 3 | 0 of 2 | 2 in 1.0 |' in made
    assert "| children | 1 (1) | 0 of 1 | 0 of 1 | 2 in 1.0 |" in made
    assert "| adults | 2 (0) | 2 of 2 | 0 of 1 | 0 in 0.0 |" in made
    assert "of 3 sayings 1 never a candidate, 1 refused by the last word" in made
    assert "quiet, the same sayings: 1 of 2 untaught, 0 of 2 taught" in made
    assert "taught with examples joined: 1" in made


def test_what_is_missed_where_other_talk_wakes_as_often_as_allowed() -> None:
    """The bar is put where the talk, not the sayings, says; unsure ones are then missed."""
    judged = [
        Judged("wanted to", name, name == "one", "quiet", "", Candidate(0, 1.0, 2.0, logit))
        for name, logit in (("one", 2.0), ("two", 1.0), ("six", -1.0))
    ]
    talk = tuple(Candidate(0, 10.0 * at, 0.0, logit) for at, logit in enumerate((1.5, 0.5, 0.0)))
    accepts = [Accepts("wanted to", "quiet", True, False, 3600.0, talk)]
    made = table(judged, accepts)
    assert "- at 1 an hour (1 in all, logit 1.50): missed 0 of 1 (children), 2 of 3" in made
    assert "- at 3 an hour (3 in all, logit 0.00): missed 0 of 1 (children), 1 of 3" in made

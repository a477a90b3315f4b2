"""Turn ends, frame by frame: everything is counted, nothing is timed."""

from __future__ import annotations

import pytest

from audio.ports import EndReason
from audio.settings import TurnSettings
from audio.turns import Ended, Endpointer, Paused, Resumed, Started, TurnEvent, VoicedHistory

SETTINGS = TurnSettings(
    start_voiced_ms=100,
    look_ms=160,
    complete_silence_ms=300,
    incomplete_silence_ms=1000,
    hesitation_extra_ms=600,
    unfinished_silence_ms=2500,
    limit_s=5.0,
)


class Child:
    """Speaks and is silent in milliseconds; remembers what the endpointer said and when."""

    def __init__(self) -> None:
        self.endpointer = Endpointer(SETTINGS)
        self.endpointer.begin(0)
        self.frame = 0
        self.heard: list[tuple[int, TurnEvent]] = []

    def does(self, voiced: bool, ms: int) -> None:
        for _ in range(ms // 10):
            events = self.endpointer.step(voiced)
            self.frame += 1
            self.heard += [(self.frame * 10, event) for event in events]

    def speaks(self, ms: int) -> None:
        self.does(True, ms)

    def waits(self, ms: int) -> None:
        self.does(False, ms)


@pytest.fixture
def child() -> Child:
    return Child()


def test_a_word_starts_pauses_and_ends_after_the_long_silence(child: Child) -> None:
    child.waits(500)
    child.speaks(400)
    child.waits(1500)
    assert child.heard == [
        (600, Started(onset=50)),
        (900 + 160, Paused(1, 1, speech_end=90)),
        (900 + 1000, Ended(1, 1, speech_end=90, reason=EndReason.SILENCE)),
    ]


def test_a_complete_answer_ends_after_the_short_silence(child: Child) -> None:
    child.speaks(400)
    child.waits(200)
    child.endpointer.complete(1, 1)
    child.waits(500)
    assert child.heard[2:] == [(700, Ended(1, 1, 40, EndReason.COMPLETE))]


def test_a_late_word_of_completeness_ends_the_turn_with_the_next_frame(child: Child) -> None:
    child.speaks(400)
    child.waits(600)
    child.endpointer.complete(1, 1)
    child.waits(500)
    assert child.heard[2:] == [(1010, Ended(1, 1, 40, EndReason.COMPLETE))]


def test_a_word_about_an_older_revision_or_another_turn_is_void(child: Child) -> None:
    child.speaks(400)
    child.waits(200)
    child.speaks(200)
    child.endpointer.complete(1, 1)
    child.waits(200)
    child.endpointer.complete(1, 1)
    child.endpointer.complete(2, 2)
    child.waits(600)
    assert child.heard[1:] == [
        (560, Paused(1, 1, 40)),
        (640, Resumed()),
        (960, Paused(1, 2, 80)),
    ]


def test_a_hesitating_child_gets_longer_and_only_in_that_pause(child: Child) -> None:
    child.speaks(400)
    child.waits(200)
    child.endpointer.hesitating(1, 1)
    child.waits(1300)
    child.speaks(200)
    child.waits(1600)
    assert child.heard[2:] == [
        (1940, Resumed()),
        (2100 + 160, Paused(1, 2, 210)),
        (2100 + 1000, Ended(1, 2, 210, EndReason.SILENCE, (150,))),
    ]


def test_a_beginning_is_waited_for_longest_and_not_for_ever(child: Child) -> None:
    child.speaks(400)
    child.waits(200)
    child.endpointer.unfinished(1, 1)
    child.endpointer.hesitating(1, 1)
    child.waits(2200)
    child.speaks(200)
    child.waits(1000)
    assert child.heard[2:] == [
        (2100 + 740, Resumed()),
        (3000 + 160, Paused(1, 2, 300)),
        (3000 + 1000, Ended(1, 2, 300, EndReason.SILENCE, (240,))),
    ]
    child.speaks(400)
    child.waits(200)
    child.endpointer.unfinished(2, 1)
    child.waits(3000)
    assert child.heard[-1] == (4400 + 2500, Ended(2, 1, 440, EndReason.SILENCE))


def test_a_word_that_the_answer_is_complete_takes_a_longer_wait_back(child: Child) -> None:
    child.speaks(400)
    child.waits(200)
    child.endpointer.unfinished(1, 1)
    child.waits(600)
    child.endpointer.complete(1, 1)
    child.waits(100)
    assert child.heard[-1] == (1210, Ended(1, 1, 40, EndReason.COMPLETE))


def test_a_click_neither_starts_a_turn_nor_takes_a_pause_back(child: Child) -> None:
    child.speaks(50)
    child.waits(1000)
    assert child.heard == []
    child.speaks(400)
    child.waits(300)
    child.speaks(20)
    child.waits(1000)
    assert [type(event) for _, event in child.heard] == [Started, Paused, Ended]
    assert child.heard[-1] == (1450 + 1000, Ended(1, 1, 145, EndReason.SILENCE))


def test_short_gaps_between_syllables_do_not_keep_a_turn_from_starting(child: Child) -> None:
    for _ in range(3):
        child.speaks(50)
        child.waits(30)
    assert child.heard == [(190, Started(onset=0))]


@pytest.mark.parametrize("silent_ms", [0, 60])
def test_endless_speech_ends_at_the_limit(child: Child, silent_ms: int) -> None:
    for _ in range(60):
        child.speaks(100 - silent_ms)
        child.waits(silent_ms)
    reasons = [(at, e.reason) for at, e in child.heard if isinstance(e, Ended)]
    assert reasons[0] == (5000, EndReason.LIMIT)


def test_the_next_turn_gets_the_next_id(child: Child) -> None:
    for _ in range(2):
        child.speaks(300)
        child.waits(1200)
    ended = [event for _, event in child.heard if isinstance(event, Ended)]
    assert [(e.utterance_id, e.revision) for e in ended] == [(1, 1), (2, 1)]


def test_speech_from_before_somebody_listened_counts_from_its_beginning() -> None:
    history = VoicedHistory()
    for voiced in [True] * 20 + [False] * 40 + [True] * 8:
        history.push(voiced)
    endpointer = Endpointer(SETTINGS)
    assert endpointer.begin(1000, history.run()) == []
    assert endpointer.step(True) == []
    assert endpointer.step(True) == [Started(onset=992)]


def test_speech_that_ended_long_ago_is_no_beginning() -> None:
    history = VoicedHistory()
    for voiced in [True] * 60 + [False] * 40:
        history.push(voiced)
    assert history.run() == []
    assert VoicedHistory().run() == []

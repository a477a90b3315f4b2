"""Who has the last word on a wake phrase, and what becomes of candidates that were none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from audio.ports import Samples, WakeHit, Woken
from core.errors import WorkerDied
from core.process_ports import Reply
from device.scheduling import OnReply, Scheduler
from device.wake_desk import WakeDesk
from dialog.ports import Hints, Recognition
from dialog.wake.question import WakeQuestion

SOUND = np.ones(160, np.int16)
HIT = WakeHit("hello myna", 0.2, 1.0)


class Recogniser:
    """Keeps what it was asked; the test answers."""

    def __init__(self) -> None:
        self.asked: list[Hints] = []
        self.replies: list[OnReply[Recognition]] = []

    def submit(self, samples: Samples, hints: Hints, on_reply: OnReply[Recognition]) -> int:
        assert samples is SOUND
        self.asked.append(hints)
        self.replies.append(on_reply)
        return len(self.replies)

    def answer(self, number: int, confidence: float | None) -> None:
        error = WorkerDied("gone") if confidence is None else None
        value = None if confidence is None else Recognition("", None, confidence, False)
        self.replies[number](Reply(number + 1, value, error, last=True, busy_s=0.0))


class AtOnce:
    """A scheduler that delivers what it is given."""

    def start_job(
        self,
        lane: str,
        submit: Callable[[OnReply[Recognition]], int],
        deliver: OnReply[Recognition],
    ) -> int:
        return submit(deliver)


@pytest.fixture
def recogniser() -> Recogniser:
    return Recogniser()


@pytest.fixture
def desk(recogniser: Recogniser) -> WakeDesk:
    scheduler: Scheduler = AtOnce()  # type: ignore[assignment]
    return WakeDesk(
        recogniser,
        scheduler,
        lambda text: None if text == "hey jarvis" else WakeQuestion(text),
        0.5,
    )


def test_whether_myna_talked_meanwhile_is_told(desk: WakeDesk, recogniser: Recogniser) -> None:
    desk.ask(Woken(1.0, HIT, SOUND, over_playback=True), lambda _said: None)
    (asked,) = recogniser.asked
    assert asked.wake is not None
    assert asked.wake.over_playback
    assert asked.wake.first == WakeQuestion("hello myna").after(HIT.score).first


@pytest.mark.parametrize(
    ("confidence", "said", "refused"), [(0.5, True, 0), (0.49, False, 1), (None, True, 0)]
)
def test_the_last_word(
    desk: WakeDesk, recogniser: Recogniser, confidence: float | None, said: bool, refused: int
) -> None:
    told: list[bool] = []
    assert desk.ask(Woken(1.0, HIT, SOUND), told.append)
    assert recogniser.asked == [Hints(wake=WakeQuestion("hello myna").after(HIT.score))]
    recogniser.answer(0, confidence)
    assert told == [said]
    assert desk.refused == refused


@pytest.mark.parametrize(("score", "said"), [(0.12, False), (0.13, True)])
def test_a_weak_candidate_that_nobody_can_be_asked_about_wakes_nobody(
    desk: WakeDesk, recogniser: Recogniser, score: float, said: bool
) -> None:
    told: list[bool] = []
    assert desk.ask(Woken(1.0, WakeHit("hello myna", score, 1.0), SOUND), told.append)
    recogniser.answer(0, None)
    assert told == [said]


def test_a_newer_candidate_takes_the_place_of_an_older_one(
    desk: WakeDesk, recogniser: Recogniser
) -> None:
    first: list[bool] = []
    second: list[bool] = []
    assert desk.ask(Woken(1.0, HIT, SOUND), first.append)
    assert desk.ask(Woken(1.2, HIT, SOUND), second.append)
    recogniser.answer(0, 0.9)
    recogniser.answer(1, 0.9)
    assert (first, second) == ([], [True])


@pytest.mark.parametrize(
    "woken", [Woken(1.0, HIT), Woken(1.0, WakeHit("hey jarvis", 0.9, 1.0), SOUND)]
)
def test_where_nothing_has_to_be_asked(
    desk: WakeDesk, recogniser: Recogniser, woken: Woken
) -> None:
    assert not desk.ask(woken, lambda _: None)
    assert recogniser.asked == []

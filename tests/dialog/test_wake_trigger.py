"""When the first stage's scores are candidates."""

from __future__ import annotations

from dialog.wake.trigger import AGAIN_CHUNKS, REARM_SHARE, RISEN, Trigger

BAR = 0.1


def hits(scores: list[float]) -> list[int]:
    trigger = Trigger(BAR)
    return [chunk for chunk, score in enumerate(scores) if trigger.hit(score, chunk)]


def test_a_phrase_that_rings_on_is_a_candidate_once_every_few_chunks() -> None:
    assert hits([0.0, 0.2, *[0.2] * (2 * AGAIN_CHUNKS)]) == [
        1,
        1 + AGAIN_CHUNKS,
        1 + 2 * AGAIN_CHUNKS,
    ]


def test_a_score_that_has_grown_is_one_at_once() -> None:
    assert hits([0.2, 0.2 * RISEN, 0.2 * RISEN]) == [0, 1]


def test_one_that_fell_low_and_came_back_is_one_at_once() -> None:
    low = BAR * REARM_SHARE / 2
    assert hits([0.2, low, 0.15]) == [0, 2]
    assert hits([0.2, BAR * 0.9, 0.15]) == [0]


def test_all_of_it_together() -> None:
    """At first; three chunks later; more than twice as high; and after it had fallen."""
    trigger = Trigger(0.02)
    scores = (0.04, 0.03, 0.02, 0.03, 0.04, 0.09, 0.05, 0.001, 0.03)
    found = [trigger.hit(score, chunk) for chunk, score in enumerate(scores, 1)]
    assert found == [True, False, False, True, False, True, False, False, True]


def test_after_a_rearming_what_was_told_before_holds_nothing_back() -> None:
    trigger = Trigger(BAR)
    assert trigger.hit(0.2, 0)
    assert not trigger.hit(0.2, 1)
    trigger.rearm()
    assert trigger.hit(0.2, 2)

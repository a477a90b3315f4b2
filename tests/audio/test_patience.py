"""How long Myna waits for a child follows the child's own pauses, within bounds."""

from __future__ import annotations

import pytest

from audio.patience import BINS, MOST_PAUSES, Pauses
from audio.settings import TurnSettings
from audio.turns import Ended, Endpointer, Resumed, TurnEvent

TURNS = TurnSettings()


def after(pauses_ms: list[float]) -> Pauses:
    known = Pauses()
    for pause_ms in pauses_ms:
        known = known.joined(pause_ms)
    return known


def test_an_unknown_child_is_waited_for_as_the_settings_say():
    assert Pauses().silence_ms(TURNS) == TURNS.incomplete_silence_ms


def test_a_child_who_searches_long_is_given_longer_but_not_for_ever():
    some = after([900, 1000, 1100] * 6).silence_ms(TURNS)
    assert TURNS.incomplete_silence_ms < some <= TURNS.patience_most_ms
    assert after([2900] * 300).silence_ms(TURNS) == TURNS.patience_most_ms


def test_a_quick_child_is_answered_sooner_once_well_known():
    assert 850 < after([200] * 10).silence_ms(TURNS) < TURNS.incomplete_silence_ms
    assert after([200] * 300).silence_ms(TURNS) == TURNS.patience_least_ms


def test_one_odd_answer_moves_little_and_old_habits_fade():
    assert after([2000]).silence_ms(TURNS) <= TURNS.incomplete_silence_ms + 200
    slow = after([1200] * 200)
    for _ in range(600):
        slow = slow.joined(200)
    assert slow.silence_ms(TURNS) <= 900
    assert sum(slow.counts) <= MOST_PAUSES + 1


def test_what_was_kept_comes_back_and_a_broken_file_is_a_stranger():
    known = after([400, 1500, 700])
    assert Pauses.from_json(known.to_json()) == known
    for broken in ("", "{", "[1, 2]", '["a"]', f"[{', '.join(['-1'] * BINS)}]"):
        assert Pauses.from_json(broken) == Pauses()


def run(endpointer: Endpointer, voiced: str) -> list[TurnEvent]:
    """``x`` is a voiced frame, ``.`` a silent one."""
    return [event for each in voiced for event in endpointer.step(each == "x")]


@pytest.mark.parametrize("pause_frames", [20, 45, 80])
def test_a_turn_tells_the_pauses_that_were_broken(pause_frames: int):
    endpointer = Endpointer(TURNS)
    endpointer.begin(0)
    events = run(endpointer, "x" * 30 + "." * pause_frames + "x" * 30 + "." * 120)
    assert any(isinstance(event, Resumed) for event in events)
    [ended] = [event for event in events if isinstance(event, Ended)]
    assert ended.pauses == (pause_frames,)
    events = run(endpointer, "x" * 30 + "." * 120)
    assert [event.pauses for event in events if isinstance(event, Ended)] == [()]


def test_the_silence_that_ends_a_turn_can_be_set_and_never_undercuts_a_complete_answers():
    endpointer = Endpointer(TURNS)
    endpointer.wait_for(1300)
    endpointer.begin(0)
    assert not any(isinstance(e, Ended) for e in run(endpointer, "x" * 30 + "." * 129))
    assert any(isinstance(e, Ended) for e in run(endpointer, "."))
    endpointer.wait_for(10)
    run(endpointer, "x" * 30)
    silent = TURNS.complete_silence_ms // 10
    assert not any(isinstance(e, Ended) for e in run(endpointer, "." * (silent - 1)))
    assert any(isinstance(e, Ended) for e in run(endpointer, "."))

"""Who counts as the child: levels in dB below the wake phrase, frame by frame."""

from __future__ import annotations

import pytest

from audio.foreground import HOLD_FRAMES, Foreground
from audio.settings import TurnSettings

SETTINGS = TurnSettings(
    foreground_range_db=15.0, foreground_patience_s=4.0, foreground_relax_db=6.0, tail_range_db=16.0
)
CHILD_DBFS = -28.0
PATIENCE_FRAMES = 400


def known_child() -> Foreground:
    foreground = Foreground(SETTINGS)
    for _ in range(60):
        foreground.overhear(-70.0)
    for _ in range(40):
        foreground.overhear(CHILD_DBFS)
    foreground.woken()
    return foreground


def counts(foreground: Foreground, under_child_db: float, *, in_turn: bool = False) -> bool:
    return foreground.admit(CHILD_DBFS - under_child_db, voiced=True, in_turn=in_turn)


@pytest.mark.parametrize(("under_child_db", "heard"), [(-6, True), (15, True), (15.1, False)])
def test_a_voice_counts_within_the_range_of_the_wake_phrase(
    under_child_db: float, heard: bool
) -> None:
    assert counts(known_child(), under_child_db) is heard


def test_without_a_wake_phrase_every_voice_counts() -> None:
    assert counts(Foreground(SETTINGS), 60)
    again = known_child()
    again.forget()
    assert counts(again, 60)


def test_no_level_makes_a_voice_of_silence() -> None:
    assert not known_child().admit(0.0, voiced=False, in_turn=False)


def test_the_faint_end_of_a_word_counts_for_as_long_as_it_is_held() -> None:
    foreground = known_child()
    assert counts(foreground, 0)
    assert [counts(foreground, 30) for _ in range(HOLD_FRAMES + 5)] == (
        [True] * (HOLD_FRAMES - 1) + [False] * 6
    )


def test_a_whisper_is_heard_when_nobody_else_was_for_long_enough() -> None:
    foreground = known_child()
    for _ in range(PATIENCE_FRAMES - 1):
        foreground.wait(heard=False)
    assert not counts(foreground, 20)
    foreground.wait(heard=False)
    assert counts(foreground, 20)


def test_a_voice_that_is_heard_keeps_the_gate_where_it_is() -> None:
    foreground = known_child()
    for frame in range(3 * PATIENCE_FRAMES):
        foreground.wait(heard=frame % (PATIENCE_FRAMES - 1) == 0)
    assert not counts(foreground, 20)


def test_an_accepted_answer_moves_the_child_s_level_half_way() -> None:
    foreground = known_child()
    for _ in range(PATIENCE_FRAMES):
        foreground.wait(heard=False)
    foreground.begin_turn()
    for _ in range(40):
        assert counts(foreground, 20, in_turn=True)
    foreground.accept()
    foreground.begin_turn()
    assert not counts(foreground, 10 + 15 + 1)
    assert counts(foreground, 10 + 15)


def test_over_playback_a_fainter_voice_counts_less() -> None:
    foreground = known_child()
    assert not foreground.admit_over_playback(CHILD_DBFS - 13, sound=True)
    assert foreground.admit_over_playback(CHILD_DBFS - 12, sound=True)
    assert not foreground.admit_over_playback(CHILD_DBFS, sound=False)


def test_within_a_turn_what_lies_far_below_its_own_peak_does_not_count() -> None:
    foreground = Foreground(SETTINGS)
    for _ in range(40):
        assert counts(foreground, 0, in_turn=True)
    heard = [counts(foreground, 18, in_turn=True) for _ in range(100)]
    assert heard.count(True) == HOLD_FRAMES - 1
    assert not any(heard[HOLD_FRAMES:])


def test_a_child_who_trails_off_by_10_db_is_heard_to_the_end() -> None:
    foreground = known_child()
    fall_db = [10 * frame / 100 for frame in range(100)] + [10.0] * 100
    assert all(counts(foreground, db, in_turn=True) for db in fall_db)

"""The record: figures from both sides' times, and checks that can fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from audio.virtual_room.expect import METRICS, Expect
from audio.virtual_room.metrics import Timeline
from audio.virtual_room.record import build_record
from audio.virtual_room.scenario import Scenario
from audio.virtual_room.stage import RoomEvent
from audio.virtual_room.steps import Wake


@dataclass(frozen=True)
class Entry:
    at_s: float
    kind: str
    data: Mapping[str, object] = field(default_factory=dict)


def child(start_s: float, end_s: float, text: str = "cat") -> RoomEvent:
    return RoomEvent("child", start_s, end_s, text, "voice")


def myna(start_s: float, end_s: float) -> RoomEvent:
    return RoomEvent("myna", start_s, end_s)


def state(at_s: float, name: str) -> Entry:
    return Entry(at_s, "state", {"name": name})


def ended(at_s: float, start_s: float, speech_end_s: float) -> Entry:
    return Entry(at_s, "speech_ended", {"start_s": start_s, "speech_end_s": speech_end_s})


def metrics(events: list[RoomEvent], trace: list[Entry]) -> dict[str, object]:
    return dict(Timeline(events, trace, "hey jarvis").metrics())


TALK_EVENTS = [child(1, 2, "hey jarvis"), myna(2.2, 2.5), myna(3, 5), child(6, 7), myna(7.45, 9)]
TALK_TRACE = [
    Entry(1.9, "woken"),
    state(1.9, "waking"),
    Entry(2.9, "say", {"text": "say cat", "tag": 2}),
    state(2.9, "speaking"),
    Entry(3.0, "play_started", {"tag": 2}),
    state(5, "listening"),
    ended(7.3, 5.6, 7.0),
    Entry(7.4, "heard", {"right": True}),
    Entry(7.4, "attempt", {"verdict": "right"}),
    state(7.4, "speaking"),
    state(9, "asleep"),
]


def test_a_good_talk() -> None:
    figures = metrics(TALK_EVENTS, TALK_TRACE)
    assert figures["answer_gap_s"] == [0.45]
    assert figures["other_gap_s"] == []
    assert figures["endpoint_s"] == [0.3]
    assert figures["endpoint_to_sound_s"] == [0.15]
    assert figures["wake_to_sound_s"] == [0.2]
    assert figures["ended_asleep"] is True
    assert {k: v for k, v in figures.items() if isinstance(v, int) and v} == {
        "wake_tries": 1,
        "wakes": 1,
        "child_utterances": 2,
        "answers": 1,
        "items_right": 1,
        "myna_sounds": 3,
        "ended_asleep": True,
    }
    assert set(figures) | {"echo_dbfs", "echo_to_child_db"} == set(METRICS)


def test_wakes_without_a_phrase_are_false_and_phrases_without_a_wake_missed() -> None:
    figures = metrics([child(1, 2, "Hey Jarvis")], [Entry(10, "woken")])
    assert (figures["missed_wakes"], figures["false_wakes"]) == (1, 1)


def test_cut_off_missed_and_false_turns() -> None:
    awake = state(0, "listening")
    cut_off = metrics([child(1, 3)], [awake, ended(2.5, 0.6, 1.5)])
    missed = metrics([child(1, 3)], [awake])
    false = metrics([child(1, 3)], [awake, ended(3.3, 0.6, 3.0), ended(9, 7, 8)])
    assert [f["cut_off_answers"] for f in (cut_off, missed, false)] == [1, 0, 0]
    assert [f["missed_answers"] for f in (cut_off, missed, false)] == [0, 1, 0]
    assert [f["false_turns"] for f in (cut_off, missed, false)] == [0, 0, 1]


def test_interruption_is_timed_from_the_childs_first_sound() -> None:
    trace = [state(0, "speaking"), Entry(2.08, "ducked"), Entry(2.16, "interrupted")]
    figures = metrics([myna(1, 2.2), child(2, 3)], trace)
    assert figures["duck_s"] == [0.08]
    assert figures["interrupt_silent_s"] == [0.2]
    assert (figures["missed_interruptions"], figures["false_interruptions"]) == (0, 0)


def test_unheard_interruption_and_cut_by_nobody() -> None:
    trace = [state(0, "speaking"), Entry(8, "ducked"), Entry(8.1, "interrupted")]
    figures = metrics([myna(1, 8.1), child(2, 3)], trace)
    assert (figures["interruptions"], figures["missed_interruptions"]) == (1, 1)
    assert (figures["false_interruptions"], figures["false_ducks"]) == (1, 1)


def test_card_is_timed_from_the_plug() -> None:
    events = [RoomEvent("card_lost", 5, 5), RoomEvent("card_back", 9, 9)]
    figures = metrics(events, [Entry(5.01, "card_lost"), Entry(9.5, "card_back")])
    assert (figures["loss_noticed_s"], figures["card_back_s"]) == ([0.01], [0.5])


def test_record_names_who_said_what_and_fails_with_one_check() -> None:
    scenario = Scenario(
        name="talk",
        child=(Wake(1),),
        expect=(
            Expect("items_right >= 1", "items_right", "", ">=", 1.0),
            Expect("answer_gap_s.max < 0.4", "answer_gap_s", "max", "<", 0.4),
            Expect("duck_s.median < 1", "duck_s", "median", "<", 1.0),
            Expect("duck_s.count == 0", "duck_s", "count", "==", 0.0),
            Expect("ended_asleep == true", "ended_asleep", "", "==", True),
        ),
    )
    record = build_record(scenario, TALK_EVENTS, TALK_TRACE, {"echo_dbfs": -28.0})
    assert [(turn["who"], turn["what"]) for turn in record["turns"]] == [
        ("child", "hey jarvis"),
        ("myna", "(chime)"),
        ("myna", "say cat"),
        ("child", "cat"),
        ("myna", "(goes on)"),
    ]
    assert [(one["value"], one["ok"]) for one in record["checks"]] == [
        (1, True),
        (0.45, False),
        (None, False),
        (0, True),
        (True, True),
    ]
    assert record["passed"] is False
    assert record["metrics"]["echo_dbfs"] == -28.0

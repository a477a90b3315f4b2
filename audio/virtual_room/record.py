"""A scenario's record: who said what when, the figures, and whether they are as expected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from audio.virtual_room.expect import METRICS, check
from audio.virtual_room.metrics import Timeline, TraceEntry
from audio.virtual_room.scenario import Scenario
from audio.virtual_room.stage import RoomEvent

_CHIME = "(chime)"
_GOES_ON = "(goes on)"
_LEAD_S = 0.25  # a sound may begin this long before the trace says that its line did
_SOUNDS_OF_CHILDREN = ("child", "second_child", "cough")


def build_record(
    scenario: Scenario,
    room_events: Sequence[RoomEvent],
    trace: Iterable[TraceEntry],
    facts: Mapping[str, float] | None = None,
    *,
    wake_phrase: str = "hello myna",
) -> dict[str, Any]:
    """What a scenario came to; JSON can write it.

    The device's trace may hold these kinds, others are ignored: ``state`` (name), ``woken``,
    ``ducked``, ``duck_ended``, ``interrupted``, ``speech_ended`` (start_s, speech_end_s),
    ``play_started`` (tag), ``say`` (text, tag), ``heard`` (right), ``attempt`` (verdict),
    ``failed``, ``card_lost``, ``card_back``. Its clock and the room's are the same counted
    samples.

    Args:
        scenario: What was held.
        room_events: `VirtualRoom.events`.
        trace: What the device did.
        facts: `VirtualRoom.facts`.
        wake_phrase: As given to the room.

    Returns:
        ``name``, ``about``, ``passed``, ``seed``, ``turns`` (each ``who``, ``what``,
        ``start_s``, ``end_s``, a child's also ``source``), ``metrics`` and ``checks``
        (``expect``, ``value``, ``ok``).
    """
    entries = list(trace)
    metrics = {**Timeline(room_events, entries, wake_phrase).metrics(), **(facts or {})}
    checks = [check(expect, metrics) for expect in scenario.expect]
    return {
        "name": scenario.name,
        "about": scenario.about,
        "passed": all(one.ok for one in checks),
        "seed": scenario.seed,
        "turns": _turns(room_events, entries),
        "metrics": {name: metrics[name] for name in METRICS if name in metrics},
        "checks": [asdict(one) for one in checks],
    }


def _turns(events: Sequence[RoomEvent], trace: list[TraceEntry]) -> list[dict[str, Any]]:
    turns = []
    for event in sorted(events, key=lambda event: event.start_s):
        turn: dict[str, Any] = {"start_s": round(event.start_s, 4), "end_s": round(event.end_s, 4)}
        if event.kind == "myna":
            turns.append({"who": "myna", "what": _what_myna_said(event, trace), **turn})
        elif event.kind in _SOUNDS_OF_CHILDREN:
            what = event.text or f"({event.kind})"
            who = "second_child" if event.kind == "second_child" else "child"
            turns.append({"who": who, "what": what, **turn, "source": event.source})
    return turns


def _what_myna_said(event: RoomEvent, trace: list[TraceEntry]) -> str:
    """The lines whose playing began within a sound; one without is a chime or a line's rest."""
    texts = {e.data.get("tag"): str(e.data["text"]) for e in trace if e.kind == "say"}
    played = [e for e in trace if e.kind == "play_started" and e.at_s <= event.end_s]
    begun = [e.data.get("tag") for e in played if e.at_s >= event.start_s - _LEAD_S]
    said = " ".join(texts[tag] for tag in begun if tag in texts)
    if not said and not begun and played and played[-1].data.get("tag") in texts:
        return _GOES_ON
    return said or _CHIME

"""What a scenario expects of its record: comparisons such as ``items_right >= 3``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from audio.virtual_room.checked import Problems, suggestion

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "median": lambda values: float(np.median(values)),
    "p95": lambda values: float(np.percentile(values, 95)),
    "max": max,
    "min": min,
}
_FORM = re.compile(r"^(\w+)(?:\.(\w+))?\s*(>=|<=|==|!=|>|<)\s*(-?[\d.]+|true|false|\w+)$")

Metric = float | bool | str | list[float] | None


@dataclass(frozen=True, slots=True)
class Expect:
    """One comparison.

    Attributes:
        text: As it stands in the file.
        metric: A name of `METRICS`.
        statistic: ``median``, ``p95``, ``max``, ``min`` or ``count`` of a list; else empty.
        operator: How to compare.
        value: With what.
    """

    text: str
    metric: str
    statistic: str
    operator: str
    value: float | bool | str


@dataclass(frozen=True, slots=True)
class Check:
    """What became of an expectation; `value` is None where nothing was measured."""

    expect: str
    value: float | bool | str | None
    ok: bool


# Every figure of a record: its form and what it says.
METRICS: dict[str, tuple[str, str]] = {
    "answer_gap_s": ("list", "child's last sound to Myna's first, right answers"),
    "other_gap_s": ("list", "the same for everything else that was answered"),
    "endpoint_s": ("list", "child's last sound to the decision that the turn ended"),
    "endpoint_to_sound_s": ("list", "that decision to Myna's first sound"),
    "wake_to_sound_s": ("list", "last sound of the wake phrase to Myna's first sound"),
    "duck_s": ("list", "an interrupting child's first sound to ducked"),
    "interrupt_silent_s": ("list", "an interrupting child's first sound to Myna's last"),
    "loss_noticed_s": ("list", "card unplugged to noticed"),
    "card_back_s": ("list", "card plugged in to used again"),
    "child_utterances": ("number", "how often a child spoke"),
    "wake_tries": ("number", "wake phrases said while Myna was asleep"),
    "wakes": ("number", "wakes"),
    "missed_wakes": ("number", "wake phrases that did not wake"),
    "false_wakes": ("number", "wakes without a child's wake phrase just before"),
    "answers": ("number", "utterances meant as answers"),
    "missed_answers": ("number", "answers that began or ended no turn"),
    "cut_off_answers": ("number", "answers whose turn ended before the child did"),
    "false_turns": ("number", "turns that ended although no child had spoken"),
    "interruptions": ("number", "utterances that began while Myna was sounding"),
    "missed_interruptions": ("number", "interruptions after which Myna was not cut"),
    "false_interruptions": ("number", "cuts while no child spoke"),
    "ducks": ("number", "times the voice was lowered"),
    "false_ducks": ("number", "duckings while no child spoke"),
    "items_right": ("number", "attempts judged right"),
    "items_wrong": ("number", "attempts judged wrong"),
    "items_skipped": ("number", "items given up"),
    "failures": ("number", "times that something was said and could not be used"),
    "myna_sounds": ("number", "Myna's sounds, 200 ms of silence between them"),
    "ended_asleep": ("bool", "Myna slept at the end"),
    "last_state": ("text", "the last state"),
    "duration_s": ("number", "time of the last thing that happened"),
    "echo_dbfs": ("number", "active level of the echo at the microphone"),
    "echo_to_child_db": ("number", "the same above the child's level"),
}


def read_expect(items: list[tuple[object, int]], problems: Problems) -> tuple[Expect, ...]:
    """Expectations from a list of a document; mistakes go to `problems`."""
    found = []
    for number, (item, line) in enumerate(items, start=1):
        name = f"expect[{number}]"
        form = _FORM.match(item.strip()) if isinstance(item, str) else None
        if form is None:
            problems.add(
                line, f"{name} must be a comparison such as `items_right >= 3`, not {item!r}"
            )
            continue
        metric, statistic, sign, value = form.groups(default="")
        mistake = _mistake(metric, statistic, value)
        if mistake:
            problems.add(line, f"{name} {mistake}")
        else:
            found.append(Expect(str(item).strip(), metric, statistic, sign, _parsed(value)))
    return tuple(found)


def check(expect: Expect, metrics: Mapping[str, Metric]) -> Check:
    """Hold an expectation against a record's figures; without a figure it is not met."""
    measured = metrics.get(expect.metric)
    if isinstance(measured, list):
        if expect.statistic == "count":
            measured = len(measured)
        elif measured:
            measured = round(_STATISTICS[expect.statistic](measured), 4)
        else:
            measured = None
    ok = measured is not None and _OPERATORS[expect.operator](measured, expect.value)
    return Check(expect.text, measured, ok)


def _mistake(metric: str, statistic: str, value: str) -> str:
    if metric not in METRICS:
        return f"{metric!r} is no figure of a record; {suggestion(metric, tuple(METRICS))}"
    form = METRICS[metric][0]
    statistics = (*_STATISTICS, "count")
    if form == "list" and statistic not in statistics:
        return f"{metric} is a list: compare {metric}.median (or {', '.join(statistics[1:])})"
    if form != "list" and statistic:
        return f"{metric} is one figure: leave out .{statistic}"
    needed = {"list": float, "number": float, "bool": bool, "text": str}[form]
    if not isinstance(_parsed(value), needed):
        return f"{metric} cannot be compared with {value}: it is a {form}"
    return ""


def _parsed(value: str) -> float | bool | str:
    if value in ("true", "false"):
        return value == "true"
    try:
        return float(value)
    except ValueError:
        return value

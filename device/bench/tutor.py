"""``myna bench tutor``: does the planner teach more in the same minutes? On simulated children.

The real tutor holds whole sessions with children of `dialog.teaching.learner`, whose memory follows
another law than the planner's schedule. Three planners get the same children and the same minutes:
ours, the pack in a fixed order, and review with new items in the pack's order. What is compared is
what the children can say a fortnight after the last lesson, child by child.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean, stdev

from device.bench.metric import Metric
from dialog.packs import starter_pack
from dialog.packs.model import Pack
from dialog.packs.wording import plain
from dialog.ports import (
    Attempt,
    Begin,
    Child,
    DialogEvent,
    Heard,
    HeardNothing,
    History,
    Language,
    Recognition,
    Resume,
    Step,
    Then,
    Verdict,
)
from dialog.settings import LessonSettings
from dialog.teaching.baselines import fixed_order, review_alone
from dialog.teaching.course import words_of
from dialog.teaching.learner import SimulatedChild
from dialog.teaching.phones import phones_of
from dialog.teaching.planner import Planner, plan_session
from dialog.teaching.profile import HARD_FOR_MANDARIN
from dialog.tutor import Tutor
from dialog.tutor_state import Rung, TutorState

SHORT_CHILDREN, LONG_CHILDREN = 6, 60
SESSION_MIN = 8
PRACTICE_MIN = 160.0
"""Twenty sessions: four weeks of five."""
WEEKDAYS = (0, 1, 2, 3, 4)
TESTED_AFTER_DAYS = 14.0
START = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
"""A Monday."""
WORDS_PER_S, CHARACTERS_PER_S = 2.3, 4.0
"""Of Myna's voice."""

PLANNERS: Mapping[str, Planner] = {
    "planner": plan_session,
    "fixed_order": fixed_order,
    "review_alone": review_alone,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one child.

    Attributes:
        items_before: Expected number of items it could say without any lesson, on the test's day.
        items_after: The same after the lessons.
        sounds_gained: Mean gain over the sounds that are hard, on the scale from 0 to 2.
        minutes: Practised.
        sessions: Held.
        right_at_once: Share of items answered rightly at the first try.
        fails_in_a_row: Most wrong answers in a row.
    """

    items_before: float
    items_after: float
    sounds_gained: float
    minutes: float
    sessions: int
    right_at_once: float
    fails_in_a_row: int


def run(*, long: bool, seed: int, corpus: Path | None = None) -> list[Metric]:
    """All figures.

    Args:
        long: Sixty children instead of six.
        seed: Of the first child.
        corpus: Not used: these children are simulated.
    """
    pack = starter_pack()
    seeds = range(seed, seed + (LONG_CHILDREN if long else SHORT_CHILDREN))
    results = {
        name: [teach(pack, planner, each) for each in seeds] for name, planner in PLANNERS.items()
    }
    return figures(results, len(list(pack.items())))


def figures(results: Mapping[str, Sequence[Outcome]], items: int) -> list[Metric]:
    """Means for each planner, then paired differences with 95 % confidence limits.

    Args:
        results: By planner, the same children in the same order.
        items: In the pack.
    """
    metrics = [Metric("tutor.pack.items", float(items), "", None, 1)]
    for name, outcomes in results.items():
        n = len(outcomes)
        gained = [each.items_after - each.items_before for each in outcomes]
        of_each = {
            "items_learnt": mean(gained),
            "sounds_gained": mean(each.sounds_gained for each in outcomes),
            "minutes": mean(each.minutes for each in outcomes),
            "sessions": mean(each.sessions for each in outcomes),
            "right_at_once": mean(each.right_at_once for each in outcomes),
        }
        units = {"minutes": "min", "sounds_gained": "0..2"}
        metrics += [
            Metric(f"tutor.{name}.{what}", value, units.get(what, ""), None, n)
            for what, value in of_each.items()
        ]
        most = max(each.fails_in_a_row for each in outcomes)
        metrics.append(Metric(f"tutor.{name}.fails_in_a_row.max", float(most), "", "<= 2", n))
    ours = results["planner"]
    for name, outcomes in results.items():
        if name != "planner":
            items_more = [
                a.items_after - b.items_after for a, b in zip(ours, outcomes, strict=True)
            ]
            metrics += _interval(f"tutor.items_more_than.{name}", items_more, "")
            sounds = [
                a.sounds_gained - b.sounds_gained for a, b in zip(ours, outcomes, strict=True)
            ]
            metrics += _interval(f"tutor.sounds_more_than.{name}", sounds, "0..2")
    return metrics


def teach(pack: Pack, planner: Planner, seed: int) -> Outcome:
    """Hold sessions with one child until the minutes are used, and test it a fortnight later."""
    settings = LessonSettings(session_minutes=SESSION_MIN)
    tutor = Tutor(pack, settings, planner=planner)
    phones = phones_of(words_of(pack))
    learner = SimulatedChild(seed, tutor.course.facts, phones)
    untaught = SimulatedChild(seed, tutor.course.facts, phones)
    known = Child(id=str(seed))
    skills = dict(learner.skills)
    now = START
    practised_s = 0.0
    attempts: list[Attempt] = []
    sessions = longest_run = 0
    while practised_s < PRACTICE_MIN * 60.0:
        learner.begin_session()
        session = _hold(tutor, learner, known, now, seed=1000 * seed + sessions)
        known, took_s = session.known, session.took_s
        attempts += session.attempts
        longest_run = max(longest_run, _longest_run(session.attempts))
        practised_s += took_s
        sessions += 1
        days = 1 if now.weekday() != WEEKDAYS[-1] else 3
        now += timedelta(days=days)
        learner.rest(days)
        untaught.rest(days)
    learner.rest(TESTED_AFTER_DAYS)
    untaught.rest(TESTED_AFTER_DAYS)
    hard = [phone for phone in skills if phone in HARD_FOR_MANDARIN]
    first = [attempt for attempt in attempts if attempt.try_number == 1]
    return Outcome(
        items_before=sum(untaught.recall_chance(item) for item in tutor.course.facts),
        items_after=sum(learner.recall_chance(item) for item in tutor.course.facts),
        sounds_gained=mean(learner.skills[phone] - skills[phone] for phone in hard),
        minutes=practised_s / 60.0,
        sessions=sessions,
        right_at_once=mean(attempt.verdict is Verdict.RIGHT for attempt in first),
        fails_in_a_row=longest_run,
    )


@dataclass(frozen=True, slots=True)
class _Session:
    known: Child
    took_s: float
    attempts: tuple[Attempt, ...]


def _hold(
    tutor: Tutor, learner: SimulatedChild, known: Child, now: datetime, *, seed: int
) -> _Session:
    """One session from the waking to the goodbye."""
    attempts: list[Attempt] = []
    begun = now
    step = tutor.step(tutor.start(history=History((known,)), seed=seed), Begin(), now)
    while True:
        spoken_s = _spoken_s(step)
        learner.spend(spoken_s)
        now += timedelta(seconds=spoken_s)
        attempts += step.attempts
        if step.then is Then.SLEEP:
            break
        event, took_s = _reply(tutor, learner, step)
        learner.spend(took_s)
        now += timedelta(seconds=took_s)
        step = tutor.step(step.state, event, now)
    return _Session(_state(step).child, (now - begun).total_seconds(), tuple(attempts))


def _reply(tutor: Tutor, learner: SimulatedChild, step: Step) -> tuple[DialogEvent, float]:
    """What the child says, and how long it takes from the end of Myna's last word."""
    if step.expect is None:
        return Resume(), 5.0
    asking = _state(step).asking
    answers = step.expect.answers
    if asking.id not in tutor.course.facts:  # a line of a play: fun, nothing that is counted
        return Heard(Recognition(answers[0], 0, 0.9, complete=True), 1.5, 1.0), 2.5
    demand = tutor.demands.find(asking.id, stage=asking.stage, turn=asking.turn)
    shown = asking.rung is not Rung.ASK or not tutor.course.facts[asking.id].recall
    if asking.rung is not Rung.ASK:
        learner.hear_model(asking.id)
    words = plain(demand.ask.model).split()
    said = learner.answer(asking.id, words, shown=shown, hinted=asking.hint is not None)
    if said.silent:
        return HeardNothing(), step.expect.patience_s
    spoke_s = 0.5 * len(words)
    text, matched = (answers[0], 0) if said.right else ("something that it is not", None)
    recognition = Recognition(text, matched, 0.9, complete=said.right)
    event = Heard(recognition, spoke_s, said.hesitation_s, said.pronunciation)
    return event, said.hesitation_s + spoke_s + 0.6


def _spoken_s(step: Step) -> float:
    """How long Myna takes to say a step."""
    seconds = 0.0
    for line in step.lines:
        if line.language is Language.CHINESE:
            seconds += len(line.text) / CHARACTERS_PER_S
        else:
            seconds += len(line.text.split()) / (WORDS_PER_S * line.rate)
    return seconds + 0.15 * len(step.lines)


def _state(step: Step) -> TutorState:
    if not isinstance(step.state.data, TutorState):
        raise TypeError("the tutor gave a state that is not its own")
    return step.state.data


def _longest_run(attempts: Sequence[Attempt]) -> int:
    longest = run_ = 0
    for attempt in attempts:
        run_ = run_ + 1 if attempt.verdict is Verdict.WRONG else 0
        longest = max(longest, run_)
    return longest


def _interval(name: str, values: Sequence[float], unit: str) -> list[Metric]:
    """Mean of paired differences and its 95 % limits by Student's t."""
    n, middle = len(values), mean(values)
    half = _student_t(n - 1) * stdev(values) / math.sqrt(n) if n > 1 else math.inf
    return [
        Metric(name, middle, unit, "> 0", n),
        Metric(f"{name}.low95", middle - half, unit, "> 0", n),
        Metric(f"{name}.high95", middle + half, unit, None, n),
    ]


def _student_t(degrees: int) -> float:
    """The 97.5 % point of Student's t, within a thousandth from 3 degrees on.

    Expansion in powers of 1/degrees (Abramowitz and Stegun 26.7.5).
    """
    z = 1.959964
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + math.fsum(term / float(degrees) ** n for n, term in enumerate(terms, start=1))

"""The table of `training.wake.people`, with the counts behind every figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from training.wake.people_stages import Candidate

REFRACTORY_S = 1.5
WAKES = 0.0
"""Logit of the last word at which the device wakes as it comes."""
RATES_PER_HOUR = (1.0, 3.0, 10.0, 30.0)
"""False wakes in an hour of talk while one phrase is listened for, at which is told what is missed:
where the device wakes without a head and with one are two different places on one curve."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One saying of a phrase in one scene.

    Attributes:
        phrase: Which.
        speaker: Whose.
        by_child: Whether the speaker is 12 or younger.
        scene: ``quiet`` or ``10 dB``.
        taught: How the speaker's five examples were had (``said``, ``joined``); empty: not taught.
        best: What the last word was surest of; None where the first stage found nothing.
    """

    phrase: str
    speaker: str
    by_child: bool
    scene: str
    taught: str
    best: Candidate | None

    def wakes(self, bar: float = WAKES) -> bool:
        """Whether the device would wake where it wakes from this logit on."""
        return self.best is not None and self.best.last >= bar


@dataclass(frozen=True, slots=True)
class Accepts:
    """What one person's other talk does to a phrase.

    Attributes:
        phrase: Which is not said.
        scene: As `Judged.scene`.
        by_child: Whose talk.
        taught: Whether somebody had taught the phrase.
        seconds: Of talk.
        candidates: That came to the last word.
    """

    phrase: str
    scene: str
    by_child: bool
    taught: bool
    seconds: float
    candidates: tuple[Candidate, ...]

    def wakes(self, bar: float = WAKES) -> int:
        """How often the device would wake from this logit on; what comes soon after another does
        not count."""
        count, last_s = 0, -REFRACTORY_S
        for each in self.candidates:
            if each.last >= bar and each.at_s - last_s >= REFRACTORY_S:
                count, last_s = count + 1, each.at_s
        return count


@dataclass(frozen=True, slots=True)
class Result:
    """Of one fold of speakers."""

    judged: list[Judged]
    accepts: list[Accepts]


def table(judged: Sequence[Judged], accepts: Sequence[Accepts]) -> str:
    """Markdown: a row for each phrase, then children, adults and all, then the false wakes."""
    scenes = list(dict.fromkeys(each.scene for each in judged))
    phrases = list(dict.fromkeys(each.phrase for each in judged))
    columns = [(scene, taught) for scene in scenes for taught in (False, True)]
    heads = [f"{scene}{', taught' if taught else ''}" for scene, taught in columns]
    lines = [
        "| missed of | people (children) | " + " | ".join(heads) + " | false wakes, h |",
        "|---|---|" + "---|" * (len(heads) + 1),
    ]
    groups: list[tuple[str, list[Judged]]] = [
        (f'"{phrase}"', [each for each in judged if each.phrase == phrase]) for phrase in phrases
    ]
    groups += [
        ("children", [each for each in judged if each.by_child]),
        ("adults", [each for each in judged if not each.by_child]),
        ("all", list(judged)),
    ]
    for name, own in groups:
        people = {(each.phrase, each.speaker) for each in own}
        children = {(each.phrase, each.speaker) for each in own if each.by_child}
        cells = [
            _missed([e for e in own if e.scene == scene and bool(e.taught) is taught])
            for scene, taught in columns
        ]
        theirs = [e for e in accepts if not e.taught and _belongs(name, e)]
        wakes, hours = _wakes(theirs)
        lines.append(
            f"| {name} | {len(people)} ({len(children)}) | {' | '.join(cells)} |"
            f" {wakes} in {hours:.1f} |"
        )
    return "\n".join([*lines, "", *_footer(judged, accepts, scenes)])


def _belongs(name: str, each: Accepts) -> bool:
    if name in ("children", "adults"):
        return each.by_child is (name == "children")
    return name in ("all", f'"{each.phrase}"')


def _footer(
    judged: Sequence[Judged], accepts: Sequence[Accepts], scenes: Sequence[str]
) -> list[str]:
    lines = []
    for scene in scenes:
        for taught in (False, True):
            own = [each for each in judged if each.scene == scene and bool(each.taught) is taught]
            never = sum(each.best is None for each in own)
            refused = sum(each.best is not None and not each.wakes() for each in own)
            theirs = [e for e in accepts if e.scene == scene and e.taught is taught]
            wakes, hours = _wakes(theirs)
            asked = sum(len(each.candidates) for each in theirs)
            rate = f"{wakes / hours:.2f}" if hours else "–"
            lines.append(
                f"{scene}{', taught' if taught else ''}: of {len(own)} sayings {never} never a"
                f" candidate, {refused} refused by the last word; {wakes} false wakes in"
                f" {hours:.1f} h of phrase and talk, {rate} an hour; last word asked {asked}"
                " times"
            )
            lines += _at_rates(own, theirs)
    for source in ("said", "joined"):
        people = {(each.phrase, each.speaker) for each in judged if each.taught == source}
        lines.append(f"taught with examples {source}: {len(people)} of phrase and person")
    # The same sayings untaught and taught, since not everybody could be taught.
    for scene in scenes:
        could = {
            (each.phrase, each.speaker) for each in judged if each.scene == scene and each.taught
        }
        same = [e for e in judged if e.scene == scene and (e.phrase, e.speaker) in could]
        before, after = (
            _missed([e for e in same if bool(e.taught) is taught]) for taught in (False, True)
        )
        lines.append(f"{scene}, the same sayings: {before} untaught, {after} taught")
    return lines


def _at_rates(judged: Sequence[Judged], accepts: Sequence[Accepts]) -> list[str]:
    """What is missed where other talk wakes so often, children apart."""
    hours = sum(each.seconds for each in accepts) / 3600
    lines = []
    for rate in RATES_PER_HOUR if judged and hours else ():
        bar = _bar(accepts, rate * hours)
        children = [each for each in judged if each.by_child]
        counts = " (children), ".join(
            f"{sum(not each.wakes(bar) for each in own)} of {len(own)}"
            for own in (children, judged)
        )
        lines.append(
            f"- at {rate:.0f} an hour ({int(rate * hours)} in all, logit {bar:.2f}): missed"
            f" {counts}"
        )
    return lines


def _bar(accepts: Sequence[Accepts], most: float) -> float:
    """The lowest logit from which other talk wakes no more often than so many times."""
    logits = sorted((c.last for each in accepts for c in each.candidates), reverse=True)
    bar = math.inf
    for logit in logits:
        if sum(each.wakes(logit) for each in accepts) > most:
            break
        bar = logit
    return bar


def _missed(own: Sequence[Judged]) -> str:
    return f"{sum(not each.wakes() for each in own)} of {len(own)}" if own else "–"


def _wakes(own: Sequence[Accepts]) -> tuple[int, float]:
    return sum(each.wakes() for each in own), sum(each.seconds for each in own) / 3600

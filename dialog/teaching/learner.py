"""A simulated child, to try a planner on before any real one is asked to.

It forgets by another law than the planner's schedule believes in. Were it made of FSRS, the planner
would know its memory's equation and the benchmark would only show that a formula agrees with
itself. Here every encounter leaves a trace that decays as a power of time, the faster the fresher
the item still was (Pavlik and Anderson 2005, doi:10.1207/s15516709cog0000_14):

    activation a = ln(sum_j w_j * t_j ** -d_j),  d_j = DECAY_SPACING * exp(a at that time) + DECAY
    chance of recall = 1 / (1 + exp((THRESHOLD + difficulty - a) / NOISE))

with t_j in seconds, those between sessions counted at `BETWEEN` of their length, as published.
What is ours, and a guess: how hard items are, how sounds improve, how attention fades. All numbers
stand below; the benchmark says what comes of them, and no more.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dialog.ports import PhoneScore, Pronunciation, WordScore
from dialog.teaching.course import ItemFacts
from dialog.teaching.profile import HARD_FOR_MANDARIN

# Published (experiment 1 of the paper).
DECAY, DECAY_SPACING, THRESHOLD, NOISE = 0.177, 0.217, -0.704, 0.255
BETWEEN = 0.025

# Ours.
ABILITY_DEVIATION = 0.8
"""Of children around the middle, in the planner's logits; the planner never sees it."""
HARDNESS_PER_LOGIT, HARDNESS_DEVIATION = 0.22, 0.15
"""How an item's difficulty raises the threshold, and how far items scatter around that."""
KNOWN_BEFORE = 1.7
"""An item this many logits below the ability is known before the first lesson by every other
child."""
TRACE_RIGHT, TRACE_SAID_AFTER, TRACE_HEARD = 1.0, 0.8, 0.3
"""Weight of a trace: words found by oneself, said after Myna, and only heard. With these a word
to repeat takes some seven meetings on different days to be there a fortnight later."""
ECHO_LOGITS = 1.2
"""How much easier than finding words it is to say them after somebody."""
GAIN_SAID, GAIN_SHOWN = 0.004, 0.05
"""Part of the way to a perfect sound that one saying of it goes, and one after a hint."""
SCORE_DEVIATION = 0.45
SPAN_MIN = (6.0, 14.0)
"""Minutes after which attention is at half; a failed item costs `FAILED_MIN` of them."""
FAILED_MIN = 0.25
SLIP, SLIP_TIRED = 0.03, 0.35
"""Chance of no answer or a wrong one for no reason, when fresh and when tired."""

SUBSTITUTES = {"TH": "S", "DH": "D", "V": "W", "Z": "S", "R": "L", "L": "N", "NG": "N", "AE": "EH"}


@dataclass(frozen=True, slots=True)
class Answered:
    """What the child did: `right` words or not, silence, and how it sounded."""

    right: bool
    silent: bool
    hesitation_s: float
    pronunciation: Pronunciation | None


@dataclass(slots=True)
class _Trace:
    at_s: float
    weight: float
    decay: float


@dataclass(slots=True)
class SimulatedChild:
    """One child. Its time is practice time, with the time between sessions shrunk.

    Args:
        seed: Makes this child this child; nothing else is random.
        facts: The items of the course by id.
        phones: ARPABET phones of words.
    """

    seed: int
    facts: Mapping[str, ItemFacts]
    phones: Mapping[str, Sequence[str]]
    skills: dict[str, float] = field(default_factory=dict)
    _now_s: float = 0.0
    _session_s: float = 0.0
    _failed: int = 0
    _traces: dict[str, list[_Trace]] = field(default_factory=dict)
    _hardness: dict[str, float] = field(default_factory=dict)
    _ability: float = 0.0
    _span_min: float = 10.0
    _random: random.Random = field(default_factory=random.Random)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - a simulation
        draw = self._random
        self._ability = 1.5 + draw.gauss(0.0, ABILITY_DEVIATION)
        self._span_min = draw.uniform(*SPAN_MIN)
        for phone in sorted({phone for said in self.phones.values() for phone in said}):
            hard = phone in HARD_FOR_MANDARIN
            skill = draw.gauss(1.1, 0.35) if hard else draw.gauss(1.75, 0.12)
            self.skills[phone] = min(2.0, max(0.1, skill))
        for item, facts in self.facts.items():
            scatter = draw.gauss(0.0, HARDNESS_DEVIATION)
            self._hardness[item] = HARDNESS_PER_LOGIT * facts.difficulty + scatter
            ahead = self._ability - facts.difficulty - KNOWN_BEFORE
            if draw.random() < 1.0 / (1.0 + math.exp(-2.0 * ahead)):
                # Met now and then over the last months: four old traces.
                self._traces[item] = [_Trace(-3600.0 * n, 1.0, DECAY) for n in (5, 15, 30, 50)]

    # ------------------------------------------------------------------- time

    def begin_session(self) -> None:
        """Rested again."""
        self._session_s = 0.0
        self._failed = 0

    def spend(self, seconds: float) -> None:
        """Time within a session."""
        self._now_s += seconds
        self._session_s += seconds

    def rest(self, days: float) -> None:
        """Time between sessions."""
        self._now_s += days * 86_400.0 * BETWEEN

    # ---------------------------------------------------------------- knowing

    def recall_chance(self, item: str) -> float:
        """Chance from 0 to 1 that the child finds the words of an item now, unaided."""
        activation = self._activation(item)
        if activation is None:
            return 0.0
        return 1.0 / (1.0 + math.exp((THRESHOLD + self._hardness[item] - activation) / NOISE))

    @property
    def attention(self) -> float:
        """0..1, half after the child's span; failures shorten it."""
        over_min = self._session_s / 60.0 + FAILED_MIN * self._failed - self._span_min
        return 1.0 / (1.0 + math.exp(over_min / 2.0))

    def answer(self, item: str, words: Sequence[str], *, shown: bool, hinted: bool) -> Answered:
        """Answer what was asked, and learn from it.

        Args:
            item: Its id.
            words: Of the answer.
            shown: Whether Myna has just said the words.
            hinted: Whether a hint on one sound was given just before.
        """
        draw = self._random
        attention = self.attention
        chance = self.recall_chance(item)
        if shown:
            echo = self._ability + ECHO_LOGITS - self.facts[item].difficulty
            chance = max(chance, 1.0 / (1.0 + math.exp(-echo)))
        chance *= 1.0 - SLIP - SLIP_TIRED * (1.0 - attention)
        right = draw.random() < chance
        silent = not right and draw.random() < 0.25
        if right:
            self._meet(item, (TRACE_SAID_AFTER if shown else TRACE_RIGHT) * attention)
        else:
            self._failed += 1
        hesitation_s = (0.6 + 3.5 * (1.0 - chance)) * draw.uniform(0.7, 1.4) / (0.4 + attention)
        said = None if silent or not right else self._say(words, hinted=hinted)
        return Answered(right, silent, hesitation_s, said)

    def hear_model(self, item: str) -> None:
        """Myna says the answer: that leaves a weak trace by itself."""
        self._meet(item, TRACE_HEARD * self.attention)

    # ----------------------------------------------------------------- inside

    def _activation(self, item: str) -> float | None:
        traces = self._traces.get(item)
        if not traces:
            return None
        total = sum(t.weight * max(1.0, self._now_s - t.at_s) ** -t.decay for t in traces)
        return math.log(total)

    def _meet(self, item: str, weight: float) -> None:
        if weight <= 0.01:
            return
        before = self._activation(item)
        decay = DECAY + (0.0 if before is None else DECAY_SPACING * math.exp(before))
        self._traces.setdefault(item, []).append(_Trace(self._now_s, weight, decay))

    def _say(self, words: Sequence[str], *, hinted: bool) -> Pronunciation:
        said = []
        for word in words:
            scores = [self._say_phone(phone, hinted=hinted) for phone in self.phones.get(word, ())]
            said.append(WordScore(word, tuple(scores)))
        return Pronunciation(tuple(said))

    def _say_phone(self, phone: str, *, hinted: bool) -> PhoneScore:
        skill = self.skills[phone]
        score = min(2.0, max(0.0, self._random.gauss(skill, SCORE_DEVIATION)))
        gain = GAIN_SHOWN if hinted and score < 1.5 else GAIN_SAID
        self.skills[phone] = skill + gain * self.attention * (2.0 - skill)
        heard = SUBSTITUTES.get(phone) if score < 0.9 else None
        return PhoneScore(phone, score, self._random.uniform(0.4, 1.0), heard)

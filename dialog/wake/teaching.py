"""Five times the phrase by one child, and the device hears that child better.

Two things are learnt: that this child says a phone as another one, where most of its examples agree
on which, so that its way of saying the phrase is listened for too; and how sure the last word
usually is of this child, so that she wakes where it is as sure as that, within a bound, since other
talk may be as sure.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from audio.ports import Samples
from dialog.phone_graph import Pronunciation, Word
from dialog.phone_set import PHONES
from dialog.wake.both import BothStages
from dialog.wake.confirm import candidate_share
from dialog.wake.evidence import FIGURES, RIVAL_MARGIN
from dialog.wake.following import Sighting
from dialog.wake.phrase import Phrase, phrase
from dialog.wake.question import Lesson, Taught, WakeQuestion
from dialog.wake.verifier import share

Ways = tuple[tuple[Pronunciation, ...], ...]
"""For every word of a phrase more ways to say it."""

EXAMPLES = 5
FEWEST_EXAMPLES = 3
LIKE_IT = -1.4
"""Logit of a recording in which something like the phrase was said."""
CLEARLY = -0.8
"""Log likelihood for each frame by which another phone must fit better to be what is said."""
MOST_CHANGED = 2
"""Phones of the phrase that a child may say as others; more would be another phrase."""
MARGIN = 0.5
"""Logit by which a usual saying of a taught child is to pass."""
MOST_BIAS = 0.75
"""Logit by which waking may become easier for a taught child."""
USUAL_THRESHOLD = 0.5


def teach(text: str, examples: Sequence[Samples], stages: BothStages) -> Lesson | None:
    """Learn from one child's examples.

    Args:
        text: The phrase as written.
        examples: The phrase once in each, int16, 16 000 Hz.
        stages: Listen to them.

    Returns:
        None when the phrase was found in fewer than three of them: record again.

    Raises:
        ModelError: The phrase cannot be listened for.
    """
    plain = phrase(text)
    found = [(example, *stages.first(example, plain)) for example in examples]
    heard = [
        (example, seen) for example, first, seen in found if seen is not None and first >= LIKE_IT
    ]
    if len(heard) < FEWEST_EXAMPLES:
        return None
    known: dict[Ways, list[_Logits]] = {}

    def with_ways(further: Ways) -> list[_Logits]:
        if further not in known:
            own, question = phrase(text, further), WakeQuestion(text, further)
            known[further] = [_both(stages, sound, own, question) for sound, _ in heard]
        return known[further]

    everybody = range(len(heard))
    bar = candidate_share(plain.text) * USUAL_THRESHOLD
    candidate = math.log(bar / (1 - bar))
    after = 0
    for out in everybody:
        rest = [at for at in everybody if at != out]
        logits = with_ways(_own_ways([heard[at][1] for at in rest]))
        after += logits[out].wake(_bias([logits[at].last for at in rest]), candidate)
    further = _own_ways([seen for _, seen in heard])
    bias = _bias([each.last for each in with_ways(further)])
    before = sum(each.wake(0.0, candidate) for each in with_ways(()))
    return Lesson(Taught(plain.text, further, bias), len(heard), before, after)


def is_example(sound: Samples, text: str, stages: BothStages) -> tuple[bool, float]:
    """Whether something like the phrase was said, and how sure the last word is, 0..1.

    Args:
        sound: int16, 16 000 Hz.
        text: The phrase as written.
        stages: Listen to it.

    Raises:
        ModelError: The phrase cannot be listened for.
    """
    first, seen = stages.first(sound, phrase(text))
    like = seen is not None and first >= LIKE_IT
    return like, share(stages.last(sound, WakeQuestion(text, first=first))) if like else 0.0


@dataclass(frozen=True, slots=True)
class _Logits:
    """What both stages say of one example."""

    first: float
    last: float

    def wake(self, bias: float, candidate: float) -> bool:
        """Whether Myna would wake at the usual threshold.

        Args:
            bias: What was taught.
            candidate: Logit of the first stage from which the last word is asked.
        """
        return self.first + bias >= candidate and self.last + bias >= 0.0


def _both(stages: BothStages, sound: Samples, own: Phrase, question: WakeQuestion) -> _Logits:
    first, _ = stages.first(sound, own)
    return _Logits(first, stages.last(sound, replace(question, first=first)))


def together(everybody: Sequence[Taught]) -> Taught | None:
    """What several children taught of one phrase: every child's ways, the easiest waking."""
    if not everybody:
        return None
    words = max(len(each.further) for each in everybody)
    further: list[Word] = [
        tuple({way: None for each in everybody if each.further for way in each.further[word]})
        for word in range(words)
    ]
    ways = tuple(tuple(word) for word in further)
    return Taught(everybody[0].phrase, ways, max(each.bias for each in everybody))


def _own_ways(found: Sequence[Sighting]) -> Ways:
    """For every word this child's own way, where most examples agree; nothing without any."""
    usual, _ = Counter(seen.phones for seen in found).most_common(1)[0]
    alike = [seen for seen in found if seen.phones == usual]
    said = [phone for _, phone in usual]
    changes: list[tuple[float, int, str]] = []
    for place in range(len(usual)):
        rivals: Counter[str] = Counter()
        margins = []
        for seen in alike:
            figures = seen.evidence.phones[place]
            if figures[RIVAL_MARGIN] < CLEARLY:
                rivals[PHONES[int(figures[FIGURES + len(PHONES) :].argmax())]] += 1
                margins.append(float(figures[RIVAL_MARGIN]))
        if rivals:
            other, votes = rivals.most_common(1)[0]
            if votes >= FEWEST_EXAMPLES and 2 * votes > len(found):
                changes.append((min(margins), place, other))
    for _, place, other in sorted(changes)[:MOST_CHANGED]:
        said[place] = other
    count = usual[-1][0] + 1
    words = [
        tuple(p for (w, _), p in zip(usual, said, strict=True) if w == n) for n in range(count)
    ]
    before = [tuple(p for w, p in usual if w == n) for n in range(count)]
    own = tuple((new,) if new != old else () for new, old in zip(words, before, strict=True))
    return own if any(own) else ()


def _bias(logits: Sequence[float]) -> float:
    """So much that all but the worst of the examples pass with a margin."""
    worst_but_one = sorted(logits)[min(1, len(logits) - 1)]
    return min(MOST_BIAS, max(0.0, MARGIN - worst_but_one))

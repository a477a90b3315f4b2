"""Five times the phrase by one child, and the device hears that child better.

Two things are learnt: that this child says a phone as another one, where most of its examples agree
on which, so that its way of saying the phrase is listened for too; and how sure the verifier
usually is of this child, so that it wakes where it is as sure as that, within a bound, since other
talk may be as sure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from dialog.phone_features import Waveform
from dialog.phone_graph import Pronunciation, Word
from dialog.phone_set import PHONES
from dialog.wake.acoustics import Network
from dialog.wake.evidence import FIGURES, RIVAL_MARGIN
from dialog.wake.following import Sighting, best_logit
from dialog.wake.phrase import phrase
from dialog.wake.verifier import Verifier

EXAMPLES = 5
FEWEST_EXAMPLES = 3
LIKE_IT = -3.0
"""Logit of a recording in which something like the phrase was said."""
CLEARLY = -0.8
"""Log likelihood for each frame by which another phone must fit better to be what is said."""
MOST_CHANGED = 2
"""Phones of the phrase that a child may say as others; more would be another phrase."""
MARGIN = 0.5
"""Logit by which a usual saying of a taught child is to pass."""
MOST_BIAS = 0.75
"""Logit by which waking may become easier for a taught child."""


@dataclass(frozen=True, slots=True)
class Taught:
    """What a child's examples taught.

    Attributes:
        phrase: As written.
        further: For every word the child's own ways of saying it, besides the usual ones.
        bias: Added to the verifier's logit, 0 or more.
    """

    phrase: str
    further: tuple[tuple[Pronunciation, ...], ...] = field(default=(), repr=False)
    bias: float = 0.0


@dataclass(frozen=True, slots=True)
class Lesson:
    """How well a child is heard after teaching.

    Attributes:
        taught: What to keep.
        examples: Recordings in which something like the phrase was found.
        before: How many of them would have woken Myna before.
        after: How many wake her, each judged by what the others taught.
    """

    taught: Taught
    examples: int
    before: int
    after: int


def teach(
    text: str, examples: Sequence[Waveform], network: Network, verifier: Verifier
) -> Lesson | None:
    """Learn from one child's examples.

    Args:
        text: The phrase as written.
        examples: The phrase once in each, -1..1, 16 000 Hz.
        network: Of the phones.
        verifier: Of the evidence.

    Returns:
        None when the phrase was found in fewer than three of them: record again.

    Raises:
        ModelError: The phrase cannot be listened for.
    """
    plain = phrase(text)
    found = [best_logit(example, plain, network, verifier) for example in examples]
    heard = [
        (example, logit, seen)
        for example, (logit, seen) in zip(examples, found, strict=True)
        if seen is not None and logit >= LIKE_IT
    ]
    if len(heard) < FEWEST_EXAMPLES:
        return None

    def learnt(at: Sequence[int]) -> tuple[tuple[tuple[Pronunciation, ...], ...], list[float]]:
        further = _own_ways([heard[each][2] for each in at])
        if not any(further):
            return (), [logit for _, logit, _ in heard]
        own = phrase(text, further)
        return further, [best_logit(sound, own, network, verifier)[0] for sound, _, _ in heard]

    everybody = range(len(heard))
    after = 0
    for out in everybody:
        rest = [at for at in everybody if at != out]
        _, logits = learnt(rest)
        after += logits[out] + _bias([logits[at] for at in rest]) >= 0.0
    further, logits = learnt(everybody)
    taught = Taught(plain.text, further, _bias(logits))
    return Lesson(taught, len(heard), sum(logit >= 0.0 for _, logit, _ in heard), after)


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


def _own_ways(found: Sequence[Sighting]) -> tuple[tuple[Pronunciation, ...], ...]:
    """For every word this child's own way, where most examples agree that it has one."""
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
    return tuple((new,) if new != old else () for new, old in zip(words, before, strict=True))


def _bias(logits: Sequence[float]) -> float:
    """So much that all but the worst of the examples pass with a margin."""
    worst_but_one = sorted(logits)[min(1, len(logits) - 1)]
    return min(MOST_BIAS, max(0.0, MARGIN - worst_but_one))

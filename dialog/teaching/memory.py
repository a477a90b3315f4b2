"""What a child remembers of each item: graded from what was said and how, scheduled by FSRS.

The schedule is that of the `fsrs` library with its published default parameters, nine of ten
items still remembered when they come back. Its own learning steps of minutes are switched off: a
session decides for itself what comes again within it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cache

from fsrs import Card, Rating, Scheduler, State

from dialog.ports import ItemMemory, Pronunciation, Verdict

RETENTION = 0.9
"""Share of items that should still be remembered when they come back."""
LONGEST_DAYS = 180
"""Nothing stays away for longer than half a year: half of a school year is enough to doubt."""

CLEAR_0_2 = 1.6
"""Mean phone score from which an answer was said clearly."""
UNCLEAR_0_2 = 1.15
"""Below this it was the right answer and hard to follow."""
QUICK_S, SLOW_S = 1.5, 4.0
"""Hesitation before an answer that came at once, and before one that had to be looked for."""

IMITATED = 3
"""Meetings in which saying an item after Myna rightly counts for little."""


class Grade(Enum):
    """How well an item was known, as the schedule asks it."""

    AGAIN = 1
    HARD = 2
    GOOD = 3
    EASY = 4


@dataclass(frozen=True, slots=True)
class Answer:
    """How the asking of one item ended.

    Attributes:
        verdict: Of the last try.
        tries: Tries that were needed, the last one included.
        recall: Whether the child had to find the words, rather than say them after Myna.
        met: How often the child had met the item before.
    """

    verdict: Verdict
    tries: int = 1
    pronunciation: Pronunciation | None = None
    hesitation_s: float = 0.0
    recall: bool = True
    met: int = 0


def grade(answer: Answer) -> Grade | None:
    """The grade of an answer; None when it says nothing about the memory (skipped).

    A first right answer is good when the words had to be found, and easy when they came at once
    and clear. It counts as hard when the child had to search for it, could hardly be followed, or
    only said it after Myna, which proves little the first `IMITATED` times. The second right
    answer is hard as well, since Myna has said it in between; whatever takes more help than that
    is not known yet.
    """
    if answer.verdict is Verdict.SKIPPED:
        return None
    if answer.verdict is not Verdict.RIGHT or answer.tries > 2:
        return Grade.AGAIN
    score = answer.pronunciation.score_0_2 if answer.pronunciation is not None else None
    unclear = score is not None and score < UNCLEAR_0_2
    if answer.tries == 2:
        return Grade.AGAIN if unclear else Grade.HARD
    imitated = not answer.recall and answer.met < IMITATED
    if unclear or imitated or answer.hesitation_s > SLOW_S:
        return Grade.HARD
    clear = score is not None and score >= CLEAR_0_2
    return Grade.EASY if answer.recall and clear and answer.hesitation_s < QUICK_S else Grade.GOOD


def reviewed(
    memory: ItemMemory | None, pack: str, item: str, given: Grade, now: datetime
) -> ItemMemory:
    """The memory of an item after it was practised.

    Args:
        memory: As it was; None for an item never practised.
        now: UTC. A clock that went back counts as no time having passed.
    """
    now = now if memory is None else max(now, memory.reviewed)
    card, _ = _scheduler().review_card(_card(memory, now), Rating(given.value), now)
    if card.stability is None or card.difficulty is None:
        raise RuntimeError("the schedule gave no stability for a reviewed card")
    return ItemMemory(
        pack=pack,
        item=item,
        stability_days=card.stability,
        difficulty=card.difficulty,
        due=card.due,
        reviewed=now,
        reviews=1 + (memory.reviews if memory else 0),
        lapses=(given is Grade.AGAIN) + (memory.lapses if memory else 0),
    )


def recalled(memory: ItemMemory, now: datetime) -> float:
    """Chance from 0 to 1 that an item is still remembered."""
    chance = _scheduler().get_card_retrievability(_card(memory, now), max(now, memory.reviewed))
    return float(chance)


def known(memory: ItemMemory) -> bool:
    """Whether the child has ever known the item."""
    return memory.reviews > memory.lapses


def of_pack(memories: Iterable[ItemMemory], pack: str) -> Mapping[str, ItemMemory]:
    """A child's memories of one pack by item; of items that it no longer has as well."""
    return {memory.item: memory for memory in memories if memory.pack == pack}


@cache
def _scheduler() -> Scheduler:
    return Scheduler(
        desired_retention=RETENTION,
        learning_steps=(),
        relearning_steps=(),
        maximum_interval=LONGEST_DAYS,
        enable_fuzzing=False,  # the same session has to give the same plan
    )


def _card(memory: ItemMemory | None, now: datetime) -> Card:
    if memory is None:
        return Card(card_id=0, due=now)
    return Card(
        card_id=0,
        state=State.Review,
        stability=memory.stability_days,
        difficulty=memory.difficulty,
        due=memory.due,
        last_review=memory.reviewed,
    )

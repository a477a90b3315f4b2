"""What the tutor can ask for: questions of items and steps of plays in one form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dialog.commands import listened_for
from dialog.kinds import Ask, asks
from dialog.packs.model import Item, Pack, PlayStep, RolePlay
from dialog.packs.wording import aloud
from dialog.ports import Expectation

PLAY_PATIENCE_S = 10.0
MOST_SIBLINGS = 8
"""Each is one more to be told apart, and costs time."""
LONGEST_SIBLING_WORDS = 3


@dataclass(frozen=True, slots=True)
class Demand:
    """One thing that is asked of the child, or said as the end of a play.

    Attributes:
        id: What attempts name: ``unit/item`` or ``unit/play/step``.
        ask: The question; without answers for a line that wants none.
        item: What is asked about; None in a play.
        last: Whether no further question of the item follows.
        ways: Where each answer of a play leads, in the order of `ask.answers`.
        siblings: Answers to the unit's other items. A child who mixes them up would else be
            heard as whatever is listened for and sounds nearest, perhaps as a command.
    """

    id: str
    ask: Ask
    item: Item | None = None
    last: bool = True
    ways: tuple[str, ...] = ()
    siblings: tuple[str, ...] = ()

    @property
    def wrong(self) -> tuple[str, ...]:
        """Wrong and half answers that the lesson knows."""
        return (*self.ask.others, *self.siblings)

    @property
    def in_play(self) -> bool:
        return self.item is None

    @property
    def wants_answer(self) -> bool:
        return bool(self.ask.answers) or self.ask.open_speech

    @property
    def key(self) -> str:
        """The one word that carries the answer; empty where the whole is short enough."""
        return self.item.key if self.item is not None and self.ask.model == self.item.model else ""

    @property
    def easier(self) -> str:
        """What the easier step asks for aloud: the key word, or the whole said together."""
        return aloud(self.key) if self.key else self.ask.model

    def expectation(self, asides: tuple[str, ...], *, easier: bool = False) -> Expectation:
        """What to listen for; in the easier step any speech will do, the key word above all.

        Args:
            asides: Commands and names that may be said instead; never in place of an answer.
        """
        answers = self.ask.answers
        if easier and self.key and self.key not in answers:
            answers = (self.key, *answers)
        others = (each for each in (*self.wrong, *asides) if each not in answers)
        return Expectation(
            answers=answers,
            others=tuple(dict.fromkeys(others)),
            open_speech=self.ask.open_speech or easier,
            patience_s=PLAY_PATIENCE_S if self.item is None else self.item.patience_s,
        )


class Demands:
    """All that a pack can ask for, by id.

    Args:
        pack: What is practised.
    """

    def __init__(self, pack: Pack) -> None:
        self._items = {item.id: item for item in pack.items()}
        self._steps = {step.id: step for play in pack.plays() for step in _of_play(play)}
        self._units = {item.id: unit.items for unit in pack.units for item in unit.items}

    def item(self, demand_id: str) -> Item | None:
        """The item of that id; None for a step of a play."""
        return self._items.get(demand_id)

    def find(self, demand_id: str, *, stage: int = 0, turn: int = 0) -> Demand:
        """One demand.

        Args:
            stage: Number of the question within an item, from 0.
            turn: How often the child has met the item before.

        Raises:
            KeyError: The pack has no such item or step.
        """
        item = self._items.get(demand_id)
        if item is None:
            return self._steps[demand_id]
        questions = asks(item, turn)
        ask = questions[stage]
        return Demand(
            demand_id,
            ask,
            item,
            last=stage + 1 == len(questions),
            siblings=_siblings(ask, self._units[demand_id]),
        )


def _siblings(ask: Ask, unit: Sequence[Item]) -> tuple[str, ...]:
    """Short answers to a unit's other items that hold no answer to this one, nor part of one."""
    commands = listened_for(())
    found = dict.fromkeys(
        other.answers[0]
        for other in unit
        if other.answers
        and len(other.answers[0].split()) <= LONGEST_SIBLING_WORDS
        and other.answers[0] not in commands
        and not any(_overlap(other.answers[0], each) for each in (*ask.answers, *ask.others))
    )
    return tuple(found)[:MOST_SIBLINGS]


def _overlap(one: str, other: str) -> bool:
    return f" {one} " in f" {other} " or f" {other} " in f" {one} "


def _of_play(play: RolePlay) -> Iterator[Demand]:
    for step in play.steps:
        ways = [
            (answer, f"{play.id}/{branch.next}")
            for branch in step.branches
            for answer in branch.answers
        ]
        yield Demand(
            id=step_id(play, step),
            ask=Ask(
                stage="play",
                prompt=step.cue,
                english=step.says,
                model=step.branches[0].model if step.branches else "",
                answers=tuple(answer for answer, _ in ways),
            ),
            ways=tuple(way for _, way in ways),
        )


def step_id(play: RolePlay, step: PlayStep) -> str:
    """``unit/play/step``."""
    return f"{play.id}/{step.id}"

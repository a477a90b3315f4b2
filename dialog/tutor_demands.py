"""What the tutor can ask for: items and role-play steps in one form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dialog.commands import listened_for
from dialog.packs.build import PLAY_PATIENCE_S
from dialog.packs.model import Item, Kind, Pack, PlayStep, RolePlay, Text
from dialog.packs.wording import aloud
from dialog.ports import Expectation


@dataclass(frozen=True, slots=True)
class Demand:
    """One thing that is asked of the child, or said as the end of a role play.

    Attributes:
        id: What attempts name: ``unit/item`` or ``unit/play/step``.
        prompt: In the language of instruction.
        english: What Myna says in English; before the prompt in a role play, else after it.
        model: A model answer said aloud.
        answers: Right answers, the model first; empty for a line that wants no answer.
        ways: Where each answer of a role play leads, in the order of `answers`.
        easy: Whether it is among the easiest: a single word to repeat.
    """

    id: str
    prompt: Text
    english: str
    model: str
    answers: tuple[str, ...]
    confusions: tuple[str, ...] = ()
    key: str = ""
    reply: str = ""
    open_speech: bool = False
    patience_s: float = 7.0
    in_play: bool = False
    ways: tuple[str, ...] = ()
    easy: bool = False

    @property
    def wants_answer(self) -> bool:
        return bool(self.answers) or self.open_speech

    @property
    def easier(self) -> str:
        """What the easier step asks for aloud: the key word, or the whole said together."""
        return aloud(self.key) if self.key else self.model

    def expectation(self, *, easier: bool = False) -> Expectation:
        """What to listen for; in the easier step any speech will do, the key word above all."""
        answers = self.answers
        if easier and self.key and self.key not in answers:
            answers = (self.key, *answers)
        commands = listened_for(answers)
        confusions = tuple(wrong for wrong in self.confusions if wrong not in answers)
        return Expectation(
            answers=answers,
            others=tuple(dict.fromkeys(confusions + commands)),
            open_speech=self.open_speech or easier,
            patience_s=self.patience_s,
        )


def demands_of(pack: Pack) -> dict[str, Demand]:
    """All demands of a pack by id."""
    found = [_of_item(item) for item in pack.items()]
    found += [demand for play in pack.plays() for demand in _of_play(play)]
    return {demand.id: demand for demand in found}


def _of_item(item: Item) -> Demand:
    return Demand(
        id=item.id,
        prompt=item.prompt,
        english=item.english,
        model=item.model,
        answers=item.answers,
        confusions=item.confusions,
        key=item.key,
        reply=item.reply,
        open_speech=item.open_speech,
        patience_s=item.patience_s,
        easy=item.kind is Kind.WORD,
    )


def _of_play(play: RolePlay) -> Iterator[Demand]:
    for step in play.steps:
        ways = [
            (answer, f"{play.id}/{branch.next}")
            for branch in step.branches
            for answer in branch.answers
        ]
        yield Demand(
            id=step_id(play, step),
            prompt=step.cue,
            english=step.says,
            model=step.branches[0].model if step.branches else "",
            answers=tuple(answer for answer, _ in ways),
            ways=tuple(way for _, way in ways),
            patience_s=PLAY_PATIENCE_S,
            in_play=True,
        )


def step_id(play: RolePlay, step: PlayStep) -> str:
    """``unit/play/step``."""
    return f"{play.id}/{step.id}"

"""What a child's words mean at this moment: an answer, a command, a try, or nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from dialog.commands import Command, command_in
from dialog.packs.wording import plain
from dialog.ports import Expectation, Recognition


@dataclass(frozen=True, slots=True)
class Answered:
    """A right answer, spelled as expected; empty in open speech."""

    answer: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A command."""

    command: Command


@dataclass(frozen=True, slots=True)
class Tried:
    """Words that are neither."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """Nothing that could be understood."""


Meaning = Answered | Asked | Tried | Unclear

_FILLERS = frozenset({"um", "uh", "er", "erm", "ah", "oh", "hm", "hmm", "mm", "well", "and", "so"})


def meaning_of(
    recognition: Recognition, expectation: Expectation, confusions: Collection[str] = ()
) -> Meaning:
    """What was said, as far as it concerns the present demand.

    Right answers win over commands, and so do wrong ones that the lesson knows: in a lesson on
    greetings "bye bye" is an answer.

    Args:
        recognition: What was recognised with the expectation's hints.
        expectation: What was listened for.
        confusions: Wrong answers that the lesson knows.
    """
    candidates = expectation.hints().candidates
    index = recognition.matched
    said = plain(recognition.text)
    if index is not None and 0 <= index < len(candidates):
        said = candidates[index]
    answer = _answer_in(said, expectation.answers)
    if answer:
        return Answered(answer)
    command = command_in(said)
    if command is not None and said not in confusions:
        return Asked(command)
    if not said:
        return Unclear()
    return Answered("") if expectation.open_speech else Tried()


def _answer_in(said: str, answers: tuple[str, ...]) -> str:
    """The answer that `said` is, fillers at its start left aside; or a whole one inside it.

    An answer of one word counts only by itself: "red" inside "blue and red" would be guessing.
    """
    words = said.split()
    while words and words[0] in _FILLERS:
        words = words[1:]
    core = " ".join(words)
    if core in answers:
        return core
    if said in answers:
        return said
    inside = [a for a in answers if " " in a and f" {a} " in f" {core} "]
    return max(inside, key=len, default="")

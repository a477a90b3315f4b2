"""What a child's words mean at this moment: an answer, a command, a name, a try, or nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dialog.commands import Command, command_in, plain_words
from dialog.ports import Expectation, Recognition, Slip


@dataclass(frozen=True, slots=True)
class Said:
    """Words worth judging.

    Attributes:
        text: Plain words; spelled as expected when they are an answer.
        answer: Whether they are one of the right answers.
    """

    text: str
    answer: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A command."""

    command: Command


@dataclass(frozen=True, slots=True)
class Named:
    """Another child says who it is: its number among the names."""

    who: int


@dataclass(frozen=True, slots=True)
class Slipped:
    """All of a right answer but one word.

    Attributes:
        slip: Which word, and how.
        answer: Which answer, as expected.
    """

    slip: Slip
    answer: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """Nothing that could be understood."""


Meaning = Said | Asked | Named | Slipped | Unclear

_FILLERS = frozenset({"um", "uh", "er", "erm", "ah", "oh", "hm", "hmm", "mm", "well", "and", "so"})
_I_AM = ("i am {}", "i'm {}", "this is {}", "it's {}", "my name is {}", "wo shi {}")


def meaning_of(
    recognition: Recognition,
    expectation: Expectation,
    *,
    others: Collection[str] = (),
    names: Sequence[str] = (),
) -> Meaning:
    """What was said, as far as it concerns the present demand.

    Right answers win over commands, and so do wrong ones that the lesson knows: in a lesson on
    greetings "bye bye" is an answer.

    Args:
        recognition: What was recognised with the expectation's hints.
        expectation: What was listened for.
        others: Wrong and half answers that the lesson knows.
        names: Nicknames of all children as plain words, empty for one that cannot be said.
    """
    candidates = expectation.hints().candidates
    index = recognition.matched
    said = plain_words(recognition.text)
    if index is not None and 0 <= index < len(candidates):
        said = candidates[index]
    answer = _answer_in(said, expectation.answers)
    if answer:
        return Said(answer, answer=True)
    for who, name in enumerate(names):
        if name and said in introductions(name):
            return Named(who)
    command = command_in(said)
    if command is not None and said not in others:
        return Asked(command)
    if said:
        return Said(said, answer=False)
    slip = recognition.slip
    if slip is not None and slip.candidate < len(expectation.answers):
        return Slipped(slip, expectation.answers[slip.candidate])
    return Unclear()


def introductions(name: str) -> tuple[str, ...]:
    """The ways in which a child says who it is."""
    return tuple(form.format(name) for form in _I_AM)


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

"""Who is there? A child says its name, or presses the button until Myna says it; never guessed.

Pure: a value and what becomes of it. Asked where more than one child practises, before a lesson is
begun for any of them. A voice tells nothing here: only a name, a press or the parents' own choice
decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from dialog.commands import Command, command_in, listened_for, plain_words
from dialog.phrases import Counts, Speech
from dialog.ports import (
    Begin,
    DialogEvent,
    Expectation,
    Failed,
    Heard,
    HeardNothing,
    Language,
    Line,
    Recognition,
    Resume,
    StepOn,
)
from dialog.tutor_hearing import introductions

NAME_PATIENCE_S = 6.0
"""For a child to say its name."""
OFFER_PATIENCE_S = 3.0
"""After a name that a press brought: whoever stays silent is that child."""
MOST_SILENCES = 2
MOST_MISSES = 3
"""After so many in a row Myna goes on with whom the parents named, or who practised last."""
YES = ("yes", "yes i am", "that's me", "yes please")
NO = ("no", "no i'm not", "not me")


@dataclass(frozen=True, slots=True)
class RollCall:
    """Where the question stands.

    Attributes:
        names: Nicknames in the family's order, at least two.
        usual: Number of the child who practises when nobody says so.
        seed: Varies the wording.
        offered: Number of the child whose name a press has brought; None before the first.
        silences: In a row.
        misses: Times in a row that no name was understood.
        counts: How often each phrase was said.
    """

    names: tuple[str, ...]
    usual: int
    seed: int = 0
    offered: int | None = None
    silences: int = 0
    misses: int = 0
    counts: Counts = ()


@dataclass(frozen=True, slots=True)
class Asking:
    """Myna asks (on).

    Attributes:
        lines: Said now.
        expect: What is listened for then; a press of the button answers, too.
    """

    call: RollCall
    lines: tuple[Line, ...]
    expect: Expectation


@dataclass(frozen=True, slots=True)
class Chosen:
    """This child practises."""

    who: int


@dataclass(frozen=True, slots=True)
class Left:
    """Nobody wants to practise."""

    lines: tuple[Line, ...]


Outcome = Asking | Chosen | Left


def step(call: RollCall, event: DialogEvent, language: Language) -> Outcome:
    """What becomes of the question with an event.

    Args:
        language: Of instruction.
    """
    match event:
        case Begin() | Resume():
            return _ask(replace(call, offered=None, silences=0, misses=0), "who_is_there", language)
        case StepOn():
            return _offer(call, language)
        case HeardNothing():
            return _silent(call, language)
        case Heard(recognition):
            return _hear(call, recognition, language)
        case Failed():
            return _missed(call, language)


def _silent(call: RollCall, language: Language) -> Outcome:
    if call.offered is not None:
        return Chosen(call.offered)
    call = replace(call, silences=call.silences + 1)
    return (
        Chosen(call.usual) if call.silences >= MOST_SILENCES else _ask(call, "who_button", language)
    )


def _hear(call: RollCall, recognition: Recognition, language: Language) -> Outcome:
    forms, expect = _forms(call), _expectation(call, language)
    said = plain_words(recognition.text)
    candidates = expect.hints().candidates
    if recognition.matched is not None and 0 <= recognition.matched < len(candidates):
        said = candidates[recognition.matched]
    if said in forms:
        return Chosen(forms[said])
    if call.offered is not None and said in YES:
        return Chosen(call.offered)
    if call.offered is not None and said in NO:
        return _offer(call, language)
    return _obey(call, command_in(said), language)


def _obey(call: RollCall, command: Command | None, language: Language) -> Outcome:
    match command:
        case Command.STOP:
            speech = _speech(call, language)
            speech.phrase("silent_goodbye")
            return Left(tuple(speech.lines))
        case Command.HELP | Command.WAIT:
            return _ask(replace(call, offered=None), "who_button", language)
        case Command.REPEAT | Command.SLOWER | Command.LOUDER:
            return _ask(replace(call, offered=None), "who_is_there", language)
        case _:
            return _missed(call, language)


def _missed(call: RollCall, language: Language) -> Outcome:
    call = replace(call, offered=None, misses=call.misses + 1)
    if call.misses >= MOST_MISSES:
        return Chosen(call.usual)
    return _ask(call, "who_again" if call.misses == 1 else "who_button", language)


def _ask(call: RollCall, key: str, language: Language) -> Asking:
    speech = _speech(call, language)
    speech.phrase(key)
    if key != "who_button":
        *others, last = call.names
        if language is Language.CHINESE:
            speech.text(f"{'、'.join(others)}，还是{last}？")
        else:
            speech.text(f"{', '.join(others)}, or {last}?")
    return _asking(call, speech, NAME_PATIENCE_S)


def _offer(call: RollCall, language: Language) -> Asking:
    """The next child's name, the first one's after the last."""
    following = 0 if call.offered is None else (call.offered + 1) % len(call.names)
    call = replace(call, offered=following, silences=0, misses=0)
    speech = _speech(call, language)
    speech.phrase("who_offered", call.names[following])
    return _asking(call, speech, OFFER_PATIENCE_S)


def _asking(call: RollCall, speech: Speech, patience_s: float) -> Asking:
    call = replace(call, counts=speech.counts)
    expect = replace(_expectation(call, speech.language), patience_s=patience_s)
    return Asking(call, tuple(speech.lines), expect)


def _expectation(call: RollCall, language: Language) -> Expectation:
    names = tuple(_forms(call))
    others = tuple(
        each for each in (*YES, *NO, *listened_for(names, language)) if each not in names
    )
    return Expectation(names, tuple(dict.fromkeys(others)), by_button=True)


def _forms(call: RollCall) -> dict[str, int]:
    """Every way to say a name that is spelled in Latin letters, with the child's number.

    What hears English cannot hear other names: these have the button.
    """
    found: dict[str, int] = {}
    for who, name in enumerate(call.names):
        plain = plain_words(name)
        if any("a" <= letter <= "z" for letter in plain):
            for form in (plain, *introductions(plain)):
                found.setdefault(form, who)
    return found


def _speech(call: RollCall, language: Language) -> Speech:
    return Speech(language, seed=call.seed, counts=call.counts, rate=1.0)

"""What a child can say at any time, in English and in the English of beginners."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

from dialog.packs.wording import plain


class Command(Enum):
    """What the child wants besides answering."""

    REPEAT = "repeat"
    SLOWER = "slower"
    SKIP = "skip"
    STOP = "stop"
    HELP = "help"
    PROGRESS = "progress"
    LOUDER = "louder"
    QUIETER = "quieter"
    GO_ON = "go_on"
    WAIT = "wait"


LISTENED_FOR: dict[Command, tuple[str, ...]] = {
    Command.REPEAT: ("repeat", "again", "one more time", "say it again", "again please"),
    Command.SLOWER: ("slower", "too fast", "slow down", "slowly please"),
    Command.SKIP: ("skip", "next one", "skip it", "another one"),
    Command.STOP: ("stop", "goodbye", "bye bye", "i want to stop", "no more"),
    Command.HELP: ("help", "help me", "i don't know", "i can't"),
    Command.PROGRESS: ("how am i doing",),
    Command.LOUDER: ("louder", "speak up"),
    Command.QUIETER: ("quieter", "too loud"),
    Command.GO_ON: ("go on", "continue"),
    Command.WAIT: ("wait", "wait a minute", "hold on"),
}
"""What goes into every grammar: few, since each further phrase is one more to be misheard as."""

ALSO_UNDERSTOOD: dict[Command, tuple[str, ...]] = {
    Command.REPEAT: (
        "repeat please", "please repeat", "say again", "again again", "once more", "what",
        "pardon", "sorry", "what did you say", "can you repeat", "one time more", "more time",
        "can you say it again", "please say again", "i didn't hear", "i not hear", "i no hear",
        "not hear", "huh",
    ),
    Command.SLOWER: (
        "slow", "slowly", "slow please", "more slow", "more slowly", "speak slowly",
        "speak slow", "please slow", "slower please", "please slower", "you speak too fast",
        "too quick", "very fast", "so fast",
    ),
    Command.SKIP: (
        "next", "next please", "next question", "skip please", "please skip", "pass",
        "change one", "change another", "i don't want this", "not this", "don't like this",
        "go next", "too hard", "too difficult", "very difficult",
    ),
    Command.STOP: (
        "bye", "good bye", "stop please", "please stop", "finish", "finished", "i'm finished",
        "i am finished", "the end", "over", "game over", "i'm tired", "i am tired", "enough",
        "see you", "i want stop", "i want to go", "no play", "i don't want to play", "good night",
    ),
    Command.HELP: (
        "don't know", "i no know", "i not know", "i do not know", "no idea", "help please",
        "please help", "please help me", "how to say", "how do i say it", "what should i say",
        "i can't say", "i can not", "i cannot", "i can't say it", "teach me", "tell me",
        "i don't understand", "don't understand", "no understand", "not understand",
    ),
    Command.PROGRESS: (
        "how i am doing", "how am i", "how do i do", "am i good", "is it good", "my score",
        "how many points", "how many", "what is my score", "did i do well",
    ),
    Command.LOUDER: (
        "louder please", "more loud", "speak louder", "big voice", "bigger voice", "loud please",
        "i can't hear", "i can't hear you", "volume up", "turn it up", "too quiet", "too small",
    ),
    Command.QUIETER: (
        "quieter please", "more quiet", "quiet", "quiet please", "small voice", "smaller voice",
        "volume down", "turn it down", "so loud", "very loud", "be quiet", "softer",
    ),
    Command.GO_ON: (
        "okay", "ok", "ready", "i'm ready", "i am ready", "let's go", "go", "go ahead", "start",
        "continue please", "come on", "keep going",
    ),
    Command.WAIT: (
        "wait please", "please wait", "wait wait", "one minute", "just a minute", "wait me",
        "wait for me", "a moment", "one moment", "hold on please", "pause", "let me think",
    ),
}  # fmt: skip
"""What is understood besides when a recogniser hears it of its own accord."""

_BY_WORDING = {
    wording: command
    for table in (LISTENED_FOR, ALSO_UNDERSTOOD)
    for command, wordings in table.items()
    for wording in wordings
}
_CALLED = frozenset({"myna", "mina", "please", "oh", "um", "uh", "er"})
"""Said around a command without changing it."""


def command_in(text: str) -> Command | None:
    """The command that `text` is, None when it is none."""
    words = plain(text)
    if words in _BY_WORDING:
        return _BY_WORDING[words]
    parts = words.split()
    while parts and parts[0] in _CALLED:
        parts = parts[1:]
    while parts and parts[-1] in _CALLED:
        parts = parts[:-1]
    return _BY_WORDING.get(" ".join(parts))


def listened_for(answers: Collection[str]) -> tuple[str, ...]:
    """Commands for an expectation: none that is, or begins, one of the right answers.

    "Bye bye" is the right answer of a lesson on greetings and must not end the session; "wait"
    must not compete with "wait for me".
    """
    return tuple(
        wording
        for wordings in LISTENED_FOR.values()
        for wording in wordings
        if wording not in answers
        and not any(answer.startswith(wording + " ") for answer in answers)
    )

"""What the tutor does when a child asks for something beside the lesson."""

from __future__ import annotations

from dialog.commands import Command
from dialog.phrases import MIN_RATE
from dialog.ports import Then, Verdict
from dialog.tutor_asking import ask, give_help
from dialog.tutor_session import go_on, goodbye, praise_known, praise_so_far, something_else
from dialog.tutor_turn import Turn

MAX_ASIDES = 6
"""Repeats, pauses and the like at one demand, before another one comes."""
SLOWER_BY = 0.15
SLOWEST = 0.6


def obey(turn: Turn, command: Command) -> None:
    """Do what was asked for, and come back to the lesson."""
    match command:
        case Command.STOP:
            goodbye(turn)
        case Command.SKIP:
            turn.attempt(Verdict.SKIPPED)
            turn.speech.phrase("skip")
            turn.close(Verdict.SKIPPED)
            go_on(turn)
        case Command.OTHER:
            something_else(turn)
        case Command.WAIT:
            turn.aside()
            turn.speech.phrase("wait")
            turn.then = Then.PAUSE
        case Command.SLOWER:
            rate = max(SLOWEST, turn.state.rate - SLOWER_BY)
            turn.set(rate=rate)
            turn.speech.rate = max(MIN_RATE, rate)
            aside(turn, "slower")
        case Command.LOUDER | Command.QUIETER:
            turn.volume_step = 1 if command is Command.LOUDER else -1
            aside(turn, command.value)
        case Command.PROGRESS:
            if not praise_so_far(turn, "progress_some", "") and not praise_known(turn):
                turn.speech.phrase("progress_none")
            aside(turn, "")
        case Command.HELP if turn.asking.asides < MAX_ASIDES:
            turn.aside()
            give_help(turn, "help")
        case _:
            aside(turn, command.value)


def aside(turn: Turn, key: str) -> None:
    """Say `key` and ask again; when it happens too often, ask something else."""
    turn.set(silences=0)
    if turn.aside() > MAX_ASIDES:
        turn.speech.phrase("skip")
        go_on(turn)
        return
    if key:
        turn.speech.phrase(key)
    ask(turn)

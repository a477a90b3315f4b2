"""How the tutor asks: plainly, with the answer said slowly before it, or for less."""

from __future__ import annotations

from dialog.packs.speech import MAX_SENTENCES, sentences
from dialog.ports import Language
from dialog.tutor_state import Rung
from dialog.tutor_turn import Turn


def ask(turn: Turn) -> None:
    """Ask the present demand, with the help that it stands at."""
    demand, asking = turn.demand, turn.asking
    if asking.rung is Rung.EASIER:
        ask_easier(turn)
    elif asking.hint is not None:
        turn.speech.phrase("listen_now", demand.ask.model)
    elif demand.in_play:
        turn.speech.english(demand.ask.english)
        _prompt(turn)
    else:
        _prompt(turn, demand.ask.english)


def ask_easier(turn: Turn) -> None:
    """Ask for the key word alone, or to say it together."""
    demand = turn.demand
    turn.speech.phrase("key_step" if demand.key else "together", demand.easier)


def give_help(turn: Turn, key: str) -> None:
    """Say slowly what could be said here, in a phrase."""
    if turn.asking.rung is Rung.ASK:
        turn.ask(rung=Rung.MODEL)
    demand = turn.demand
    easier = turn.asking.rung is Rung.EASIER
    turn.speech.phrase(key, demand.easier if easier else demand.ask.model)


def _prompt(turn: Turn, english: str = "") -> None:
    prompt = turn.demand.ask.prompt.in_language(turn.tutor.language)
    whole = f"{prompt} {english}"
    if turn.tutor.language is Language.ENGLISH and sentences(whole) <= MAX_SENTENCES:
        # One breath: "Say: a red apple." is one line for the voice.
        turn.speech.english(whole)
        return
    turn.speech.text(prompt)
    if english:
        turn.speech.english(english)

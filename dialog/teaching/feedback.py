"""What is said about how a child spoke: true praise, and at most one thing to try.

A hint needs a scorer that is sure; no hint is better than a doubtful one. It names one sound of one
word, shows it slowly, and sets it once against the word that it sounded like.
"""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from dialog.packs.model import NO_TEXT, Text
from dialog.ports import PhoneScore, Pronunciation, SoundMemory

SURE = 0.7
"""How sure the scorer has to be before anything is said about a sound."""
NEEDS_HELP_0_2 = 0.9
"""Only a sound at or below this is worth a child's time: an accent is no fault."""
SAID_WELL_0_2 = 1.5
"""From here on a sound may be praised."""
BETTER_BY = 0.4
"""A second try this much better is heard as better."""
CLEAR_0_2 = 1.7
"""Mean over an utterance from which "clear" is a true word for it."""


@dataclass(frozen=True, slots=True)
class Hint:
    """One thing to try.

    Attributes:
        phone: The sound that it is about, ARPABET.
        word: The word that was asked for and holds it.
        score_0_2: How the sound was said.
        tip: How to make the sound, in the language of instruction; empty where none is known.
        instead: A word that it sounded like, for the contrast; empty for none.
        example: The word that `instead` is set against: `word`, or a short one with the same sound.
    """

    phone: str
    word: str
    score_0_2: float
    tip: Text = NO_TEXT
    instead: str = ""
    example: str = ""


def hint_for(pronunciation: Pronunciation | None, *, sound: str = "") -> Hint | None:
    """The one thing worth saying about an utterance; None when there is nothing sure to say.

    Args:
        sound: The sound that the item was written for; it comes before all others.
    """
    if pronunciation is None:
        return None
    poor = [
        (phone.phone != sound, phone.score_0_2, number, word.word, phone)
        for number, word in enumerate(pronunciation.words)
        for phone in word.phones
        if phone.sure >= SURE and phone.score_0_2 <= NEEDS_HELP_0_2
    ]
    if not poor:
        return None
    *_, word_text, phone = min(poor, key=lambda each: each[:3])
    example, instead = _contrast(word_text, phone)
    return Hint(phone.phone, word_text, phone.score_0_2, _tip(phone.phone), instead, example)


def is_better(hint: Hint, pronunciation: Pronunciation | None) -> bool:
    """Whether the sound of a hint was said well, or clearly better, in the next try."""
    said = _best_sure(pronunciation, hint.phone)
    return said is not None and said >= min(SAID_WELL_0_2, hint.score_0_2 + BETTER_BY)


def praised_word(
    pronunciation: Pronunciation | None, sound: str, sounds: Mapping[str, SoundMemory]
) -> str:
    """The word whose sound deserves praise: the item's own, or one that this child finds hard.

    Empty where no such sound was surely said well.
    """
    if pronunciation is None:
        return ""
    for word in pronunciation.words:
        for phone in word.phones:
            wanted = phone.phone == sound or _was_hard(sounds.get(phone.phone))
            if wanted and phone.sure >= SURE and phone.score_0_2 >= SAID_WELL_0_2:
                return word.word
    return ""


def is_clear(pronunciation: Pronunciation | None) -> bool:
    """Whether an utterance may truly be called clear: a good mean and no sound that needs help."""
    if pronunciation is None or hint_for(pronunciation) is not None:
        return False
    score = pronunciation.score_0_2
    return score is not None and score >= CLEAR_0_2


def _was_hard(sound: SoundMemory | None) -> bool:
    return sound is not None and sound.mean_0_2 < SAID_WELL_0_2


def _best_sure(pronunciation: Pronunciation | None, phone: str) -> float | None:
    if pronunciation is None:
        return None
    scores = [p.score_0_2 for p in pronunciation.phones() if p.phone == phone and p.sure >= SURE]
    return max(scores, default=None)


# ------------------------------------------------------------------- sounds


@functools.cache
def _sounds() -> Mapping[str, Any]:
    """``sounds.yaml``: by phone, a tip in both languages and contrasts by what was heard."""
    text = importlib.resources.files("dialog.teaching").joinpath("sounds.yaml").read_text("utf-8")
    sounds: dict[str, Any] = yaml.safe_load(text)
    return sounds


def phones_with_tips() -> tuple[str, ...]:
    """The phones that something can be said about."""
    return tuple(_sounds())


def contrasts(phone: str) -> Mapping[str, tuple[tuple[str, str], ...]]:
    """By the phone heard instead (empty: left out): pairs of the word meant and the word heard."""
    raw = _sounds().get(phone, {}).get("contrasts", {})
    return {
        heard: tuple((meant, other) for meant, other in (pair.split() for pair in pairs))
        for heard, pairs in raw.items()
    }


def _tip(phone: str) -> Text:
    raw = _sounds().get(phone)
    return NO_TEXT if raw is None else Text(raw["tip"]["en"], raw["tip"]["zh"])


def _contrast(word: str, phone: PhoneScore) -> tuple[str, str]:
    """The word meant and the one heard: of this very word if possible, else of a short one."""
    if phone.heard is None:
        return word, ""
    pairs = contrasts(phone.phone).get(phone.heard, ())
    for meant, other in pairs:
        if meant == word:
            return word, other
    return pairs[0] if pairs else (word, "")

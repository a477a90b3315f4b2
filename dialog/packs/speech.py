"""Whether a text can be said aloud by Myna: sayable, short, and nothing that wakes her."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from dialog.packs.wording import plain

WAKE_PHRASES = ("hey jarvis", "hello myna", "hey myna")
"""What wakes a speaker, now or with its own model: Myna never says it herself."""
MAX_SENTENCES = 3
_ALONE = frozenset({"hey jarvis"})
"""Phrases whose second word alone is near enough; Myna may say her own name."""
_NEAR = 0.8
"""Share of letters in common from which two words of a text count as a wake phrase."""

_ENGLISH = re.compile(r"^[A-Za-z' ,.?!:;\-]+$")
_CHINESE = re.compile(r"^[\u4e00-\u9fff，。？！：；、“”…]+$")
_SENTENCE_ENDS = re.compile(r"[.?!]+(?:\s|$)|[。？！]+")


def speech_faults(text: str, language: str) -> Iterator[tuple[str, str]]:
    """What is wrong with `text` as something to be said, each with its remedy.

    Args:
        text: What a voice is to say.
        language: ``en`` or ``zh``.
    """
    if any(letter.isdigit() for letter in text):
        yield f"{text!r} has digits", "write numbers as words"
    elif language == "en" and not _ENGLISH.match(text):
        yield (
            f"{text!r} has signs that an English voice cannot say",
            "use letters and . , ? ! : ; ' -",
        )
    elif language == "zh" and not _CHINESE.match(text):
        yield (
            f"{text!r} has signs that a Chinese voice cannot say",
            "use Chinese characters and Chinese punctuation only",
        )
    if sentences(text) > MAX_SENTENCES:
        yield f"{text!r} has more than three sentences", "shorten it"
    near = near_wake_phrase(text)
    if near:
        yield f"{text!r} sounds like the wake phrase {near!r}", "say it in other words"


def sentences(text: str) -> int:
    """How many sentences a text has; one that lacks its full stop counts."""
    parts = [part for part in _SENTENCE_ENDS.split(text) if part and part.strip()]
    return max(1, len(parts))


def near_wake_phrase(text: str) -> str:
    """The wake phrase that some words of `text` come close to; empty when none does."""
    words = plain(text).split()
    pairs = [" ".join(pair) for pair in itertools.pairwise(words)]
    for phrase in WAKE_PHRASES:
        near = (SequenceMatcher(None, pair, phrase).ratio() >= _NEAR for pair in pairs)
        if any(near) or (phrase in _ALONE and phrase.split()[1] in words):
            return phrase
    return ""

"""Both directions in one place: what a child said before it is sent, a reply before it is said."""

from __future__ import annotations

import functools
import importlib.resources
import re
from collections.abc import Collection
from dataclasses import dataclass

import yaml

from dialog.matching import words
from dialog.ports import Language
from dialog.safety import judged
from dialog.safety.personal import replace_personal
from dialog.safety.ports import Flaw, Screened

MAX_WORDS = 16
"""English words in a sentence."""
MAX_HAN = 40
"""Chinese characters in a sentence."""
LEAST_KNOWN = 0.7
"""Share of a sentence's words that a child of the level knows: three new ones in ten at most."""
OTHER_LANGUAGE = 0.4
"""Largest share of the other language: "apple" may stand in a Chinese sentence."""

_HAN = re.compile("[\u3400-\u9fff]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]+")
_FOREIGN = re.compile(
    "[\u0400-\u052f\u0590-\u06ff\u0900-\u0dff\u0e00-\u0e7f\u3040-\u30ff\uac00-\ud7af]"
)
_ENDINGS = (
    ("ies", "y"), ("ves", "f"), ("es", ""), ("s", ""), ("'s", ""), ("ied", "y"), ("ed", ""),
    ("ed", "e"), ("ing", ""), ("ing", "e"), ("ier", "y"), ("er", ""), ("er", "e"), ("iest", "y"),
    ("est", ""), ("est", "e"), ("ily", "y"), ("ly", ""), ("y", ""),
)  # fmt: skip


def prepare() -> None:
    """Read lists and model now: that takes tenths of a second, which no child should wait for."""
    screen("")
    flaw_in("你好, hello.", Wanted())
    common_words("a1")


def screen(text: str) -> Screened:
    """What was said (or is shown to a model: a lesson, a tool's result), made safe to send.

    The topic is looked for in the text as it was; personal data is replaced in any case.
    """
    safe, replaced = replace_personal(text)
    found = judged.asked(text)
    return Screened(safe, found.stopped, replaced, found.doubt)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reply should be like.

    Attributes:
        language: The language it was asked for in.
        level: CEFR level, ``pre-a1`` or ``a1``.
        known: Words of the lesson, which the child knows or is about to learn.
    """

    language: Language = Language.ENGLISH
    level: str = "pre-a1"
    known: frozenset[str] = frozenset()


def flaw_in(sentence: str, wanted: Wanted) -> Flaw | None:
    """Why a sentence of a reply must not be said; None for one that may.

    Safety first, so that the reason that is counted is the graver one.
    """
    found = judged.replied(sentence)
    if found.stopped is not None or found.doubt:
        return found.stopped or Flaw.DOUBT
    han, latin = len(_HAN.findall(sentence)), _LATIN.findall(sentence)
    if han > MAX_HAN or len(latin) > MAX_WORDS:
        return Flaw.TOO_LONG
    if not _in_language(wanted.language, han, len(latin), sentence):
        return Flaw.LANGUAGE
    if wanted.language is Language.ENGLISH and share_known(sentence, wanted) < LEAST_KNOWN:
        return Flaw.LEVEL
    return None


def share_known(sentence: str, wanted: Wanted) -> float:
    """Share of a sentence's English words that a child of the level knows; 1 without any."""
    said = words(sentence)
    known = common_words(wanted.level)
    if not said:
        return 1.0
    return sum(_knows(word, known) or word in wanted.known for word in said) / len(said)


@functools.cache
def common_words(level: str) -> frozenset[str]:
    """The child's words at a level, those of lower levels included, as they are compared."""
    text = importlib.resources.files("dialog.safety").joinpath("words.yaml").read_text("utf-8")
    found: set[str] = set()
    for name, listed in yaml.safe_load(text).items():
        found.update(word for each in str(listed).split() for word in words(each))
        if name == level:
            break
    return frozenset(found)


def _in_language(language: Language, han: int, latin: int, sentence: str) -> bool:
    if _FOREIGN.search(sentence):
        return False
    # A Chinese word is about two characters long.
    total = han / 2 + latin
    other = latin if language is Language.CHINESE else han / 2
    return total == 0 or other / total <= OTHER_LANGUAGE


def _knows(word: str, known: Collection[str]) -> bool:
    if word in known or word.isdigit():
        return True
    for ending, instead in _ENDINGS:
        if word.endswith(ending):
            stem = word.removesuffix(ending) + instead
            if stem in known or (len(stem) > 2 and stem[-1] == stem[-2] and stem[:-1] in known):
                return True
    return False

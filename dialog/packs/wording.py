"""Spelling rules between what is said aloud and what is recognised."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence

_SLOT = re.compile(r"\{([a-z]+)\}")
_I = re.compile(r"\bi\b")
_NOT_WORD = re.compile(r"[^a-z' ]+")

MAX_EXPANDED = 200
"""Answers of one item after its slots are filled: a larger grammar hears worse."""


def plain(text: str) -> str:
    """`text` as a recogniser spells it: lower-case words, apostrophes kept, nothing else.

    >>> plain("I'm seven, thank you!")
    "i'm seven thank you"
    """
    lowered = text.lower().replace("’", "'").replace("-", " ")
    return " ".join(_NOT_WORD.sub(" ", lowered).split())


def aloud(answer: str) -> str:
    """A plain answer as a sentence for a voice.

    >>> aloud("i am seven")
    'I am seven.'
    """
    text = _I.sub("I", answer)
    return text[:1].upper() + text[1:] + "."


def goes_on(answer: str, longer: str) -> bool:
    """Whether `longer` begins with the words of `answer` and has more of them."""
    return longer.startswith(answer + " ")


def slot_names(template: str) -> list[str]:
    """Names of the slots in an answer, ``i am {age}``."""
    return _SLOT.findall(template)


def fill(templates: Sequence[str], slots: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Every wording that the templates stand for, in order, without repetition.

    >>> fill(["i am {n}", "{n}"], {"n": ["six", "ten"]})
    ('i am six', 'i am ten', 'six', 'ten')

    Raises:
        KeyError: A template names a slot that is not there.
        OverflowError: More than `MAX_EXPANDED` wordings.
    """
    found: dict[str, None] = {}
    for template in templates:
        names = list(dict.fromkeys(slot_names(template)))
        for choice in itertools.product(*(slots[name] for name in names)):
            wording = template
            for name, value in zip(names, choice, strict=True):
                wording = wording.replace("{" + name + "}", value)
            found[" ".join(wording.split())] = None
            if len(found) > MAX_EXPANDED:
                raise OverflowError(f"more than {MAX_EXPANDED} wordings")
    return tuple(found)

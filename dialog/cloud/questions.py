"""Questions beside the lesson: which are listened for, and what sounds like one.

A recogniser that only knows what it is told to expect is told of these once what was said has
turned out to be nothing that the lesson expects. One that writes down whatever is said needs no
list, but a way to tell a question from an answer that went wrong.
"""

from __future__ import annotations

import functools
import importlib.resources
import re
from collections.abc import Mapping

import yaml

from dialog.cloud.play import wordings_of
from dialog.numerals import number_words
from dialog.packs.model import Kind, Pack
from dialog.ports import Hints, Recognition

LARGEST_NUMBER = 10
LEAST_WORDS = 3

_ENGLISH = re.compile(
    r"^(?:(?:what|what's|why|how|where|where's|when|who|who's|which)\b"
    r"|(?:is|are|was|do|does|did|can|could|will|should)"
    r" (?:i|you|we|they|he|she|it|a|an|the|there|\w+s)\b"
    r"|tell me|i have a question|let's (?:play|talk)|can we)"
)
_CHINESE = re.compile("为什么|怎么|什么|谁|哪|几|多少|多大|多高|多远|吗|呢|给我讲|告诉我|我想问")

_TEACHER_ZH = re.compile("老师.*(?:说了?什么|怎么说|回答了?吗|回答了?什么)")


def listened_for(pack: Pack) -> tuple[str, ...]:
    """Every question on the list, those about the pack's words and plays included."""
    words = {item.key or item.answers[0] for item in pack.items() if item.kind is Kind.WORD}
    numbers = [number_words(value) for value in range(1, LARGEST_NUMBER + 1)]
    found = [
        *_lists()["asked"],
        *_lists()["of_teachers"],
        *(form.format(word=word) for form in _lists()["of_words"] for word in sorted(words)),
        *(
            form.replace("{number}", first, 1).format(number=second)
            for form in _lists()["of_numbers"]
            for first in numbers
            for second in numbers
        ),
        *(wording for play in pack.plays() for wording in wordings_of(play)),
    ]
    return tuple(dict.fromkeys(found))


def asks_for_teacher(text: str) -> bool:
    """Whether the child wants to hear what its teacher has answered."""
    said = text.strip(" .?!").lower()
    return said in _lists()["of_teachers"] or bool(_TEACHER_ZH.search(said))


def question_in(heard: Recognition, hints: Hints) -> str:
    """The question that was heard, empty for none.

    Args:
        heard: With these hints.
        hints: The list, or none of them for open speech.
    """
    if hints.candidates:
        return "" if heard.matched is None else hints.candidates[heard.matched]
    return heard.text if sounds_like_question(heard.text) else ""


def sounds_like_question(text: str) -> bool:
    """Whether a text is put as a question, or as a wish to be told something."""
    if _CHINESE.search(text):
        return True
    plain = text.strip(" .?!").lower()
    return len(plain.split()) >= LEAST_WORDS and _ENGLISH.search(plain) is not None


@functools.cache
def _lists() -> Mapping[str, tuple[str, ...]]:
    file = importlib.resources.files("dialog.cloud").joinpath("questions.yaml")
    return {name: tuple(listed) for name, listed in yaml.safe_load(file.read_text("utf-8")).items()}

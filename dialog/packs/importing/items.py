"""From rows to raw items of a pack, by the same rules that its check has."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dialog.packs.check_teaching import MAX_WORDS
from dialog.packs.importing.rows import Row, chinese_of, english_of
from dialog.packs.importing.writer import slug
from dialog.packs.levels import LEVELS, level_of, unsuitable_words
from dialog.packs.model import Level
from dialog.packs.pronunciations import known_words
from dialog.packs.source import Problem
from dialog.packs.speech import speech_faults
from dialog.packs.wording import goes_on, plain

KINDS = ("word", "phrase", "question")
_PHONE = re.compile(r"[A-Z]{1,2}")


@dataclass(frozen=True, slots=True)
class RawItem:
    """An item as it is written into a pack, and the words above every level in it."""

    unit: str
    raw: dict[str, Any]
    new_words: tuple[str, ...]


class _Unfit(Exception):
    """A row that makes no item: message, remedy."""


def make_items(file: str, rows: Sequence[Row]) -> tuple[list[RawItem], list[Problem]]:
    """An item for each row that makes one, and why the others do not.

    Ids are made from the English text alone, so that the same row gets the same id again.
    """
    made: list[RawItem] = []
    left_out: list[Problem] = []
    models: set[str] = set()
    ids: set[tuple[str, str]] = set()
    for row in rows:
        try:
            item = _made(row)
            if plain(item.raw["english"]) in models:
                raise _Unfit(f"{item.raw['english']!r} is there twice", "keep one of them")
        except _Unfit as unfit:
            left_out.append(Problem(file, row.line, *unfit.args))
            continue
        models.add(plain(item.raw["english"]))
        item.raw["id"] = _free_id(item.raw["id"], item.unit, ids)
        made.append(item)
    return made, left_out


def _made(row: Row) -> RawItem:
    english = english_of(row.english)
    if not english:
        raise _Unfit("there is no English text", "fill the column english")
    if english[-1] not in ".?!":
        english += "."
    english = english[:1].upper() + english[1:]
    for message, remedy in speech_faults(english, "en"):
        raise _Unfit(message, remedy)
    answers = [plain(english_of(answer)) for answer in row.answers.split("|") if answer.strip()]
    kind = _kind(row, english, answers)
    said = answers if kind == "question" else [plain(english), *answers]
    new_words = _words_of(said, plain(english))
    level = _level(row, said[0], [*said, plain(english)])
    raw: dict[str, Any] = {
        "id": slug(row.id) or slug(plain(english)) or f"item-{row.line}",
        "kind": kind,
        "level": level,
        "prompt": _prompt(row, kind),
        "english": english,
    }
    raw.update(_answers(kind, answers, said))
    key = plain(row.key)
    if key and key in said[0].split():
        raw["key"] = key
    if _PHONE.fullmatch(row.sound.upper()):
        raw["sound"] = row.sound.upper()
    return RawItem(slug(row.unit), raw, new_words)


def _kind(row: Row, english: str, answers: Sequence[str]) -> str:
    kind = row.kind.lower()
    if kind and kind not in KINDS:
        raise _Unfit(f"the kind {row.kind!r} cannot be imported", f"use one of: {', '.join(KINDS)}")
    if kind == "question" and not answers:
        raise _Unfit("the question has no answers", "fill the column answers, with | between them")
    if kind:
        return kind
    if answers and english.endswith("?"):
        return "question"
    bare = [word for word in plain(english).split() if word not in ("a", "an", "the")]
    return "word" if len(bare) <= 1 else "phrase"


def _words_of(said: Sequence[str], english: str) -> tuple[str, ...]:
    """Words that no level knows; all have to be known to the recogniser and fit for children."""
    words = dict.fromkeys(word for text in (*said, english) for word in text.split())
    for word in words:
        if word not in known_words():
            raise _Unfit(
                f"the recogniser does not know the word {word!r}",
                "check its spelling or use a more common word",
            )
        if word in unsuitable_words():
            raise _Unfit(f"{word!r} is no word for a child's lesson", "say it in other words")
    return tuple(word for word in words if level_of(word) is None)


def _level(row: Row, model: str, texts: Sequence[str]) -> str:
    """The level asked for, else the lowest that the words and the length allow."""
    found = [level_of(word) or Level.A2 for text in texts for word in text.split()]
    hardest = max((LEVELS.index(level) for level in found), default=0)
    length = len(model.split())
    lowest = next((n for n, level in enumerate(LEVELS) if length <= MAX_WORDS[level.value]), None)
    if lowest is None:
        raise _Unfit(
            f"{model!r} has {length} words, too many to say", f"keep it to {MAX_WORDS['a2']} words"
        )
    lowest = max(lowest, hardest)
    names = [level.value for level in LEVELS]
    if not row.level:
        return names[lowest]
    if row.level.lower() not in names:
        raise _Unfit(f"there is no level {row.level!r}", f"use one of: {', '.join(names)}")
    return names[max(lowest, names.index(row.level.lower()))]


def _prompt(row: Row, kind: str) -> dict[str, str]:
    meaning = chinese_of(row.chinese)
    if kind == "question":
        return {"en": "Now you.", "zh": f"{meaning}？" if meaning else "听问题，用英语回答。"}
    return {"en": "Say:", "zh": f"“{meaning}”用英语这样说：" if meaning else "跟我说："}


def _answers(kind: str, answers: Sequence[str], said: Sequence[str]) -> dict[str, list[str]]:
    """Further answers; one that begins another is marked as a short form of it."""
    model = said[0]
    further = [each for each in dict.fromkeys(answers) if each and each != model]
    further = [each for each in further if not goes_on(model, each)]
    if kind == "question":
        further.insert(0, model)
    short = [each for each in further if any(goes_on(each, longer) for longer in said)]
    whole = [each for each in further if each not in short]
    return {key: wordings for key, wordings in (("answers", whole), ("short", short)) if wordings}


def _free_id(wanted: str, unit: str, taken: set[tuple[str, str]]) -> str:
    found, number = wanted, 2
    while (unit, found) in taken:
        found, number = f"{wanted[:36]}-{number}", number + 1
    taken.add((unit, found))
    return found

"""What Myna says and expects to hear for a raw item, branch or gap, by its kind.

Raw means: plain data that the schema has been held against.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dialog.numerals import number_words
from dialog.packs.wording import aloud, fill, plain

Raw = Any


def english_of(raw: Raw) -> str:
    """What Myna says in English after the prompt."""
    if "english" in raw:
        return str(raw["english"])
    match raw["kind"]:
        case "build":
            return aloud(", ".join(jumbled(raw["parts"])))
        case "chant":
            return chant_text(raw)
        case "spell":
            return aloud(raw["spell"])
    return model_of(raw)


def model_of(raw: Raw) -> str:
    """What Myna models aloud."""
    if "model" in raw:
        return str(raw["model"])
    made = _MODELS.get(raw.get("kind", ""))
    if made is not None:
        return made(raw)
    answers = answers_of(raw)
    return aloud(answers[0]) if answers else ""


def answers_of(raw: Raw) -> tuple[str, ...]:
    """All right answers: the model first, short forms last.

    Raises:
        KeyError: A template names a slot that is not there.
        OverflowError: The slots make too many wordings.
    """
    templates = [*raw.get("answers", []), *raw.get("short", [])]
    kind = raw.get("kind")
    if kind in ("word", "phrase"):
        templates.insert(0, plain(raw["english"]))
    elif kind in ("pair", "chant", "spell") or ("model" in raw and plain(raw["model"])):
        templates.insert(0, plain(model_of(raw)))
    elif kind == "number":
        words = number_words(raw["number"])
        templates[:0] = [words, f"it is {words}", f"it's {words}", f"number {words}"]
    return fill(templates, raw.get("slots", {}))


def confusions_of(raw: Raw) -> tuple[str, ...]:
    """Wrong answers worth telling apart: those written down, and those that a kind always has."""
    wrong = list(fill(raw.get("confusions", []), raw.get("slots", {})))
    match raw.get("kind"):
        case "pair":
            wrong.append(raw["pair"]["not"])
        case "spell":
            wrong.append(raw["spell"])
        case "number":
            wrong += [number_words(value) for value in mixed_up(raw["number"])]
    right = set(answers_of(raw))
    return tuple(dict.fromkeys(each for each in wrong if each not in right))


def chant_text(raw: Raw) -> str:
    """All lines of a rhyme in a row."""
    return " ".join(line["text"] for line in raw["chant"]["lines"])


_MODELS: dict[str, Callable[[Raw], str]] = {
    "word": lambda raw: str(raw["english"]),
    "phrase": lambda raw: str(raw["english"]),
    "pair": lambda raw: aloud(raw["pair"]["say"]),
    "chant": chant_text,
    "spell": lambda raw: ", ".join(raw["spell"].upper()) + ".",
    "number": lambda raw: aloud(number_words(raw["number"])),
}


def jumbled(parts: list[str]) -> list[str]:
    """The parts of a sentence in an order that is never the right one, always the same.

    >>> jumbled(["i", "like", "noodles"])
    ['noodles', 'i', 'like']
    """
    if len(parts) < 4:
        return [*parts[-1:], *parts[:-1]]
    return [*parts[1::2], *parts[0::2]]


def mixed_up(value: int) -> tuple[int, ...]:
    """The number that differs from `value` in -teen or -ty alone, if there is one."""
    if 13 <= value <= 19:
        return ((value - 10) * 10,)
    if value % 10 == 0 and 30 <= value <= 90:
        return (value // 10 + 10,)
    return ()

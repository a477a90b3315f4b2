"""Spelling: letter by letter, the first wrong one is helped with."""

from __future__ import annotations

from dialog.kinds.values import RIGHT, Judgement, Outcome
from dialog.packs.model import Item, Spelling, Text

_SAYS_WORD = Text(
    "That is the word. Now its letters, one by one.", "这是整个词，现在一个字母一个字母说。"
)
_BEGINS = Text("It begins like this.", "它是这样开头的。")
_SO_FAR = Text("Good so far. Then it goes like this.", "前面都对，接下来是这样。")

# Names of letters that a recogniser writes as words of their own.
_NAMES = {
    "be": "b", "bee": "b", "see": "c", "sea": "c", "eye": "i", "jay": "j", "kay": "k", "oh": "o",
    "pea": "p", "queue": "q", "are": "r", "tea": "t", "you": "u", "why": "y", "zee": "z",
}  # fmt: skip


def letters_of(said: str) -> str:
    """The letters that were said; what is no letter is left out.

    >>> letters_of("double l oh see")
    'lloc'
    """
    found: list[str] = []
    twice = False
    for word in said.split():
        letter = _NAMES.get(word, word)
        if word == "double":
            twice = True
        elif len(letter) == 1:
            found.append(letter * 2 if twice else letter)
            twice = False
    return "".join(found)


def judge_spelling(item: Item, spelling: Spelling, said: str) -> Judgement:
    """Right when all letters are; else the letters up to the first one that is not."""
    word = spelling.word
    letters = letters_of(said)
    if letters == word:
        return RIGHT
    if said == word:
        return Judgement(Outcome.WRONG, _SAYS_WORD, item.model)
    right = next((n for n, (a, b) in enumerate(zip(letters, word, strict=False)) if a != b), None)
    good = min(len(letters), len(word)) if right is None else right
    model = ", ".join(word[: good + 1].upper()) + "."
    if good == 0:
        return Judgement(Outcome.WRONG, _BEGINS, model)
    return Judgement(Outcome.NEARLY, _SO_FAR, model if good < len(word) else item.model)

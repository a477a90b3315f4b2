"""Spelling: letter by letter."""

from __future__ import annotations

from dialog.kinds.values import RIGHT, Judgement, Outcome
from dialog.packs.model import Item, Spelling, Text

_SAYS_WORD = Text(
    "That is the word. Now its letters, one by one.", "这是整个词，现在一个字母一个字母说。"
)
_BEGINS_WELL = Text("A good start! Listen how it goes on.", "开头对了！听听后面怎么拼。")
_LISTEN = Text("Listen to the letters.", "听听每个字母。")

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
    """Right when all letters are; nearly when it begins well."""
    letters = letters_of(said)
    if letters == spelling.word:
        return RIGHT
    if said == spelling.word:
        return Judgement(Outcome.WRONG, _SAYS_WORD, item.model)
    if letters[:1] == spelling.word[0]:
        return Judgement(Outcome.NEARLY, _BEGINS_WELL, item.model)
    return Judgement(Outcome.WRONG, _LISTEN, item.model)

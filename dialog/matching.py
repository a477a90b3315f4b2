"""From words that a recogniser heard to the answer that was meant.

Words are compared by how alike they look after normalising and a coarse folding of sounds that
learners (and recognisers) mix up; sentences by the edit distance over words.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from dialog.numerals import number_words

CLOSE_ENOUGH = 0.72
"""Likeness from which heard words count as a candidate."""
COMPLETE_FROM = 0.85
"""Likeness from which they count as the whole of it, if its last word was heard too."""
ARTICLE_COST = 0.25
"""A missing or added article costs this part of a word."""

_ARTICLES = frozenset({"a", "an", "the"})
_CONTRACTIONS = {
    "ain't": "is not", "can't": "can not", "cannot": "can not", "gonna": "going to",
    "let's": "let us", "shan't": "shall not", "wanna": "want to", "won't": "will not",
}  # fmt: skip
_ENDINGS = (("n't", " not"), ("'re", " are"), ("'ve", " have"), ("'ll", " will"), ("'m", " am"))
# After these "'s" is "is"; after any other word it is a possession and stays.
_IS_AFTER = frozenset(
    {"he", "she", "it", "that", "this", "there", "here", "what", "who", "where", "when", "how"}
)
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*|\d+")
# Applied in order; what is left of a word is roughly its consonants and a mark for each vowel.
_FOLDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"^kn", "n"), (r"^wr", "r"), (r"^wh", "w"), (r"ght", "t"), (r"ph", "f"), (r"tch", "ch"),
        (r"ck|q", "k"), (r"c(?=[eiy])", "s"), (r"c(?!h)", "k"), (r"th", "s"), (r"z", "s"),
        (r"mb$", "m"), (r"v", "w"), (r"e$", ""), (r"(.)\1", r"\1"), (r"[aeiouy]+", "a"),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Match:
    """How heard words compare with the candidates.

    Attributes:
        index: The nearest candidate, None when none is near enough.
        likeness: 0..1, of the nearest candidate whether near enough or not.
        complete: The words are the whole of that candidate.
    """

    index: int | None
    likeness: float
    complete: bool


def words(text: str) -> tuple[str, ...]:
    """Plain lower-case words: no punctuation, numbers and contractions written out."""
    text = text.lower().replace("’", "'").replace("-", " ")
    return tuple(part for word in _WORD.findall(text) for part in _expanded(word).split())


def match(heard: Sequence[str], candidates: Sequence[Sequence[str]]) -> Match:
    """The candidate that heard words are nearest to; the earlier one when two are as near.

    Args:
        heard: Normalised words, as `words` gives them.
        candidates: The same for every candidate.
    """
    best_index, best = None, 0.0
    for index, candidate in enumerate(candidates):
        likeness = sentence_likeness(heard, candidate)
        if likeness > best:
            best_index, best = index, likeness
    if best_index is None or best < CLOSE_ENOUGH:
        return Match(None, best, complete=False)
    ending_heard = word_likeness(heard[-1], candidates[best_index][-1]) > 0.0
    return Match(best_index, best, complete=best >= COMPLETE_FROM and ending_heard)


def sentence_likeness(one: Sequence[str], other: Sequence[str]) -> float:
    """1 minus the word edit distance over the longer sentence's weight; 1 for the same words."""
    if tuple(one) == tuple(other):
        return 1.0
    longest = max(sum(map(_weight, one)), sum(map(_weight, other)))
    if longest == 0.0:
        return 0.0
    row = [0.0]
    for word in other:
        row.append(row[-1] + _weight(word))
    for left in one:
        above, row = row, [row[0] + _weight(left)]
        for j, right in enumerate(other):
            change = max(_weight(left), _weight(right)) * (1.0 - word_likeness(left, right))
            row.append(
                min(above[j] + change, above[j + 1] + _weight(left), row[j] + _weight(right))
            )
    return max(0.0, 1.0 - row[-1] / longest)


@functools.lru_cache(maxsize=4096)
def word_likeness(one: str, other: str) -> float:
    """1 for the same word, up to 0.9 for words that sound alike, 0 for different ones."""
    if one == other:
        return 1.0
    folded_one, folded_other = _folded(one), _folded(other)
    longest = max(len(folded_one), len(folded_other))
    likeness = 1.0 - _edits(folded_one, folded_other) / longest if longest else 0.0
    # Short words have too few sounds for half a likeness to mean anything.
    return 0.9 * likeness if likeness >= (0.6 if longest > 3 else 0.99) else 0.0


def _weight(word: str) -> float:
    return ARTICLE_COST if word in _ARTICLES else 1.0


def _expanded(word: str) -> str:
    if word.isdigit():
        return " ".join(map(number_words, [int(word)] if len(word) <= 3 else map(int, word)))
    if word in _CONTRACTIONS:
        return _CONTRACTIONS[word]
    if word.endswith("'s") and word[:-2] in _IS_AFTER:
        return f"{word[:-2]} is"
    for ending, written in _ENDINGS:
        if word.endswith(ending):
            return word.removesuffix(ending) + written
    return word


def _folded(word: str) -> str:
    for pattern, sound in _FOLDS:
        word = pattern.sub(sound, word)
    return word


def _edits(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        above, row = row, [i]
        for j, right in enumerate(other, 1):
            row.append(min(above[j - 1] + (left != right), above[j] + 1, row[j - 1] + 1))
    return row[-1]

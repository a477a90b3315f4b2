"""The scorer's dictionary: CMUdict, and what the judges of the recordings took for right.

The judges wrote down for every recording the phones that they expected; for common words these
are often British ("for" without r). A pronunciation that they used often enough for a word joins
CMUdict's, which the judges' own use puts in order.
"""

from __future__ import annotations

import gzip
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from dialog.phone_set import PHONES
from dialog.scoring.heard import VOWELS
from training.corpus import Utterance

Ways = Mapping[str, Sequence[tuple[str, ...]]]
LEAST_SHARE = 0.3
"""A way of saying a word counts that was expected in this share of its occurrences."""
BEFORE_SYLLABIC = frozenset(("SH", "ZH", "CH", "JH", "T", "D", "S", "Z", "F", "V", "B", "P", "K"))


def used(utterances: Iterable[Utterance]) -> dict[str, Counter[tuple[str, ...]]]:
    """How often the judges expected which pronunciation of which word."""
    counts: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
    for utterance in utterances:
        for word, phones in zip(utterance.words, utterance.phones, strict=True):
            counts[word][tuple(PHONES[phone] for phone in phones)] += 1
    return counts


def merged(
    dictionary: Ways, counts: Mapping[str, Counter[tuple[str, ...]]]
) -> dict[str, list[tuple[str, ...]]]:
    """Every word's pronunciations, the most expected one first."""
    words: dict[str, list[tuple[str, ...]]] = {
        word: list(dict.fromkeys([expected_of(ways[0]), *ways[:2]]))
        for word, ways in dictionary.items()
    }
    for word, expected in counts.items():
        total = sum(expected.values())
        often = [way for way, count in expected.most_common() if count >= LEAST_SHARE * total]
        if often:
            words[word] = often
    return words


def expected_of(way: tuple[str, ...]) -> tuple[str, ...]:
    """How the judges would expect what CMUdict says so, where they never met the word.

    They leave out r after a long vowel unless a vowel follows, and the weak vowel before a last n
    or l that is a syllable of its own (station, table). Of 1,165 words that were held back this
    gave the right number of phones for 1,062, CMUdict for 1,014.
    """
    made: list[str] = []
    for index, phone in enumerate(way):
        following = way[index + 1] if index + 1 < len(way) else ""
        if phone == "R" and made and following not in VOWELS:
            if made[-1] in ("AO", "AA"):
                continue
            if made[-1] in ("IH", "UH"):
                made.append("AH")
                continue
        if phone == "AH" and made and following in ("N", "L") and made[-1] in BEFORE_SYLLABIC:
            after = way[index + 2] if index + 2 < len(way) else ""
            if after not in VOWELS:
                continue
        made.append(phone)
    return tuple(made)


def write(path: Path, words: Ways) -> None:
    """The file that `dialog.scoring.lexicon` reads; the same bytes for the same words."""
    lines = [
        f"{word}\t{'|'.join(' '.join(way) for way in ways)}\n"
        for word, ways in sorted(words.items())
    ]
    path.write_bytes(gzip.compress("".join(lines).encode(), compresslevel=9, mtime=0))

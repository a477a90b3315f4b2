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
from training.corpus import Utterance

Ways = Mapping[str, Sequence[tuple[str, ...]]]
LEAST_SHARE = 0.3
"""A way of saying a word counts that was expected in this share of its occurrences."""


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
    words: dict[str, list[tuple[str, ...]]] = {w: list(ways[:2]) for w, ways in dictionary.items()}
    for word, expected in counts.items():
        total = sum(expected.values())
        often = [way for way, count in expected.most_common() if count >= LEAST_SHARE * total]
        if often:
            words[word] = often
    return words


def write(path: Path, words: Ways) -> None:
    """The file that `dialog.scoring.lexicon` reads; the same bytes for the same words."""
    lines = [
        f"{word}\t{'|'.join(' '.join(way) for way in ways)}\n"
        for word, ways in sorted(words.items())
    ]
    path.write_bytes(gzip.compress("".join(lines).encode(), compresslevel=9, mtime=0))

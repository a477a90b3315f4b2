"""speechocean762 as a list of utterances, from either form that it comes in.

J. Zhang et al., "speechocean762: An Open-Source Non-native English Speech Corpus For
Pronunciation Assessment", Interspeech 2021 (OpenSLR SLR101, CC BY 4.0).
"""

from __future__ import annotations

import csv
import itertools
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from dialog.phone_set import PHONE_ID

CORPUS_VARIABLE = "MYNA_CORPUS"
FOLDS = 4
FOLD_SEED = 1
YOUNGEST_ADULT, OLDEST_CHILD = 18, 12


@dataclass(frozen=True, slots=True)
class Utterance:
    """One recording.

    Attributes:
        name: The corpus's own name of it.
        speaker: Who speaks; ``synthetic`` voices have names of their own.
        age: Years.
        path: Sound file, 16 kHz mono.
        words: Lower case.
        phones: For every word its phones, as indices into `dialog.phone_set.PHONES`.
        scores: For every word its phones' expert scores 0..2; None where nobody judged.
    """

    name: str
    speaker: str
    age: int
    path: Path
    words: tuple[str, ...]
    phones: tuple[tuple[int, ...], ...]
    scores: tuple[tuple[float, ...], ...] | None

    def samples(self) -> NDArray[np.float32]:
        """Mono, 16 000 Hz, -1..1."""
        sound: NDArray[np.float32]
        sound, rate_hz = soundfile.read(self.path, dtype="float32")
        if rate_hz != 16_000 or sound.ndim != 1:
            raise SystemExit(f"{self.path} is not 16 kHz mono; take the corpus as published")
        return sound


def corpus_folder(named: Path | None) -> Path:
    """The folder that was named, else that of ``MYNA_CORPUS``."""
    folder = named or Path(os.environ.get(CORPUS_VARIABLE, ""))
    if not (folder / "train.tsv").is_file() and not (folder / "train" / "text").is_file():
        raise SystemExit(
            f"there is no speechocean762 in {folder}; get it from https://openslr.org/101 and "
            f"name its folder with --corpus or {CORPUS_VARIABLE}"
        )
    return folder


def load(folder: Path, dictionary: Mapping[str, Sequence[tuple[str, ...]]]) -> list[Utterance]:
    """The training half by name; of the other half nothing is read."""
    table = folder / "train.tsv"
    found = _from_table(table, dictionary) if table.is_file() else _as_published(folder)
    return sorted(found, key=lambda utterance: utterance.name)


def folds(utterances: Sequence[Utterance]) -> dict[str, int]:
    """Fold 0..3 of every speaker, at random but always the same."""
    speakers = sorted({utterance.speaker for utterance in utterances})
    shuffled = np.random.default_rng(FOLD_SEED).permutation(speakers)
    return {str(speaker): index % FOLDS for index, speaker in enumerate(shuffled)}


def _from_table(
    table: Path, dictionary: Mapping[str, Sequence[tuple[str, ...]]]
) -> list[Utterance]:
    found = []
    with table.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            words = tuple(row["text"].lower().split())
            phones = tuple(row["phones"].split())
            scores = [float(score) for score in row["phone_scores"].split()]
            ends = np.cumsum([0, *_lengths(words, phones, dictionary)])
            spans = list(itertools.pairwise(ends))
            found.append(
                Utterance(
                    row["utterance"],
                    row["speaker"],
                    int(row["age"]),
                    table.parent / "train" / row["speaker"] / f"{row['utterance']}.opus",
                    words,
                    tuple(tuple(PHONE_ID[p] for p in phones[a:b]) for a, b in spans),
                    tuple(tuple(scores[a:b]) for a, b in spans),
                )
            )
    return found


def _as_published(folder: Path) -> list[Utterance]:
    def table(name: str) -> dict[str, str]:
        lines = (folder / "train" / name).read_text(encoding="utf-8").splitlines()
        return dict(line.split(None, 1) for line in lines)

    judged = json.loads((folder / "resource" / "scores.json").read_text(encoding="utf-8"))
    speakers, ages, paths = table("utt2spk"), table("spk2age"), table("wav.scp")
    found = []
    for name in table("text"):
        words = judged[name]["words"]
        found.append(
            Utterance(
                name,
                speakers[name].strip(),
                int(ages[speakers[name].strip()]),
                folder / paths[name].strip(),
                tuple(word["text"].lower() for word in words),
                tuple(tuple(PHONE_ID[re.sub(r"\d", "", p)] for p in w["phones"]) for w in words),
                tuple(tuple(map(float, word["phones-accuracy"])) for word in words),
            )
        )
    return found


def _lengths(
    words: Sequence[str],
    phones: Sequence[str],
    dictionary: Mapping[str, Sequence[tuple[str, ...]]],
) -> list[int]:
    """How many of the phones belong to each word: the split nearest to the dictionary."""
    count = len(phones)
    best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]
    for place, word in enumerate(words):
        ends: dict[int, tuple[float, int]] = {}
        left = len(words) - place - 1
        for start, (cost, _) in best[-1].items():
            for end in range(start + 1, count - left + 1):
                total = cost + _distance(word, phones[start:end], dictionary)
                if end not in ends or total < ends[end][0]:
                    ends[end] = (total, start)
        best.append(ends)
    lengths, end = [], count
    for ends in reversed(best[1:]):
        start = ends[end][1]
        lengths.append(end - start)
        end = start
    return lengths[::-1]


def _distance(
    word: str, phones: Sequence[str], dictionary: Mapping[str, Sequence[tuple[str, ...]]]
) -> float:
    known = dictionary.get(word)
    if not known:
        return 0.3 * abs(len(phones) - 0.8 * len(word))
    return min(edits(spelling, phones) for spelling in known)


def edits(one: Sequence[object], other: Sequence[object]) -> int:
    """Levenshtein distance."""
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        above, row = row, [i]
        for j, right in enumerate(other, 1):
            row.append(min(above[j - 1] + (left != right), above[j] + 1, row[j - 1] + 1))
    return row[-1]

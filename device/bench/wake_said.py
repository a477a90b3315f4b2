"""The verifier on phrases that real people said: it knows no phrase, so that any will do.

Of the speakers that it did not learn from every phrase of two or three words and three to five
syllables that an utterance holds is listened for in it, and as many that others said, which it
does not hold. Each of these utterances is heard at most once for each phrase.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio.files import read_audio
from audio.ports import SAMPLE_RATE_HZ
from device.bench.acoustics import Signal
from device.bench.wake_scenes import heard
from dialog.lexicon import pronunciations
from dialog.wake.acoustics import Network
from dialog.wake.following import rows_of, sightings
from dialog.wake.phrase import MOST_WAYS, VOWELS, Phrase, from_ways, phrase
from dialog.wake.verifier import VERIFIER_PATH, Verifier

OLDEST_CHILD = 12
FEWEST_PHONES, MOST_PHONES = 6, 12
SYLLABLES = range(3, 6)
OTHERS = 24
HELLO_MYNA = "hello myna"


@dataclass(frozen=True, slots=True)
class Recording:
    """One utterance of the corpus."""

    name: str
    speaker: str
    age: int
    words: tuple[str, ...]
    path: Path


@dataclass(frozen=True, slots=True)
class Trial:
    """A phrase listened for in an utterance.

    Attributes:
        phrase: As written.
        recording: Where.
        scene: How it was heard.
        said: Whether the utterance holds it.
        logit: The verifier's highest, minus infinity where it was not asked.
        seconds: The utterance's length.
    """

    phrase: str
    recording: Recording
    scene: str
    said: bool
    logit: float
    seconds: float


def unlearnt(corpus: Path) -> list[Recording]:
    """Utterances of the speakers that the shipped verifier did not learn from, by name."""
    with np.load(VERIFIER_PATH) as kept:
        return recordings(corpus, set(kept["held_out"].tolist()))


def recordings(corpus: Path, speakers: Collection[str]) -> list[Recording]:
    """Utterances of these speakers, by name."""
    with (corpus / "train.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    return sorted(
        (
            Recording(
                row["utterance"],
                row["speaker"],
                int(row["age"]),
                tuple(row["text"].lower().split()),
                corpus / "train" / row["speaker"] / f"{row['utterance']}.opus",
            )
            for row in rows
            if row["speaker"] in speakers
        ),
        key=lambda each: each.name,
    )


def phrases_in(words: Sequence[str]) -> dict[str, Phrase]:
    """What an utterance holds that could be a wake phrase."""
    found = {}
    for count in (2, 3):
        for at in range(len(words) - count + 1):
            ways = [pronunciations(word)[:MOST_WAYS] for word in words[at : at + count]]
            if not all(ways):
                continue
            phones = [phone for way in ways for phone in way[0]]
            right_size = FEWEST_PHONES <= len(phones) <= MOST_PHONES
            if right_size and sum(phone in VOWELS for phone in phones) in SYLLABLES:
                text = " ".join(words[at : at + count])
                found[text] = from_ways(text, ways)
    return found


def trials(
    recordings: Sequence[Recording],
    pool: Sequence[Phrase],
    scene: str,
    snr_db: float | None,
    *,
    network: Network,
    verifier: Verifier,
    seed: int,
) -> Iterator[Trial]:
    """Listen to every recording.

    Args:
        recordings: To listen to.
        pool: Phrases to listen for in those that do not hold them.
        scene: Name of the scene; ``clean`` leaves the recording as it is.
        snr_db: As for `wake_scenes.heard`.
        network: Of the phones.
        verifier: Of the evidence.
        seed: Chooses rooms and phrases.
    """
    hello = phrase(HELLO_MYNA)
    for recording in recordings:
        rng = np.random.default_rng([seed, zlib.crc32(f"{recording.name} {scene}".encode())])
        sound: Signal = read_audio(recording.path) / 32768.0
        seconds = sound.size / SAMPLE_RATE_HZ
        if scene == "clean":
            sound = np.pad(sound, (8_000, 14_000)) + rng.normal(0.0, 1e-4, sound.size + 22_000)
        else:
            sound = heard(sound, snr_db=snr_db, rng=rng)
        own = phrases_in(recording.words)
        text = f" {' '.join(recording.words)} "
        chosen = [pool[at] for at in rng.choice(len(pool), min(OTHERS, len(pool)), replace=False)]
        others = [each for each in chosen if f" {each.text} " not in text]
        asked = [*own.values(), *others, hello]
        best = np.full(len(asked), -np.inf)
        rows: NDArray[np.float32] = rows_of(sound.astype(np.float32), network)
        for seen in sightings(rows, asked, network):
            best[seen.phrase] = max(best[seen.phrase], verifier.logit(seen.evidence))
        for each, logit in zip(asked, best, strict=True):
            yield Trial(each.text, recording, scene, each.text in own, float(logit), seconds)

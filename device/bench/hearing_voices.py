"""Who speaks in the hearing benchmark, and who listens to the words."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audio.files import read_audio
from audio.ports import SAMPLE_RATE_HZ, Samples
from audio.virtual_room.speech import trimmed
from audio.virtual_room.synthesised import SENTENCES, SynthesisedVoice
from core.errors import ModelError
from device.bench.acoustics import Signal
from device.bench.recognition_trials import CHOICES
from dialog import matching
from dialog.lexicon import pronunciations
from dialog.phone_alignment import align
from dialog.phone_model import PhoneModel
from dialog.ports import Hints, Recognizer

SYNTHETIC_CHILDREN = 4
SHORTEST_S, LONGEST_S = 0.8, 6.0
QUIET = 0.1
"""From an active level of 1.0 to one that fits full scale."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """Something a child said.

    Attributes:
        speaker: Who.
        text: Plain lower-case words.
        voice: Trimmed, 16 kHz, active level 1.0.
    """

    speaker: str
    text: str
    voice: Signal


def children(corpus: Path | None, *, count: int, seed: int) -> list[Sentence]:
    """Sentences of many children, one each before anybody's second; synthetic without a corpus.

    Raises:
        ModelError: The folder holds no ``train.tsv``.
    """
    if corpus is None:
        voices = [SynthesisedVoice(seed + number) for number in range(SYNTHETIC_CHILDREN)]
        return [
            Sentence(spoken.source, spoken.text, spoken.samples)
            for text in SENTENCES
            for spoken in [voice.say(text) for voice in voices]
        ][: max(count, 1)]
    table = corpus / "train.tsv"
    if not table.is_file():
        raise ModelError(f"{table} is missing: give the folder that holds train.tsv and train/")
    with table.open(newline="", encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines, delimiter="\t") if int(row["age"]) <= 12]
    rng = random.Random(seed)  # noqa: S311 - a choice, not a secret
    rng.shuffle(rows)
    seen: dict[str, int] = {}
    for row in rows:
        row["turn"] = str(seen.setdefault(row["speaker"], 0))
        seen[row["speaker"]] += 1
    rows.sort(key=lambda row: int(row["turn"]))
    found: list[Sentence] = []
    for row in rows:
        if len(found) == count:
            break
        path = corpus / "train" / row["speaker"] / f"{row['utterance']}.opus"
        voice = trimmed(read_audio(path) / 32768.0)
        if SHORTEST_S <= len(voice) / 16_000 <= LONGEST_S:
            text = " ".join(matching.words(row["text"]))
            found.append(Sentence(row["speaker"], text, voice))
    return found


class LastWords:
    """Finds where the last word of a sentence ends, by the device's acoustic model: what a
    recording holds after it, a breath or a chair, is nothing to wait for."""

    def __init__(self) -> None:
        self._model = PhoneModel()

    def end(self, sentence: Sentence) -> int:
        """Sample after the last word; the recording's end where the words do not fit it."""
        ways = [pronunciations(word) for word in sentence.text.split()]
        if not ways or not all(ways):
            return len(sentence.voice)
        frames = self._model.frames((sentence.voice * QUIET).astype(np.float32))
        spans = align(frames, ways)
        if not spans:
            return len(sentence.voice)
        return min(
            round(spans[-1].end_frame * frames.frame_s * SAMPLE_RATE_HZ), len(sentence.voice)
        )


class Words:
    """The device's recogniser, asked which of 21 sentences was said.

    Args:
        recogniser: Of expected answers.
        texts: Sentences to choose from.
    """

    def __init__(self, recogniser: Recognizer, texts: Sequence[str]) -> None:
        self._recogniser = recogniser
        self._texts = sorted(set(texts))

    def right(self, sentence: Sentence, samples: Samples) -> bool:
        """Whether the sentence was taken for itself."""
        rng = random.Random(f"{sentence.speaker} {sentence.text}")  # noqa: S311
        others = [text for text in self._texts if text != sentence.text]
        chosen = rng.sample(others, min(CHOICES - 1, len(others)))
        candidates = (sentence.text, *chosen)
        return self._recogniser.recognize(samples, Hints(candidates)).matched == 0


def right_share(words: Words, said: Sequence[Sentence], heard: Sequence[Samples]) -> float | None:
    """Share of sentences taken for themselves; None for none."""
    if not said:
        return None
    hits = [words.right(*pair) for pair in zip(said, heard, strict=True)]
    return sum(hits) / len(hits)

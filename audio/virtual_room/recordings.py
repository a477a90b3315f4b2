"""The child's voice from recordings: a folder of audio with a transcript table."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from audio.files import read_audio
from audio.virtual_room.speech import ChildVoice, Spoken, trimmed
from audio.virtual_room.synthesised import SynthesisedVoice
from core.errors import AudioError

_SUFFIXES = (".opus", ".flac", ".wav", ".ogg")
_NEEDED = ("utterance", "speaker", "text")


@dataclass(frozen=True, slots=True)
class _Recording:
    utterance: str
    speaker: str
    text: str


class RecordedVoice:
    """Says a text with a real child's recording of it, where there is one.

    A text that nobody recorded is said by `fallback`, and the record's ``source`` tells so.
    Who speaks is drawn once: texts that the drawn child recorded are taken from it, others from
    whoever did.

    Args:
        table: Tab-separated, with a header: ``utterance``, ``speaker``, ``text``, and ``age``
            where it is known. Audio lies beside it in ``NAME/SPEAKER/UTTERANCE.opus`` (or
            .flac, .wav, .ogg), where NAME is the table's name without its ending, or in
            ``SPEAKER/UTTERANCE.opus``.
        fallback: Who says everything else; None is a synthesiser.
        seed: Chooses the speakers.
        max_age: Speakers above it are left out where the table has ages.

    Raises:
        AudioError: The table cannot be read, lacks a column, or holds no such speaker.
    """

    def __init__(
        self,
        table: Path,
        fallback: ChildVoice | None = None,
        *,
        seed: int = 0,
        max_age: int = 12,
    ) -> None:
        self._folders = (table.with_suffix(""), table.parent)
        self._fallback = fallback or SynthesisedVoice(seed)
        self._by_text: dict[str, list[_Recording]] = {}
        for recording in _read_table(table, max_age):
            self._by_text.setdefault(recording.text, []).append(recording)
        speakers = sorted({r.speaker for some in self._by_text.values() for r in some})
        random.Random(seed).shuffle(speakers)  # noqa: S311 - a choice, not a secret
        self._order = {speaker: place for place, speaker in enumerate(speakers)}

    def say(self, text: str, *, second: bool = False) -> Spoken:
        recordings = self._by_text.get(plain(text))
        if not recordings:
            spoken = self._fallback.say(text, second=second)
            return Spoken(spoken.samples, spoken.text, f"{spoken.source} (not recorded)")
        # The second child is whoever stands last in the order in which the first is drawn.
        chosen = sorted(recordings, key=lambda r: self._order[r.speaker])[-1 if second else 0]
        samples = _load(self._find(chosen))
        return Spoken(samples, text, f"{chosen.speaker}/{chosen.utterance}")

    def texts(self, *, max_words: int) -> tuple[str, ...]:
        """Everything that was recorded, lower-case, shortest first."""
        short = [text for text in self._by_text if len(text.split()) <= max_words]
        return tuple(sorted(short, key=lambda text: (len(text.split()), text)))

    def _find(self, recording: _Recording) -> Path:
        for folder in self._folders:
            for suffix in _SUFFIXES:
                path = folder / recording.speaker / f"{recording.utterance}{suffix}"
                if path.is_file():
                    return path
        raise AudioError(
            f"{self._folders[0]} holds no recording {recording.speaker}/{recording.utterance}: "
            f"put the audio there or take the line out of the table",
            code="room.recording_missing",
        )


def plain(text: str) -> str:
    """Lower-case words without punctuation, as texts are compared."""
    kept = "".join(c if c.isalnum() or c in "' " else " " for c in text.lower())
    return " ".join(kept.split())


def _read_table(table: Path, max_age: int) -> list[_Recording]:
    try:
        with table.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            missing = [name for name in _NEEDED if name not in (rows.fieldnames or ())]
            if missing:
                raise AudioError(
                    f"{table} lacks the column {' and '.join(missing)}: give it a first line "
                    "with utterance, speaker and text, separated by tabs",
                    code="room.table_invalid",
                )
            found = [
                _Recording(row["utterance"], row["speaker"], plain(row["text"]))
                for row in rows
                if row["text"] and not _too_old(row.get("age"), max_age)
            ]
    except (OSError, UnicodeDecodeError) as error:
        raise AudioError(
            f"{table} cannot be read: name a tab-separated table of recordings in UTF-8",
            code="room.table_invalid",
        ) from error
    if not found:
        raise AudioError(
            f"{table} holds no recording of anybody up to {max_age}: give another table",
            code="room.table_invalid",
        )
    return found


def _too_old(age: str | None, max_age: int) -> bool:
    return bool(age) and age is not None and age.isdigit() and int(age) > max_age


@lru_cache(maxsize=64)
def _load(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    samples = trimmed(read_audio(path) / 32768.0)
    samples.setflags(write=False)
    return samples

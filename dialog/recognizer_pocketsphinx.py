"""PocketSphinx with the model that its wheel carries.

With candidates, the utterance is decoded twice: through a grammar of the candidates in which
every beginning of one may be the end of speech (so that an unfinished answer comes out as its
first words, not forced into some whole sentence), and through a loop of all phones. How far the
grammar's acoustic score stays behind the free loop's, per frame of speech, is the confidence:
what fits no candidate is refused. Without candidates, the wheel's language model is used.

Beams and mean normalisation are what recognised real children best (see `docs/recognition.md`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from audio.ports import FRAME_SAMPLES, Samples
from core.errors import ModelError
from dialog import matching
from dialog.ports import Hints, Recognition
from dialog.pronounce import phones

GRAMMAR_BEAMS = {"beam": 1e-80, "pbeam": 1e-80, "wbeam": 1e-60}
OPEN_BEAMS = {"beam": 1e-60, "pbeam": 1e-60, "wbeam": 1e-40}
STOP_EARLY = 0.1
"""Weight of speech ending after a word that is not the candidate's last."""

ACCEPT_FROM = 0.5
"""Confidence from which speech counts as a candidate."""
FIT_AT_HALF, FIT_SLOPE = -3.6, 4.1
"""Confidence is 1 / (1 + exp(-slope (fit - half))); fitted on real speakers."""
OWN_SCORE_PART = 0.3
"""Share of the words' own score in the fit; the rest is the distance from the phone loop."""

DITHER_RMS = 10.0
"""Noise laid under everything (int16 steps, -70 dBFS), the same each time: digital silence, which
a noise gate or a synthetic voice leaves, has cepstra that the model never saw."""

SHORTEST_SAMPLES = 15 * FRAME_SAMPLES
"""Anything shorter holds no word."""

_PHONES = (
    "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH",
    "IH", "IY", "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH",
    "UW", "V", "W", "Y", "Z", "ZH",
)  # fmt: skip
_GRAMMAR, _LOOP, _OPEN = "answers", "phones", "open"


@dataclass(frozen=True, slots=True)
class _Path:
    """The best path of one decoding.

    Attributes:
        words: Without fillers and silences.
        score: Of everything, in thousands of the scaled log that PocketSphinx counts in.
        word_score: The words' part of it.
        speech_frames: The words' frames of 10 ms.
    """

    words: tuple[str, ...] = ()
    score: float = 0.0
    word_score: float = 0.0
    speech_frames: int = 0


class PocketSphinxRecognizer:
    """PocketSphinx 5.

    Raises:
        ModelError: The package or its model is missing.
    """

    name = "pocketsphinx"

    def __init__(self) -> None:
        try:
            import pocketsphinx
        except ImportError as fault:
            raise ModelError(
                "pocketsphinx is missing; install it with: pip install pocketsphinx"
            ) from fault
        self._model = f"{pocketsphinx.get_model_path()}/en-us"
        try:
            self._decoder: Any = pocketsphinx.Decoder(
                hmm=f"{self._model}/en-us",
                dict=f"{self._model}/cmudict-en-us.dict",
                lm=None,
                cmn="batch",
                # Scores are taken relative to the best of all states, not of those that a search
                # has open; else two searches could not be compared.
                compallsen=True,
                ds=2,  # every other frame's densities: a quarter less work, as many right
                bestpath=False,
                loglevel="FATAL",
                **GRAMMAR_BEAMS,
            )
        except RuntimeError as fault:
            raise ModelError(
                "pocketsphinx's model is missing or broken; install the package again with: "
                "pip install --force-reinstall pocketsphinx"
            ) from fault
        self._grammar: tuple[tuple[str, ...], ...] | None = None
        self._open_loaded = False
        self._add_phone_loop()

    def recognize(self, samples: Samples, hints: Hints) -> Recognition:
        """See `dialog.ports.Recognizer`."""
        nothing = Recognition("", None, 0.0, complete=False)
        if samples.size < SHORTEST_SAMPLES or not np.any(samples):
            return nothing
        samples = _dithered(samples)
        candidates = tuple(matching.words(candidate) for candidate in hints.candidates)
        if not any(candidates):
            return self._open_speech(samples)
        self._set_grammar(candidates)
        answer = self._decode(_GRAMMAR, samples)
        if not answer.words:
            return nothing
        confidence = _confidence(answer, self._decode(_LOOP, samples))
        if confidence < ACCEPT_FROM:
            return Recognition("", None, confidence, complete=False)
        found = matching.match(answer.words, candidates)
        return Recognition(" ".join(answer.words), found.index, confidence, found.complete)

    def close(self) -> None:
        self._decoder = None

    def _open_speech(self, samples: Samples) -> Recognition:
        if not self._open_loaded:
            self._set_beams(OPEN_BEAMS)
            self._decoder.add_lm_file(_OPEN, f"{self._model}/en-us.lm.bin")
            self._set_beams(GRAMMAR_BEAMS)
            self._open_loaded = True
        said = self._decode(_OPEN, samples)
        if not said.words:
            return Recognition("", None, 0.0, complete=False)
        confidence = _confidence(said, self._decode(_LOOP, samples))
        return Recognition(" ".join(said.words), None, confidence, complete=False)

    def _decode(self, search: str, samples: Samples) -> _Path:
        decoder = self._decoder
        decoder.activate_search(search)
        decoder.start_utt()
        decoder.process_raw(samples.tobytes(), full_utt=True)
        decoder.end_utt()
        if decoder.hyp() is None:
            return _Path()
        said: list[str] = []
        score, word_score, frames = 0.0, 0.0, 0
        for segment in decoder.seg():
            # Scores come as powers of a base so near 1 that e to the thousandth part of the log
            # stays within a double.
            segment_score = 1000.0 * math.log(max(segment.ascore, 1e-300))
            score += segment_score
            word = segment.word.split("(")[0]
            if word and not word.startswith(("<", "[", "+")):
                said.append(word)
                word_score += segment_score
                frames += segment.end_frame - segment.start_frame + 1
        return _Path(tuple(said), score, word_score, frames)

    def _set_beams(self, beams: Mapping[str, float]) -> None:
        """Beams of the searches that are made from now on."""
        for key, value in beams.items():
            self._decoder.config[key] = value

    def _set_grammar(self, candidates: tuple[tuple[str, ...], ...]) -> None:
        if candidates == self._grammar:
            return
        unknown = {word for candidate in candidates for word in candidate}
        unknown = {word for word in unknown if self._decoder.lookup_word(word) is None}
        for word in sorted(unknown):
            # A word that cannot be said at all still needs an entry; nobody will match it.
            self._decoder.add_word(word, phones(word) or "SIL", True)
        arcs = list(_arcs([candidate for candidate in candidates if candidate]))
        self._decoder.add_fsg(_GRAMMAR, self._decoder.create_fsg(_GRAMMAR, 0, 1, arcs))
        self._grammar = candidates

    def _add_phone_loop(self) -> None:
        for phone in _PHONES:
            self._decoder.add_word(f"_{phone}", phone, False)
        weight = 1.0 / (len(_PHONES) + 1)
        loop = [(2, 2, weight, f"_{phone}") for phone in _PHONES]
        arcs = [(0, 2, 1.0), *loop, (2, 1, weight)]
        self._decoder.add_fsg(_LOOP, self._decoder.create_fsg(_LOOP, 0, 1, arcs))


def _confidence(path: _Path, free: _Path) -> float:
    """0..1: how little worse the path fits than any sounds at all would.

    Per frame of what either of them takes for speech, so that words stretched over silence, or
    silence over words, count in full.
    """
    behind = (path.score - free.score) / max(path.speech_frames, free.speech_frames)
    own = path.word_score / path.speech_frames
    fit = (1.0 - OWN_SCORE_PART) * behind + OWN_SCORE_PART * own
    return 1.0 / (1.0 + math.exp(-FIT_SLOPE * (fit - FIT_AT_HALF)))


def _dithered(samples: Samples) -> Samples:
    noise = np.random.default_rng(0).normal(0.0, DITHER_RMS, samples.size)
    louder: Samples = np.clip(np.rint(samples + noise), -32768, 32767).astype(np.int16)
    return louder


def _arcs(candidates: Sequence[Sequence[str]]) -> Iterator[tuple[Any, ...]]:
    """Arcs of a grammar from state 0 to state 1: any candidate, or any beginning of one."""
    unused = 2
    for candidate in candidates:
        state = 0
        for position, word in enumerate(candidate):
            last = position == len(candidate) - 1
            following = 1 if last else unused
            yield state, following, 1.0 / len(candidates) if state == 0 else 1 - STOP_EARLY, word
            if not last:
                yield following, 1, STOP_EARLY
                unused += 1
            state = following

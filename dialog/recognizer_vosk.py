"""Vosk, with Myna's own model of Mandarin speakers' English or with any other.

With the own model, what was said is decided twice. The acoustic model's own paths
(`dialog.answers`) say which expected answer, or beginning of one, fits and how well. Where they
are in doubt, Vosk hears the utterance through a grammar of the answers and ``[unk]``, which takes
other speech, and has to agree; not in noise, and of Chinese it knows nothing. Vosk's grammar at
run time is a smoothed bigram over the listed sentences, not the list, so its words are mapped to
the nearest answer. Open speech is Vosk's alone, by a large model where one is installed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from audio.ports import SAMPLE_RATE_HZ, Samples
from core.errors import ModelError
from dialog import answers, matching
from dialog.answers import Answer
from dialog.commands import command_in
from dialog.ears_in_noise import is_noisy
from dialog.equaliser import equalised
from dialog.phone_frames import Ears, Frames
from dialog.pinyin import is_pinyin
from dialog.ports import Hints, Recognition
from dialog.slips import slip_in
from dialog.speech_ears import shared_in_noise

OWN_MODEL = Path(__file__).parent / "models" / "vosk"
"""Folder of the model that ships with Myna."""
OWN_SIGN = Path("conf") / "myna.json"
"""What only Myna's models hold: the band levels that sound is brought to first."""

UNKNOWN = "[unk]"
ERRORS_ONLY = -2
"""Its warnings name words outside its vocabulary, a child's name among them, to the journal."""
PIECE_SAMPLES = SAMPLE_RATE_HZ // 5
"""Vosk drops Python's lock within a call; pieces bound how long one is."""
SHORTEST_SAMPLES = SAMPLE_RATE_HZ * 15 // 100
"""Anything shorter holds no word."""
DOUBTFUL_FROM, CERTAIN_FROM = 0.2, 0.6
"""Between these confidences of the acoustic model Vosk is asked too. Asked above them it refused
two right answers of three in a room, for not one wrong answer more (`docs/recognition.md`)."""

CHINESE_FROM = 0.8
"""Confidence from which Chinese counts as said; below it only English is looked for. What a child
says in Chinese to somebody else comes near a command, and commands come nearer still: of synthetic
ones the doubtful twentieth had 0.96 (`docs/recognition.md`)."""

COMMAND_IN_NOISE_FROM = 0.9
"""Confidence from which a command counts in noise: a television says much that is like one."""

FOR_FETCHING = ("requests", "srt", "tqdm", "urllib.request")
"""What vosk imports to fetch models from the net and to write subtitles, and Myna never uses: eight
megabytes of the recogniser's process."""

_Words = tuple[str, ...]
NOTHING = Recognition("", None, 0.0, complete=False)


class VoskRecognizer:
    """Vosk with a grammar for every utterance.

    Args:
        folder: The model for expected answers: Myna's own, or any.
        open_folder: A larger model for open speech; None uses the same.

    Raises:
        ModelError: The package or a model is missing or broken.
    """

    name = "vosk"

    def __init__(self, folder: Path = OWN_MODEL, open_folder: Path | None = None) -> None:
        try:
            vosk = _package()
        except ImportError as fault:
            raise ModelError(
                "vosk is not installed; install it with: pip install vosk, or set "
                'recognition.engine to "pocketsphinx"'
            ) from fault
        vosk.SetLogLevel(ERRORS_ONLY)
        self._vosk = vosk
        self._model = self._loaded(folder)
        self._open_model = self._loaded(open_folder) if open_folder else self._model
        self._typical_bands: Any = None
        self._ears: Ears | None = None
        if (folder / OWN_SIGN).is_file():
            bands = json.loads((folder / OWN_SIGN).read_text(encoding="utf-8"))
            self._typical_bands = np.array(bands["typical_bands"], np.float32)
            self._ears = shared_in_noise()

    def recognize(self, samples: Samples, hints: Hints) -> Recognition:
        """See `dialog.ports.Recognizer`."""
        if samples.size < SHORTEST_SAMPLES or not np.any(samples):
            return NOTHING
        candidates = tuple(matching.words(candidate) for candidate in hints.candidates)
        if not any(candidates):
            return self._open_speech(samples)
        if self._ears is None:
            return self._by_words(samples, candidates)
        asides = frozenset(
            index
            for index, candidate in enumerate(hints.candidates)
            if index >= hints.scored and command_in(candidate) is not None
        )
        return self._by_phones(self._ears, samples, candidates, asides, hints.scored)

    def close(self) -> None:
        self._model = self._open_model = self._ears = None

    def _loaded(self, folder: Path) -> object:
        if not folder.is_dir():
            raise ModelError(f"there is no Vosk model at {folder}; correct recognition.vosk_model")
        try:
            model: object = self._vosk.Model(str(folder))
        except Exception as fault:  # vosk raises the bare class
            raise ModelError(f"the Vosk model {folder} is broken; install it again") from fault
        return model

    def _by_phones(
        self,
        ears: Ears,
        samples: Samples,
        candidates: tuple[_Words, ...],
        asides: frozenset[int],
        scored: int,
    ) -> Recognition:
        sound = (samples / np.float32(32768.0)).astype(np.float32)
        frames = ears.frames(sound)
        answer = answers.best_answer(frames, candidates, only_whole=asides)
        english = [() if is_pinyin(words) else words for words in candidates]
        if answer is not None and not english[answer.index] and answer.confidence < CHINESE_FROM:
            answer = answers.best_answer(frames, english, only_whole=asides)
        if answer is None:
            return NOTHING
        confidence = answer.confidence
        if is_noisy(sound):  # Vosk would take as long as the sound, and knows less than the ears
            if answer.index in asides and confidence < COMMAND_IN_NOISE_FROM:
                confidence = 0.0
        elif DOUBTFUL_FROM < confidence < CERTAIN_FROM:  # which Chinese never is
            said = self._by_words(samples, english)
            agreed = said.matched == answer.index
            confidence = max(confidence, said.confidence) if agreed else confidence / 2
        unfinished = _unfinished(frames, answer, candidates[answer.index], asides)
        if confidence < answers.ACCEPT_FROM:
            near = answer.index < scored and english[answer.index]
            slip = slip_in(frames, candidates[answer.index]) if near else None
            slip = None if slip is None else replace(slip, candidate=answer.index)
            return Recognition(
                "", None, confidence, complete=False, slip=slip, unfinished=unfinished
            )
        heard = tuple(word.word for word in answer.words)
        found = matching.match(heard, candidates)
        return Recognition(
            " ".join(heard), found.index, confidence, found.complete, unfinished=unfinished
        )

    def _by_words(self, samples: Samples, candidates: Sequence[_Words]) -> Recognition:
        """What Vosk alone makes of it."""
        said = self._heard(self._model, samples, candidates)
        # What lay outside the grammar counts against a candidate; it is no word of the text.
        heard = [(word, sure) for word, sure in said if word != UNKNOWN]
        if not heard:
            return NOTHING
        text = " ".join(word for word, _ in heard)
        sure = sum(confidence for _, confidence in heard) / len(heard)
        found = matching.match([word for word, _ in said], candidates)
        return Recognition(text, found.index, sure * found.likeness, found.complete)

    def _open_speech(self, samples: Samples) -> Recognition:
        said = self._heard(self._open_model, samples, ())
        heard = [(word, sure) for word, sure in said if word != UNKNOWN]
        if not heard:
            return NOTHING
        sure = sum(confidence for _, confidence in heard) / len(heard)
        return Recognition(" ".join(word for word, _ in heard), None, sure, complete=False)

    def _heard(
        self, model: object, samples: Samples, candidates: Sequence[_Words]
    ) -> list[tuple[str, float]]:
        """Words in order with how sure Vosk is of each, 0..1."""
        arguments: list[Any] = [model, SAMPLE_RATE_HZ]
        if any(candidates):
            arguments.append(json.dumps([*(" ".join(c) for c in candidates if c), UNKNOWN]))
        if model is self._model and self._typical_bands is not None:
            samples = equalised(samples, self._typical_bands)
        recogniser = self._vosk.KaldiRecognizer(*arguments)
        recogniser.SetWords(True)
        said: list[dict[str, Any]] = []
        for at in range(0, samples.size, PIECE_SAMPLES):
            # True at an inner pause: Vosk starts a new result there, and forgets the old one.
            if recogniser.AcceptWaveform(samples[at : at + PIECE_SAMPLES].tobytes()):
                said += json.loads(recogniser.Result()).get("result", [])
        said += json.loads(recogniser.FinalResult()).get("result", [])
        return [(str(part["word"]), float(part.get("conf", 1.0))) for part in said]


def _unfinished(frames: Frames, answer: Answer, words: _Words, asides: frozenset[int]) -> float:
    """See `Recognition.unfinished`. Vosk has no say in it: its grammar knows whole answers."""
    if answer.index in asides:
        return 0.0
    if answer.confidence >= answers.ACCEPT_FROM:
        return 0.0 if answer.whole else answer.confidence
    begun = answers.best_answer(frames, [words], trailing_off=True)
    return 0.0 if begun is None or begun.whole else begun.confidence


def _package() -> ModuleType:
    """The vosk package, loaded without what it needs only `FOR_FETCHING`.

    Raises:
        ImportError: It is not installed.
    """
    stand_ins: dict[str, Any] = {name: ModuleType(name) for name in FOR_FETCHING}
    stand_ins["tqdm"].tqdm = stand_ins["urllib.request"].urlretrieve = None
    absent = [name for name in FOR_FETCHING if name not in sys.modules]
    sys.modules.update((name, stand_ins[name]) for name in absent)
    try:
        import vosk
    finally:
        for name in absent:
            del sys.modules[name]
    package: ModuleType = vosk
    return package

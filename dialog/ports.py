"""What the dialog room promises: recognisers, voices, the tutor, and the values between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Protocol

from audio.ports import Samples


class Language(Enum):
    """A language that Myna speaks; values are BCP 47 tags."""

    ENGLISH = "en"
    CHINESE = "zh"


@dataclass(frozen=True, slots=True)
class SpeechModels:
    """What is installed on this machine beside what comes with the packages.

    Attributes:
        vosk: Folder of a Vosk model.
        piper: Piper voices (``.onnx`` files) by language.
    """

    vosk: Path | None = None
    piper: Mapping[Language, Path] = field(default_factory=dict)


# ------------------------------------------------------------- recognition


@dataclass(frozen=True, slots=True)
class Hints:
    """What the recogniser may expect.

    Attributes:
        candidates: Answers that would be understood, most wanted first, plain lower-case
            words. Empty: open speech. Anything else stays possible: a recogniser never
            forces speech onto a candidate.
    """

    candidates: tuple[str, ...] = ()

    def may_go_on(self, index: int) -> bool:
        """Whether another candidate begins with the whole of this one and has more words.

        Such a match is never `Recognition.complete`: after ``hello`` a child may yet say
        ``hello, teacher``, so the turn waits the longer silence.
        """
        start = self.candidates[index] + " "
        return any(candidate.startswith(start) for candidate in self.candidates)


@dataclass(frozen=True, slots=True)
class Recognition:
    """What was said.

    Attributes:
        text: Lower-case words; empty when nothing was understood.
        matched: Index into the hints' candidates, None when it was none of them.
        confidence: 0..1, how sure `matched` (or, in open speech, `text`) is.
        complete: The words form a whole expected answer and no longer one begins with them
            (`Hints.may_go_on`), so that a short silence may end the turn.
    """

    text: str
    matched: int | None
    confidence: float
    complete: bool


class Recognizer(Protocol):
    """An engine loaded once, called from one thread of its own process."""

    name: str

    def recognize(self, samples: Samples, hints: Hints) -> Recognition:
        """Recognise a whole utterance (int16, 16 kHz, any length including 0).

        Silence and noise are values, not errors: they give an empty text.
        """

    def close(self) -> None: ...


# ------------------------------------------------------------------- voice


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to say aloud.

    Attributes:
        text: One to three sentences.
        language: Which voice says it.
        rate: Speaking rate, 1.0 the voice's own, 0.5..1.5.
    """

    text: str
    language: Language = Language.ENGLISH
    rate: float = 1.0


class Synthesizer(Protocol):
    """A voice, called from one thread of its own process."""

    name: str

    def speak(self, line: Line) -> Iterator[Samples]:
        """Chunks of speech, int16, 16 kHz mono, the first one as soon as it is there."""

    def close(self) -> None: ...


# ------------------------------------------------------------------- tutor


@dataclass(frozen=True, slots=True)
class Expectation:
    """What Myna is waiting to hear.

    Attributes:
        answers: Right answers as plain lower-case words, the model answer first.
        others: Wrong answers and commands worth telling apart (same spelling rules).
        open_speech: Any speech is an answer.
        patience_s: How long a child may stay silent before Myna speaks again.
    """

    answers: tuple[str, ...]
    others: tuple[str, ...] = ()
    open_speech: bool = False
    patience_s: float = 7.0

    def hints(self) -> Hints:
        """The same as hints for a recogniser: answers first."""
        return Hints(self.answers + self.others)


class Trouble(Enum):
    """Why there is no recognition although somebody spoke."""

    RECOGNISER_DIED = "recogniser_died"
    NOT_UNDERSTOOD = "not_understood"


@dataclass(frozen=True, slots=True)
class Begin:
    """The child woke Myna."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The child's turn ended and was recognised."""

    recognition: Recognition
    duration_s: float


@dataclass(frozen=True, slots=True)
class HeardNothing:
    """The child's patience time passed in silence."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Somebody spoke and Myna could not make use of it."""

    trouble: Trouble


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on after a pause: say again what is asked."""


DialogEvent = Begin | Heard | HeardNothing | Failed | Resume


class Verdict(Enum):
    """How an attempt at an item went."""

    RIGHT = "right"
    WRONG = "wrong"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at one item: what the store keeps and progress is made of."""

    pack: str
    item: str
    verdict: Verdict
    try_number: int
    confidence: float
    duration_s: float


class Then(Enum):
    """What happens when the lines of a step have been said."""

    LISTEN = "listen"
    PAUSE = "pause"
    SLEEP = "sleep"


@dataclass(frozen=True, slots=True)
class Step:
    """What an engine wants done. Effects are data; the engine itself does nothing.

    Attributes:
        state: The dialog's next state, given back at the next event.
        lines: Said aloud, in order.
        then: What follows the last line.
        expect: What to listen for when `then` is LISTEN.
        attempts: To be remembered, durably, before the lines are said.
        volume_step: Volume to change by, in steps of 6 dB; 0 leaves it.
    """

    state: DialogState
    lines: tuple[Line, ...] = ()
    then: Then = Then.SLEEP
    expect: Expectation | None = None
    attempts: tuple[Attempt, ...] = ()
    volume_step: int = 0


@dataclass(frozen=True, slots=True)
class DialogState:
    """Where a dialog stands: all an engine knows between two events.

    Attributes:
        engine: Name of the engine that owns `data`.
        data: That engine's own immutable value.
    """

    engine: str
    data: object = field(default=None)


class DialogEngine(Protocol):
    """Decides what to say. Pure: no clock, I/O, randomness beyond what the state carries."""

    name: str

    def start(self, *, history: tuple[Attempt, ...], seed: int) -> DialogState:
        """A fresh state.

        Args:
            history: Earlier attempts, oldest first.
            seed: Varies praise and the like; the same seed gives the same dialog.
        """

    def step(self, state: DialogState, event: DialogEvent, now: datetime) -> Step: ...

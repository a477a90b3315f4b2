"""What the dialog room promises: recognisers, voices, the tutor, and the values between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from pathlib import Path
from typing import Protocol

from audio.ports import Samples
from dialog.scoring.history import Past, VoiceHistory
from dialog.wake.question import Lesson, WakeExample, WakeQuestion


class Language(Enum):
    """A language that Myna speaks; values are BCP 47 tags."""

    ENGLISH = "en"
    CHINESE = "zh"


@dataclass(frozen=True, slots=True)
class SpeechModels:
    """What is installed on this machine beside what comes with the packages.

    Attributes:
        vosk: Folder of a Vosk model.
        piper: Piper voices (``.onnx`` files) by language: the one that is taken for it.
        voices: All Piper voices by name, ``en_US-lessac-medium``.
    """

    vosk: Path | None = None
    piper: Mapping[Language, Path] = field(default_factory=dict)
    voices: Mapping[str, Path] = field(default_factory=dict)


# ------------------------------------------------------------- recognition


@dataclass(frozen=True, slots=True)
class Hints:
    """What the recogniser may expect.

    Attributes:
        candidates: Answers that would be understood, most wanted first, plain lower-case
            words. Empty: open speech. Anything else stays possible: a recogniser never
            forces speech onto a candidate.
        scored: So many of the first candidates are answers of which it matters how they are said.
        voice: What earlier answers say about the voice that may be heard; None where nothing does.
        wake: Nothing else is asked than whether the sound holds this phrase.
        example: First of all it is asked whether the sound is an example of the wake phrase.
    """

    candidates: tuple[str, ...] = ()
    scored: int = 0
    voice: VoiceHistory | None = None
    wake: WakeQuestion | None = None
    example: WakeExample | None = None

    def may_go_on(self, index: int) -> bool:
        """Whether another candidate begins with the whole of this one and has more words.

        After such a match the turn waits the longer silence: a child who has said ``hello`` may
        yet say ``hello, teacher``.
        """
        start = self.candidates[index] + " "
        return any(candidate.startswith(start) for candidate in self.candidates)


class SlipKind(StrEnum):
    """How one word of an answer went wrong."""

    MISSING = "missing"
    ADDED = "added"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Slip:
    """One word that was not as expected.

    Attributes:
        kind: How.
        at: Index of the word; of an added one, of the word that follows it.
        word: The word that was left out or replaced; what an added one came after, empty at the
            beginning.
        candidate: Of which answer.
    """

    kind: SlipKind
    at: int
    word: str
    candidate: int = 0


@dataclass(frozen=True, slots=True)
class Recognition:
    """What was said.

    Attributes:
        text: Lower-case words; empty when nothing was understood.
        matched: Index into the hints' candidates, None when it was none of them.
        confidence: 0..1, how sure `matched` (or, in open speech, `text`) is.
        complete: The words form the whole of a candidate. A short silence may end the turn then,
            unless a longer answer begins with them (`Hints.may_go_on`).
        pronunciation: How an answer was said (`Hints.scored`); None where it was not scored.
        lesson: What the last example of the wake phrase made of all (`Hints.example`).
        slip: Where nothing matched, the one word by which an answer was missed, if it was one.
        unfinished: 0..1, how sure that this was the beginning of a candidate and not all of it,
            with or without a filler after it. More is to come then, however long it takes.
    """

    text: str
    matched: int | None
    confidence: float
    complete: bool
    pronunciation: Pronunciation | None = None
    lesson: Lesson | None = None
    slip: Slip | None = None
    unfinished: float = 0.0


class Recognizer(Protocol):
    """An engine loaded once, called from one thread of its own process."""

    name: str

    def recognize(self, samples: Samples, hints: Hints) -> Recognition:
        """Recognise a whole utterance (int16, 16 kHz, any length including 0).

        Silence and noise are values, not errors: they give an empty text.
        """

    def close(self) -> None: ...


# ----------------------------------------------------------- pronunciation


@dataclass(frozen=True, slots=True)
class PhoneScore:
    """How one phone was said.

    Attributes:
        phone: The phone that was asked for, ARPABET without stress (``TH``).
        score_0_2: 0 missing or another sound, 1 with an accent, 2 as it should be.
        sure: 0..1, how sure the score is; little of it and nothing is said about it.
        heard: The phone that was heard instead, ``""`` when it was left out; None when that
            cannot be told.
    """

    phone: str
    score_0_2: float
    sure: float
    heard: str | None = None


@dataclass(frozen=True, slots=True)
class WordScore:
    """How one word was said; `word` in plain lower-case spelling."""

    word: str
    phones: tuple[PhoneScore, ...]


@dataclass(frozen=True, slots=True)
class Pronunciation:
    """How an utterance was said.

    Attributes:
        words: In the order of the text that was asked for.
        voice: What it adds to what is known of the voice; None where nothing does.
    """

    words: tuple[WordScore, ...]
    voice: Past | None = None

    def phones(self) -> Iterator[PhoneScore]:
        """All phones in order."""
        for word in self.words:
            yield from word.phones

    @property
    def score_0_2(self) -> float | None:
        """Mean of the phones' scores, each weighted by how sure it is; None without any."""
        weight = sum(phone.sure for phone in self.phones())
        if weight <= 0.0:
            return None
        return sum(phone.score_0_2 * phone.sure for phone in self.phones()) / weight


# ------------------------------------------------------------------- voice


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to say aloud.

    Attributes:
        text: One to three sentences.
        language: Which voice says it.
        rate: Speaking rate, 1.0 the voice's own, 0.5..1.5.
        voice: Another voice than the usual, named as in `dialog.voice_choice`; empty for that.
    """

    text: str
    language: Language = Language.ENGLISH
    rate: float = 1.0
    voice: str = ""


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
        by_button: A press of the button answers, too: it brings the next of several (`StepOn`).
        patience_s: How long a child may stay silent before Myna speaks again.
        example: Of the wake phrase, which is the first answer; it is taught just now.
    """

    answers: tuple[str, ...]
    others: tuple[str, ...] = ()
    open_speech: bool = False
    patience_s: float = 7.0
    by_button: bool = False
    example: WakeExample | None = None

    def hints(self) -> Hints:
        """The same as hints for a recogniser: answers first."""
        scored = 0 if self.example else len(self.answers)
        return Hints(self.answers + self.others, scored=scored, example=self.example)


class Trouble(Enum):
    """Why there is no recognition although somebody spoke."""

    RECOGNISER_DIED = "recogniser_died"
    NOT_UNDERSTOOD = "not_understood"


@dataclass(frozen=True, slots=True)
class Begin:
    """The child woke Myna."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The child's turn ended and was recognised.

    Attributes:
        duration_s: From the first to the last of the voice.
        hesitation_s: How long the child was silent before it began.
        pronunciation: How the answer was said; None where it was not scored.
    """

    recognition: Recognition
    duration_s: float
    hesitation_s: float = 0.0
    pronunciation: Pronunciation | None = None


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


@dataclass(frozen=True, slots=True)
class StepOn:
    """The button was pressed where that brings the next of several (`Expectation.by_button`)."""


DialogEvent = Begin | Heard | HeardNothing | Failed | Resume | StepOn


class Verdict(Enum):
    """How an attempt at an item went."""

    RIGHT = "right"
    PARTLY = "partly"
    """The key word of it, or the whole together with Myna."""
    WRONG = "wrong"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at one item: what the store keeps and progress is made of.

    Attributes:
        item: The item's id in its pack; stays the same through the pack's updates.
        try_number: Counted from 1 since the item was asked.
        confidence: 0..1, of the recognition.
        pronunciation: How it was said; None where it was not scored.
    """

    pack: str
    item: str
    verdict: Verdict
    try_number: int
    confidence: float
    duration_s: float
    hesitation_s: float = 0.0
    pronunciation: Pronunciation | None = None


@dataclass(frozen=True, slots=True)
class ItemMemory:
    """How well a child remembers an item, as the review schedule sees it.

    Attributes:
        stability_days: Days after which nine of ten such items are still remembered.
        difficulty: 1 (easy) to 10, of this item for this child.
        due: When it should be practised again, UTC.
        reviewed: When it was practised last, UTC.
        reviews: How often it was practised.
        lapses: How often it was not known then, the first time included.
    """

    pack: str
    item: str
    stability_days: float
    difficulty: float
    due: datetime
    reviewed: datetime
    reviews: int = 1
    lapses: int = 0


@dataclass(frozen=True, slots=True)
class SoundMemory:
    """What is known of how a child says a phone: a normal belief about its mean score.

    Attributes:
        phone: ARPABET without stress.
        mean_0_2: Best guess of the mean score.
        deviation: Standard deviation of that guess, same unit.
        heard: Weight of what the guess stands on, in sure observations.
        updated: When it was heard last, UTC.
    """

    phone: str
    mean_0_2: float
    deviation: float
    heard: float
    updated: datetime


@dataclass(frozen=True, slots=True)
class Child:
    """What the speaker knows of one child.

    Attributes:
        id: A pseudonym, made on the device.
        nickname: What the family calls it on this device; empty for the only child.
        memories: Of every item practised, whatever pack it is from.
        sounds: Of every phone scored so far.
        left_off: When a session was broken off that did not come to its goodbye; None when the
            last one did, or there was none.
        left_off_after_s: How long that session had lasted.
    """

    id: str = ""
    nickname: str = ""
    memories: tuple[ItemMemory, ...] = ()
    sounds: tuple[SoundMemory, ...] = ()
    left_off: datetime | None = None
    left_off_after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class History:
    """What the speaker knows when it wakes: its children, the one who practises first."""

    children: tuple[Child, ...] = (Child(),)


class SessionEdge(Enum):
    """A session's beginning or its goodbye. One that is broken off has no end."""

    BEGUN = "begun"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Learned:
    """What a step adds to what is known of a child; kept in one transaction with its attempts.

    Attributes:
        child: Whose; empty for the child that the store has as the present one.
        memories: Items whose memory has changed, as they now are.
        sounds: Phones about which more is known now.
    """

    child: str = ""
    memories: tuple[ItemMemory, ...] = ()
    sounds: tuple[SoundMemory, ...] = ()
    session: SessionEdge | None = None


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
        learned: What follows from them for the child's memory; kept together with them.
        volume_step: Volume to change by, in steps of 6 dB; 0 leaves it.
    """

    state: DialogState
    lines: tuple[Line, ...] = ()
    then: Then = Then.SLEEP
    expect: Expectation | None = None
    attempts: tuple[Attempt, ...] = ()
    volume_step: int = 0
    learned: Learned | None = None


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

    def start(self, *, history: History, seed: int) -> DialogState:
        """A fresh state.

        Args:
            history: What the speaker knows of its children.
            seed: Varies praise and the like; the same seed gives the same dialog.
        """

    def step(self, state: DialogState, event: DialogEvent, now: datetime) -> Step: ...

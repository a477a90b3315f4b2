"""What the scorer says of an utterance: values that know how to become JSON."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import yaml

from dialog.ports import PhoneScore, Pronunciation, WordScore
from dialog.scoring.history import Past
from dialog.scoring.ipa import ipa


class Outcome(Enum):
    """What came of scoring. Only `SCORED` carries scores."""

    SCORED = "scored"
    NO_WORDS = "no_words"
    """The text holds nothing that could be said."""
    OTHER_SCRIPT = "other_script"
    """The text holds Chinese or another script: this scorer knows English sounds only."""
    SILENCE = "silence"
    TOO_QUIET = "too_quiet"
    TOO_LOUD = "too_loud"
    """Most of it is clipped: a shout, or a mouth at the microphone."""
    TOO_SHORT = "too_short"
    """Less sound than the text can be said in."""
    TOO_LONG = "too_long"
    """Far more speech than the text holds."""
    OTHER_SOUND = "other_sound"
    """Something is heard that is not this text: other words, another language, music."""


@functools.cache
def kind_sentences() -> dict[Outcome, dict[str, str]]:
    """What a child may be told of each outcome, by language (``en``, ``zh``)."""
    text = Path(__file__).with_name("outcomes.yaml").read_text(encoding="utf-8")
    return {Outcome(name): said for name, said in yaml.safe_load(text).items()}


@dataclass(frozen=True, slots=True)
class PhoneResult:
    """How one phone was said.

    Attributes:
        phone: ARPABET without stress.
        score_0_2: What experts would give: 0 missing or another sound, 1 with an accent, 2 right.
        sure: 0..1, the share of such scores that lie within 0.5 of the experts'.
        wrong: 0..1, the probability that experts would give less than 1.
        start_s, end_s: Where it was said, in seconds from the recording's start.
        heard: What was heard instead, ARPABET (``"S"``; ``""`` nothing; ``"T AH"`` a vowel
            added); None where it was said, or where this cannot be told.
        flagged: Sure enough of a mistake to tell a child about it.
    """

    phone: str
    score_0_2: float
    sure: float
    wrong: float
    start_s: float
    end_s: float
    heard: str | None = None
    flagged: bool = False

    def as_json(self) -> dict[str, Any]:
        """A plain mapping."""
        heard = None if self.heard is None else ipa(self.heard)
        return {
            "phone": self.phone,
            "ipa": ipa(self.phone),
            "score_0_2": round(self.score_0_2, 4),
            "sure": round(self.sure, 3),
            "start_s": round(self.start_s, 3),
            "end_s": round(self.end_s, 3),
            "heard": self.heard,
            "heard_ipa": heard,
            "flagged": self.flagged,
        }


@dataclass(frozen=True, slots=True)
class WordResult:
    """How one word was said.

    Attributes:
        word: Lower case.
        score_0_2: Mean of its phones' scores.
        sure: 0..1, as of phones.
        guessed: No dictionary has the word; rules say how it should sound.
        said: It was said at all, well or badly.
    """

    word: str
    score_0_2: float
    sure: float
    guessed: bool
    said: bool
    phones: tuple[PhoneResult, ...]

    def as_json(self) -> dict[str, Any]:
        """A plain mapping, its phones left to the sentence's own list."""
        return {
            "word": self.word,
            "score_0_2": round(self.score_0_2, 4),
            "sure": round(self.sure, 3),
            "start_s": round(self.phones[0].start_s, 3),
            "end_s": round(self.phones[-1].end_s, 3),
            "said": self.said,
            "pronunciation": "guessed" if self.guessed else "dictionary",
            "phones": len(self.phones),
        }


@dataclass(frozen=True, slots=True)
class Fluency:
    """How it flowed.

    Attributes:
        score_0_2: From rate and pauses (see `dialog.scoring.fluency`); no expert judged it.
        phones_per_s: While speaking, pauses left out.
        pauses: Silences of 0.2 s and more between words.
        longest_pause_s: 0 without any.
        speaking_share: 0..1, of the time from the first phone to the last.
    """

    score_0_2: float
    phones_per_s: float
    pauses: int
    longest_pause_s: float
    speaking_share: float


@dataclass(frozen=True, slots=True)
class Intonation:
    """The melody of an utterance.

    Attributes:
        range_semitones: Between the 5th and 95th percentile of the pitch.
        ending: ``rising``, ``falling`` or ``level``: the last voiced third of a second.
        pitch_hz: Median.
    """

    range_semitones: float
    ending: str
    pitch_hz: float


@dataclass(frozen=True, slots=True)
class Score:
    """What became of an utterance.

    Attributes:
        outcome: Why there are no scores, or that there are.
        words: Empty unless scored.
        accuracy_0_2: Mean of the phones' scores; None unless scored, as all that follows.
        sure: 0..1, of `accuracy_0_2`.
        completeness: 0..1, share of the words that were said.
        intonation: None also where too little is voiced to tell.
        past: What this child's history keeps of it.
    """

    outcome: Outcome
    words: tuple[WordResult, ...] = ()
    accuracy_0_2: float | None = None
    sure: float | None = None
    completeness: float | None = None
    fluency: Fluency | None = None
    intonation: Intonation | None = None
    past: Past | None = None

    def phones(self) -> tuple[PhoneResult, ...]:
        """All phones in order."""
        return tuple(phone for word in self.words for phone in word.phones)

    @property
    def pronunciation(self) -> Pronunciation | None:
        """The same for the tutor; None unless scored."""
        if self.outcome is not Outcome.SCORED:
            return None
        return Pronunciation(
            tuple(
                WordScore(
                    word.word,
                    tuple(
                        PhoneScore(p.phone, p.score_0_2, p.sure, p.heard if p.flagged else None)
                        for p in word.phones
                    ),
                )
                for word in self.words
            ),
            self.past,
        )

    def as_json(self) -> dict[str, Any]:
        """A plain mapping: phones beside words beside the whole."""
        fluency, melody = self.fluency, self.intonation
        return {
            "outcome": self.outcome.value,
            "say": kind_sentences()[self.outcome],
            "accuracy_0_2": _rounded(self.accuracy_0_2),
            "sure": _rounded(self.sure),
            "completeness": _rounded(self.completeness),
            "fluency": None
            if fluency is None
            else {
                "score_0_2": round(fluency.score_0_2, 3),
                "phones_per_s": round(fluency.phones_per_s, 2),
                "pauses": fluency.pauses,
                "longest_pause_s": round(fluency.longest_pause_s, 2),
                "speaking_share": round(fluency.speaking_share, 3),
            },
            "intonation": None
            if melody is None
            else {
                "range_semitones": round(melody.range_semitones, 1),
                "ending": melody.ending,
                "pitch_hz": round(melody.pitch_hz, 1),
            },
            "words": [word.as_json() for word in self.words],
            "phones": [
                {**phone.as_json(), "word": index}
                for index, word in enumerate(self.words)
                for phone in word.phones
            ],
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)

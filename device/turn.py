"""What is known of a child's turn while it goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from audio import ports as audio
from dialog.ports import Hints, Recognition

NOISE_S = 0.35
"""A sound without words, up to this long after it was noticed (a cough, a chair), is nobody's
answer."""

SURE = 0.8
"""Confidence from which a command is not doubted."""

UNFINISHED_FROM, HESITATING_FROM = 0.6, 0.3
"""Of `Recognition.unfinished`. Of children's pauses within an answer 139 of 140 have more than the
first, of other speech 7 have; 16 have the second (docs/hearing.md)."""

FILLERS = frozenset({"um", "uh", "er", "hm", "mm", "and", "the", "a", "i", "it", "is", "my"})


@dataclass(slots=True)
class Turn:
    """What is known of the child's turn in progress.

    Attributes:
        asked: (utterance id, revision) that the recogniser works on.
        listened: The utterance that it works on.
        answers: What it made of each revision so far.
        freely: What it made of them when it listened for a question beside the lesson.
        ended: The revision that the turn ended with, once it has.
        by_interrupting: The turn began over Myna's own voice.
        speech_start_s: When the voice was first noticed.
        asked_at_s: When Myna had said what she asks; None where she was interrupted.
    """

    asked: tuple[int, int] | None = None
    listened: audio.Utterance | None = None
    answers: dict[tuple[int, int], Recognition] = field(default_factory=dict)
    freely: dict[tuple[int, int], Recognition] = field(default_factory=dict)
    ended: audio.SpeechEnded | None = None
    by_interrupting: bool = False
    speech_start_s: float = 0.0
    asked_at_s: float | None = None

    @property
    def hesitation_s(self) -> float:
        """How long the child was silent before it began."""
        began_s = self.speech_start_s if self.asked_at_s is None else self.asked_at_s
        return max(0.0, self.speech_start_s - began_s)

    def unexplained(self, answers: int) -> audio.Utterance | None:
        """The utterance, where it was speech and none of what was expected, or hardly a command.

        Args:
            answers: How many of the candidates are answers; the others are commands.
        """
        utterance = self.listened
        if utterance is None or utterance.speech_end_s - self.speech_start_s <= NOISE_S:
            return None
        key = (utterance.id, utterance.revision)
        known = self.answers.get(key)
        if known is None or key in self.freely:
            return None
        matched = known.matched
        if matched is not None and (matched < answers or known.confidence >= SURE):
            return None
        return utterance

    def heard_freely(self) -> Recognition | None:
        """What the second listening made of the whole turn; None where there was none."""
        if self.ended is None:
            return None
        return self.freely.get((self.ended.utterance.id, self.ended.utterance.revision))


class Pause(Enum):
    """What a pause within a turn is taken for."""

    COMPLETE = "complete"
    """An expected answer was said, and nothing else is to be expected."""
    WHOLE = "whole"
    """The same, but a longer answer begins with it."""
    UNFINISHED = "unfinished"
    """A beginning of an expected answer was said."""
    HESITATING = "hesitating"
    """The child may be looking for the next word."""
    OTHER = "other"


def pause_after(recognition: Recognition, answers: tuple[str, ...]) -> Pause:
    """What a pause is after what was said so far.

    Args:
        answers: The expected ones, as `Expectation.answers`; only these may end a turn early:
            half a sentence easily sounds like "help".
    """
    hints, matched = Hints(answers), recognition.matched
    if recognition.complete and matched is not None and matched < len(answers):
        return Pause.WHOLE if hints.may_go_on(matched) else Pause.COMPLETE
    if recognition.unfinished >= UNFINISHED_FROM:
        return Pause.UNFINISHED
    doubtful = recognition.unfinished >= HESITATING_FROM
    return Pause.HESITATING if doubtful or is_hesitation(recognition.text, answers) else Pause.OTHER


def is_hesitation(text: str, answers: tuple[str, ...]) -> bool:
    """Whether what was said so far sounds like a child looking for the next word.

    The beginning of an expected answer, a filler, or a last word that ends no English sentence.
    """
    words = text.split()
    if not words or text in answers:
        return False
    return words[-1] in FILLERS or any(answer.startswith(text + " ") for answer in answers)

"""What is known of a child's turn while it goes on."""

from __future__ import annotations

from dataclasses import dataclass, field

from audio import ports as audio
from dialog.ports import Recognition

NOISE_S = 0.35
"""A sound without words, up to this long after it was noticed (a cough, a chair), is nobody's
answer."""

SURE = 0.8
"""Confidence from which a command is not doubted."""

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


def is_hesitation(text: str, answers: tuple[str, ...]) -> bool:
    """Whether what was said so far sounds like a child looking for the next word.

    The beginning of an expected answer, a filler, or a last word that ends no English sentence.
    """
    words = text.split()
    if not words or text in answers:
        return False
    return words[-1] in FILLERS or any(answer.startswith(text + " ") for answer in answers)

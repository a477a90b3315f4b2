"""The last word on a wake phrase: the ears listen to the whole of what sounded like it.

The detector in the audio thread is cheap and hears much; this listens once more, with the model
that recognises answers, to the last seconds before a candidate. What the phrase's best path looks
like there is weighed by a second verifier, which has learnt from what the ears make of people; the
first stage's word counts beside it, since the two err apart. Where a phrase has a head of its own
(`dialog.wake.head`), that counts most.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from audio.ports import FRAME_S, WAKE_SOUND_S, Samples, WakeHit, WakeWord
from dialog.phone_features import Waveform
from dialog.phone_frames import Ears
from dialog.phone_graph import likelihoods
from dialog.wake.detector import FEWEST_FRAMES, MOST_FRAMES
from dialog.wake.evidence import BEFORE_FRAMES, evidence
from dialog.wake.head import SEEN_ROWS, PhraseHead, head_of, head_over_playback
from dialog.wake.phrase import Phrase, phrase
from dialog.wake.question import WakeQuestion
from dialog.wake.spotter import Path, Spotter
from dialog.wake.verifier import VERIFIER_PATH, Verifier, share

CANDIDATE_SHARE, CANDIDATE_SHARE_WITH_HEAD, FAR_SHARE = 0.25, 0.04, 0.5
"""A candidate needs this share of the threshold only, since this has the last word; one of a phrase
with a head less, as that refuses more; and the last share is enough for Myna's own voice to be
taken for the phrase."""
HOPELESS = -1.5
"""Log likelihood ratio for each frame below which no path is looked at closely."""
FIRST_WEIGHT, DECIDED_AT = 0.75, 1.6
"""How much the first stage's logit counts beside the last one's, and where the sum wakes, for a
phrase without a head: set on 40 minutes of `myna bench hours` (seed 1) and on 108 sayings by
synthetic voices, and for the near ears anew on what sets a head (`docs/wake.md`)."""
UNHEARD, SUREST = -10.0, 6.0
"""What the verifier's logit counts as beside a head where no path is near, and what it hardly ever
exceeds."""
SETTLED = -4.0
"""Where even the surest verifier could not lift a head to this logit (a confidence of 0.02) it is
not asked, which saves a third of the work on nearly all that the first stage finds."""
LAST_WORD_PATH = VERIFIER_PATH.with_name("last_word.npz")


def candidate_share(text: str, head: str = "") -> float:
    """Which share of the threshold makes a candidate of this phrase.

    Args:
        text: As written.
        head: As `WakeQuestion`'s.

    Raises:
        ModelError: The head is broken.
    """
    return CANDIDATE_SHARE if head_of(text, head) is None else CANDIDATE_SHARE_WITH_HEAD


class WakeEars(Ears, Protocol):
    """Ears that also tell what their encoder alone made of it (`dialog.speech_ears`)."""

    def encoded(self, samples: Waveform) -> NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True)
class LastWord:
    """Weighs candidates.

    Attributes:
        ears: What to listen with.
        verifier: Of what they hear.
        heads: Gives the head of a phrase, perhaps from a file; None where it has none.
        plain_ears: Gives what listens while Myna talks, to phrases with a head for that: to the
            near ears a child far below what is left of her voice is silence. None for the usual.
    """

    ears: WakeEars
    verifier: Verifier
    heads: Callable[[str, str], PhraseHead | None] = head_of
    plain_ears: Callable[[], WakeEars] | None = None

    @classmethod
    def load(cls, ears: WakeEars, plain_ears: Callable[[], WakeEars] | None = None) -> LastWord:
        """With the verifier that ships.

        Args:
            ears: To listen with.
            plain_ears: As the attribute.

        Raises:
            ModelError: It is missing or broken.
        """
        return cls(ears, Verifier.load(LAST_WORD_PATH), plain_ears=plain_ears)

    def confidence(self, samples: Samples, question: WakeQuestion) -> float:
        """How sure it is that the phrase was said, 0..1; as `logit`."""
        return share(self.logit(samples, question))

    def logit(self, samples: Samples, question: WakeQuestion) -> float:
        """The same as natural log of the odds, 0 at a half; minus infinity for nothing.

        Args:
            samples: int16, 16 000 Hz, what led up to the candidate.
            question: Which phrase.

        Raises:
            ModelError: The phrase cannot be said.
        """
        sought = phrase(question.text, question.further)
        sound = (samples / np.float32(32768.0)).astype(np.float32)
        ears, head = self._listening(sought.text, question)
        if head is None:
            last = verified(ears, self.verifier, sound, sought)
            return last + FIRST_WEIGHT * question.first - DECIDED_AT + question.bias
        own = head.score(ears.encoded(sound)[-SEEN_ROWS:])
        most = head.fusion.logit(head=own, last=SUREST, first=question.first)
        settled = most < SETTLED
        last = UNHEARD
        if not settled:
            last = max(last, verified(ears, self.verifier, sound, sought))
        return head.fusion.logit(head=own, last=last, first=question.first) + question.bias

    def _listening(self, text: str, question: WakeQuestion) -> tuple[WakeEars, PhraseHead | None]:
        """The ears that suit the sound, and the phrase's head on them."""
        if question.over_playback and self.plain_ears is not None:
            head = head_over_playback(text, question.head)
            if head is not None:
                return self.plain_ears(), head
        return self.ears, self.heads(text, question.head)


def best_path(
    rows: NDArray[np.float32],
    sought: Sequence[Phrase],
    ends: Sequence[tuple[int, int] | None] | None = None,
) -> list[Path | None]:
    """The best path of each phrase; None where there is hardly any.

    Args:
        rows: Log likelihoods, shape (frames, 118).
        sought: The phrases.
        ends: For each the first and the last frame at which it may end; None for anywhere.
    """
    spotter = Spotter(sought)
    best = [HOPELESS] * len(sought)
    paths: list[Path | None] = [None] * len(sought)
    for frame, at, ratio in path_ratios(spotter, rows, len(sought)):
        allowed = None if ends is None else ends[at]
        if allowed is not None and not allowed[0] <= frame <= allowed[1]:
            continue
        if ratio > best[at]:
            best[at] = ratio
            paths[at] = spotter.path(at, before=BEFORE_FRAMES)
    return paths


def path_ratios(
    spotter: Spotter, rows: NDArray[np.float32], count: int
) -> Iterator[tuple[int, int, float]]:
    """Every frame and phrase whose path there is as long as a phrase, with the path's log
    likelihood ratio for each frame.

    Args:
        spotter: Is moved on by each of the rows.
        rows: Log likelihoods, shape (frames, 118).
        count: Of the spotter's phrases.
    """
    for frame, row in enumerate(rows):
        spotter.step(row)
        for at in range(count):
            ratio, length = spotter.ratio(at)
            if FEWEST_FRAMES <= length <= MOST_FRAMES:
                yield frame, at, ratio / length


def verified(ears: Ears, verifier: Verifier, sound: Waveform, sought: Phrase) -> float:
    """What a verifier makes of the best path that ears hear; minus infinity where there is hardly
    any.

    Args:
        ears: To listen with.
        verifier: Of what they hear.
        sound: Float32, 16 000 Hz, -1..1.
        sought: The phrase.
    """
    (path,) = best_path(likelihoods(ears.frames(sound)), [sought])
    return -math.inf if path is None else verifier.logit(evidence(path))


class ConfirmedWakeWord:
    """`WakeWord` with both stages at once, for recordings: a candidate holds up the caller.

    Args:
        candidates: The cheap stage.
        question: Of the same phrase.
        last_word: The other.
        threshold: Confidence of a hit, 0..1.
    """

    def __init__(
        self,
        candidates: WakeWord,
        question: WakeQuestion,
        last_word: LastWord,
        *,
        threshold: float,
    ) -> None:
        self.phrases = candidates.phrases
        self._candidates = candidates
        self._question = question
        self._last_word = last_word
        self._threshold = threshold
        self._sound: deque[Samples] = deque(maxlen=round(WAKE_SOUND_S / FRAME_S))

    def process(self, frame: Samples) -> WakeHit | None:
        """See `WakeWord`."""
        self._sound.append(frame.copy())
        hit = self._candidates.process(frame)
        if hit is None:
            return None
        sure = self._last_word.confidence(
            np.concatenate(self._sound), self._question.after(hit.score)
        )
        return WakeHit(hit.phrase, sure, hit.at_s) if sure >= self._threshold else None

    def reset(self) -> None:
        """See `WakeWord`."""
        self._sound.clear()
        self._candidates.reset()

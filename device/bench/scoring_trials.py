"""What `bench scoring` does to recordings: through a room, past Myna's own voice, mistakes planted.

The corpus does not say what was heard in place of a phone. So it is planted the other way round:
of a word that every expert found right, one phone is *asked for* that was not said. Whoever said
"sink" well, asked for "think", has said S for TH.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ, Attention, Samples, SpeechEnded
from device.bench.acoustics import Signal, active_rms
from device.bench.echo_signals import echo_of, int16, noise
from device.bench.hearing_listener import Listener
from device.bench.recognition_trials import Said, in_a_room
from dialog.phone_frames import Frames
from dialog.phone_graph import Pronunciation
from dialog.ports import Line
from dialog.scoring.heard import ADDED_VOWEL, VOWELS
from dialog.scoring.scorer import PronunciationScorer
from dialog.voice_espeak import EspeakVoice

PROMPT = "Listen carefully, and then say it after me."
LOUDSPEAKER_RMS, LOUDSPEAKER_CLIP = 0.08, 0.5
PAUSE_SAMPLES = SAMPLE_RATE_HZ // 4
"""From Myna's last word to the child's first."""
SILENCE_SAMPLES = 2 * SAMPLE_RATE_HZ
"""After the child: longer than the longest pause that belongs to a turn."""

SWAPPED: Mapping[str, tuple[str, str]] = {
    "th_as_s": ("TH", "S"), "v_as_w": ("V", "W"), "l_as_n": ("L", "N"), "n_as_l": ("N", "L"),
    "r_as_l": ("R", "L"), "sh_as_s": ("SH", "S"), "ih_as_iy": ("IH", "IY"),
}  # fmt: skip
"""What is asked for, and what was said."""
DROPPED, ADDED = "final_dropped", "vowel_added"
FINALS = ("T", "D", "K", "L", "S")
PLANTED = (*SWAPPED, DROPPED, ADDED)
PERFECT = 2.0
"""Every expert's mark of every phone of a word that a mistake is planted in."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A sentence in which one phone is asked for that was not said.

    Attributes:
        kind: One of `PLANTED`.
        words: The one pronunciation of each word that is asked for.
        word, phone: Where the mistake is: which word, and which phone of it.
        said: What should be named, as `dialog.scoring.result.PhoneResult.heard` does.
    """

    kind: str
    words: tuple[Pronunciation, ...]
    word: int
    phone: int
    said: str


@dataclass(frozen=True, slots=True)
class Found:
    """What the scorer said about a planted mistake.

    Attributes:
        flagged: That the phone was wrong, surely enough to tell a child.
        heard: What was heard there; None where it did not say.
    """

    planted: Planted
    flagged: bool
    heard: str | None


def plantings(
    words: Sequence[Pronunciation], scores: Sequence[Sequence[float]]
) -> Iterator[Planted]:
    """Every mistake that can be planted in those words of a sentence that were said well.

    Args:
        words: The pronunciation of each as it was said.
        scores: The experts', of each word's phones.
    """
    for index, (word, marks) in enumerate(zip(words, scores, strict=True)):
        if len(word) < 2 or any(mark < PERFECT for mark in marks):
            continue
        for kind, wanted, at, said in _mistakes(word):
            changed = (*words[:index], wanted, *words[index + 1 :])
            yield Planted(kind, tuple(changed), index, at, said)


def _mistakes(word: Pronunciation) -> Iterator[tuple[str, Pronunciation, int, str]]:
    """Kind, what is asked for, at which phone, and what was said there."""
    for kind, (wanted, said) in SWAPPED.items():
        for at, phone in enumerate(word):
            if phone == said:
                yield kind, (*word[:at], wanted, *word[at + 1 :]), at, said
    if word[-1] in VOWELS:
        for final in FINALS:
            yield DROPPED, (*word, final), len(word), ""
    if word[-1] == ADDED_VOWEL and word[-2] not in VOWELS and len(word) > 2:
        yield ADDED, word[:-1], len(word) - 2, f"{word[-2]} {ADDED_VOWEL}"


def asked_about(scorer: PronunciationScorer, frames: Frames, planted: Planted) -> Found | None:
    """What the scorer makes of it; None where the sentence cannot be aligned."""
    judgement = scorer.judge(frames, [[word] for word in planted.words])
    if judgement is None:
        return None
    phones = scorer.phones(frames, judgement)
    there = phones[sum(map(len, planted.words[: planted.word])) + planted.phone]
    return Found(planted, there.flagged, there.heard)


def chosen(
    planted: Sequence[Planted], counts: Mapping[str, int], most: int, *, seed: str
) -> Planted | None:
    """One of an utterance's mistakes, of the kind that was tried least; None where all are done."""
    open_kinds = sorted(
        {one.kind for one in planted if counts.get(one.kind, 0) < most},
        key=lambda kind: counts.get(kind, 0),
    )
    if not open_kinds:
        return None
    alike = [one for one in planted if one.kind == open_kinds[0]]
    return random.Random(seed).choice(alike)  # noqa: S311 - a choice, not a secret


def after_the_front_end(said: Said) -> Samples | None:
    """The same from one metre in a room, right after Myna's own voice, as the recogniser gets it.

    The front end is the speaker's own, cold: its canceller has heard the room for one prompt
    only, and its voice activity finds the turn. Noise suppression and gain run beside and decide
    with where the turn begins and ends; what is handed on is the sound without echo alone.

    Returns:
        The turn; None where it was none or more than one.
    """
    there = in_a_room(said).samples / 32768.0
    prompt = _prompt()
    far = np.concatenate([prompt, np.zeros(PAUSE_SAMPLES + there.size + SILENCE_SAMPLES)])
    near = echo_of(far, clip=LOUDSPEAKER_CLIP) + noise(far.size, seed=0)
    begin = prompt.size + PAUSE_SAMPLES
    near[begin : begin + there.size] += there
    listener = Listener(Attention.BARGE_IN)
    speaking = prompt.size // FRAME_SAMPLES * FRAME_SAMPLES
    heard, played = int16(near), int16(far)
    listener.hear_all(heard[:speaking], played[:speaking])
    listener.front_end.attend(Attention.TURN)
    edges = listener.hear_all(heard[speaking:], played[speaking:])
    turns = [edge.utterance.samples for edge in edges if isinstance(edge, SpeechEnded)]
    return turns[0] if len(turns) == 1 else None


@functools.cache
def _prompt() -> Signal:
    """What Myna says before, full scale 1.0."""
    voice: Signal = np.concatenate(list(EspeakVoice().speak(Line(PROMPT)))) / 32768.0
    return voice * (LOUDSPEAKER_RMS / active_rms(voice))

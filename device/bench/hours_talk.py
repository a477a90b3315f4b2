"""Who talks for hours near a Myna that is asleep: people of a corpus, or synthetic voices."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.random import Generator

from audio.files import read_audio
from audio.ports import SAMPLE_RATE_HZ
from audio.settings import WakeSettings
from audio.virtual_room.speech import trimmed
from device.bench.acoustics import Signal, active_rms
from device.bench.wake_said import OLDEST_CHILD, Recording
from device.bench.wake_scenes import Voice, say
from dialog.lexicon import entries
from dialog.packs import starter_pack
from dialog.phrases import phrases

_VARIANTS = (
    *("en-us", "en-us+f1", "en-us+f2", "en-us+f3", "en-us+f5", "en-us+m1", "en-us+m4", "en-us+m7"),
    *("en-gb", "en-gb+f2", "en-gb+f4", "en-gb+m3", "en-gb-scotland+f3", "en-029+m2"),
)
_FLITE = ("slt", "rms", "awb", "kal16")
_MANDARIN = tuple(f"cmn-latn-pinyin{each}" for each in ("", "+f2", "+f4", "+m3", "+m7"))
"""Plain `cmn` says its pinyin by English rules."""
_MOST_WORDS, _LEAST_WORDS = 9, 3


class People:
    """People who read, none of them the phrase.

    Args:
        recordings: Of them.
    """

    def __init__(self, recordings: Sequence[Recording]) -> None:
        phrase = f" {WakeSettings().phrase} "
        self._recordings = [
            each for each in recordings if phrase not in f" {' '.join(each.words)} "
        ]

    def utterances(self, rng: Generator, *, children: bool) -> Iterator[Signal]:
        """Of children up to 12, or of everybody older, in a drawn order again and again."""
        theirs = [each for each in self._recordings if _by_child(each) is children]
        while theirs:
            for place in rng.permutation(len(theirs)):
                yield trimmed(read_audio(theirs[int(place)].path) / 32768.0)


def english(rng: Generator) -> Iterator[Signal]:
    """Synthetic voices: the lessons' sentences, and as many of words drawn from the lexicon."""
    sentences, words = _sentences(), sorted(entries())
    phrase = f" {WakeSettings().phrase} "
    while True:
        if rng.random() < 0.5:
            text = sentences[int(rng.integers(len(sentences)))]
        else:
            count = int(rng.integers(_LEAST_WORDS, _MOST_WORDS + 1))
            text = " ".join(words[int(place)] for place in rng.integers(len(words), size=count))
        if phrase not in f" {text.lower()} ":
            yield from _said(text, _talker(rng))


def mandarin(rng: Generator) -> Iterator[Signal]:
    """Synthetic voices that say the lessons' Chinese."""
    texts = _chinese()
    while True:
        name = _MANDARIN[int(rng.integers(len(_MANDARIN)))]
        voice = Voice("espeak-ng", name, int(rng.integers(130, 210)), rng.choice([1.0, 1.15]))
        yield from _said(texts[int(rng.integers(len(texts)))], voice)


def laid_out(utterances: Iterator[Signal], seconds: float, rng: Generator) -> Signal:
    """Utterances with short pauses, the last one cut; active level 1.0, silence where none is."""
    out = np.zeros(round(seconds * SAMPLE_RATE_HZ))
    at = 0
    while at < len(out):
        voice = next(utterances, None)
        if voice is None:
            break
        part = voice[: len(out) - at]
        if part.any():
            out[at : at + len(part)] = part / active_rms(voice)
        at += len(voice) + round(rng.uniform(0.15, 1.0) * SAMPLE_RATE_HZ)
    return out


def _talker(rng: Generator) -> Voice:
    tract = float(rng.choice([1.0, 1.0, 1.1, 1.2]))
    speed = int(rng.integers(120, 215))
    if rng.random() < 0.25:
        return Voice("flite", _FLITE[int(rng.integers(len(_FLITE)))], speed, tract)
    return Voice("espeak-ng", _VARIANTS[int(rng.integers(len(_VARIANTS)))], speed, tract)


def _said(text: str, voice: Voice) -> Iterator[Signal]:
    sound = say(text, voice)
    if sound.size > SAMPLE_RATE_HZ // 4:
        yield sound


def _by_child(recording: Recording) -> bool:
    return recording.age <= OLDEST_CHILD


@functools.cache
def _sentences() -> Sequence[str]:
    items = list(starter_pack().items())
    texts = {text for item in items for text in (item.prompt.en, item.english, item.model)}
    return sorted(text for text in texts if text)


@functools.cache
def _chinese() -> Sequence[str]:
    texts = {item.prompt.zh for item in starter_pack().items()}
    texts |= {text for tags in phrases().values() for text in tags["zh"] if "{" not in text}
    return sorted(text for text in texts if text)

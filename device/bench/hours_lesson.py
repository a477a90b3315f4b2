"""Myna's own lessons, played aloud: what she says in them by her own voice, and a child's turns."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from audio.ports import SAMPLE_RATE_HZ
from device.bench.acoustics import Signal, active_rms
from device.bench.echo_scene import FAR_RMS
from dialog.factory import build_voice
from dialog.packs import starter_pack
from dialog.packs.model import Item
from dialog.phrases import phrases
from dialog.ports import Language, Line, SpeechModels, Synthesizer
from dialog.settings import VoiceSettings

_RATE = 0.9


@dataclass(frozen=True, slots=True)
class Lesson:
    """A part of a lesson, both of one length.

    Attributes:
        far: What the card is given; full scale 1.0.
        child: The child's turns between, active level 1.0.
    """

    far: Signal
    child: Signal


def lesson(seconds: float, answers: Iterator[Signal], rng: Generator) -> Lesson:
    """Item after item: prompt, model, a turn of the child's in two of three, praise, reply.

    Args:
        seconds: Of sound.
        answers: What the child says in its turns.
        rng: Draws items, language of instruction and praise.
    """
    length = round(seconds * SAMPLE_RATE_HZ)
    far, child = np.zeros(length), np.zeros(length)
    items = list(starter_pack().items())
    language = Language.CHINESE if rng.random() < 0.5 else Language.ENGLISH
    at = 0
    while at < length:
        item = items[int(rng.integers(len(items)))]
        for line in _asked(item, language):
            at = _lay(far, at, _spoken(line), 0.2)
        if rng.random() < 0.67 and (answer := next(answers, None)) is not None and answer.any():
            at = _lay(child, at + SAMPLE_RATE_HZ // 2, answer / active_rms(answer), 0.6)
        else:
            at += round(rng.uniform(1.5, 4.0) * SAMPLE_RATE_HZ)
        for line in _answered(item, language, rng):
            at = _lay(far, at, _spoken(line), 0.3)
    return Lesson(far, child)


def _asked(item: Item, language: Language) -> Iterator[Line]:
    prompt = item.prompt.in_language(language)
    if prompt:
        yield Line(prompt, language, _RATE)
    if item.english:
        yield Line(item.english, Language.ENGLISH, _RATE)


def _answered(item: Item, language: Language, rng: Generator) -> Iterator[Line]:
    said = [text for tags in phrases().values() for text in tags[language.value] if "{" not in text]
    yield Line(said[int(rng.integers(len(said)))], language, _RATE)
    if rng.random() < 0.5 and item.model:
        yield Line(item.model, Language.ENGLISH, _RATE * 0.75)
    if item.reply:
        yield Line(item.reply, Language.ENGLISH, _RATE)


def _lay(into: Signal, at: int, sound: Signal, pause_s: float) -> int:
    part = sound[: max(len(into) - at, 0)]
    into[at : at + len(part)] += part
    return at + len(sound) + round(pause_s * SAMPLE_RATE_HZ)


def _spoken(line: Line) -> Signal:
    chunks = list(_voice().speak(line))
    if not chunks:
        return np.zeros(0)
    sound = np.concatenate(chunks) / 32768.0
    return np.asarray(sound * (FAR_RMS / active_rms(sound))) if sound.any() else sound


@functools.cache
def _voice() -> Synthesizer:
    return build_voice(VoiceSettings(engine="espeak"), SpeechModels())

"""The seconds that a head is asked about, as the encoder hears them: calls and everything else.

A call ends a little before its window does, as the first stage knows a phrase only some time after
its end; other talk may go before or follow. Rooms, noise and the front end spoil most of them
(`training.augment`), and some calls sound over Myna's own voice, through the canceller.
"""

from __future__ import annotations

import functools
import itertools
import logging
import multiprocessing
import subprocess
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from audio.echo_factory import make_canceller
from audio.ports import FRAME_SAMPLES, WAKE_SOUND_S, Samples
from audio.settings import AudioSettings
from device.bench import hearing_scene
from device.bench.hours_sound import Hours, Kind
from dialog.lexicon import entries
from dialog.speech_ears import SpeechEars
from dialog.wake.head import SEEN_ROWS
from training.augment import spoiled
from training.realign import Aligned
from training.vocabulary import chinese_sentences, lesson_sentences
from training.wake.callers import RATE_HZ, mandarin, pronunciations_of, synthetic
from training.wake.cuts import Phones, Speaker, varied
from training.wake.voices import Sound, near_misses

Windows = NDArray[np.float16]
"""Shape (n, `SEEN_ROWS`, 288)."""

SAMPLES = round(WAKE_SOUND_S * RATE_HZ)
TAIL_S = (0.15, 0.9)
"""From the end of a call to the end of its window."""
TALK_SHARE = 0.3
"""Of windows in which somebody talks before a call, and of those in which somebody does after."""
TALK_GAP_S = (0.08, 0.6)
TALK_DB = (-12.0, 3.0)
SPOILED_SHARE = 0.8
OTHERS_EVERY = 17
HOP_S = 1.2
"""Between two windows of somebody's talk."""
CUT_TRACT = (0.9, 1.12)
SHORTEST_S = 0.1
LEVELS_DB = (-3.0, 20.0)
"""How far a call lies below Myna's voice."""
_WORDS = range(3, 8)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much of each kind is made."""

    synthetic: int = 1000
    cuts_per_speaker: int = 16
    near: int = 1000
    english: int = 1500
    mandarin: int = 800
    echoed: int = 240
    mined_minutes: int = 100
    copies: int = 3


POSITIVE = ("said", "cut", "echoed")
NEGATIVE = ("near", "cut_near", "english", "mandarin", "talk", "mined")


@dataclass(frozen=True, slots=True)
class _Job:
    """One sound to be made and heard: a text, a sound that is there, or a minute's number."""

    kind: str
    seed: int
    text: str = ""
    sound: Sound | None = None
    copies: int = 1


def of_phrase(
    phrase: str, teaching: Sequence[Aligned], amounts: Amounts, *, seed: int, processes: int
) -> dict[str, Windows]:
    """Calls of a phrase and what is nearly one, by kind.

    Args:
        phrase: In plain lower-case words.
        teaching: Recordings of who teaches.
        amounts: How much.
        seed: Of everything drawn.
        processes: How many processors to use.
    """
    return _by_kind(_phrase_jobs(phrase, teaching, amounts, seed), teaching, processes)


def of_no_phrase(
    teaching: Sequence[Aligned], amounts: Amounts, *, seed: int, processes: int
) -> dict[str, Windows]:
    """Other languages, noise, music and her own lessons, by kind; arguments as for `of_phrase`."""
    return _by_kind(_other_jobs(amounts, seed), teaching, processes)


def of_talk(teaching: Sequence[Aligned], *, seed: int, processes: int) -> tuple[Windows, list[str]]:
    """All that these people read, clean and spoiled; and of every window the recording's name."""
    jobs = [
        _Job("talk", seed + number, sound=utterance.samples(), copies=2)
        for number, (utterance, _) in enumerate(teaching)
    ]
    made = [windows for _, windows in _all(jobs, teaching, processes)]
    names = [
        utterance.name
        for (utterance, _), windows in zip(teaching, made, strict=True)
        for _ in windows
    ]
    return np.concatenate(made), names


def _by_kind(
    jobs: Sequence[_Job], teaching: Sequence[Aligned], processes: int
) -> dict[str, Windows]:
    found: dict[str, list[Windows]] = {}
    for kind, made in _all(jobs, teaching, processes):
        found.setdefault(kind, []).append(made)
    return {kind: np.concatenate(pieces) for kind, pieces in found.items()}


def _all(
    jobs: Sequence[_Job], teaching: Sequence[Aligned], processes: int
) -> Iterator[tuple[str, Windows]]:
    others = [utterance.samples() for utterance, _ in teaching[::OTHERS_EVERY]]
    with multiprocessing.get_context("fork").Pool(processes, _prepare, (others,)) as pool:
        for number, made in enumerate(pool.imap(_made, jobs, chunksize=2)):
            if number % 500 == 0:
                _log.info("heard sounds=%d of=%d", number, len(jobs))
            yield made


def _phrase_jobs(
    phrase: str, teaching: Sequence[Aligned], amounts: Amounts, seed: int
) -> list[_Job]:
    rng = np.random.default_rng(seed)
    near = near_misses(phrase, sorted(entries())[::7])
    jobs = [
        _Job("said", seed + at, text=phrase, copies=amounts.copies)
        for at in range(amounts.synthetic)
    ]
    jobs += [_Job("echoed", seed + at, text=phrase) for at in range(amounts.echoed)]
    jobs += [_Job("near", seed + at, text=str(rng.choice(near))) for at in range(amounts.near)]
    return jobs + _cut_jobs(pronunciations_of(phrase), teaching, amounts, rng)


def _other_jobs(amounts: Amounts, seed: int) -> list[_Job]:
    rng = np.random.default_rng(seed)
    vocabulary, sentences, chinese = sorted(entries()), lesson_sentences(), chinese_sentences()
    jobs = []
    for at in range(amounts.english):
        drawn = " ".join(rng.choice(vocabulary, int(rng.choice(_WORDS))))
        text = str(rng.choice(sentences)) if at % 2 else drawn
        jobs.append(_Job("english", seed + at, text=text))
    jobs += [
        _Job("mandarin", seed + at, text=str(rng.choice(chinese))) for at in range(amounts.mandarin)
    ]
    return jobs + [_Job("mined", seed, text=str(at)) for at in range(amounts.mined_minutes)]


def _cut_jobs(
    ways: Sequence[Phones], teaching: Sequence[Aligned], amounts: Amounts, rng: np.random.Generator
) -> list[_Job]:
    jobs = []
    ordered = sorted(teaching, key=lambda pair: pair[0].speaker)
    for _, group in itertools.groupby(ordered, lambda pair: pair[0].speaker):
        speaker = Speaker(list(group))
        for number in range(amounts.cuts_per_speaker):
            way = ways[int(rng.integers(len(ways)))]
            tract = float(rng.uniform(*CUT_TRACT))
            sound = speaker.say(way, rng)
            if sound is not None:
                shifted = soxr.resample(sound, RATE_HZ * tract, RATE_HZ).astype(np.float32)
                draw = int(rng.integers(1 << 30))
                jobs.append(_Job("cut", draw, sound=shifted, copies=amounts.copies))
            other = varied(way, rng)
            if number % 2 or other in ways:
                continue
            sound = speaker.say(other, rng)
            if sound is not None:
                draw = int(rng.integers(1 << 30))
                jobs.append(_Job("cut_near", draw, sound=sound, copies=2))
    return jobs


_ears: SpeechEars
_others: list[Sound]


def _prepare(others: list[Sound]) -> None:
    global _ears, _others
    _ears, _others = SpeechEars(), others


def _made(job: _Job) -> tuple[str, Windows]:
    rng = np.random.default_rng([job.seed, zlib.crc32(job.kind.encode())])
    sounds: list[Sound] = []
    if job.kind == "mined":
        sounds = _mined(job.seed, int(job.text))
    elif job.kind == "talk" and job.sound is not None:
        sounds = _slices(job.sound, job.copies, rng)
    else:
        try:
            voice = job.sound if job.sound is not None else _spoken(job, rng)
        except (OSError, RuntimeError, ValueError, subprocess.SubprocessError):
            return job.kind, _rows([])  # a voice that this synthesiser does not have
        if voice.size >= SHORTEST_S * RATE_HZ:
            sounds = _laid(job, voice, rng)
    return job.kind, _rows(sounds)


def _spoken(job: _Job, rng: np.random.Generator) -> Sound:
    if job.kind == "mandarin":
        return mandarin(job.text, rng)
    return synthetic(job.text, rng, slurred=job.kind in POSITIVE)


def _laid(job: _Job, voice: Sound, rng: np.random.Generator) -> list[Sound]:
    if job.kind == "echoed":
        return _over_echo(voice, job.seed, rng)
    made = []
    for _ in range(job.copies):
        whole = job.kind not in ("english", "mandarin")
        window = _window(voice, rng) if whole else _somewhere(voice, rng)
        made.append(_perhaps_spoiled(window, rng))
    return made


def _perhaps_spoiled(window: Sound, rng: np.random.Generator) -> Sound:
    return spoiled(rng, window, _others) if rng.random() < SPOILED_SHARE else window


def _window(voice: Sound, rng: np.random.Generator) -> Sound:
    """A call, or what is like one, near the end; perhaps somebody before it and after it."""
    end = SAMPLES - round(rng.uniform(*TAIL_S) * RATE_HZ)
    window, kept = np.zeros(SAMPLES, np.float32), voice[-end:]
    window[end - kept.size : end] = kept
    for after in (False, True):
        if rng.random() >= TALK_SHARE:
            continue
        other = _others[int(rng.integers(len(_others)))]
        gap = round(rng.uniform(*TALK_GAP_S) * RATE_HZ)
        start, stop = (end + gap, SAMPLES) if after else (0, end - kept.size - gap)
        if stop - start < SHORTEST_S * RATE_HZ:
            continue
        turned = np.resize(np.roll(other, int(rng.integers(other.size))), stop - start)
        gain = 0.6 * 10 ** (rng.uniform(*TALK_DB) / 20) / max(float(np.abs(turned).max()), 1e-3)
        window[start:stop] += gain * turned
    return window


def _somewhere(voice: Sound, rng: np.random.Generator) -> Sound:
    """A window of talk that ends in it or after it."""
    stop = int(rng.integers(RATE_HZ // 2, voice.size + SAMPLES // 2))
    padded = np.concatenate([np.zeros(SAMPLES, np.float32), voice, np.zeros(SAMPLES, np.float32)])
    return padded[stop : stop + SAMPLES]


def _slices(sound: Sound, copies: int, rng: np.random.Generator) -> list[Sound]:
    """Windows all along a recording, with quiet before it: as it is, then spoiled."""
    padded = np.pad(sound, (2 * RATE_HZ, RATE_HZ // 2))
    made = []
    for copy in range(copies):
        heard = spoiled(rng, padded, _others) if copy else padded
        first = int(rng.integers(RATE_HZ // 2))
        starts = range(first, heard.size - SAMPLES + 1, round(HOP_S * RATE_HZ))
        made += [np.asarray(heard[start : start + SAMPLES], np.float32) for start in starts]
    return made


def _over_echo(voice: Sound, seed: int, rng: np.random.Generator) -> list[Sound]:
    """A call while Myna talks, behind the canceller."""
    condition = hearing_scene.grid(12, seed=1000 + seed // 12)[seed % 12]
    signal = voice.astype(np.float64)
    where = hearing_scene.place(condition, hearing_scene.seconds_for([signal]))
    level = float(rng.uniform(*LEVELS_DB))
    scene = hearing_scene.talk(where, [signal], child_below_echo_db=level)
    heard = without_echo(scene.near, scene.far)
    stop = scene.words[0][1] + round(rng.uniform(*TAIL_S) * RATE_HZ)
    window = heard[max(0, stop - SAMPLES) : stop]
    return [window] if window.size == SAMPLES else []


def without_echo(near: Samples, far: Samples) -> Sound:
    """What the last word would hear, -1..1."""
    audio = AudioSettings()
    canceller = make_canceller(audio.canceller, tail_ms=audio.canceller_tail_ms)
    out = np.zeros(len(near) // FRAME_SAMPLES * FRAME_SAMPLES, np.int16)
    for start in range(0, out.size, FRAME_SAMPLES):
        part = slice(start, start + FRAME_SAMPLES)
        canceller.process(near[part], far[part], out[part])
    return (out / np.float32(32768.0)).astype(np.float32)


def _mined(seed: int, number: int) -> list[Sound]:
    """Windows of a minute in which nobody calls (`device.bench.hours_sound`), of seeds that no
    benchmark uses; none of those in which people or voices talk that judge."""
    if _minutes(seed).kind(number) in (Kind.ENGLISH, Kind.MIXED):
        return []
    minute = _minutes(seed).minute(number)
    near: Sound = (minute.near / np.float32(32768.0)).astype(np.float32)
    if minute.kind is Kind.LESSON:
        near = without_echo(minute.near, minute.far)
    hop = round(HOP_S * RATE_HZ)
    return [near[start : start + SAMPLES] for start in range(0, near.size - SAMPLES, hop)]


@functools.cache
def _minutes(seed: int) -> Hours:
    return Hours(1_000_000 + seed, None)


def _rows(sounds: Sequence[Sound]) -> Windows:
    made = [_ears.encoded(sound)[-SEEN_ROWS:] for sound in sounds]
    return np.stack(made).astype(np.float16) if made else np.zeros((0, SEEN_ROWS, 288), np.float16)

"""The seconds that a head is asked about, as the encoder hears them: calls and everything else.

The near ears hear them, for which a television and a fan are no speech. A call ends a little before
its window does, as the first stage knows a phrase only some time after its end; other talk may go
before or follow. Rooms, noise and the front end spoil most of them (`training.augment`), and some
calls, and some other talk, sound over Myna's own voice, through the canceller.
"""

from __future__ import annotations

import functools
import logging
import multiprocessing
import subprocess
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from audio.echo_factory import make_canceller
from audio.ports import WAKE_SOUND_S, Samples, Woken
from audio.settings import AudioSettings
from audio.virtual_room.noise import Says
from device.bench import acoustics, hearing_scene, hearing_wake
from device.bench.echo_signals import through
from device.bench.hearing_listener import sound_of
from device.bench.hours_sound import Hours, Kind
from device.bench.wake_said import Recording
from dialog.phone_features import SHIFT_SAMPLES
from dialog.phone_graph import likelihoods
from dialog.wake.confirm import WakeEars, path_ratios
from dialog.wake.detector import CANDIDATE
from dialog.wake.head import NEAR, SEEN_ROWS
from dialog.wake.phrase import phrase as states_of
from dialog.wake.spotter import Spotter
from training.augment import spoiled
from training.realign import Aligned
from training.vocabulary import lesson_sentences
from training.wake.call_jobs import (
    ASKED_SEED,
    MINED_SEED,
    POSITIVE,
    Amounts,
    Job,
    other_jobs,
    phrase_jobs,
)
from training.wake.callers import (
    NEURAL_SHARE,
    NEURAL_SHARE_OF_OTHERS,
    RATE_HZ,
    mandarin,
    synthetic,
)
from training.wake.overhearing import Overhearer, ears_of
from training.wake.readers import Readers, Synthesised, teaching_voices
from training.wake.voices import Sound

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
LIKELY = -0.8
"""Log likelihood ratio for each frame from which a phrase was heard where it was said."""
HOP_S = 1.2
"""Between two windows of somebody's talk."""
SHORTEST_S = 0.1
PLACES, CALLED_SEED = 12, 4000
"""Of the calls in the bench's situations: places at a time, and the seed of the first."""
LEVELS_DB = (-3.0, 20.0)
"""How far a call lies below Myna's voice."""
MINED = (Kind.NOISE, Kind.MUSIC, Kind.MANDARIN, Kind.LESSON)
_log = logging.getLogger(__name__)


def of_phrase(
    phrase: str,
    teaching: Sequence[Aligned],
    amounts: Amounts,
    *,
    seed: int,
    processes: int,
    ears: str = NEAR,
) -> dict[str, Windows]:
    """Calls of a phrase and what is nearly one, by kind.

    Args:
        phrase: In plain lower-case words.
        teaching: Recordings of who teaches.
        amounts: How much.
        seed: Of everything drawn.
        processes: How many processors to use.
        ears: Which hear it (`dialog.wake.head`).
    """
    jobs = phrase_jobs(phrase, teaching, amounts, seed, processes)
    return _by_kind(jobs, teaching, processes, ears)


def of_no_phrase(
    teaching: Sequence[Aligned], amounts: Amounts, *, seed: int, processes: int, ears: str = NEAR
) -> dict[str, Windows]:
    """Other languages, noise, music and her own lessons, by kind; arguments as for `of_phrase`."""
    return _by_kind(other_jobs(amounts, seed), teaching, processes, ears)


def of_talk(
    teaching: Sequence[Aligned], *, seed: int, processes: int, ears: str = NEAR
) -> tuple[Windows, list[str]]:
    """All that these people read, clean and spoiled; and of every window the recording's name."""
    jobs = [
        Job("talk", seed + number, sound=utterance.samples(), copies=2)
        for number, (utterance, _) in enumerate(teaching)
    ]
    made = [windows for _, windows in _all(jobs, teaching, processes, ears)]
    names = [
        utterance.name
        for (utterance, _), windows in zip(teaching, made, strict=True)
        for _ in windows
    ]
    return np.concatenate(made), names


def _by_kind(
    jobs: Sequence[Job], teaching: Sequence[Aligned], processes: int, ears: str
) -> dict[str, Windows]:
    found: dict[str, list[Windows]] = {}
    for kind, made in _all(jobs, teaching, processes, ears):
        found.setdefault(kind, []).append(made)
    return {kind: np.concatenate(pieces) for kind, pieces in found.items()}


def _all(
    jobs: Sequence[Job], teaching: Sequence[Aligned], processes: int, ears: str
) -> Iterator[tuple[str, Windows]]:
    others = [utterance.samples() for utterance, _ in teaching[::OTHERS_EVERY]]
    read = [
        Recording(each.name, each.speaker, each.age, each.words, each.path) for each, _ in teaching
    ]
    with multiprocessing.get_context("fork").Pool(
        processes, _prepare, (others, read, ears)
    ) as pool:
        for number, made in enumerate(pool.imap(_made, jobs, chunksize=2)):
            if number % 500 == 0:
                _log.info("heard sounds=%d of=%d", number, len(jobs))
            yield made


_ears: WakeEars
_others: list[Sound]
_read: list[Recording]
"""What people read who teach."""


def _prepare(others: list[Sound], read: list[Recording], ears: str) -> None:
    global _ears, _others, _read
    _ears, _others, _read = ears_of(ears), others, read


def _made(job: Job) -> tuple[str, Windows]:
    rng = np.random.default_rng([job.seed, zlib.crc32(job.kind.encode())])
    sounds: list[Sound] = []
    if job.kind == "mined":
        sounds = _mined(job.seed, int(job.text))
    elif job.kind == "asked":
        sounds = _asked(job.phrase, job.seed, int(job.text))
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


def _spoken(job: Job, rng: np.random.Generator) -> Sound:
    if job.kind == "mandarin":
        return mandarin(job.text, rng)
    positive = job.kind in POSITIVE
    share = NEURAL_SHARE if positive else NEURAL_SHARE_OF_OTHERS
    return synthetic(job.text, rng, slurred=positive, neural_share=share)


def _laid(job: Job, voice: Sound, rng: np.random.Generator) -> list[Sound]:
    if job.kind == "called":
        return _called(job.phrase, voice, job.seed)
    if job.kind in ("echoed", "echoed_near"):
        return _over_echo(voice, job.seed, rng)
    after = job.more
    if job.kind in ("carried", "met_read"):
        end = said_until(job.phrase, voice, LIKELY if job.kind == "carried" else CANDIDATE)
        if end is None:
            return []
        after = voice.size - end
    made = []
    for _ in range(job.copies):
        whole = job.kind not in ("english", "mandarin")
        window = _window(voice, rng, after) if whole else _somewhere(voice, rng)
        made.append(_perhaps_spoiled(window, rng))
    return made


def _perhaps_spoiled(window: Sound, rng: np.random.Generator) -> Sound:
    return spoiled(rng, window, _others) if rng.random() < SPOILED_SHARE else window


def said_until(phrase: str, voice: Sound, likely: float = LIKELY) -> int | None:
    """Where a phrase ends in what was said, in samples; None where it is not heard in it.

    Args:
        phrase: In plain lower-case words.
        voice: Float32, 16 000 Hz, -1..1.
        likely: Log likelihood ratio for each frame from which it was heard.
    """
    spotter = Spotter([states_of(phrase)])
    best, end = likely, None
    for frame, _, ratio in path_ratios(spotter, likelihoods(_ears.frames(voice)), 1):
        if ratio > best:
            best, end = ratio, frame
    return None if end is None else min(voice.size, (end + 1) * SHIFT_SAMPLES)


def _window(voice: Sound, rng: np.random.Generator, more: int = 0) -> Sound:
    """A call, or what is like one, near the end, less so many samples that follow it; perhaps
    somebody before it and after it."""
    end = SAMPLES - round(rng.uniform(*TAIL_S) * RATE_HZ)
    stop = min(SAMPLES, end + more)
    window, kept = np.zeros(SAMPLES, np.float32), voice[: voice.size - more + stop - end][-stop:]
    begun = stop - kept.size
    window[begun:stop] = kept
    for after in (False, True):
        if rng.random() >= TALK_SHARE or (after and more):
            continue
        other = _others[int(rng.integers(len(_others)))]
        gap = round(rng.uniform(*TALK_GAP_S) * RATE_HZ)
        start, stop = (end + gap, SAMPLES) if after else (0, begun - gap)
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
    return (through(canceller, near, far) / np.float32(32768.0)).astype(np.float32)


def _called(phrase: str, voice: Sound, seed: int) -> list[Sound]:
    """What the last word would be asked about where a call sounds in the bench's situations, in
    places that no benchmark uses."""
    condition = hearing_scene.grid(PLACES, seed=CALLED_SEED + seed // PLACES)[seed % PLACES]
    signal = voice.astype(np.float64)
    signal /= acoustics.active_rms(signal)
    found = []
    for _, scene in hearing_wake.situations(signal, condition, seed, _television(seed)):
        edges = Overhearer(phrase).hear(scene.near, scene.far)
        found += [_floats(edge) for edge in edges if scene.about_it(edge.at_s)]
    return [sound for sound in found if sound.size == SAMPLES]


def _television(seed: int) -> Says:
    """Who talks there: people who teach, or synthetic voices that do."""
    if seed % 2:
        return Readers(_read, seed)
    return Synthesised(lesson_sentences(), teaching_voices(seed))


def _asked(phrase: str, seed: int, number: int) -> list[Sound]:
    """What the last word would be asked about in a minute in which nobody calls."""
    minutes = _minutes(seed)
    if minutes.kind(number) is Kind.ENGLISH:
        return []  # by voices that judge
    minute = minutes.minute(number)
    found = map(_floats, Overhearer(phrase).hear(minute.near, minute.far))
    return [sound for sound in found if sound.size == SAMPLES]


def _mined(seed: int, number: int) -> list[Sound]:
    """Windows of another such minute, wherever they fall; people's talk has a kind of its own."""
    minutes = _minutes(seed, mined=True)
    if minutes.kind(number) not in MINED:
        return []
    minute = minutes.minute(number)
    near: Sound = (minute.near / np.float32(32768.0)).astype(np.float32)
    if minute.kind is Kind.LESSON:
        near = without_echo(minute.near, minute.far)
    hop = round(HOP_S * RATE_HZ)
    return [near[start : start + SAMPLES] for start in range(0, near.size - SAMPLES, hop)]


@functools.cache
def _minutes(seed: int, *, mined: bool = False) -> Hours:
    """Of seeds that no benchmark uses, read by people who teach, on the television too."""
    first = (MINED_SEED if mined else ASKED_SEED) + seed
    return Hours(first, None, _read, on_television=lambda number: _television(first + number))


def _floats(edge: Woken) -> Sound:
    return (sound_of(edge) / np.float32(32768.0)).astype(np.float32)


def _rows(sounds: Sequence[Sound]) -> Windows:
    made = [_ears.encoded(sound)[-SEEN_ROWS:] for sound in sounds]
    return np.stack(made).astype(np.float16) if made else np.zeros((0, SEEN_ROWS, 288), np.float16)

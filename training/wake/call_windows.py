"""The seconds that a head is asked about, as the encoder hears them: calls and everything else.

The near ears hear them, for which a television and a fan are no speech. A call ends a little before
its window does, as the first stage knows a phrase only some time after its end; other talk may go
before or follow. Rooms, noise and the front end spoil most of them (`training.augment`), and some
calls, and some other talk, sound over Myna's own voice, through the canceller.
"""

from __future__ import annotations

import functools
import itertools
import logging
import multiprocessing
import subprocess
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import soxr
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
from dialog import matching
from dialog.lexicon import entries
from dialog.phone_features import SHIFT_SAMPLES
from dialog.phone_graph import likelihoods
from dialog.wake.confirm import WakeEars
from dialog.wake.detector import CANDIDATE, FEWEST_FRAMES, MOST_FRAMES
from dialog.wake.head import NEAR, SEEN_ROWS
from dialog.wake.phrase import phrase as states_of
from dialog.wake.spotter import Spotter
from training.augment import spoiled
from training.realign import Aligned
from training.vocabulary import chinese_sentences, lesson_sentences
from training.wake import meetings
from training.wake.callers import (
    NEURAL_SHARE,
    NEURAL_SHARE_OF_OTHERS,
    RATE_HZ,
    mandarin,
    pronunciations_of,
    synthetic,
)
from training.wake.cuts import Phones, Speaker, varied
from training.wake.data import holds
from training.wake.overhearing import Overhearer, ears_of
from training.wake.readers import Readers, Synthesised, teaching_voices
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
LIKELY = -0.8
"""Log likelihood ratio for each frame from which a phrase was heard where it was said."""
HOP_S = 1.2
"""Between two windows of somebody's talk."""
CUT_TRACT = (0.9, 1.12)
SHORTEST_S = 0.1
AFTER_SHARE, BEFORE_SHARE, MOST_BESIDE = 0.75, 0.3, 4
"""Of sayings in one breath with other words; and how many these are."""
PLACES, CALLED_SEED = 12, 4000
"""Of the calls in the bench's situations: places at a time, and the seed of the first."""
MET_SENTENCES, MET_TOGETHER = 300, 60
"""Of sentences that meet: how many of two sorts are drawn at a time, and for how many meetings."""
LEVELS_DB = (-3.0, 20.0)
"""How far a call lies below Myna's voice."""
MINED_SEED, ASKED_SEED = 1_000_000, 2_000_000
"""Of minutes, beside that of the draw: no benchmark uses them."""
MINED = (Kind.NOISE, Kind.MUSIC, Kind.MANDARIN, Kind.LESSON)
_WORDS = range(3, 8)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much of each kind is made; `asked_more` are further minutes of one kind."""

    synthetic: int = 1500
    carried: int = 300
    cuts_per_speaker: int = 16
    near: int = 600
    english: int = 1000
    mandarin: int = 600
    echoed: int = 300
    echoed_near: int = 450
    met_per_speaker: int = 48
    met_read: int = 2400
    mined_minutes: int = 100
    asked_minutes: int = 480
    asked_more: tuple[tuple[Kind, int], ...] = ((Kind.MUSIC, 140), (Kind.NOISE, 70))
    called: int = 320
    copies: int = 3


POSITIVE = ("said", "carried", "cut", "echoed", "called")
NEGATIVE = (
    "near", "cut_near", "echoed_near", "met", "met_read", "english", "mandarin", "talk", "mined",
    "asked",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Job:
    """One sound to be made and heard: a text, a sound that is there, or a minute's number; and how
    many samples of a sound follow what matters in it."""

    kind: str
    seed: int
    text: str = ""
    phrase: str = ""
    sound: Sound | None = None
    more: int = 0
    copies: int = 1


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
    jobs = _phrase_jobs(phrase, teaching, amounts, seed, processes)
    return _by_kind(jobs, teaching, processes, ears)


def of_no_phrase(
    teaching: Sequence[Aligned], amounts: Amounts, *, seed: int, processes: int, ears: str = NEAR
) -> dict[str, Windows]:
    """Other languages, noise, music and her own lessons, by kind; arguments as for `of_phrase`."""
    return _by_kind(_other_jobs(amounts, seed), teaching, processes, ears)


def of_talk(
    teaching: Sequence[Aligned], *, seed: int, processes: int, ears: str = NEAR
) -> tuple[Windows, list[str]]:
    """All that these people read, clean and spoiled; and of every window the recording's name."""
    jobs = [
        _Job("talk", seed + number, sound=utterance.samples(), copies=2)
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
    jobs: Sequence[_Job], teaching: Sequence[Aligned], processes: int, ears: str
) -> dict[str, Windows]:
    found: dict[str, list[Windows]] = {}
    for kind, made in _all(jobs, teaching, processes, ears):
        found.setdefault(kind, []).append(made)
    return {kind: np.concatenate(pieces) for kind, pieces in found.items()}


def _all(
    jobs: Sequence[_Job], teaching: Sequence[Aligned], processes: int, ears: str
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


def _phrase_jobs(
    phrase: str, teaching: Sequence[Aligned], amounts: Amounts, seed: int, processes: int
) -> list[_Job]:
    rng = np.random.default_rng(seed)
    near, sentences = near_misses(phrase, sorted(entries())[::7]), lesson_sentences()
    jobs = [
        _Job("said", seed + at, text=phrase, copies=amounts.copies)
        for at in range(amounts.synthetic)
    ]
    jobs += [
        _Job(
            "carried",
            seed + at,
            text=_carried(phrase, sentences, rng),
            phrase=phrase,
            copies=amounts.copies,
        )
        for at in range(amounts.carried)
    ]
    jobs += [_Job("echoed", seed + at, text=phrase) for at in range(amounts.echoed)]
    jobs += [
        _Job("near", seed + at, text=str(rng.choice(near)), copies=2) for at in range(amounts.near)
    ]
    # Half of what sounds over her voice is nearly the phrase, half is any talk.
    jobs += [
        _Job("echoed_near", seed + at, text=str(rng.choice(sentences if at % 2 else near)))
        for at in range(amounts.echoed_near)
    ]
    asked = itertools.chain(
        range(amounts.asked_minutes),
        *(
            _minutes_of(kind, seed, amounts.asked_minutes, count)
            for kind, count in amounts.asked_more
        ),
    )
    jobs += [_Job("asked", seed, text=str(at), phrase=phrase) for at in asked]
    jobs += _meeting_jobs(phrase, teaching, amounts, seed)
    cuts = _cut_jobs(pronunciations_of(phrase), teaching, amounts, seed, processes)
    jobs += cuts
    # Called in the bench's situations: two in three by synthetic voices, the others put together.
    whole = [job.sound for job in cuts if job.kind == "cut"]
    for at in range(amounts.called):
        sound = whole[at * 7 % len(whole)] if at % 3 == 0 and whole else None
        jobs.append(_Job("called", seed + at, text=phrase, phrase=phrase, sound=sound))
    return jobs


def _carried(phrase: str, sentences: Sequence[str], rng: np.random.Generator) -> str:
    """The phrase in one breath with other words, most often with some that follow."""
    parts = [phrase]
    if rng.random() < AFTER_SHARE:
        parts.append(_some_words(str(rng.choice(sentences)), rng, first=True))
    if len(parts) == 1 or rng.random() < BEFORE_SHARE:
        parts.insert(0, _some_words(str(rng.choice(sentences)), rng, first=False))
    return " ".join(parts)


def _some_words(sentence: str, rng: np.random.Generator, *, first: bool) -> str:
    words = matching.words(sentence)
    count = int(rng.integers(1, MOST_BESIDE + 1))
    return " ".join(words[:count] if first else words[-count:])


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
    ways: Sequence[Phones], teaching: Sequence[Aligned], amounts: Amounts, seed: int, processes: int
) -> list[_Job]:
    ordered = sorted(teaching, key=lambda pair: pair[0].speaker)
    asked = [
        (ways, list(group), amounts, (seed, number))
        for number, (_, group) in enumerate(
            itertools.groupby(ordered, lambda pair: pair[0].speaker)
        )
    ]
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        return list(itertools.chain.from_iterable(pool.starmap(_cuts_of, asked, chunksize=1)))


def _cuts_of(
    ways: Sequence[Phones], recordings: list[Aligned], amounts: Amounts, seed: tuple[int, int]
) -> list[_Job]:
    """The phrase and near-misses put together of one person's speech."""
    rng, speaker, jobs = np.random.default_rng(seed), Speaker(recordings), []
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


def _meeting_jobs(
    phrase: str, teaching: Sequence[Aligned], amounts: Amounts, seed: int
) -> list[_Job]:
    """Where sentences meet in something like the phrase, by those who read them and read aloud."""
    rng, jobs, ways = np.random.default_rng([seed, 1]), [], pronunciations_of(phrase)
    own = defaultdict(list)
    sentences = {sentence for sentence in lesson_sentences() if phrase not in sentence.lower()}
    for utterance, path in teaching:
        if not holds(utterance.words, phrase.split()):
            own[utterance.speaker].append((utterance, path))
            sentences.add(" ".join(utterance.words))
    for number, name in enumerate(sorted(own)):
        way = ways[number % len(ways)]
        for sound, more in meetings.said(way, own[name], amounts.met_per_speaker, rng):
            draw = int(rng.integers(1 << 30))
            jobs.append(_Job("met", draw, sound=sound, more=more, copies=2))
    known, vocabulary = sorted(sentences), sorted(entries())
    for at in range(0, amounts.met_read, MET_TOGETHER):
        drawn = [str(each) for each in rng.choice(known, MET_SENTENCES)]
        drawn += [" ".join(rng.choice(vocabulary, 3)) for _ in range(MET_SENTENCES)]
        way = ways[at // MET_TOGETHER % len(ways)]
        read = meetings.texts(way, drawn, min(MET_TOGETHER, amounts.met_read - at), rng)
        jobs += [
            _Job("met_read", seed + at + number, text=text, phrase=phrase, copies=2)
            for number, text in enumerate(read)
        ]
    return jobs


_ears: WakeEars
_others: list[Sound]
_read: list[Recording]
"""What people read who teach."""


def _prepare(others: list[Sound], read: list[Recording], ears: str) -> None:
    global _ears, _others, _read
    _ears, _others, _read = ears_of(ears), others, read


def _made(job: _Job) -> tuple[str, Windows]:
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


def _spoken(job: _Job, rng: np.random.Generator) -> Sound:
    if job.kind == "mandarin":
        return mandarin(job.text, rng)
    positive = job.kind in POSITIVE
    share = NEURAL_SHARE if positive else NEURAL_SHARE_OF_OTHERS
    return synthetic(job.text, rng, slurred=positive, neural_share=share)


def _laid(job: _Job, voice: Sound, rng: np.random.Generator) -> list[Sound]:
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
    for frame, row in enumerate(likelihoods(_ears.frames(voice))):
        spotter.step(row)
        ratio, length = spotter.ratio(0)
        if FEWEST_FRAMES <= length <= MOST_FRAMES and ratio / length > best:
            best, end = ratio / length, frame
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


def _minutes_of(kind: Kind, seed: int, first: int, count: int) -> Iterator[int]:
    """Numbers of so many minutes of one kind, from the first on."""
    minutes = Hours(ASKED_SEED + seed, None, [])
    return itertools.islice(minutes.numbers(kind, first), count)


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

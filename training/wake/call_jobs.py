"""What a head's windows are made of: texts to be read, pieces of speech, minutes to be heard."""

from __future__ import annotations

import itertools
import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import soxr

from device.bench.hours_sound import Hours, Kind
from dialog import matching
from dialog.lexicon import entries
from training.realign import Aligned
from training.vocabulary import chinese_sentences, lesson_sentences
from training.wake import meetings
from training.wake.callers import RATE_HZ, pronunciations_of
from training.wake.cuts import Phones, Speaker, by_speaker, varied
from training.wake.data import holds
from training.wake.voices import Sound, near_misses

CUT_TRACT = (0.9, 1.12)
AFTER_SHARE, BEFORE_SHARE, MOST_BESIDE = 0.75, 0.3, 4
"""Of sayings in one breath with other words; and how many these are."""
MET_SENTENCES, MET_TOGETHER = 300, 60
"""Of sentences that meet: how many of two sorts are drawn at a time, and for how many meetings."""
MINED_SEED, ASKED_SEED = 1_000_000, 2_000_000
"""Of minutes, beside that of the draw: no benchmark uses them."""
_WORDS = range(3, 8)


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
class Job:
    """One sound to be made and heard.

    Attributes:
        kind: One of `POSITIVE` or of `NEGATIVE`.
        seed: Of everything drawn.
        text: What is said, or a minute's number.
        phrase: What matters in it; empty where it is the whole.
        sound: Taken instead of a text, float32, 16 000 Hz, -1..1.
        more: How many samples of it follow what matters.
        copies: How many windows are made of it.
    """

    kind: str
    seed: int
    text: str = ""
    phrase: str = ""
    sound: Sound | None = None
    more: int = 0
    copies: int = 1


def phrase_jobs(
    phrase: str, teaching: Sequence[Aligned], amounts: Amounts, seed: int, processes: int
) -> list[Job]:
    """Calls of a phrase and what is nearly one; arguments as for `call_windows.of_phrase`."""
    rng = np.random.default_rng(seed)
    near, sentences = near_misses(phrase, sorted(entries())[::7]), lesson_sentences()
    jobs = [
        Job("said", seed + at, text=phrase, copies=amounts.copies)
        for at in range(amounts.synthetic)
    ]
    jobs += [
        Job(
            "carried",
            seed + at,
            text=_carried(phrase, sentences, rng),
            phrase=phrase,
            copies=amounts.copies,
        )
        for at in range(amounts.carried)
    ]
    jobs += [Job("echoed", seed + at, text=phrase) for at in range(amounts.echoed)]
    jobs += [
        Job("near", seed + at, text=str(rng.choice(near)), copies=2) for at in range(amounts.near)
    ]
    # Half of what sounds over her voice is nearly the phrase, half is any talk.
    jobs += [
        Job("echoed_near", seed + at, text=str(rng.choice(sentences if at % 2 else near)))
        for at in range(amounts.echoed_near)
    ]
    first = amounts.asked_minutes
    more = (_minutes_of(kind, seed, first, count) for kind, count in amounts.asked_more)
    asked = itertools.chain(range(first), *more)
    jobs += [Job("asked", seed, text=str(at), phrase=phrase) for at in asked]
    jobs += _meeting_jobs(phrase, teaching, amounts, seed)
    cuts = _cut_jobs(pronunciations_of(phrase), teaching, amounts, seed, processes)
    jobs += cuts
    # Called in the bench's situations: two in three by synthetic voices, the others put together.
    whole = [job.sound for job in cuts if job.kind == "cut"]
    for at in range(amounts.called):
        sound = whole[at * 7 % len(whole)] if at % 3 == 0 and whole else None
        jobs.append(Job("called", seed + at, text=phrase, phrase=phrase, sound=sound))
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


def other_jobs(amounts: Amounts, seed: int) -> list[Job]:
    """What is no call of any phrase."""
    rng = np.random.default_rng(seed)
    vocabulary, sentences, chinese = sorted(entries()), lesson_sentences(), chinese_sentences()
    jobs = []
    for at in range(amounts.english):
        drawn = " ".join(rng.choice(vocabulary, int(rng.choice(_WORDS))))
        text = str(rng.choice(sentences)) if at % 2 else drawn
        jobs.append(Job("english", seed + at, text=text))
    jobs += [
        Job("mandarin", seed + at, text=str(rng.choice(chinese))) for at in range(amounts.mandarin)
    ]
    return jobs + [Job("mined", seed, text=str(at)) for at in range(amounts.mined_minutes)]


def _cut_jobs(
    ways: Sequence[Phones], teaching: Sequence[Aligned], amounts: Amounts, seed: int, processes: int
) -> list[Job]:
    asked = [
        (ways, own, amounts, (seed, number)) for number, own in enumerate(by_speaker(teaching))
    ]
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        return list(itertools.chain.from_iterable(pool.starmap(_cuts_of, asked, chunksize=1)))


def _cuts_of(
    ways: Sequence[Phones], recordings: list[Aligned], amounts: Amounts, seed: tuple[int, int]
) -> list[Job]:
    """The phrase and near-misses put together of one person's speech."""
    rng, speaker, jobs = np.random.default_rng(seed), Speaker(recordings), []
    for number in range(amounts.cuts_per_speaker):
        way = ways[int(rng.integers(len(ways)))]
        tract = float(rng.uniform(*CUT_TRACT))
        sound = speaker.say(way, rng)
        if sound is not None:
            shifted = soxr.resample(sound, RATE_HZ * tract, RATE_HZ).astype(np.float32)
            draw = int(rng.integers(1 << 30))
            jobs.append(Job("cut", draw, sound=shifted, copies=amounts.copies))
        other = varied(way, rng)
        if number % 2 or other in ways:
            continue
        sound = speaker.say(other, rng)
        if sound is not None:
            draw = int(rng.integers(1 << 30))
            jobs.append(Job("cut_near", draw, sound=sound, copies=2))
    return jobs


def _meeting_jobs(
    phrase: str, teaching: Sequence[Aligned], amounts: Amounts, seed: int
) -> list[Job]:
    """Where sentences meet in something like the phrase, by those who read them and read aloud."""
    rng, jobs, ways = np.random.default_rng([seed, 1]), [], pronunciations_of(phrase)
    free = [pair for pair in teaching if not holds(pair[0].words, phrase.split())]
    for number, own in enumerate(by_speaker(free)):
        way = ways[number % len(ways)]
        for sound, more in meetings.said(way, own, amounts.met_per_speaker, rng):
            draw = int(rng.integers(1 << 30))
            jobs.append(Job("met", draw, sound=sound, more=more, copies=2))
    sentences = {sentence for sentence in lesson_sentences() if phrase not in sentence.lower()}
    known = sorted(sentences | {" ".join(utterance.words) for utterance, _ in free})
    vocabulary = sorted(entries())
    for at in range(0, amounts.met_read, MET_TOGETHER):
        drawn = [str(each) for each in rng.choice(known, MET_SENTENCES)]
        drawn += [" ".join(rng.choice(vocabulary, 3)) for _ in range(MET_SENTENCES)]
        way = ways[at // MET_TOGETHER % len(ways)]
        read = meetings.texts(way, drawn, min(MET_TOGETHER, amounts.met_read - at), rng)
        jobs += [
            Job("met_read", seed + at + number, text=text, phrase=phrase, copies=2)
            for number, text in enumerate(read)
        ]
    return jobs


def _minutes_of(kind: Kind, seed: int, first: int, count: int) -> Iterator[int]:
    """Numbers of so many minutes of one kind, from the first on."""
    minutes = Hours(ASKED_SEED + seed, None, [])
    return itertools.islice(minutes.numbers(kind, first), count)

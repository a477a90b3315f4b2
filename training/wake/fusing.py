"""How much a head counts beside the verifiers, by people and voices that none of it was taught by.

Calls are heard in the situations of ``myna bench hearing``, in other places, and minutes in which
nobody calls as in ``myna bench hours``, of another seed and read by other people. Whatever the
first stage finds likely at all, well below its own bar, is weighed by all three witnesses; a
logistic regression (Cox 1958) says how much each counts, and where it wakes is set by how often
that would be in these minutes.
"""

from __future__ import annotations

import functools
import itertools
import logging
import math
import multiprocessing
import pickle
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio.ports import Samples, Woken
from device.bench import acoustics, hearing_scene, hearing_wake, hours_sound, wake_said
from device.bench.hearing_listener import sound_of
from device.bench.hours_sound import PERIOD, Kind
from device.bench.wake_said import Recording
from device.bench.wake_scenes import TRACTS, Voice, say
from dialog.wake.confirm import LAST_WORD_PATH, UNHEARD, verified
from dialog.wake.head import PLAIN, SEEN_ROWS, Fusion, PhraseHead
from dialog.wake.phrase import phrase as states_of
from dialog.wake.question import WakeQuestion
from dialog.wake.verifier import Verifier
from training.realign import Aligned
from training.vocabulary import lesson_sentences
from training.wake.callers import FUSING_VOICES, fusing_speakers, pronunciations_of
from training.wake.cuts import Speaker, by_speaker
from training.wake.overhearing import Overhearer, ears_of
from training.wake.readers import Readers, Synthesised

SYNTHETIC, CUTS, CUTS_PER_SPEAKER = 36, 48, 12
PLACES = 12
SEEDS = {"synthetic": 2, "cuts": 3}
MINUTES, LESSONS, MINUTES_SEED = 310, 26, 11
"""How many minutes, and how many more of her own lessons, since there are few among those."""
TOGETHER = 11
"""Minutes listened to without a break."""
RIDGE = 1.0
ACCEPTS_PER_HOUR, PEAKS = 0.5, 10
"""Where it wakes: so often in these minutes, as their highest other candidates let expect. At 0.2
half as many calls again would be missed in quiet and beside a fan (27 of 252 for 18)."""
_log = logging.getLogger(__name__)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that the first stage found.

    Attributes:
        about: Which call, or which minute.
        first: Logit of the first stage.
        sound: What led up to it.
        over_playback: Whether Myna's own voice sounded meanwhile.
    """

    about: str
    first: float
    sound: Samples
    over_playback: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What a head is asked about of all that sets heads.

    Attributes:
        candidates: In calls and in minutes in which nobody calls.
        minutes: How many of these, with candidates or without.
    """

    candidates: Sequence[Candidate]
    minutes: float


def asked_of(candidates: Sequence[Candidate], ears: str, *, alone: bool) -> Asked:
    """What a head that hears by these ears is asked about.

    Args:
        candidates: All.
        ears: Its own; by the plain ones it listens while Myna talks.
        alone: Whether the phrase has no other head, so that it is asked about everything.
    """
    lessons = MINUTES * PERIOD.count(Kind.LESSON) / len(PERIOD) + LESSONS
    if alone:
        return Asked(candidates, MINUTES + LESSONS)
    over_playback = ears == PLAIN
    return Asked(
        [each for each in candidates if each.over_playback == over_playback],
        lessons if over_playback else MINUTES + LESSONS - lessons,
    )


def gathered(
    phrase: str, real: Sequence[Aligned], *, work: Path, folder: Path, processes: int
) -> list[Candidate]:
    """What the first stage finds likely in the calls and minutes that set a head.

    Args:
        phrase: In plain lower-case words.
        real: Recordings with alignments.
        work: Where what was heard is kept.
        folder: The corpus.
        processes: How many processors to use.
    """
    own = _those_that_set(real)
    jobs = [("synthetic", at) for at in range(PLACES)] + [("cuts", at) for at in range(PLACES)]
    jobs += [("minutes", at) for at in range(0, MINUTES, TOGETHER)]
    jobs += [("lessons", at) for at in range(0, LESSONS, TOGETHER)]
    work.mkdir(parents=True, exist_ok=True)
    path = work / "candidates.pickle"
    if not path.is_file():
        with multiprocessing.get_context("fork").Pool(
            processes, _prepare, (phrase, own, folder)
        ) as pool:
            found = list(itertools.chain.from_iterable(pool.imap(_heard, jobs)))
        path.write_bytes(pickle.dumps(found))
    with path.open("rb") as file:
        candidates: list[Candidate] = pickle.load(file)  # noqa: S301 - written above
    return candidates


def calls_made(phrase: str, real: Sequence[Aligned]) -> dict[str, int]:
    """How many calls there are in every situation, by kind, heard or not."""
    return {"synthetic": SYNTHETIC, "cuts": len(_cuts(phrase, _those_that_set(real)))}


def _those_that_set(real: Sequence[Aligned]) -> list[Aligned]:
    fusing = fusing_speakers([pair[0] for pair in real])
    return [pair for pair in real if pair[0].speaker in fusing]


def weigh(candidates: Sequence[Candidate], head: PhraseHead) -> Floats:
    """What head, last word and first stage say of each, logits of shape (n, 3)."""
    sought, ears = states_of(head.phrase), ears_of(head.ears)
    verifier = Verifier.load(LAST_WORD_PATH)
    rows = []
    for each in candidates:
        sound = (each.sound / np.float32(32768.0)).astype(np.float32)
        last = max(UNHEARD, verified(ears, verifier, sound, sought))
        rows.append((head.score(ears.encoded(sound)[-SEEN_ROWS:]), last, each.first))
    return np.array(rows).reshape(-1, 3)


def fit(asked: Asked, weighed: Floats) -> Fusion:
    """The weights, none below 0, and the offset at which others wake it `ACCEPTS_PER_HOUR`."""
    candidates = asked.candidates
    called = np.array([not each.about.startswith("minute") for each in candidates])
    # Of each call the candidate that speaks for it most; the others are beside it.
    best: dict[str, int] = {}
    for at in np.flatnonzero(called).tolist():
        about = candidates[at].about
        if about not in best or weighed[at].sum() > weighed[best[about]].sum():
            best[about] = at
    calls, others = weighed[list(best.values())], weighed[~called]
    weights = _logistic(calls, others)
    by_minute: dict[str, float] = {}
    for at, logit in zip(np.flatnonzero(~called).tolist(), others @ weights, strict=True):
        about = candidates[at].about
        by_minute[about] = max(by_minute.get(about, -math.inf), float(logit))
    bar = _bar(np.array(list(by_minute.values())), asked.minutes)
    missed = float((calls @ weights < bar).mean())
    _log.info(
        "fused calls=%d others=%d weights=%s bar=%.2f missed=%.3f",
        len(calls), len(others), weights.round(3), bar, missed,
    )  # fmt: skip
    head, last, first = weights.tolist()
    return Fusion(head=head, last=last, first=first, offset=-bar)


def _bar(others: Floats, minutes: float) -> float:
    """The logit that so many of these minutes pass by their highest candidates that it is
    `ACCEPTS_PER_HOUR`: what the `PEAKS` highest have above the next is taken for exponential, as
    the tails of most distributions are (Pickands 1975, with a shape of 0), so that a rate of less
    than one in all these minutes can be asked for."""
    highest = np.sort(others)[::-1][: PEAKS + 1]
    scale = float((highest[:PEAKS] - highest[PEAKS]).mean())
    expected = ACCEPTS_PER_HOUR * minutes / 60
    return float(highest[PEAKS]) + scale * math.log(PEAKS / expected)


def _logistic(calls: Floats, others: Floats) -> Floats:
    """Weights by Newton's steps with a ridge, both sides counting the same; a witness that would
    count against itself counts nothing."""
    used = list(range(calls.shape[1]))
    while True:
        given = np.concatenate([calls, others])[:, used]
        given = np.concatenate([given, np.ones((len(given), 1))], axis=1)
        is_call = np.arange(len(given)) < len(calls)
        share = np.where(is_call, 0.5 / len(calls), 0.5 / len(others)) * len(calls)
        at = np.zeros(given.shape[1])
        ridge = RIDGE * np.eye(len(at))
        ridge[-1, -1] = 0.0
        for _ in range(50):
            likely = 1 / (1 + np.exp(-np.clip(given @ at, -50, 50)))
            slope = given.T @ (share * (is_call - likely)) - ridge @ at
            curve = (given * (share * likely * (1 - likely))[:, None]).T @ given + ridge
            at = at + np.linalg.solve(curve + 1e-9 * np.eye(len(at)), slope)
        against = [name for name, weight in zip(used, at[:-1], strict=True) if weight < 0]
        if not against:
            weights = np.zeros(calls.shape[1])
            weights[used] = at[:-1]
            return weights
        used = [name for name in used if name not in against]


_phrase: str
_own: list[Aligned]
_folder: Path


def _prepare(phrase: str, own: list[Aligned], folder: Path) -> None:
    global _phrase, _own, _folder
    _phrase, _own, _folder = phrase, own, folder
    _recordings.cache_clear()


@functools.cache
def _recordings() -> list[Recording]:
    return wake_said.recordings(_folder, {pair[0].speaker for pair in _own})


def _heard(job: tuple[str, int]) -> list[Candidate]:
    kind, at = job
    if kind in ("minutes", "lessons"):
        return list(_of_minutes(kind, at))
    made = []
    calls = _synthetic() if kind == "synthetic" else _cuts(_phrase, _own)
    condition = hearing_scene.grid(PLACES, seed=SEEDS[kind])[at]
    for number in range(at, len(calls), PLACES):
        seed = SEEDS[kind] + number
        says = Readers(_recordings(), seed) if number % 2 else _synthetic_talkers(seed)
        for name, scene in hearing_wake.situations(calls[number], condition, seed, says):
            found = Overhearer(_phrase).hear(scene.near, scene.far)
            about = f"{kind} {number} {name}"
            made += [_candidate(about, edge) for edge in found if scene.about_it(edge.at_s)]
    return made


def _synthetic_talkers(first: int) -> Synthesised:
    """By voices that set heads."""

    def voice(text: str, talker: int) -> NDArray[np.float64]:
        at = first + talker
        name, tract = FUSING_VOICES[at % len(FUSING_VOICES)], TRACTS[at % len(TRACTS)]
        return say(text, Voice(*name, 140, tract))

    return Synthesised(lesson_sentences(), voice)


def _candidate(about: str, edge: Woken) -> Candidate:
    first = WakeQuestion(_phrase).after(edge.hit.score).first
    return Candidate(about, first, np.asarray(sound_of(edge)), edge.over_playback)


def _synthetic() -> list[NDArray[np.float64]]:
    return [
        say(_phrase, Voice(*FUSING_VOICES[number % len(FUSING_VOICES)], 110 + 15 * (turn % 5),
                           TRACTS[(number + turn) % len(TRACTS)]))
        for number in range(SYNTHETIC)
        for turn in [number // len(FUSING_VOICES)]
    ]  # fmt: skip


def _cuts(phrase: str, own: Sequence[Aligned]) -> list[NDArray[np.float64]]:
    rng = np.random.default_rng(99)
    ways, made = pronunciations_of(phrase), []
    for recordings in by_speaker(own):
        speaker = Speaker(recordings)
        for number in range(CUTS_PER_SPEAKER):
            sound = speaker.say(ways[number % len(ways)], rng)
            if sound is not None and sound.size > 6000:
                made.append(sound.astype(np.float64))
    random.Random(1).shuffle(made)  # noqa: S311 - a choice, not a secret
    return [sound / acoustics.active_rms(sound) for sound in made[:CUTS]]


def _of_minutes(kind: str, first: int) -> Iterator[Candidate]:
    """Some minutes; recorded people are those that set this."""
    sound = hours_sound.Hours(MINUTES_SEED, None, _recordings())
    numbers: Iterator[int] = iter(range(MINUTES))
    if kind == "lessons":
        numbers = itertools.islice(sound.numbers(Kind.LESSON, MINUTES), LESSONS)
    listener = Overhearer(_phrase)
    for number in itertools.islice(numbers, first, first + TOGETHER):
        minute = sound.minute(number)
        for edge in listener.hear(minute.near, minute.far):
            yield _candidate(f"minute {number} {minute.kind.value}", edge)

"""How much a head counts beside the verifiers, by people and voices that none of it was taught by.

Calls are heard in the situations of ``myna bench hearing``, in other places, and minutes in which
nobody calls as in ``myna bench hours``, of another seed and read by other people. Whatever the
first stage finds likely at all, well below its own bar, is weighed by all three witnesses; a
logistic regression (Cox 1958) says how much each counts, and where it wakes is set by how often
that would be in these minutes.
"""

from __future__ import annotations

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
from device.bench.wake_scenes import TRACTS, Voice, say
from dialog.phone_graph import likelihoods
from dialog.wake.confirm import LAST_WORD_PATH, best_path
from dialog.wake.evidence import evidence
from dialog.wake.head import SEEN_ROWS, Fusion, PhraseHead
from dialog.wake.phrase import phrase as states_of
from dialog.wake.question import WakeQuestion
from dialog.wake.verifier import Verifier
from training.realign import Aligned
from training.wake.callers import FUSING_VOICES, fusing_speakers, pronunciations_of
from training.wake.cuts import Speaker
from training.wake.overhearing import Overhearer, ears_of

SYNTHETIC, CUTS, CUTS_PER_SPEAKER = 36, 48, 12
PLACES = 12
SEEDS = {"synthetic": 2, "cuts": 3}
MINUTES, MINUTES_SEED = 110, 11
RIDGE = 1.0
ACCEPTS_PER_HOUR, PEAKS = 0.5, 10
"""Where it wakes: so often in these minutes, as their highest other candidates let expect."""
NOTHING = -60.0
_log = logging.getLogger(__name__)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that the first stage found.

    Attributes:
        about: Which call, or which minute.
        first: Logit of the first stage.
        sound: What led up to it.
    """

    about: str
    first: float
    sound: Samples


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
    jobs += [("minutes", at) for at in range(0, MINUTES, 10)]
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
        (path,) = best_path(likelihoods(ears.frames(sound)), [sought])
        last = NOTHING if path is None else verifier.logit(evidence(path))
        rows.append((head.score(ears.encoded(sound)[-SEEN_ROWS:]), last, each.first))
    return np.array(rows).reshape(-1, 3)


def fit(candidates: Sequence[Candidate], weighed: Floats) -> Fusion:
    """The weights, none below 0, and the offset at which others wake it `ACCEPTS_PER_HOUR`."""
    called = np.array([not each.about.startswith("minute") for each in candidates])
    possible = weighed[:, 1] > NOTHING
    # Of each call the candidate that speaks for it most; the others are beside it.
    best: dict[str, int] = {}
    for at in np.flatnonzero(called & possible).tolist():
        about = candidates[at].about
        if about not in best or weighed[at].sum() > weighed[best[about]].sum():
            best[about] = at
    calls, others = weighed[list(best.values())], weighed[~called & possible]
    weights = _logistic(calls, others)
    bar = _bar(others @ weights)
    missed = float((calls @ weights < bar).mean())
    _log.info(
        "fused calls=%d others=%d weights=%s bar=%.2f missed=%.3f",
        len(calls), len(others), weights.round(3), bar, missed,
    )  # fmt: skip
    head, last, first = weights.tolist()
    return Fusion(head=head, last=last, first=first, offset=-bar)


def _bar(others: Floats) -> float:
    """The logit that others pass `ACCEPTS_PER_HOUR`: what the `PEAKS` highest have above the next
    is taken for exponential, as the tails of most distributions are (Pickands 1975, with a shape of
    0), so that a rate of less than one in all these minutes can be asked for."""
    highest = np.sort(others)[::-1][: PEAKS + 1]
    scale = float((highest[:PEAKS] - highest[PEAKS]).mean())
    expected = ACCEPTS_PER_HOUR * MINUTES / 60
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


def _heard(job: tuple[str, int]) -> list[Candidate]:
    kind, at = job
    if kind == "minutes":
        return list(_of_minutes(at))
    made = []
    calls = _synthetic() if kind == "synthetic" else _cuts(_phrase, _own)
    condition = hearing_scene.grid(PLACES, seed=SEEDS[kind])[at]
    for number in range(at, len(calls), PLACES):
        seed = SEEDS[kind] + number
        for name, scene in hearing_wake.situations(calls[number], condition, seed):
            found = Overhearer(_phrase).hear(scene.near, scene.far)
            about = f"{kind} {number} {name}"
            made += [_candidate(about, edge) for edge in found if scene.about_it(edge.at_s)]
    return made


def _candidate(about: str, edge: Woken) -> Candidate:
    first = WakeQuestion(_phrase).after(edge.hit.score).first
    return Candidate(about, first, np.asarray(sound_of(edge)))


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
    ordered = sorted(own, key=lambda pair: pair[0].speaker)
    for _, group in itertools.groupby(ordered, lambda pair: pair[0].speaker):
        speaker = Speaker(list(group))
        for number in range(CUTS_PER_SPEAKER):
            sound = speaker.say(ways[number % len(ways)], rng)
            if sound is not None and sound.size > 6000:
                made.append(sound.astype(np.float64))
    random.Random(1).shuffle(made)  # noqa: S311 - a choice, not a secret
    return [sound / acoustics.active_rms(sound) for sound in made[:CUTS]]


def _of_minutes(first: int) -> Iterator[Candidate]:
    """Ten minutes; recorded people are those that set this."""
    theirs = wake_said.recordings(_folder, {pair[0].speaker for pair in _own})
    sound = hours_sound.Hours(MINUTES_SEED, None, theirs)
    listener = Overhearer(_phrase)
    for number in range(first, min(first + 10, MINUTES)):
        minute = sound.minute(number)
        for edge in listener.hear(minute.near, minute.far):
            yield _candidate(f"minute {number} {minute.kind.value}", edge)

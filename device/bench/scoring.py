"""How near scores of pronunciation are to the experts': ``myna bench scoring``.

With ``--corpus`` (speechocean762's training half) each recording is heard and judged by models
that never heard its speaker: ``ears0.onnx`` and ``scorer0.onnx`` to ``3``, which the training
leaves in ``build/training``, or those of the folder that ``MYNA_FOLDS`` names. That needs a
checkout of the sources. Without it only cost and size are measured, on synthetic speech.
"""

from __future__ import annotations

import os
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio.ports import SAMPLE_RATE_HZ, Samples
from core.errors import ModelError
from device.bench.metric import Metric
from device.bench.recogniser_process import measured
from device.bench.recognition_trials import Said, in_a_room
from device.bench.scoring_trials import (
    PERFECT,
    PLANTED,
    Found,
    after_the_front_end,
    asked_about,
    chosen,
    plantings,
)
from dialog.phone_graph import Word
from dialog.phone_set import PHONES
from dialog.ports import Line
from dialog.scoring.history import VoiceHistory
from dialog.scoring.lexicon import Lexicon
from dialog.scoring.network_onnx import MODEL_PATH, ScorerNetwork
from dialog.scoring.scorer import PronunciationScorer
from dialog.speech_ears import SpeechEars
from dialog.voice_espeak import EspeakVoice

FOLDS_VARIABLE = "MYNA_FOLDS"
SOURCES = Path(__file__).parents[2]
FOLDS_FOLDER = SOURCES / "build" / "training"
GROUPS: Mapping[str, tuple[int, int]] = {"all": (0, 99), "children": (6, 12), "adults": (18, 99)}
SPEAKERS, SPEAKERS_LONG = 12, 125
ROOMY, ROOMY_LONG = 20, 300
"""Utterances that are heard once more from one metre away."""
PLANTED_SHORT, PLANTED_LONG = 4, 150
"""So many mistakes of each kind."""
NEAR, WRONG_BELOW = 0.5, 1.0
"""What the scorer's certainties are about, as in ``training/scoring_tables.py``."""
TOLD = ("sure", "wrong")
HISTORY = 10
"""Earlier utterances of the same speaker from which on the voice counts as known."""
CLASSES = ("wrong", "accented", "right")
"""Experts' scores below 0.5, up to 1.5, and above."""
TEXT = "i like to play football with my friends"
OTHER_THINGS = ("apples", "dogs", "to swim", "my school", "to read with my mother")
FEEDBACK_S = 3.0
TIMES = 20

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Compared:
    """An utterance's scores beside the experts', shape (phones,) each.

    Attributes:
        words: Which word each phone belongs to.
        known: Scores after `HISTORY` earlier utterances; None for a speaker's first ones.
        wrong: Probability of a mistake, with the threshold from which it is told as `flag_from`.
        sure: How sure the scorer is to be within `NEAR` of the experts.
        roomy: Scores from one metre away; None where it was not tried or got no score.
        front_end: The same right after Myna's own voice, as the front end hands it on.
        named: Whether something else was said to be heard, shape (phones,).
        found: What was said of a mistake that was planted, if one was.
    """

    age: int
    words: NDArray[np.int64]
    experts: Values
    plain: Values
    known: Values | None
    wrong: Values
    flag_from: float
    sure: Values
    roomy: Values | None = None
    front_end: Values | None = None
    named: NDArray[np.bool_] | None = None
    found: Found | None = None


def run(*, long: bool, seed: int, corpus: Path | None) -> list[Metric]:
    """All figures.

    Args:
        long: All speakers instead of a few.
        seed: Chooses speakers, and the order in which their recordings come.
        corpus: speechocean762, None for cost and size alone.
    """
    metrics = cost()
    if corpus is None:
        return metrics
    compared = compare(corpus, long=long, seed=seed)
    for group, (youngest, oldest) in GROUPS.items():
        own = [each for each in compared if youngest <= each.age <= oldest]
        if own:
            metrics += figures(group, own)
    return metrics


def figures(group: str, compared: Sequence[Compared]) -> list[Metric]:
    """Of one age group: correlations, errors, recall by class, what is flagged, and in a room."""
    experts = np.concatenate([each.experts for each in compared])
    scores = np.concatenate([each.plain for each in compared])
    words = [
        (each.plain[each.words == word].mean(), each.experts[each.words == word].mean())
        for each in compared
        for word in np.unique(each.words)
    ]
    wholes = [(each.plain.mean(), each.experts.mean()) for each in compared]
    aim = {"all": ">= 0.68", "children": ">= 0.62"}.get(group)
    n = len(scores)
    metrics = [
        Metric(f"{group}.phone_pcc", pearson(scores, experts), "", aim, n),
        Metric(f"{group}.phone_mse", float(np.mean((scores - experts) ** 2)), "", "<= 0.074", n),
        Metric(f"{group}.word_pcc", pearson(*np.transpose(words)), "", ">= 0.62", len(words)),
        Metric(
            f"{group}.utterance_pcc", pearson(*np.transpose(wholes)), "", ">= 0.78", len(wholes)
        ),
    ]
    given, said = classes(scores), classes(experts)
    for index, name in enumerate(CLASSES):
        own = said == index
        share = float((given[own] == index).mean()) if own.any() else None
        metrics.append(Metric(f"{group}.recall.{name}", share, "", None, int(own.sum())))
    flagged = np.concatenate([each.wrong >= each.flag_from for each in compared])
    hits = float((experts[flagged] < 1.0).mean()) if flagged.any() else None
    metrics.append(Metric(f"{group}.flagged.precision", hits, "", None, int(flagged.sum())))
    later = [(each.plain, each.known, each.experts) for each in compared if each.known is not None]
    if later:
        plain, known, truth = (np.concatenate(column) for column in zip(*later, strict=True))
        metrics += [
            Metric(f"{group}.later.phone_pcc", pearson(plain, truth), "", None, len(truth)),
            Metric(
                f"{group}.later.phone_pcc_with_history", pearson(known, truth), "", None, len(truth)
            ),
        ]
    near = np.concatenate([np.abs(each.plain - each.experts) <= NEAR for each in compared])
    sure, wrong = (np.concatenate([getattr(e, name) for e in compared]) for name in TOLD)
    metrics += [
        Metric(f"{group}.sure.off_by", off_by(sure, near), "", None, n),
        Metric(f"{group}.wrong.off_by", off_by(wrong, experts < WRONG_BELOW), "", None, n),
        *_robust(f"{group}.room", [(e.plain, e.roomy, e.words) for e in compared]),
        *_robust(f"{group}.front_end", [(e.plain, e.front_end, e.words) for e in compared]),
        *_named_falsely(group, compared),
        *_planted(group, [each.found for each in compared if each.found is not None]),
    ]
    return metrics


def off_by(told: Values, happened: NDArray[np.bool_]) -> float:
    """How far told probabilities are from how often it happened, averaged over tenths of all."""
    order = np.argsort(told, kind="stable")
    parts = [part for part in np.array_split(order, 10) if part.size]
    gaps = [abs(told[part].mean() - happened[part].mean()) * part.size for part in parts]
    return float(sum(gaps) / told.size)


def _robust(
    name: str, tried: Sequence[tuple[Values, Values | None, NDArray[np.int64]]]
) -> list[Metric]:
    """Shares of utterances, and of their words, whose mean score stays within a tenth."""
    both = [(near, far, words) for near, far, words in tried if far is not None]
    if not both:
        return []
    wholes = [_within(near.mean(), far.mean()) for near, far, _ in both]
    words = [
        _within(near[of == word].mean(), far[of == word].mean())
        for near, far, of in both
        for word in np.unique(of)
    ]
    return [
        Metric(f"{name}.within_10_percent", float(np.mean(wholes)), "", None, len(wholes)),
        Metric(f"{name}.words_within_10_percent", float(np.mean(words)), "", None, len(words)),
    ]


def _within(near: float, far: float) -> bool:
    return bool(abs(far - near) <= 0.1 * near)


def _named_falsely(group: str, compared: Sequence[Compared]) -> list[Metric]:
    """Of 1,000 phones of words that every expert found right, how many are said to be others."""
    right = [
        each.named[each.words == word]
        for each in compared
        if each.named is not None
        for word in np.unique(each.words)
        if each.experts[each.words == word].min() >= PERFECT
    ]
    if not right:
        return []
    named = np.concatenate(right)
    share = 1000.0 * float(named.mean())
    return [Metric(f"{group}.right_words.named_of_1000", share, "", None, len(named))]


def _planted(group: str, found: Sequence[Found]) -> list[Metric]:
    """How often a planted mistake is flagged, and named, by kind."""
    metrics = []
    for kind in ("any", *PLANTED):
        own = [one for one in found if kind in ("any", one.planted.kind)]
        if not own:
            continue
        named = [one.heard == one.planted.said for one in own if one.heard is not None]
        flagged = [one.flagged for one in own]
        name = f"{group}.planted.{kind}"
        metrics += [
            Metric(f"{name}.flagged", float(np.mean(flagged)), "", None, len(own)),
            Metric(f"{name}.named", len(named) / len(own), "", None, len(own)),
            Metric(
                f"{name}.named_rightly",
                float(np.mean(named)) if named else None, "", None, len(named),
            ),
        ]  # fmt: skip
    return metrics


def compare(corpus: Path, *, long: bool, seed: int) -> list[Compared]:
    """Recordings of some speakers, or of all, judged by models that never heard them.

    Raises:
        ModelError: There are no such models, or this is no checkout of the sources.
    """
    if (SOURCES / "training" / "corpus.py").is_file() and str(SOURCES) not in sys.path:
        sys.path.append(str(SOURCES))  # what is no part of the package: `myna` alone misses it
    try:
        from training import corpus as recordings
        from training import dictionary
    except ImportError as fault:
        raise ModelError("measure with --corpus in a checkout of Myna's sources") from fault
    utterances = recordings.load(recordings.corpus_folder(corpus), dictionary.load())
    folds = recordings.folds(utterances)
    scorers = out_of_fold()
    rng = random.Random(seed)  # noqa: S311 - a choice, not a secret
    speakers = sorted(folds)
    rng.shuffle(speakers)
    heard_here = set(speakers[: SPEAKERS_LONG if long else SPEAKERS])
    spoken = [each for each in utterances if each.speaker in heard_here and each.scores is not None]
    rng.shuffle(spoken)
    histories: dict[str, VoiceHistory] = defaultdict(VoiceHistory)
    heard: dict[str, int] = defaultdict(int)
    planted: Counter[str] = Counter()
    most = PLANTED_LONG if long else PLANTED_SHORT
    found: list[Compared] = []
    for utterance in spoken:
        ears, scorer, network = scorers[folds[utterance.speaker]]
        words = [[tuple(PHONES[phone] for phone in word)] for word in utterance.phones]
        sound: NDArray[np.float32] = utterance.samples()
        frames = ears.frames(sound)
        history = histories[utterance.speaker]
        judgement = scorer.judge(frames, words, history)
        if judgement is None or utterance.scores is None:
            continue
        roomy = front_end = None
        if len(found) < (ROOMY_LONG if long else ROOMY):
            samples = np.clip(np.rint(sound * 32768.0), -32768, 32767).astype(np.int16)
            said = Said(utterance.name, utterance.speaker, (), samples)
            roomy = _again(ears, scorer, words, in_a_room(said).samples)
            front_end = _again(ears, scorer, words, after_the_front_end(said))
        mistakes = list(plantings([way for (way,) in words], utterance.scores))
        mistake = chosen(mistakes, planted, most, seed=utterance.name)
        planted.update([] if mistake is None else [mistake.kind])
        found.append(
            Compared(
                utterance.age,
                np.array([span.word_index for span in judgement.spans]),
                np.array([score for word in utterance.scores for score in word]),
                judgement.plain,
                judgement.scores if heard[utterance.speaker] >= HISTORY else None,
                network.trained.at(network.trained.wrong, judgement.plain),
                network.trained.flag_from,
                network.trained.at(network.trained.near, judgement.plain),
                roomy,
                front_end,
                np.array([p.heard is not None for p in scorer.phones(frames, judgement)]),
                None if mistake is None else asked_about(scorer, frames, mistake),
            )
        )
        heard[utterance.speaker] += 1
        histories[utterance.speaker] = history.joined(judgement.past)
    return found


def _again(
    ears: SpeechEars, scorer: PronunciationScorer, words: Sequence[Word], samples: Samples | None
) -> Values | None:
    """Scores of the same words in what became of the sound, if anything did."""
    if samples is None:
        return None
    judgement = scorer.judge(ears.frames(samples.astype(np.float32) / 32768.0), words)
    return None if judgement is None else judgement.plain


def out_of_fold() -> list[tuple[SpeechEars, PronunciationScorer, ScorerNetwork]]:
    """Ears, scorer and network of each fold.

    Raises:
        ModelError: They are not there.
    """
    folder = Path(os.environ.get(FOLDS_VARIABLE, FOLDS_FOLDER))
    found: list[tuple[SpeechEars, PronunciationScorer, ScorerNetwork]] = []
    lexicon = Lexicon()
    while (folder / f"scorer{len(found)}.onnx").is_file():
        ears = SpeechEars(folder / f"ears{len(found)}.onnx")
        network = ScorerNetwork(folder / f"scorer{len(found)}.onnx")
        found.append((ears, PronunciationScorer(ears, network, lexicon), network))
    if not found:
        raise ModelError(
            f"there are no fold models of the scorer in {folder}; make them with "
            "`python -m training.scoring`, or leave out --corpus"
        )
    return found


def cost() -> list[Metric]:
    """Size, and how long feedback takes: recognition and scores; the voice only has to be speech.

    Real time is what a child waits, and grows with whatever else the machine does.
    """
    voice: Samples = np.concatenate(list(EspeakVoice().speak(Line(TEXT, rate=0.8))))
    samples = np.pad(voice, (0, int(FEEDBACK_S * SAMPLE_RATE_HZ) - voice.size))
    others = tuple(f"i like {thing}" for thing in OTHER_THINGS)
    spent = measured([(samples, TEXT)] * TIMES, others=others, scored=True)
    processor_ms = 1000.0 * spent.processor_s / TIMES
    waited = spent.waited_ms
    return [
        Metric("model.size", MODEL_PATH.stat().st_size / 1e6, "MB", "<= 10", 1),
        Metric("feedback_of_3_s.p50", float(np.median(waited)), "ms", "<= 250", TIMES),
        Metric("feedback_of_3_s.max", max(waited), "ms", "<= 250", TIMES),
        Metric("feedback_of_3_s.processor", processor_ms, "ms", "<= 250", TIMES),
        Metric("feedback_of_3_s.understood", spent.understood / TIMES, "", None, TIMES),
        Metric("real_time_factor", spent.real_time_factor, "", "<= 0.05", TIMES),
    ]


def classes(scores: Values) -> NDArray[np.int64]:
    """Index into `CLASSES` of each score."""
    return np.digitize(scores, (0.5, 1.5))


def pearson(one: Values, other: Values) -> float | None:
    """Correlation; None where one of them does not vary."""
    if len(one) < 2 or np.ptp(one) == 0.0 or np.ptp(other) == 0.0:
        return None
    return float(np.corrcoef(one, other)[0, 1])

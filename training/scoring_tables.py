"""What goes with the scorer's networks: how sure a score is, is it this text, a child's past."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dialog.scoring.figures import COUNT
from dialog.scoring.history import Past, VoiceHistory
from dialog.scoring.memory import remembered, terms
from training.scoring_data import Judged, Standard

Values = NDArray[np.float64]

KNOTS = np.concatenate([np.linspace(0.0, 1.5, 16), np.linspace(1.55, 2.0, 10)])
WRONG_BELOW = 1.0
NEAR, NEAR_MEAN = 0.5, 0.25
FLAG_FROM = 0.6
"""See ``docs/scoring.md`` for what it was chosen by."""
FALSELY_REFUSED = 0.005
"""Share of utterances of the right text that the gate may refuse."""
PAST_LENGTHS = (2, 10)
RIDGE = 0.02


def tables(
    sentences: Sequence[Judged],
    predicted: Sequence[Values],
    others: Sequence[tuple[int, NDArray[np.float32]]],
    standard: Standard,
) -> dict[str, object]:
    """All of `dialog.scoring.network_onnx.Trained`, as JSON can hold it.

    Args:
        sentences: Judged by experts.
        predicted: Their scores by networks that never heard the speaker.
        others: Fold and figures of wrong texts aligned to recordings.
        standard: Of the networks' inputs.
    """
    mean, deviation = _of_means(standard)
    past = past_weights(sentences, predicted, standard)
    gate, gate_from = _gate(sentences, others, mean, deviation)
    scores = np.concatenate(predicted)
    truth = np.concatenate([one.scores for one in sentences])
    wholes = np.array(
        [[p.mean(), one.scores.mean()] for p, one in zip(predicted, sentences, strict=True)]
    )
    words = np.array(
        [
            [p[one.words == word].mean(), one.scores[one.words == word].mean()]
            for p, one in zip(predicted, sentences, strict=True)
            for word in np.unique(one.words)
        ]
    )
    return {
        "mean": _rounded(standard.mean),
        "deviation": _rounded(standard.deviation),
        "knots": _rounded(KNOTS),
        "wrong": _rounded(_table(scores, truth < WRONG_BELOW, falling=True)),
        "near": _rounded(_table(scores, np.abs(scores - truth) <= NEAR)),
        "near_word": _rounded(_table(words[:, 0], np.abs(words[:, 0] - words[:, 1]) <= NEAR_MEAN)),
        "near_sentence": _rounded(
            _table(wholes[:, 0], np.abs(wholes[:, 0] - wholes[:, 1]) <= NEAR_MEAN)
        ),
        "flag_from": FLAG_FROM,
        "gate": _rounded(gate),
        "gate_from": gate_from,
        "history": _rounded(past),
    }


def past_weights(
    sentences: Sequence[Judged], predicted: Sequence[Values], standard: Standard
) -> Values:
    """Weights of `dialog.scoring.memory.terms` by ridge regression, histories drawn at random."""
    gathered, missing = [], []
    for length in PAST_LENGTHS:
        for index, history in enumerate(histories(sentences, predicted, length, seed=length)):
            drawn = drawn_terms(sentences[index], predicted[index], history, standard)
            gathered.append(drawn)
            missing.append(sentences[index].scores - predicted[index])
    drawn, left = np.concatenate(gathered), np.concatenate(missing)
    scale = RIDGE * len(drawn) * np.diag(drawn.var(axis=0) + 1e-9)
    weights: Values = np.linalg.solve(drawn.T @ drawn + scale, drawn.T @ left)
    return weights


def histories(
    sentences: Sequence[Judged], predicted: Sequence[Values], length: int, *, seed: int
) -> list[VoiceHistory]:
    """For every sentence a history of so many others by the same speaker, drawn at random."""
    rng = np.random.default_rng(seed)
    spoken = defaultdict(list)
    for index, one in enumerate(sentences):
        spoken[one.utterance.speaker].append(index)
    made = []
    for index, one in enumerate(sentences):
        earlier = [other for other in spoken[one.utterance.speaker] if other != index]
        history = VoiceHistory()
        for other in rng.permutation(earlier)[:length]:
            rows = sentences[other].rows.sum(axis=0, dtype=np.float64)
            scores = predicted[other]
            history = history.joined(Past(len(scores), float(scores.sum()), tuple(rows.tolist())))
        made.append(history)
    return made


def drawn_terms(
    one: Judged, predicted: Values, history: VoiceHistory, standard: Standard
) -> Values:
    """`dialog.scoring.memory.terms` of a judged sentence."""
    mean, deviation = _of_means(standard)
    figures = one.rows.mean(axis=0, dtype=np.float64)
    return terms(history, predicted, figures, mean, deviation)


def with_past(
    one: Judged, predicted: Values, history: VoiceHistory, standard: Standard, weights: Values
) -> Values:
    """Scores of a judged sentence with a history drawn in."""
    return remembered(predicted, drawn_terms(one, predicted, history, standard), weights)


def _of_means(standard: Standard) -> tuple[Values, Values]:
    part = slice(COUNT, 2 * COUNT)
    return standard.mean[part].astype(np.float64), standard.deviation[part].astype(np.float64)


def _gate(
    sentences: Sequence[Judged],
    others: Sequence[tuple[int, NDArray[np.float32]]],
    mean: Values,
    deviation: Values,
) -> tuple[Values, float]:
    """Logistic regression on mean figures; the threshold from folds that it did not see."""

    def inputs(rows: Sequence[NDArray[np.float32]]) -> Values:
        away = np.array([row.mean(axis=0, dtype=np.float64) for row in rows])
        away = np.clip((away - mean) / deviation, -6.0, 6.0)
        return np.concatenate([away, np.ones((len(away), 1))], axis=1)

    right, wrong = inputs([one.rows for one in sentences]), inputs([rows for _, rows in others])
    right_fold = np.array([one.fold for one in sentences])
    wrong_fold = np.array([fold for fold, _ in others])
    held = np.concatenate(
        [
            right[right_fold == fold]
            @ _logistic(right[right_fold != fold], wrong[wrong_fold != fold])
            for fold in np.unique(right_fold)
        ]
    )
    return _logistic(right, wrong), round(float(np.quantile(held, FALSELY_REFUSED)), 4)


def _logistic(right: Values, wrong: Values) -> Values:
    """Weights by Newton's method, all but the last one held small."""
    inputs = np.concatenate([right, wrong])
    truth = np.concatenate([np.ones(len(right)), np.zeros(len(wrong))])
    small = np.append(np.ones(inputs.shape[1] - 1), 1e-6)
    weights = np.zeros(inputs.shape[1])
    for _ in range(30):
        chance = 1.0 / (1.0 + np.exp(-inputs @ weights))
        slope = inputs.T @ (chance - truth) + small * weights
        curve = (inputs * (chance * (1.0 - chance) + 1e-9)[:, None]).T @ inputs + np.diag(small)
        weights = weights - np.linalg.solve(curve, slope)
    return weights


def _table(scores: Values, happened: NDArray[np.bool_], *, falling: bool | None = None) -> Values:
    """How often something happened at each knot: neighbours weighed by a kernel, then made
    monotonic where it has to be (pool adjacent violators)."""
    values = np.empty(len(KNOTS))
    weights = np.empty(len(KNOTS))
    for index, knot in enumerate(KNOTS):
        near = np.exp(-0.5 * np.square((scores - knot) / 0.06)) + 1e-9
        weights[index] = near.sum()
        values[index] = (near @ happened + happened.mean()) / (near.sum() + 1.0)
    return _monotonic(-values, weights) * -1.0 if falling else values


def _monotonic(values: Values, weights: Values) -> Values:
    """The nearest rising sequence."""
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        blocks.append((value, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, left, m), (b, right, n) = blocks[-2:]
            blocks[-2:] = [((a * left + b * right) / (left + right), left + right, m + n)]
    return np.concatenate([np.full(size, value) for value, _, size in blocks])


def _rounded(values: NDArray[np.floating]) -> list[float]:
    return [round(float(value), 5) for value in values]

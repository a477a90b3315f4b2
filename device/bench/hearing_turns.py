"""When turns end and when Myna falls silent: children's recordings joined as children hesitate."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from audio.front_end import FrontEnd
from audio.ports import (
    FRAME_S,
    FRAME_SAMPLES,
    SAMPLE_RATE_HZ,
    Attention,
    Ducked,
    Edge,
    Interrupted,
    Samples,
    SpeechEnded,
    SpeechPaused,
)
from audio.virtual_room.noise import cough
from audio.virtual_room.synthesised import say_as_adult
from device.bench import acoustics, hearing_scene
from device.bench.acoustics import Signal
from device.bench.echo_scene import FAR_RMS, NOISE_RMS
from device.bench.echo_signals import int16
from device.bench.figures_page import Plot, Report, distribution
from device.bench.hearing_listener import Listener
from device.bench.hearing_scene import Condition, Place, Talk
from device.bench.hearing_voices import LastWords, Sentence
from device.bench.metric import Metric
from device.turn import Pause, pause_after
from dialog.ports import Hints, Recognizer

PAUSES_S = (0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0)
FILLER_EVERY = 4
"""Every so many joined utterances has a filler in its pause."""
RECOGNISED_AFTER_FRAMES = 8
"""What recognition takes on a small machine: `device.room_run.REPEATABLE`."""
LEAD_S, TRAIL_S = 0.6, 4.5
CHILD_RMS = FAR_RMS * 10.0 ** (-6.0 / 20.0)
OTHERS = 20
ALIGNED_TO_S = 0.05
"""How well a word's end is known."""


class WordEnds(Protocol):
    """Knows where a sentence's last word ends: `LastWords`, or a test's own."""

    def end(self, sentence: Sentence) -> int: ...


@dataclass(frozen=True, slots=True)
class Joined:
    """An utterance to be heard whole.

    Attributes:
        voice: Active level 1.0.
        text: All of its words.
        pause_s: Its inner pause; 0.0 for none.
        last_from: Sample where its last piece begins.
        words_end: Sample after its last word.
        filled: Whether the pause holds a filler.
    """

    voice: Signal
    text: str
    pause_s: float
    last_from: int
    words_end: int
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a turn over one utterance went.

    Attributes:
        cut_off: It ended before the last word had, or never began.
        wait_s: From the last word to its end; None where it was cut off.
    """

    utterance: Joined
    cut_off: bool
    wait_s: float | None


def run(
    sentences: Sequence[Sentence],
    conditions: Sequence[Condition],
    recogniser: Recognizer,
    *,
    plain: int,
    joined: int,
    false_s: float,
    seed: int,
) -> Report:
    """Measure.

    Args:
        conditions: Where interruptions are tried, one sentence at each of three levels in each.
        plain: Whole recordings taken as turns, each as an expected and as an open answer.
        joined: Utterances with a pause in them.
        false_s: Seconds of Myna talking among noise and coughs.
    """
    report = Report()
    texts = sorted({sentence.text for sentence in sentences})
    last_words = LastWords()
    whole = [
        Joined(sentence.voice, sentence.text, 0.0, 0, last_words.end(sentence))
        for sentence in list(sentences)[:plain]
    ]
    expected = [_turn(each, recogniser, texts, expected=True, seed=seed) for each in whole]
    opened = [_turn(each, recogniser, texts, expected=False, seed=seed) for each in whole]
    paused = [
        _turn(each, recogniser, texts, expected=True, seed=seed)
        for each in join(sentences, joined, last_words, seed=seed)
    ]
    report.metrics += _turn_figures(expected, opened, paused)
    waits = [
        distribution(name, [1000 * o.wait_s for o in outcomes if o.wait_s is not None])
        for name, outcomes in (("expected", expected), ("open", opened), ("with a pause", paused))
    ]
    report.plots.append(
        Plot("Wait after the child's last sound", "ms", "share of turns", tuple(waits))
    )
    report.add(_interruptions(sentences, conditions))
    report.metrics += _false_interruptions(conditions, false_s, seed)
    return report


def join(
    sentences: Sequence[Sentence], count: int, last_words: WordEnds, *, seed: int
) -> list[Joined]:
    """Two recordings of one child with a pause between them, every fourth with a filler."""
    rng = random.Random(seed)  # noqa: S311 - a choice, not a secret
    by_speaker: dict[str, list[Sentence]] = {}
    for sentence in sentences:
        by_speaker.setdefault(sentence.speaker, []).append(sentence)
    pairs = [
        (first, second)
        for said in by_speaker.values()
        for first, second in zip(said[::2], said[1::2], strict=False)
    ]
    rng.shuffle(pairs)
    made: list[Joined] = []
    for number in range(min(count, len(pairs) * len(PAUSES_S))):
        first, second = pairs[number % len(pairs)]
        pause_s = PAUSES_S[number % len(PAUSES_S)]
        gap = np.zeros(int(pause_s * SAMPLE_RATE_HZ))
        filled = number % FILLER_EVERY == FILLER_EVERY - 1 and pause_s >= 0.6
        if filled:
            um = say_as_adult("um", 1).samples[: len(gap) // 2] * 0.7
            at = len(gap) // 4
            gap[at : at + len(um)] = um
        last_from = len(first.voice) + len(gap)
        voice = np.concatenate([first.voice, gap, second.voice])
        words_end = last_from + last_words.end(second)
        text = f"{first.text} {second.text}"
        made.append(Joined(voice, text, pause_s, last_from, words_end, filled))
    return made


def _turn(
    utterance: Joined, recogniser: Recognizer, texts: Sequence[str], *, expected: bool, seed: int
) -> Outcome:
    """One turn, with the recogniser's word on each pause as the conversation gives it."""
    listener = Listener(Attention.TURN)
    rng = random.Random(f"{seed} {utterance.text}")  # noqa: S311 - a choice, not a secret
    others = [text for text in texts if text not in utterance.text]
    chosen = rng.sample(others, min(OTHERS, len(others)))
    answers = (utterance.text, *chosen) if expected else tuple(chosen)
    lead = int(LEAD_S * SAMPLE_RATE_HZ)
    dry = np.zeros(lead + len(utterance.voice) + int(TRAIL_S * SAMPLE_RATE_HZ))
    dry[lead : lead + len(utterance.voice)] = utterance.voice * CHILD_RMS
    noise = NOISE_RMS * np.random.default_rng(seed).standard_normal(len(dry))
    near, far = int16(dry + noise), np.zeros(FRAME_SAMPLES, np.int16)
    orders: deque[tuple[int, SpeechPaused]] = deque()
    ended: SpeechEnded | None = None
    for index in range(len(near) // FRAME_SAMPLES):
        while orders and orders[0][0] <= index:
            _answer(listener.front_end, orders.popleft()[1], recogniser, answers)
        start = index * FRAME_SAMPLES
        for edge in listener.hear(near[start : start + FRAME_SAMPLES], far):
            if isinstance(edge, SpeechPaused):
                orders.append((index + RECOGNISED_AFTER_FRAMES, edge))
            if isinstance(edge, SpeechEnded):
                ended = edge
        if ended is not None:
            break
    if ended is None:
        return Outcome(utterance, cut_off=True, wait_s=None)
    end_s = (lead + utterance.words_end) / SAMPLE_RATE_HZ
    cut = ended.at_s < end_s - ALIGNED_TO_S
    return Outcome(utterance, cut_off=cut, wait_s=None if cut else ended.at_s - end_s)


def _answer(
    front_end: FrontEnd, paused: SpeechPaused, recogniser: Recognizer, answers: tuple[str, ...]
) -> None:
    said = paused.utterance
    hints = Hints(answers)
    match pause_after(recogniser.recognize(said.samples, hints), answers):
        case Pause.COMPLETE:
            front_end.complete(said.id, said.revision)
        case Pause.UNFINISHED:
            front_end.unfinished(said.id, said.revision)
        case Pause.HESITATING:
            front_end.hesitating(said.id, said.revision)


def _turn_figures(
    expected: list[Outcome], opened: list[Outcome], paused: list[Outcome]
) -> list[Metric]:
    metrics = []
    for name, outcomes, wait_aim, cut_aim in (
        ("expected", expected, "<= 350", "<= 1"),
        ("open", opened, "<= 1100", "<= 1"),
        ("paused", paused, None, "<= 1"),
    ):
        at = f"hearing.turn.{name}"
        waits = [1000 * o.wait_s for o in outcomes if o.wait_s is not None]
        metrics += [
            Metric(f"{at}.cut_off", _percent(outcomes), "%", cut_aim, len(outcomes)),
            Metric(f"{at}.wait_median", _quantile(waits, 50), "ms", wait_aim, len(waits)),
            Metric(f"{at}.wait_p95", _quantile(waits, 95), "ms", None, len(waits)),
        ]
    for pause_s in PAUSES_S:
        some = [o for o in paused if o.utterance.pause_s == pause_s]
        at = f"hearing.turn.paused_{pause_s:.1f}_s.cut_off"
        metrics.append(Metric(at, _percent(some), "%", None, len(some)))
    filled = [o for o in paused if o.utterance.filled]
    metrics.append(Metric("hearing.turn.filler.cut_off", _percent(filled), "%", None, len(filled)))
    return metrics


def _percent(outcomes: Sequence[Outcome]) -> float | None:
    if not outcomes:
        return None
    return 100.0 * sum(outcome.cut_off for outcome in outcomes) / len(outcomes)


def _quantile(values: Sequence[float], percent: float) -> float | None:
    return float(np.percentile(values, percent)) if len(values) else None


def _interruptions(sentences: Sequence[Sentence], conditions: Sequence[Condition]) -> Report:
    ducked: list[float] = []
    cut: list[float] = []
    missed = {0.0: 0, 10.0: 0}
    tried = 0
    for number, condition in enumerate(conditions):
        sentence = sentences[number % len(sentences)]
        where = hearing_scene.place(condition, hearing_scene.seconds_for([sentence.voice]))
        for level in missed:
            talk = hearing_scene.talk(where, [sentence.voice], child_below_echo_db=level)
            _, last = talk.words[0]
            first = _onset(talk)
            tried += 1
            after = _over_playback(talk.near, talk.far, from_s=first / SAMPLE_RATE_HZ)
            duck = next((e.at_s for e in after if isinstance(e, Ducked)), None)
            stop = next((e.at_s for e in after if isinstance(e, Interrupted)), None)
            onset_s, end_s = first / SAMPLE_RATE_HZ, last / SAMPLE_RATE_HZ
            if duck is not None:
                ducked.append(1000 * (duck - onset_s))
            if stop is None or stop > end_s:
                missed[level] += 1
            else:
                cut.append(1000 * (stop - onset_s))
    n = len(conditions)
    every = 100.0 * sum(missed.values()) / tried if tried else None
    metrics = [
        Metric(f"hearing.interrupt.{name}", _quantile(values, percent), "ms", aim, len(values))
        for name, values, percent, aim in (
            ("ducked_median", ducked, 50, "<= 100"),
            ("silent_median", cut, 50, "<= 200"),
            ("silent_p95", cut, 95, "<= 350"),
        )
    ]
    metrics.append(Metric("hearing.interrupt.missed", every, "%", "<= 3", tried))
    for level, count in missed.items():
        at = f"hearing.interrupt.child_{level:.0f}db_below.missed"
        metrics.append(Metric(at, 100.0 * count / n if n else None, "%", None, n))
    plot = Plot(
        "Interruptions: from the child's first sound to the decision", "ms",
        "share of interruptions", (distribution("ducked", ducked), distribution("silent", cut)),
    )  # fmt: skip
    return Report(metrics, [plot])


def _onset(talk: Talk) -> int:
    """Sample from which the child's voice lies within 15 dB of its own level: a breath before
    is nothing that could be heard over Myna."""
    first, last = talk.words[0]
    size = SAMPLE_RATE_HZ // 100
    voice = talk.child[first:last]
    powers = np.square(voice[: len(voice) // size * size].reshape(-1, size)).mean(axis=1)
    loud = powers > acoustics.active_rms(voice) ** 2 * 10.0**-1.5
    return first + int(np.argmax(loud)) * size


def _over_playback(near: Samples, far: Samples, *, from_s: float) -> list[Edge]:
    """Edges since a moment; before it, false interruptions are taken back at once."""
    listener = Listener(Attention.BARGE_IN)
    after: list[Edge] = []
    for start in range(0, len(near) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        part = slice(start, start + FRAME_SAMPLES)
        edges = listener.hear(near[part], far[part])
        if start / SAMPLE_RATE_HZ >= from_s:
            after += edges
        if any(isinstance(edge, Interrupted) for edge in edges):
            if start / SAMPLE_RATE_HZ >= from_s:
                break
            listener.front_end.attend(Attention.BARGE_IN)
    return after


def _false_interruptions(
    conditions: Sequence[Condition], seconds: float, seed: int
) -> list[Metric]:
    """Myna talks, somebody coughs twice a minute, the room is noisy; nobody speaks."""
    if not conditions or seconds <= 0:
        return [Metric("hearing.interrupt.false", None, "/h", "<= 1", 0)]
    each_s = min(60.0, seconds)
    count = 0
    spent_s = 0.0
    number = 0
    while spent_s < seconds:
        condition = replace(conditions[number % len(conditions)], far="speech")
        number += 1
        where = hearing_scene.place(condition, each_s)
        near = int16(where.echo + where.noise + _coughs(where, seed + number))
        listener = Listener(Attention.BARGE_IN)
        for start in range(0, len(near) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
            part = slice(start, start + FRAME_SAMPLES)
            edges = listener.hear(near[part], int16(where.far[part]))
            if any(isinstance(edge, Interrupted) for edge in edges):
                count += 1
                listener.front_end.attend(Attention.BARGE_IN)
        spent_s += len(near) // FRAME_SAMPLES * FRAME_S
    hours = spent_s / 3600
    return [
        Metric("hearing.interrupt.false", count / hours, "/h", "<= 1", number),
        Metric("hearing.interrupt.false_listened", spent_s / 60, "min", None, number),
    ]


def _coughs(where: Place, seed: int) -> Signal:
    rng = np.random.default_rng(seed)
    dry = np.zeros_like(where.echo)
    for at in range(8 * SAMPLE_RATE_HZ, len(dry) - SAMPLE_RATE_HZ, 30 * SAMPLE_RATE_HZ):
        sound = cough(rng)
        end = min(at + len(sound), len(dry))
        dry[at:end] += CHILD_RMS * sound[: end - at]
    response = acoustics.room_response(
        where.condition.rt60_s, acoustics.CHILD, seed=where.condition.seed,
        room_m=hearing_scene.ROOMS_M[where.condition.room],
    )  # fmt: skip
    wet = acoustics.convolve(dry, response / np.sqrt(np.sum(np.square(response))))
    return np.asarray(wet + 10.0 ** (-50.0 / 20.0) * rng.standard_normal(len(dry)))

"""How rightly expected answers are recognised: ``myna bench recognition``.

With ``--corpus`` (speechocean762's training half) each recording is heard by a model that never
heard its speaker: ``ears0.onnx`` to ``ears3.onnx`` and ``folds.json`` of ``scripts/train``, looked
for in ``build/training`` or the folder of ``MYNA_FOLDS``. Without it, synthetic voices that are
held out of training say sentences of the lessons, and the recogniser is the one of the device.
"""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from audio.files import read_audio
from audio.ports import SAMPLE_RATE_HZ
from core.errors import ModelError
from device.bench.metric import Metric
from device.bench.recogniser_process import measured
from device.bench.recognition_trials import (
    Ask,
    Guess,
    Said,
    Words,
    choice,
    equal_error,
    in_a_room,
    one_replaced,
    other_sentence,
    with_slips,
    word_errors,
)
from dialog import matching
from dialog.answers import best_answer
from dialog.phone_frames import Frames
from dialog.ports import Hints, Recognizer, SlipKind
from dialog.recognizer_pocketsphinx import PocketSphinxRecognizer
from dialog.recognizer_vosk import VoskRecognizer
from dialog.slips import FEWEST_WORDS, slip_in
from dialog.speech_ears import SpeechEars

Hear = Callable[[Said], Frames]
"""By a model that never heard the speaker."""
FOLDS_VARIABLE = "MYNA_FOLDS"
FOLDS_FOLDER = Path(__file__).parents[2] / "build" / "training"
GROUPS = (("children", 6, 12), ("adults", 18, 99))
LESSON_SENTENCES = 200

HELD_OUT_VOICES = (
    ("espeak-ng", "-v", "en-us+f4", "-p", "60", "-s", "120", "--stdout"),
    ("espeak-ng", "-v", "en-us+f1", "-p", "55", "-s", "130", "--stdout"),
    ("flite", "-voice", "awb", "-o", "/dev/stdout", "-t"),
)
"""No voice of these is in training (`training.synthetic.HELD_OUT`)."""
SENTENCES = (
    "good morning", "it is a cat", "i like apples", "my name is tom", "i have two brothers",
    "she is my mother", "the ball is red", "i am happy", "this is my book", "goodbye",
    "can i have some water", "i want to stop", "say it again", "how are you", "thank you",
    "it is under the table", "he is a teacher", "we play football", "three blue birds",
    "i don't know", "where is the dog", "i can swim", "open the door", "see you tomorrow",
    "what is your name", "i am seven years old", "there are four pencils", "help me please",
)  # fmt: skip


def run(*, long: bool, seed: int, corpus: Path | None) -> list[Metric]:
    """Measure.

    Args:
        long: More utterances.
        seed: Chooses them.
        corpus: speechocean762, None for synthetic voices.
    """
    if corpus is None:
        return [*_synthetic(), *_cost()]
    metrics: list[Metric] = []
    groups = _groups(corpus)
    everything = [said for _, saids in groups for said in saids]
    sentences = sorted({words for _, _, words, _ in everything})
    vocabulary = sorted({word for words in sentences for word in words})
    hear = _out_of_fold()
    ask = partial(_asked_of_ears, hear)
    for group, rows in groups:
        chosen = list(rows)
        random.Random(seed).shuffle(chosen)  # noqa: S311 - a choice, not a secret
        said = [_read(row) for row in chosen[: 300 if long else 40]]
        metrics += _told_apart(group, ask, said, sentences, vocabulary)
        metrics += _lesson(group, ask, said[: 100 if long else 15], sentences)
        metrics += _slips(group, hear, said, vocabulary)
        sphinx = partial(_asked, PocketSphinxRecognizer())
        few = said[: 100 if long else 15]
        metrics.append(_right(f"{group}.pocketsphinx", sphinx, few, sentences, None))
    return [*metrics, *_cost()]


def _told_apart(
    group: str, ask: Ask, said: Sequence[Said], sentences: Sequence[Words], vocabulary: list[str]
) -> list[Metric]:
    right = [ask(each, [each.words]).confidence for each in said]
    other = [ask(each, [other_sentence(each, sentences)]).confidence for each in said]
    slipped = [ask(each, [one_replaced(each, vocabulary)]).confidence for each in said]
    roomy = [in_a_room(each) for each in said]
    return [
        _right(group, ask, said, sentences, ">= 0.985"),
        _right(f"{group}.room", ask, roomy, sentences, "at most 0.03 worse"),
        Metric(f"{group}.equal_error", equal_error(right, other), "", "<= 0.02", len(said)),
        Metric(
            f"{group}.equal_error_one_word", equal_error(right, slipped), "", "<= 0.15", len(said)
        ),
        Metric(f"{group}.right_accepted", _share(right), "", None, len(said)),
        Metric(f"{group}.other_accepted", _share(other), "", None, len(said)),
    ]


def _right(
    name: str, ask: Ask, said: Sequence[Said], sentences: Sequence[Words], aim: str | None
) -> Metric:
    """Share of whole right sentences among 21, nothing refused."""
    hits = 0
    for each in said:
        candidates, place = choice(each, sentences)
        guess = ask(each, candidates)
        hits += guess.index == place and guess.whole
    return Metric(f"{name}.right_of_21", hits / len(said), "", aim, len(said))


def _lesson(group: str, ask: Ask, said: Sequence[Said], sentences: Sequence[Words]) -> list[Metric]:
    """Word error rate where 200 sentences are possible."""
    errors = words = 0
    for each in said:
        rng = random.Random(f"lesson {each.name}")  # noqa: S311 - a choice, not a secret
        lesson = [each.words, *(s for s in sentences if s != each.words)]
        lesson = [each.words, *rng.sample(lesson[1:], LESSON_SENTENCES - 1)]
        guess = ask(each, lesson)
        heard = lesson[guess.index] if guess.index is not None else ()
        errors += word_errors(each.words, heard)
        words += len(each.words)
    return [Metric(f"{group}.word_errors_of_200", errors / words, "", "<= 0.10", len(said))]


def _synthetic() -> list[Metric]:
    voices = [voice for voice in HELD_OUT_VOICES if shutil.which(voice[0])]
    if not voices:
        return [Metric("synthetic.vosk.right_of_21", None, "", None, 0)]
    sentences = [matching.words(text) for text in SENTENCES]
    said = [
        Said(f"{words} {voice}", " ".join(voice), words, _spoken(voice, words))
        for voice in voices
        for words in sentences
    ]
    metrics = []
    engines: tuple[Recognizer, ...] = (VoskRecognizer(), PocketSphinxRecognizer())
    for engine in engines:
        ask = partial(_asked, engine)
        metrics.append(_right(f"synthetic.{engine.name}", ask, said, sentences, None))
        wrong = [ask(each, [other_sentence(each, sentences)]).index for each in said]
        accepted = sum(index is not None for index in wrong) / len(wrong)
        name = f"synthetic.{engine.name}.other_accepted"
        metrics.append(Metric(name, accepted, "", None, len(wrong)))
        engine.close()
    return metrics


def _cost() -> list[Metric]:
    """Processor time per second of sound, and memory of the process that recognises and scores."""
    voice = HELD_OUT_VOICES[0]
    if not shutil.which(voice[0]):
        return [Metric("vosk.real_time_factor", None, "", "<= 0.06", 0)]
    said = [(_spoken(voice, matching.words(text)), text) for text in SENTENCES]
    cost = measured(said, others=SENTENCES[:21], scored=False)
    return [
        Metric("vosk.real_time_factor", cost.real_time_factor, "", "<= 0.06", len(said)),
        Metric("vosk.memory", cost.memory_mb, "MB", "<= 100", len(said)),
        Metric("vosk.memory_peak", cost.peak_mb, "MB", None, len(said)),
        Metric("vosk.memory_peak_after_15_s", cost.long_peak_mb, "MB", None, 1),
    ]


def _spoken(voice: Sequence[str], words: Words) -> np.ndarray:
    import io

    import soundfile
    import soxr

    wav = subprocess.run(
        [*voice, " ".join(words)], capture_output=True, check=True, timeout=30
    ).stdout
    sound, rate_hz = soundfile.read(io.BytesIO(wav), dtype="float32", always_2d=True)
    at_16_khz = np.pad(soxr.resample(sound[:, 0], rate_hz, SAMPLE_RATE_HZ), 4800)
    return np.asarray(np.rint(at_16_khz * 32767), np.int16)


def _asked(recogniser: Recognizer, said: Said, candidates: Sequence[Words]) -> Guess:
    hints = Hints(tuple(" ".join(words) for words in candidates))
    answer = recogniser.recognize(said.samples, hints)
    return Guess(answer.matched, answer.matched is not None, answer.confidence)


def _out_of_fold() -> Hear:
    folder = Path(os.environ.get(FOLDS_VARIABLE, FOLDS_FOLDER))
    try:
        folds: dict[str, int] = json.loads((folder / "folds.json").read_text(encoding="utf-8"))
    except OSError as fault:
        raise ModelError(
            f"there are no fold models in {folder}; make them with `scripts/train`, or leave out "
            "--corpus"
        ) from fault
    models = [SpeechEars(folder / f"ears{fold}.onnx") for fold in range(max(folds.values()) + 1)]

    def hear(said: Said) -> Frames:
        return models[folds[said.speaker]].frames((said.samples / 32768.0).astype(np.float32))

    return hear


def _asked_of_ears(hear: Hear, said: Said, candidates: Sequence[Words]) -> Guess:
    answer = best_answer(hear(said), candidates)
    if answer is None:
        return Guess(None, whole=False, confidence=0.0)
    sure = answer.confidence if answer.whole else 0.0
    return Guess(answer.index, answer.whole, sure)


def _slips(group: str, hear: Hear, said: Sequence[Said], vocabulary: Sequence[str]) -> list[Metric]:
    """Of answers missed by one word: is that word named? Of right ones: is any?"""
    long = [each for each in said if len(each.words) > FEWEST_WORDS]
    named: dict[SlipKind, list[bool]] = {kind: [] for kind in SlipKind}
    for each in long:
        for words, slip in with_slips(each, vocabulary):
            named[slip.kind].append(slip_in(hear(each), words) == slip)
    right = [slip_in(hear(each), each.words) is not None for each in long]
    metrics = [
        Metric(f"{group}.slip.{kind}.named", sum(of) / len(of) if of else None, "", None, len(of))
        for kind, of in named.items()
    ]
    share = sum(right) / len(right) if right else None
    return [*metrics, Metric(f"{group}.slip.none.named", share, "", None, len(right))]


def _share(confidences: Sequence[float]) -> float:
    return sum(confidence >= 0.5 for confidence in confidences) / len(confidences)


Row = tuple[str, str, Words, Path]


def _groups(corpus: Path) -> list[tuple[str, list[Row]]]:
    """Names, speakers, words and files of each age group."""
    rows = list(_rows(corpus))
    return [
        (name, [row for age, row in rows if youngest <= age <= oldest])
        for name, youngest, oldest in GROUPS
    ]


def _rows(corpus: Path) -> Iterator[tuple[int, Row]]:
    with (corpus / "train.tsv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            path = corpus / "train" / row["speaker"] / f"{row['utterance']}.opus"
            words = matching.words(row["text"])
            yield int(row["age"]), (row["utterance"], row["speaker"], words, path)


def _read(row: Row) -> Said:
    name, speaker, words, path = row
    return Said(name, speaker, words, read_audio(path))

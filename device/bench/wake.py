"""How well the wake phrase is heard: ``myna bench wake``.

"Hello myna" by synthetic voices that no model has heard, in rooms and noise, by the detector as it
runs on the device. With ``--corpus`` (speechocean762's training half) also what the first stage
alone, which only finds candidates, makes of phrases that real people did and did not say: speakers
that its verifier did not learn from. The acoustic model, as it ships, has learnt from all of them,
which flatters these figures; both stages, by models that heard nobody, are judged by ``python -m
training.wake.people``, and hours of talk by ``myna bench hours``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from audio.ports import FRAME_SAMPLES
from audio.wake_gate import LevelGate
from device.bench.acoustics import Signal
from device.bench.figures_page import Curve, Plot, Report
from device.bench.metric import Metric
from device.bench.wake_said import HELLO_MYNA, OLDEST_CHILD, Trial, phrases_in, trials, unlearnt
from device.bench.wake_scenes import SCENES, heard, say, voices
from dialog.factory import build_last_word
from dialog.wake.confirm import ConfirmedWakeWord, candidate_share
from dialog.wake.detector import PhoneWakeWord, WakeModels
from dialog.wake.question import WakeQuestion

SHORT_VOICES, LONG_VOICES = 18, 150
SHORT_RECORDINGS, LONG_RECORDINGS = 24, 400
THRESHOLD = 0.5
NEAR_MISSES = (
    "hello mina", "hello miles", "hey minor", "hello my name is tom", "yellow", "hello mama",
    "hello my friend", "hello china", "hello banana", "hello mine", "hello diana", "hello nina",
)  # fmt: skip
_AIMS = {"quiet": "<= 3", "10db": None, "5db": "<= 10"}


def run(*, long: bool, seed: int, corpus: Path | None = None) -> list[Metric]:
    """All figures; see `measure`."""
    return measure(long=long, seed=seed, corpus=corpus).metrics


def measure(*, long: bool, seed: int, corpus: Path | None = None) -> Report:
    """All figures and the curves of misses against false accepts.

    Args:
        long: More voices and recordings.
        seed: Draws rooms, noise and phrases.
        corpus: A folder with ``train.tsv`` and ``train/``, or None.

    Raises:
        ModelError: A model is missing.
    """
    models = WakeModels.load()
    report = Report(_hello_myna(models, LONG_VOICES if long else SHORT_VOICES, seed))
    if corpus is not None:
        report.add(_people(models, corpus, LONG_RECORDINGS if long else SHORT_RECORDINGS, seed))
    return report


def _hello_myna(models: WakeModels, count: int, seed: int) -> list[Metric]:
    metrics = []
    chosen = list(voices(count))
    for scene, snr_db in SCENES:
        missed: dict[str, list[bool]] = defaultdict(list)
        for number, voice in enumerate(chosen):
            said = say(HELLO_MYNA, voice)
            if not said.size:
                continue
            rng = np.random.default_rng([seed, number])
            hits = _hits(models, heard(said, snr_db=snr_db, rng=rng))
            missed[voice.program].append(not hits)
        everybody = [each for program in missed.values() for each in program]
        name = f"wake.hello_myna.{scene}"
        metrics.append(_missed(name, everybody, _AIMS[scene]))
        metrics += [_missed(f"{name}.{p}", each, None) for p, each in sorted(missed.items())]
    alike = []
    for number, text in enumerate(NEAR_MISSES):
        for voice in chosen[number % 3 : 12 : 3]:
            said = say(text, voice)
            if said.size:
                rng = np.random.default_rng([seed, number])
                alike.append(bool(_hits(models, heard(said, snr_db=None, rng=rng))))
    metrics.append(Metric("wake.near_misses_accepted", _percent(alike), "%", None, len(alike)))
    return metrics


def _hits(models: WakeModels, sound: Signal) -> int:
    candidates = PhoneWakeWord(
        HELLO_MYNA,
        threshold=THRESHOLD * candidate_share(HELLO_MYNA),
        gate=LevelGate(),
        models=models,
    )
    wake = ConfirmedWakeWord(
        candidates, WakeQuestion(HELLO_MYNA), build_last_word(), threshold=THRESHOLD
    )
    frames = np.rint(sound * 32767).astype(np.int16)
    frames = frames[: frames.size // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    return sum(wake.process(frame) is not None for frame in frames)


def _people(models: WakeModels, corpus: Path, count: int, seed: int) -> Report:
    recordings = unlearnt(corpus)
    pool = {text: phrase for each in recordings for text, phrase in phrases_in(each.words).items()}
    step = max(1, len(recordings) // count)
    chosen = recordings[seed % step :: step]
    report = Report()
    curves = []
    for scene, snr_db in (("clean", None), ("10db", 10.0)):
        made = list(
            trials(
                chosen, list(pool.values()), scene, snr_db,
                network=models.network, verifier=models.verifier, seed=seed,
            )
        )  # fmt: skip
        report.metrics += _figures(scene, made)
        curves += [
            _curve(f"{scene}, {who}", made, child=child)
            for who, child in (("children", True), ("adults", False))
        ]
    title = f"Phrases that people said, {len(chosen)} recordings in each scene"
    report.plots.append(
        Plot(title, "false accepts for each phrase and hour", "missed, %", tuple(curves))
    )
    return report


def _figures(scene: str, made: Sequence[Trial]) -> list[Metric]:
    others = [each for each in made if not each.said]
    asked = [each for each in others if each.phrase != HELLO_MYNA]
    hello = [each for each in others if each.phrase == HELLO_MYNA]
    name = f"wake.first_stage.{scene}"
    metrics = []
    for who, child in (("children", True), ("adults", False)):
        said = [each for each in made if each.said and _by_child(each) is child]
        metrics.append(_missed(f"{name}.{who}.missed", [t.logit < 0 for t in said], None))
    metrics.append(Metric(f"{name}.accepts", _rate(asked), "1/h", None, len(asked)))
    metrics.append(Metric(f"{name}.phrase_hours", _hours(asked), "h", None, len(asked)))
    heard_hello = float(sum(each.logit >= 0 for each in hello))
    metrics.append(Metric(f"wake.hello_myna.candidates.{scene}", heard_hello, "", None, len(hello)))
    metrics.append(Metric(f"wake.hello_myna.hours.{scene}", _hours(hello), "h", None, len(hello)))
    return metrics


def _by_child(trial: Trial) -> bool:
    return trial.recording.age <= OLDEST_CHILD


def _hours(made: Sequence[Trial]) -> float:
    return sum(each.seconds for each in made) / 3600


def _rate(made: Sequence[Trial]) -> float | None:
    hours = _hours(made)
    return sum(each.logit >= 0 for each in made) / hours if hours else None


def _curve(name: str, made: Sequence[Trial], *, child: bool) -> Curve:
    said = np.array([t.logit for t in made if t.said and _by_child(t) is child])
    others = [t for t in made if not t.said and t.phrase != HELLO_MYNA]
    hours = max(_hours(others), 1e-9)
    highest = np.sort([t.logit for t in others if np.isfinite(t.logit)])[::-1]
    x = [(place + 1) / hours for place in range(len(highest))]
    y = [100 * float(np.mean(said < logit)) if said.size else float("nan") for logit in highest]
    return Curve(name, x[:400], y[:400])


def _missed(name: str, missed: Sequence[bool], aim: str | None) -> Metric:
    return Metric(name, _percent(missed), "%", aim, len(missed))


def _percent(happened: Sequence[bool]) -> float | None:
    return 100.0 * sum(happened) / len(happened) if happened else None

"""What is saved by not computing the wake word on silence, and whether a phrase is lost by it.

Each saying is heard twice, with the gate on the level as on the device and with one that is always
open; what the last word makes of the candidates is what counts.
"""

from __future__ import annotations

import numpy as np

from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ, WAKE_SOUND_S, Samples
from audio.settings import WakeSettings
from audio.wake_gate import LevelGate
from device.bench.acoustics import Signal
from device.bench.echo_signals import int16
from device.bench.figures_page import Report
from device.bench.metric import Metric
from device.bench.wake_scenes import SCENES, heard, say, voices
from dialog.factory import build_last_word
from dialog.wake.confirm import candidate_share
from dialog.wake.detector import CHUNK_FRAMES, Gate, PhoneWakeWord, WakeModels
from dialog.wake.question import WakeQuestion

_QUIET_S = 30.0
_QUIET_DBFS = -62.0
_SOUND_SAMPLES = round(WAKE_SOUND_S * SAMPLE_RATE_HZ)


class _AlwaysOpen:
    """A gate that saves nothing."""

    def open(self, frame: Samples) -> bool:
        return True

    def reset(self) -> None: ...


def run(*, says: int, seed: int) -> Report:
    """Say the default phrase in quiet and in noise, in rooms, to both.

    Args:
        says: Times in each scene, by voices that no model of ours has heard.
        seed: Draws rooms and noise.
    """
    models = WakeModels.load()
    gated, open_ = PhoneGate(models, LevelGate()), PhoneGate(models, _AlwaysOpen())
    phrase = WakeSettings().phrase
    both = [0, 0]
    lost = tried = 0
    for number, voice in enumerate(voices(says)):
        said = say(phrase, voice)
        for scene, snr_db in SCENES if said.size else ():
            rng = np.random.default_rng([seed, number, len(scene)])
            sound = heard(said, snr_db=snr_db, rng=rng)
            results = [listener.hears(sound) for listener in (gated, open_)]
            both[0] += results[0]
            both[1] += results[1]
            lost += results[1] and not results[0]
            tried += 1
    spent = gated.share
    silent = PhoneGate(models, LevelGate())
    silent.hears(np.zeros(round(_QUIET_S * SAMPLE_RATE_HZ)))
    quiet = PhoneGate(models, LevelGate())
    rng = np.random.default_rng(seed)
    quiet.hears(10 ** (_QUIET_DBFS / 20) * rng.standard_normal(round(_QUIET_S * SAMPLE_RATE_HZ)))
    return Report(
        [
            Metric("hearing.gate.heard", float(both[0]), "", None, tried),
            Metric("hearing.gate.heard_without_it", float(both[1]), "", None, tried),
            Metric("hearing.gate.lost_by_it", float(lost), "", "<= 0", tried),
            Metric("hearing.gate.computed.sayings", 100 * spent, "%", None, tried),
            Metric("hearing.gate.computed.silence", 100 * silent.share, "%", "<= 0", 1),
            Metric("hearing.gate.computed.quiet_room", 100 * quiet.share, "%", "<= 0", 1),
        ]
    )


class PhoneGate:
    """The own detector behind a gate, with the last word.

    Args:
        models: Shared.
        gate: Its own.
    """

    def __init__(self, models: WakeModels, gate: Gate) -> None:
        settings = WakeSettings()
        self._threshold = settings.threshold
        self._question = WakeQuestion(settings.phrase)
        self._wake = PhoneWakeWord(
            settings.phrase,
            threshold=settings.threshold * candidate_share(settings.phrase),
            gate=gate,
            models=models,
        )
        self._frames = 0

    @property
    def share(self) -> float:
        """Of the sound that it was given, how much went through the network."""
        return self._wake.chunks * CHUNK_FRAMES / max(self._frames, 1)

    def hears(self, sound: Signal) -> bool:
        """Whether the phrase is heard in a recording of its own."""
        self._wake.reset()
        samples = int16(sound)
        found = False
        for start in range(0, len(samples) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
            self._frames += 1
            end = start + FRAME_SAMPLES
            hit = self._wake.process(samples[start:end])
            if hit is not None and not found:
                before = samples[max(0, end - _SOUND_SAMPLES) : end]
                sure = build_last_word().confidence(before, self._question.after(hit.score))
                found = sure >= self._threshold
        return found

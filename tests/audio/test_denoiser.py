"""What recogniser and scorer listen behind: the room's noise goes, the child's level stays."""

from __future__ import annotations

import numpy as np
import pytest

from audio.levels import rms_dbfs
from audio.noise_gain import make_denoiser
from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ, Samples
from tests.audio.speech import espeak, pink_noise

LEAD = 3 * SAMPLE_RATE_HZ


def denoised(sound: Samples) -> Samples:
    stage = make_denoiser()
    out = np.zeros_like(sound)
    for at in range(0, len(sound) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        stage.process(sound[at : at + FRAME_SAMPLES], out[at : at + FRAME_SAMPLES])
    return out


def loud_dbfs(sound: Samples) -> float:
    """Level of the loudest tenth of a voice's frames."""
    frames = sound[: len(sound) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    return float(np.percentile([rms_dbfs(frame) for frame in frames], 90))


@pytest.mark.parametrize("quieter_db", [0, 12])
def test_noise_goes_and_a_voice_keeps_its_level(quieter_db: int) -> None:
    """Near or far: the gain that voice activity listens behind would bring both to one level."""
    voice = espeak("the cat is on the table") * 10 ** (-quieter_db / 20)
    noise = pink_noise(LEAD / SAMPLE_RATE_HZ + len(voice) / SAMPLE_RATE_HZ, -50 - quieter_db)
    said = slice(LEAD, LEAD + len(voice))
    mixed = noise[: said.stop].astype(np.float64)
    mixed[said] += voice[: len(mixed) - LEAD]
    sound = np.clip(np.rint(mixed), -32768, 32767).astype(np.int16)
    after = denoised(sound)
    settled = slice(2 * SAMPLE_RATE_HZ, LEAD)
    assert rms_dbfs(after[settled]) < rms_dbfs(sound[settled]) - 6
    assert loud_dbfs(after[said]) == pytest.approx(loud_dbfs(sound[said]), abs=1.0)

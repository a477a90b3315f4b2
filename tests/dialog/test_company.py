"""Who and what the near ears learn to leave out."""

from __future__ import annotations

import numpy as np
import pytest

from tests.audio.speech import espeak
from training import augment, company
from training.company import ABOVE_DB, FRAME_SAMPLES, Company

VOICE = espeak("my name is lily", "-v", "en-us+f4").astype(np.float32) / 32768.0
OTHER = espeak("good morning teacher", "-v", "en-us+m1").astype(np.float32) / 32768.0
HISS = np.random.default_rng(2).normal(0.0, 0.01, 16_000).astype(np.float32)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> Company:
    """One recorded and one synthetic talker; no rooms, no microphones, nothing of a front end."""
    for share in ("ROOM_SHARE", "FRONT_END_SHARE"):
        monkeypatch.setattr(company, share, 0.0)
    monkeypatch.setattr(augment, "COLOUR_SHARE", 0.0)
    return Company([("bo", [OTHER])], [[OTHER]], [HISS])


@pytest.mark.parametrize("kind", [kind for kind, _ in company.KINDS])
def test_a_voice_stays_where_it_is_and_stays_the_loudest(
    plain: Company, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(company, "KINDS", ((kind, 1.0),))
    for seed in range(5):
        sound, before, after = plain.laid_beside(np.random.default_rng(seed), VOICE, "ann")
        assert sound.size == VOICE.size + (before + after) * FRAME_SAMPLES
        spoken = sound[before * FRAME_SAMPLES :][: VOICE.size]
        gain = float(np.dot(spoken, VOICE) / np.dot(VOICE, VOICE))
        rest = sound.copy()
        rest[before * FRAME_SAMPLES :][: VOICE.size] -= gain * VOICE
        above_db = 20 * np.log10(gain * augment.level(VOICE) / augment.level(rest))
        least, most = ABOVE_DB[kind]
        assert least - 2.0 < above_db < most + 2.0


def test_nobody_talks_beside_himself() -> None:
    own, other = np.full(8_000, 0.5, np.float32), np.tile([0.5, -0.5], 4_000).astype(np.float32)
    both = Company([("ann", [own]), ("bo", [other])], [[other]], [HISS])
    for seed in range(12):
        talk = both._talker(np.random.default_rng(seed), 16_000, "ann")
        assert abs(talk.mean()) < 0.01  # of the constant that is ann nothing is in it


def test_what_beside_is_asked_for_comes_as_often_as_it_is_meant_to() -> None:
    kinds, shares = zip(*company.KINDS, strict=True)
    assert sum(shares) == pytest.approx(1.0)
    assert set(kinds) == set(ABOVE_DB)

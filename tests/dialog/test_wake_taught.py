"""What five examples teach, and what they must not."""

from __future__ import annotations

import numpy as np
import pytest

from dialog.wake.acoustics import Network
from dialog.wake.teaching import MOST_BIAS, Taught, teach, together
from dialog.wake.verifier import Verifier
from tests.audio.speech import espeak


def examples(
    spelling: str, speeds: tuple[int, ...] = (120, 130, 140, 150, 160)
) -> list[np.ndarray]:
    sounds = [espeak(spelling, "-v", "en-us+f3", "-s", str(s)).astype(np.float32) for s in speeds]
    return [np.pad(sound / 32768, (8_000, 12_800)) for sound in sounds]


@pytest.fixture(scope="module")
def models() -> tuple[Network, Verifier]:
    return Network.load(), Verifier.load()


def test_a_well_heard_child_changes_little(models: tuple[Network, Verifier]) -> None:
    lesson = teach("hello myna", examples("[[h@l'oU m'aIn@]]"), *models)
    assert lesson is not None
    assert lesson.examples == 5
    assert lesson.after >= lesson.before >= 4
    assert lesson.taught.bias <= MOST_BIAS


def test_an_accent_is_learnt_and_helps(models: tuple[Network, Verifier]) -> None:
    """A child who says "halo myna": heard no worse after than before."""
    lesson = teach("hello myna", examples("[[hal'oU m'aIna]]"), *models)
    assert lesson is not None
    assert lesson.after >= lesson.before
    assert lesson.taught.bias > 0.0 or any(lesson.taught.further)
    assert lesson.taught.bias <= MOST_BIAS


def test_something_else_is_not_learnt(models: tuple[Network, Verifier]) -> None:
    lesson = teach("hello myna", examples("the fat cat sat"), *models)
    assert lesson is None or lesson.after == 0
    silence = [np.zeros(32_000, np.float32)] * 5
    assert teach("hello myna", silence, *models) is None


def test_two_children_keep_both_their_ways() -> None:
    one = Taught("hello myna", ((("HH", "AA", "L", "OW"),), ()), 0.2)
    two = Taught("hello myna", ((), (("M", "IY", "N", "AH"),)), 0.7)
    assert together([one, two]) == Taught(
        "hello myna", ((("HH", "AA", "L", "OW"),), (("M", "IY", "N", "AH"),)), 0.7
    )
    assert together([]) is None
    assert together([Taught("hello myna"), one]) == Taught("hello myna", one.further, 0.2)

"""What five examples teach, and what they must not."""

from __future__ import annotations

import numpy as np
import pytest

from audio.ports import Samples
from dialog.factory import build_ears
from dialog.wake.both import BothStages
from dialog.wake.question import Taught
from dialog.wake.teaching import MOST_BIAS, is_example, teach, together
from tests.audio.speech import espeak


def examples(spelling: str, speeds: tuple[int, ...] = (120, 130, 140, 150, 160)) -> list[Samples]:
    sounds = [espeak(spelling, "-v", "en-us+f3", "-s", str(s)) for s in speeds]
    return [np.pad(sound, (8_000, 12_800)) for sound in sounds]


@pytest.fixture(scope="module")
def stages() -> BothStages:
    return BothStages.load(build_ears())


def test_a_well_heard_child_changes_little(stages: BothStages) -> None:
    lesson = teach("hello myna", examples("[[h@l'oU m'aIn@]]"), stages)
    assert lesson is not None
    assert lesson.examples == 5
    assert lesson.after >= lesson.before >= 4
    assert lesson.taught.bias <= MOST_BIAS


def test_an_accent_is_learnt_and_helps(stages: BothStages) -> None:
    """A child who says "halo myna": heard no worse after than before."""
    lesson = teach("hello myna", examples("[[hal'oU m'aIna]]"), stages)
    assert lesson is not None
    assert lesson.after >= lesson.before
    assert lesson.taught.bias > 0.0 or any(lesson.taught.further)
    assert lesson.taught.bias <= MOST_BIAS


def test_something_else_is_not_learnt(stages: BothStages) -> None:
    lesson = teach("hello myna", examples("the fat cat sat"), stages)
    assert lesson is None or lesson.after == 0
    silence = [np.zeros(32_000, np.int16)] * 5
    assert teach("hello myna", silence, stages) is None


def test_what_is_an_example(stages: BothStages) -> None:
    """Without any quiet after it, too."""
    tight = espeak("[[h@l'oU m'aIn@]]", "-v", "en-us+f3", "-s", "140")
    like, sure = is_example(tight, "hello myna", stages)
    assert like
    assert sure > 0.5
    assert is_example(examples("the fat cat sat")[0], "hello myna", stages) == (False, 0.0)


def test_two_children_keep_both_their_ways() -> None:
    one = Taught("hello myna", ((("HH", "AA", "L", "OW"),), ()), 0.2)
    two = Taught("hello myna", ((), (("M", "IY", "N", "AH"),)), 0.7)
    assert together([one, two]) == Taught(
        "hello myna", ((("HH", "AA", "L", "OW"),), (("M", "IY", "N", "AH"),)), 0.7
    )
    assert together([]) is None
    assert together([Taught("hello myna"), one]) == Taught("hello myna", one.further, 0.2)

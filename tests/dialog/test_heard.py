"""What was heard instead of a phone: explanations of made-up frames, and when one is sure."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from core.errors import ModelError
from dialog.phone_alignment import align
from dialog.phone_frames import Frames
from dialog.phone_set import OUTPUTS, PHONE_ID, SILENCE, STATES_PER_PHONE
from dialog.scoring.confusions import CONFUSIONS, Confusions, confusion, is_added
from dialog.scoring.heard import INSTEAD, Other, instead, others

PHONE_FRAMES, QUIET = 9, "-"
CERTAIN = 0.9
"""What the made-up ears give to what is said."""
BARELY_WRONG, DOUBTFUL = 0.004, 0.4


def frames(said: str) -> Frames:
    """Ears that hear these phones, 90 ms each; ``-`` is silence."""
    outputs: list[int] = []
    for phone in said.split():
        if phone == QUIET:
            outputs += [SILENCE] * PHONE_FRAMES
            continue
        for part in range(STATES_PER_PHONE):
            state = PHONE_ID[phone] * STATES_PER_PHONE + part
            outputs += [state] * (PHONE_FRAMES // STATES_PER_PHONE)
    posteriors = np.full((len(outputs), OUTPUTS), (1.0 - CERTAIN) / (OUTPUTS - 1))
    posteriors[np.arange(len(outputs)), outputs] = CERTAIN
    priors = np.full(OUTPUTS, -math.log(OUTPUTS), np.float32)
    scores = np.full((len(outputs), len(PHONE_ID)), 2.0, np.float32)
    return Frames(np.log(posteriors).astype(np.float32), scores, priors)


def explained(said: str, asked: str) -> dict[tuple[int, str], Other]:
    """Other explanations of what was asked for, words separated by ``/``."""
    heard = frames(said)
    spans = align(heard, [[tuple(word.split())] for word in asked.split("/")])
    return {(other.index, other.heard): other for other in others(heard, spans)}


def named(said: str, asked: str, wrong: float) -> dict[int, str]:
    heard = frames(said)
    spans = align(heard, [[tuple(word.split())] for word in asked.split("/")])
    return instead(heard, spans, [wrong] * len(spans), Confusions.load())


# ---------------------------------------------------------------- explanations


@pytest.mark.parametrize(
    ("said", "asked", "where", "heard"),
    [
        ("- S IH NG K -", "TH IH NG K", 0, "S"),
        ("- W EH R IY -", "V EH R IY", 0, "W"),
        ("- N AY T -", "L AY T", 0, "N"),
        ("- L AY T -", "R AY T", 0, "L"),
        ("- G UH - -", "G UH D", 2, ""),
        ("- G UH D AH - -", "G UH D", 2, "D AH"),
    ],
)
def test_what_was_said_explains_the_sound_best(
    said: str, asked: str, where: int, heard: str
) -> None:
    found = explained(said, asked)
    best = max(found.values(), key=lambda other: other.margin)
    assert (best.index, best.heard) == (where, heard)
    assert best.margin > 20.0


def test_nothing_explains_better_what_was_said_as_asked() -> None:
    found = explained("- G UH D - N AY T -", "G UH D/N AY T")
    assert {where for where, _ in found} == {0, 1, 2, 3, 4, 5}
    assert all(other.margin <= 0.0 for other in found.values())


def test_a_vowel_that_passed_for_silence_is_looked_for_there() -> None:
    margins = [
        explained(said, "G UH D/N AY T")[2, "D AH"].margin
        for said in ("- G UH D AH - N AY T -", "- G UH D AH AH - - N AY T -")
    ]
    assert min(margins) > 40.0
    late = explained("- G UH D - - - AH - N AY T -", "G UH D/N AY T")
    assert late[2, "D AH"].margin <= 0.0  # a quarter of a second later it is no part of the word


# ------------------------------------------------------------------- when sure


def test_an_added_vowel_is_named_although_its_consonant_was_said_well() -> None:
    assert named("- G UH D AH AH - -", "G UH D", BARELY_WRONG) == {2: "D AH"}
    assert named("- G UH D - - - -", "G UH D", BARELY_WRONG) == {}


def test_what_was_said_as_asked_is_never_named() -> None:
    assert named("- G UH D - - N AY T -", "G UH D/N AY T", 0.99) == {}


def test_another_sound_is_named_where_it_is_doubtful_and_not_where_experts_would_not_mind() -> None:
    assert named("- S IH NG K -", "TH IH NG K", DOUBTFUL) == {0: "S"}
    assert named("- N AY T -", "L AY T", DOUBTFUL) == {0: "N"}
    sure = Confusions.load()
    minded = sure.above("SH", "S", 20.0, 0.05)
    accepted = sure.above("AH", "AA", 20.0, 0.05)
    assert minded > accepted


def test_more_evidence_of_either_kind_makes_it_surer() -> None:
    sure = Confusions.load()
    for phone, heards in INSTEAD.items():
        for heard in (*heards, ""):
            low = sure.above(phone, heard, 5.0, 0.1)
            assert sure.above(phone, heard, 50.0, 0.1) > low
            assert sure.above(phone, heard, 5.0, 0.5) > low
            assert sure.above(phone, heard, 0.0, 0.9) == -math.inf


def test_evidence_is_weighed_as_it_was_learnt() -> None:
    learnt = Confusions(
        bias=-1.0, margin=0.5, wrong=1.0, terms={"TH>S": 0.25}, name_from=0.5, added_from=36.0
    )
    assert learnt.above("TH", "S", 16.0, 0.5) == pytest.approx(0.75)
    assert learnt.above("TH", "F", 16.0, 0.5) == pytest.approx(0.5)
    assert learnt.above("T", "T AH", 64.0, 0.001) == pytest.approx(1.0)
    assert learnt.above("T", "T AH", 25.0, 0.999) == pytest.approx(-0.5)


def test_confusions_have_names() -> None:
    assert confusion("TH", "S") == "TH>S"
    assert confusion("T", "") == "T>"
    assert [is_added(heard) for heard in ("S", "", "T AH")] == [False, False, True]


def test_a_missing_or_broken_table_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="install Myna again"):
        Confusions.load(tmp_path / "none.json")
    text = CONFUSIONS.read_text(encoding="utf-8")
    for broken in ("", "[]", "{}", text.replace('"name_from"', '"name"'), text[:100]):
        (tmp_path / "broken.json").write_text(broken, encoding="utf-8")
        with pytest.raises(ModelError, match="install Myna again"):
            Confusions.load(tmp_path / "broken.json")

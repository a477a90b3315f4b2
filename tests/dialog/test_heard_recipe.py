"""What `training.scoring_heard` makes of cases: weights that tell, thresholds that hold."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("soundfile")

from dialog.scoring.confusions import Confusions
from dialog.scoring.heard import Other
from training.scoring_heard import (
    ACCEPTED,
    FALSE_ADDED_PER_1000,
    FALSE_PER_1000,
    RIGHT,
    WRONG,
    Case,
    fitted,
    report,
)


def drawn(rng: np.random.Generator, truth: str, count: int) -> list[Case]:
    """Phones asked for; AA for AH fits well although experts accept it, S for SH where it is so."""
    cases = []
    for index in range(count):
        phone, heard = (("SH", "S"), ("AH", "AA"))[index % 2]
        mistake = truth == "planted" or (truth == WRONG and phone == "SH")
        often = mistake or phone == "AH" or rng.random() < 0.1
        margin = float(rng.gamma(2.0, 15.0 if mistake else 5.0)) if often else 0.0
        wrong = float(rng.beta(4, 4) if truth == WRONG else rng.beta(1, 20))
        others = [Other(0, heard, margin)] if margin > 0.0 else []
        if rng.random() < 0.2:
            others.append(Other(0, f"{phone} AH", float(rng.exponential(8.0))))
        cases.append(
            Case(phone, wrong, truth, heard if truth == "planted" else None, tuple(others))
        )
    return cases


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    rng = np.random.default_rng(1)
    amounts = {RIGHT: 6000, ACCEPTED: 1000, WRONG: 600, "planted": 600}
    return [case for truth, count in amounts.items() for case in drawn(rng, truth, count)]


def named(cases: list[Case], confusions: Confusions, truth: str, phone: str | None = None) -> float:
    own = [case for case in cases if case.truth == truth and phone in (None, case.phone)]
    sure = [
        any(confusions.above(c.phone, o.heard, o.margin, c.wrong) >= 0.0 for o in c.others)
        for c in own
    ]
    return float(np.mean(sure))


def test_no_more_of_the_right_phones_are_named_than_is_allowed(cases: list[Case]) -> None:
    share = named(cases, fitted(cases), RIGHT)
    assert 0.0 < share <= (FALSE_PER_1000 + FALSE_ADDED_PER_1000) / 1000.0 + 1e-3


def test_a_confusion_that_experts_accept_has_to_fit_better(cases: list[Case]) -> None:
    learnt = fitted(cases)
    assert learnt.terms["SH>S"] > learnt.terms["AH>AA"]
    assert learnt.margin > 0.0
    assert learnt.wrong > 0.0
    assert named(cases, learnt, WRONG, "SH") > named(cases, learnt, WRONG, "AH")


def test_an_added_vowel_takes_no_part_in_the_regression(cases: list[Case]) -> None:
    learnt = fitted(cases)
    assert not any(" " in name for name in learnt.terms)
    margins = [o.margin for c in cases if c.truth == RIGHT for o in c.others if " " in o.heard]
    above = sum(margin > learnt.added_from for margin in margins)
    right = sum(case.truth == RIGHT for case in cases)
    assert above == pytest.approx(FALSE_ADDED_PER_1000 * right / 1000.0, abs=1.0)


def test_the_report_counts_what_is_named_and_named_rightly() -> None:
    learnt = Confusions(0.0, 1.0, 0.0, {}, 3.0, 25.0)
    said = [
        Case("SH", 0.5, "sh_as_s", "S", (Other(0, "S", 16.0),)),
        Case("L", 0.5, "sh_as_s", "N", (Other(0, "N", 9.5), Other(0, "R", 16.0))),
        Case("SH", 0.5, "sh_as_s", "S", (Other(0, "S", 4.0),)),
        Case("T", 0.5, RIGHT, None, (Other(0, "T AH", 36.0),)),
    ]
    assert list(report(said, learnt)) == [
        "truth=right n=1 named=1 per_1000=1000.00 rightly=0 added=1",
        "truth=sh_as_s n=3 named=2 per_1000=666.67 rightly=1 added=0",
    ]
    assert learnt.above("SH", "S", 0.0, 0.5) == -math.inf

"""How the scorer's dictionary is made from CMUdict and what the judges expected."""

from __future__ import annotations

from collections import Counter

import pytest

from training.scoring_lexicon import expected_of, merged


@pytest.mark.parametrize(
    ("usual", "expected"),
    [
        ("S T EY SH AH N", "S T EY SH N"),  # station
        ("T EY B AH L", "T EY B L"),  # table
        ("SH AO R T", "SH AO T"),  # short
        ("AO R AH N JH", "AO R AH N JH"),  # orange: a vowel follows the r
        ("D IH R", "D IH AH"),  # deer
        ("K AE T", "K AE T"),
        ("AH L OW N", "AH L OW N"),  # alone: its first vowel is no syllable without one
    ],
)
def test_what_the_judges_expect_of_a_word_they_never_met(usual: str, expected: str) -> None:
    assert " ".join(expected_of(tuple(usual.split()))) == expected


def test_the_judges_own_use_comes_before_any_rule() -> None:
    words = merged(
        {"for": [("F", "AO", "R"), ("F", "ER")], "farm": [("F", "AA", "R", "M")]},
        {"for": Counter({("F", "AO"): 7, ("F", "AO", "R"): 4, ("F", "AH"): 1})},
    )
    assert words["for"] == [("F", "AO"), ("F", "AO", "R")]
    assert words["farm"] == [("F", "AA", "M"), ("F", "AA", "R", "M")]

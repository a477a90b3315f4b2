"""A head's model card: what it counts, and that the one that ships is of the head that ships."""

from __future__ import annotations

import re

import numpy as np
import pytest

pytest.importorskip("soxr")

from dialog.wake.head import HEADS_PATH, Fusion, head_of
from training.wake.call_card import Card

FUSION = Fusion(head=1.0, last=0.0, first=0.0, offset=-1.0)


def card(calls: int) -> Card:
    return Card(
        phrase="good day robot",
        command="python -m training.wake.calling",
        windows={"cut": 7, "said": 30},
        voices=("flite",),
        people=(75, 18),
        networks=(7, 4),
        fusion=FUSION,
        minutes=110,
        calls={"synthetic": calls},
    )


def test_a_call_counts_once_by_its_best_candidate_and_one_without_any_is_missed() -> None:
    about = ["synthetic 0 quiet", "synthetic 0 quiet", "synthetic 1 quiet", "minute 4 music"]
    logits = np.array([(-5.0, 1.0, 1.0), (4.0, 1.0, 1.0), (1.5, 1.0, 1.0), (1.2, 1.0, 1.0)])
    text = card(calls=3).text(about, logits)
    assert "| threshold | false wakes | quiet |" in text
    assert "| 0.5 | 1 | 1 of 3 |" in text  # the third call had no candidate at all
    assert "| 0.8 | 0 | 2 of 3 |" in text


def test_kinds_of_windows_are_told_in_words() -> None:
    text = card(calls=1).text(["synthetic 0 quiet"], np.array([(4.0, 1.0, 1.0)]))
    said, cut = (
        text.index("| synthetic sayings | 30 |"),
        text.index("pieces of real people's speech | 7"),
    )
    assert said < cut


def test_the_shipped_card_is_of_the_shipped_head() -> None:
    head = head_of("hello myna")
    assert head is not None
    text = (HEADS_PATH / "hello_myna.md").read_text(encoding="utf-8")
    assert f"{len(head.networks)} networks, averaged" in text
    told = re.search(r"head (\S+), last word (\S+),\s+first stage (\S+), offset (\S+)\.\n", text)
    assert told is not None
    fusion = head.fusion
    assert [float(each) for each in told.groups()] == pytest.approx(
        [fusion.head, fusion.last, fusion.first, fusion.offset], abs=0.001
    )

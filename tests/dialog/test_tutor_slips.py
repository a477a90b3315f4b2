"""An answer that was right but for one word."""

from __future__ import annotations

from dialog.packs.model import Kind
from dialog.ports import Heard, Recognition, Slip, SlipKind, Verdict
from dialog.tutor_state import Rung
from tests.dialog.tutor_talk import NOT_UNDERSTOOD, PACK, Talk, asking, right

ITEM = next(
    item.id
    for item in PACK.items()
    if item.kind is Kind.PHRASE and len(item.answers[0].split()) >= 4
)


def missed(answer: str, kind: SlipKind, at: int) -> Heard:
    slip = Slip(kind, at, answer.split()[at])
    return Heard(Recognition("", None, 0.2, complete=False, slip=slip), 1.2)


def test_that_word_is_said_slowly_and_then_the_whole() -> None:
    talk = Talk(asking(ITEM))
    answer = talk.expect.answers[0]
    word = answer.split()[1]
    step = talk.tell(missed(answer, SlipKind.MISSING, 1))
    assert [each.verdict for each in step.attempts] == [Verdict.PARTLY]
    slowly = [line.text.lower().rstrip(".!?") for line in step.lines if line.rate < 1.0]
    assert word in slowly
    assert any(len(text.split()) > 1 for text in slowly)
    assert talk.expect.answers[0] == answer
    assert talk.state.asking.rung is Rung.MODEL
    assert [each.verdict for each in talk.tell(right(talk.expect)).attempts] == [Verdict.RIGHT]


def test_the_task_gets_easier_when_it_happens_again() -> None:
    talk = Talk(asking(ITEM))
    answer = talk.expect.answers[0]
    for kind in (SlipKind.REPLACED, SlipKind.ADDED):
        step = talk.tell(missed(answer, kind, 1))
    assert talk.state.asking.rung is Rung.EASIER
    assert step.then is not None
    # From there on anything is enough.
    talk.tell(missed(answer, SlipKind.REPLACED, 1))
    assert talk.state.asking.rung is Rung.ASK


def test_it_is_no_matter_of_myna_s_ears() -> None:
    """What was heard so well is not asked for again because of noise."""
    talk = Talk(asking(ITEM))
    talk.tell(NOT_UNDERSTOOD)
    assert talk.state.misses == 1
    talk.tell(missed(talk.expect.answers[0], SlipKind.REPLACED, 0))
    assert talk.state.misses == 0

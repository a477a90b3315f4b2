"""Questions for a person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import StoreError
from dialog.cloud.teacher import EXPIRES, MOST_OPEN, TeacherQuestion, TeacherQueue

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def test_a_question_its_answer_and_its_end_survive_restarts(tmp_path: Path) -> None:
    path = tmp_path / "teacher.db"
    with TeacherQueue(path) as queue:
        assert queue.ask("q1", "why is grass green", NOW)
        assert queue.ask("q1", "another copy", NOW)
    with TeacherQueue(path) as queue:
        assert queue.to_pass_on() == (TeacherQuestion("q1", "why is grass green"),)
        queue.passed_on("q1")
    with TeacherQueue(path) as queue:
        assert queue.to_pass_on() == ()
        assert queue.unheard() == ()
        assert queue.answered("q1", "Because of  the leaves.")
        assert not queue.answered("q1", "A second answer.")
        assert not queue.answered("q2", "Nobody asked.")
    with TeacherQueue(path) as queue:
        assert queue.unheard() == (
            TeacherQuestion("q1", "why is grass green", "Because of the leaves."),
        )
        queue.heard("q1")
        assert queue.unheard() == ()
        assert queue.expire(NOW + EXPIRES) == 0
        assert queue.expire(NOW + EXPIRES + timedelta(seconds=1)) == 1


def test_no_name_is_queued() -> None:
    with TeacherQueue(None) as queue:
        queue.ask("q1", "my name is amanda and i live at 5 rose street", NOW)
        (question,) = queue.to_pass_on()
    assert "amanda" not in question.text
    assert "rose" not in question.text


def test_a_child_cannot_fill_the_disk() -> None:
    with TeacherQueue(None) as queue:
        asked = [queue.ask(f"q{number}", "why", NOW) for number in range(MOST_OPEN + 2)]
        assert asked == [True] * MOST_OPEN + [False, False]


def test_a_queue_that_cannot_be_kept_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(StoreError, match="its folder can be written"):
        TeacherQueue(tmp_path / "file" / "teacher.db")

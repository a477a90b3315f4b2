"""What training makes once is kept, and what was stopped is made anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.kept import once


def test_it_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "made.pickle"
    assert once(path, lambda: {"a": 1}) == {"a": 1}
    assert once(path, lambda: pytest.fail("made twice")) == {"a": 1}


def test_what_was_stopped_leaves_no_half_of_it(tmp_path: Path) -> None:
    def stopped() -> int:
        raise KeyboardInterrupt

    path = tmp_path / "made.pickle"
    with pytest.raises(KeyboardInterrupt):
        once(path, stopped)
    assert not path.exists()
    assert once(path, lambda: 2) == 2

"""``myna progress``: what a family sees of each child, in the terminal, as JSON and as a page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from device.cli import main
from device.store import Store
from dialog.ports import Attempt, Learned, SessionEdge, Verdict

APPLE = Attempt("starter", "food/apple", Verdict.RIGHT, 1, 0.9, 1.2)


@pytest.fixture
def config(tmp_path: Path) -> list[str]:
    """Only Lily has practised; Max's nickname would be markup where it is not escaped."""
    with Store(tmp_path / "state") as store:
        store.know(("Lily", "<b>Max"))
        (lily,) = (c for c in store.history().children if c.nickname == "Lily")
        store.remember([APPLE], Learned(child=lily.id, session=SessionEdge.BEGUN))
    path = tmp_path / "myna.toml"
    path.write_text(f'[device]\nstate_dir = "{tmp_path / "state"}"\n', encoding="utf-8")
    return ["--config", str(path)]


def test_every_child_has_a_picture_in_the_terminal(
    config: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["progress", *config]) == 0
    first, second = sorted(capsys.readouterr().out.strip().split("\n\n"))
    assert first.startswith("<b>Max")
    assert second.startswith("Lily")
    assert len(first.splitlines()) >= 5


def test_one_child_s_picture_is_a_line_of_json(
    config: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["progress", "--child", "lily", "--json", *config]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    picture = json.loads(line)
    assert picture["nickname"] == "Lily"
    assert picture["days_this_week"] == 1
    assert len(picture["days"]) == 28


def test_the_page_has_every_child_and_needs_nothing_else(config: list[str], tmp_path: Path) -> None:
    out = tmp_path / "progress.html"
    assert main(["progress", "--html", str(out), *config]) == 0
    text = out.read_text(encoding="utf-8")
    assert text.count("<section>") == 2
    assert text.count('class="on"') == 1
    assert "&lt;b&gt;Max" in text
    assert "<b>Max" not in text
    assert "http" not in text


def test_a_child_who_is_not_there_is_told_with_those_who_are(
    config: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["progress", "--child", "Nobody", *config]) == 1
    assert "Lily" in capsys.readouterr().err

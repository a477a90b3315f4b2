"""The ring in a terminal and in the documentation."""

from __future__ import annotations

import io
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hal import draw, patterns, terminal
from hal.ports import Mood, Rgb

DOCS = Path(__file__).parents[2] / "docs"


def test_the_picture_in_the_docs_is_the_code_of_today():
    assert (DOCS / "lights.svg").read_text(encoding="utf-8") == draw.picture(), (
        "run: python -m hal.draw docs/lights.svg"
    )


def test_the_picture_has_a_ring_for_every_moment_of_every_mood():
    root = ElementTree.fromstring(draw.picture())  # noqa: S314 - our own text
    name = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f"{name}use")) == len(Mood) * draw.FRAMES * patterns.RING_COUNT
    labels = [each.text for each in root.findall(f"{name}text")]
    assert all(mood.name.lower().replace("_", " ") in labels for mood in Mood)


def test_draw_writes_its_file_and_refuses_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert draw.main([str(tmp_path / "a.svg")]) == 0
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == draw.picture()
    assert draw.main([]) == 2
    assert "usage" in capsys.readouterr().err


def test_the_docs_describe_every_mood_in_the_code_s_words():
    text = (DOCS / "lights.md").read_text(encoding="utf-8")
    for mood in Mood:
        assert patterns.meaning(mood) in text


@pytest.mark.parametrize("mood", Mood)
def test_a_ring_in_colour_and_without(mood: Mood):
    ring = patterns.lights(mood, 1.0, 0.0)
    coloured = terminal.render(ring)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == "●" * 12
    assert coloured.endswith("\x1b[0m")
    plain = terminal.render(ring, colour=False)
    assert len(plain) == 12
    assert set(plain) <= set(" .:oO")


def test_render_tells_bright_from_dark():
    dark, full = Rgb(0, 0, 0), Rgb(0.6, 0, 0)
    assert terminal.render((dark, full), colour=False) == " O"
    assert terminal.render((dark, full)) == ("\x1b[38;2;28;28;28m●\x1b[38;2;255;28;28m●\x1b[0m")


def test_the_status_line_keeps_its_width():
    dark = (Rgb(0, 0, 0),) * 12
    assert len({len(terminal.status(mood, dark, colour=False)) for mood in Mood}) == 1


def test_colour_only_where_a_terminal_takes_it(monkeypatch: pytest.MonkeyPatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert not terminal.supports_colour(io.StringIO())
    assert terminal.supports_colour(Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not terminal.supports_colour(Terminal())
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not terminal.supports_colour(Terminal())


def test_screen_part_is_srgb():
    # Reference values of IEC 61966-2-1: linear 0.5 is 0.7354, 0.002 is 0.02584.
    assert terminal.screen_part(0.5 * patterns.BRIGHTEST) == pytest.approx(0.7354, abs=1e-4)
    assert terminal.screen_part(0.002 * patterns.BRIGHTEST) == pytest.approx(0.02584, abs=1e-5)
    assert terminal.screen_part(5.0) == pytest.approx(1.0)

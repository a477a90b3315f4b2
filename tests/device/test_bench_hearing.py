"""The hearing benchmark's own parts: scenes, joined utterances, verdicts and the page."""

from __future__ import annotations

import math
import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from core.errors import ConfigError
from device.bench import hearing, hearing_echo, hearing_scene, hearing_turns, regression
from device.bench.figures_page import Curve, Plot, Report, Verdict, distribution, page, verdict
from device.bench.hearing_scene import CLIPS, DELAYS_MS, RT60_S, Condition
from device.bench.hearing_voices import Sentence
from device.bench.metric import Metric

PLAIN = Condition(room=0, rt60_s=0.2, clip="off", delay_ms=40.0, drift_ppm=0.0, far="music", seed=3)


def test_a_grid_holds_every_level_equally_often_and_is_drawn_by_its_seed():
    conditions = hearing_scene.grid(60, seed=4)
    assert Counter(each.rt60_s for each in conditions) == dict.fromkeys(RT60_S, 15)
    assert Counter(each.clip for each in conditions) == dict.fromkeys(CLIPS, 20)
    assert Counter(each.delay_ms for each in conditions) == dict.fromkeys(DELAYS_MS, 12)
    assert hearing_scene.grid(60, seed=4) == conditions
    assert hearing_scene.grid(60, seed=5) != conditions


def test_a_child_lies_as_far_below_the_echo_as_asked():
    where = hearing_scene.place(PLAIN, 10.0)
    voice = hearing_scene.music(1.0, 9)
    for below_db in (0.0, 20.0):
        talk = hearing_scene.talk(where, [voice], child_below_echo_db=below_db)
        first, last = talk.words[0]
        ratio_db = hearing_echo.ratio_db(where.echo[first:last], talk.child[first:last])
        assert ratio_db == pytest.approx(below_db, abs=3.0)


def test_a_lost_block_brings_what_follows_sooner():
    condition = Condition(
        room=0, rt60_s=0.2, clip="off", delay_ms=40.0, drift_ppm=0.0, far="music", seed=3,
        lost_block=True, jump_at_s=2.0,
    )  # fmt: skip
    whole = hearing_scene.place(PLAIN, 4.0).echo
    lost = hearing_scene.place(condition, 4.0).echo
    late, lag = slice(3 * 16_000, 3 * 16_000 + 8000), hearing_scene.LOST_SAMPLES
    moved = whole[late.start + lag : late.stop + lag]
    assert np.corrcoef(lost[late], moved)[0, 1] > 0.99
    assert np.corrcoef(lost[late], whole[late])[0, 1] < 0.9


def test_joined_utterances_are_one_childs_with_the_pause_between():
    rng = np.random.default_rng(0)
    said = [
        Sentence(f"child {number % 2}", f"word {number}", rng.standard_normal(16_000))
        for number in range(8)
    ]
    ends = SimpleNamespace(end=lambda _sentence: 12_000)
    joined = hearing_turns.join(said, 7, ends, seed=1)
    assert sorted(each.pause_s for each in joined) == list(hearing_turns.PAUSES_S)
    for each in joined:
        assert len(each.voice) == 32_000 + int(each.pause_s * 16_000)
        assert each.last_from == 16_000 + int(each.pause_s * 16_000)
        assert each.words_end == each.last_from + 12_000
        first, second = re.findall(r"word (\d)", each.text)
        assert int(first) % 2 == int(second) % 2


@pytest.mark.parametrize(
    ("value", "aim", "expected"),
    [
        (3.0, "<= 3", Verdict.MET),
        (3.1, "<= 3", Verdict.MISSED),
        (0.92, ">= 0.92", Verdict.MET),
        (-7.0, "within 6", Verdict.MISSED),
        (None, "<= 3", Verdict.OPEN),
        (1200.0, "<= 1,100", Verdict.MISSED),
        (5.0, None, Verdict.OPEN),
    ],
)
def test_a_figure_is_judged_by_its_aim(value: float | None, aim: str | None, expected: Verdict):
    assert verdict(Metric("a", value, "", aim, 1)) is expected


def test_the_page_stands_alone_and_shows_every_figure_and_curve():
    plot = Plot("<ERLE> of 3 places", "s", "dB", (Curve("a & b", [0, 1, 2], [3, math.nan, 5]),))
    empty = Plot("nothing", "s", "dB", (Curve("none", [], []),))
    report = Report([Metric("hearing.x", 1.25, "dB", ">= 2", 17)], [plot, empty])
    text = page("myna bench hearing", "seed 1", report)
    shown = ("hearing.x", "1.250", ">17<", "missed", "&lt;ERLE&gt;", "a &amp; b", "nothing was m")
    assert all(part in text for part in shown)
    assert not re.search(r"https?:|<script|<link|src=", text)
    [drawn] = re.findall(r'<path d="(M[^"]*)" fill="none"', text)
    assert drawn.count("M") == 2  # the gap is left open


def test_a_worse_figure_is_named_and_one_within_its_scatter_is_not(tmp_path: Path):
    file = tmp_path / "hold.json"
    file.write_text(
        '{"a.stoi": {"value": 0.9, "slack": 0.02, "better": "more"},'
        ' "a.wait": {"value": 300, "slack": 30, "better": "less"},'
        ' "a.gone": {"value": 1, "slack": 0, "better": "less"}}'
    )
    held = regression.read(file)
    good = [Metric("a.stoi", 0.89, "", None, 1), Metric("a.wait", 200.0, "ms", None, 1)]
    assert regression.regressions(good, held) == ["a.gone was not measured"]
    bad = [Metric("a.stoi", 0.87, "", None, 1), Metric("a.wait", 331.0, "ms", None, 1)]
    assert [line.split()[0] for line in regression.regressions(bad, held)] == [
        "a.stoi", "a.wait", "a.gone",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "[]", '{"a": {"value": 1}}', '{"a": 3}'])
def test_a_file_without_figures_to_hold_is_refused(tmp_path: Path, text: str):
    file = tmp_path / "hold.json"
    file.write_text(text)
    with pytest.raises(ConfigError, match="value, slack and"):
        regression.read(file)


def test_a_distribution_ends_at_the_whole():
    curve = distribution("waits", [3.0, 1.0, 2.0, 2.0])
    assert curve.x == [1.0, 2.0, 2.0, 3.0]
    assert curve.y == [0.25, 0.5, 0.75, 1.0]


def test_only_parts_with_children_in_them_read_recordings(monkeypatch: pytest.MonkeyPatch):
    read: list[Path | None] = []
    monkeypatch.setattr(hearing, "children", lambda corpus, **_: read.append(corpus) or [])
    recogniser = SimpleNamespace(close=lambda: None)
    monkeypatch.setattr(hearing, "VoskRecognizer", lambda **_: recogniser)
    for part in ("hearing_cost", "hearing_gate", "hearing_wake", "hearing_noise", "hearing_turns"):
        monkeypatch.setattr(getattr(hearing, part), "run", lambda *_, **__: Report())
    hearing.measure(long=False, seed=1, part=["cost", "gate", "waking"])
    assert read == []
    hearing.measure(long=False, seed=1, part=["noise", "turns"])
    assert read == [None]  # once for both

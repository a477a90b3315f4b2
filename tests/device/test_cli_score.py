"""``myna score`` and ``myna bench scoring`` as scripts call them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audio.ports import SAMPLE_RATE_HZ, Samples
from device.bench.recogniser_process import Cost
from device.bench.scoring import Compared, classes, figures, pearson
from device.cli import main


@pytest.fixture(scope="module")
def cat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in which somebody says that it is a cat."""
    path = tmp_path_factory.mktemp("speech") / "cat.wav"
    assert main(["say", "It is a cat.", "--voice", "espeak", "--out", str(path)]) == 0
    return path


def printed(capsys: pytest.CaptureFixture[str]) -> tuple[list[dict[str, Any]], str]:
    out, err = capsys.readouterr()
    return [json.loads(line) for line in out.splitlines()], err


def test_a_file_gets_a_line_of_scores(cat: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(cat), "--text", "It is a cat", "--json"]) == 0
    (line,), _ = printed(capsys)
    assert line["file"] == str(cat)
    assert [word["word"] for word in line["words"]] == ["it", "is", "a", "cat"]
    for phone in line["phones"]:
        assert {"phone", "score_0_2", "start_s", "end_s", "heard"} <= set(phone)
        assert 0.0 <= phone["score_0_2"] <= 2.0


def test_people_read_words_with_their_phones(cat: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(cat), "--text", "It is a cat"]) == 0
    first, *words = capsys.readouterr().out.splitlines()
    assert "accuracy" in first
    assert [line.split()[0] for line in words] == ["it", "is", "a", "cat"]


def test_a_manifest_gives_one_line_each_and_a_bad_file_spoils_no_other(
    cat: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = cat.with_name("manifest.tsv")
    rows = ["a\tcat.wav\tIt is a cat", "b\tnone.wav\thello", "c\tcat.wav\t猫"]
    manifest.write_text("\n".join(["utterance\tpath\ttext", *rows]) + "\n", encoding="utf-8")
    assert main(["score", "--manifest", str(manifest)]) == 1
    lines, complaint = printed(capsys)
    assert [(line["utterance"], line["outcome"]) for line in lines] == [
        ("a", "scored"),
        ("c", "other_script"),
    ]
    assert lines[1]["phones"] == []
    assert "none.wav" in complaint


def test_a_manifest_without_its_columns_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = tmp_path / "bad.tsv"
    manifest.write_text("utterance\tfile\na\tb\n", encoding="utf-8")
    assert main(["score", "--manifest", str(manifest)]) == 1
    assert "no column path, text" in capsys.readouterr().err
    assert main(["score", "--manifest", str(tmp_path / "none.tsv")]) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["a.wav"],
        ["a.wav", "--text", "b", "--manifest", "c"],
        ["--manifest", "c", "--plot", "d"],
    ],
)
def test_half_a_question_is_wrong_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["score", *arguments])
    assert caught.value.code == 2


def test_the_page_shows_and_plays_every_phone_and_needs_nothing_else(
    cat: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = cat.with_suffix(".html")
    assert main(["score", str(cat), "--text", "It is a <cat>", "--plot", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert text.count('class="p"') == 8
    assert "data:audio/wav;base64," in text
    assert "It is a &lt;cat&gt;" in text
    assert "http://" not in text
    assert "https://" not in text
    lost = cat.parent / "nowhere" / "page.html"
    assert main(["score", str(cat), "--text", "cat", "--plot", str(lost)]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_figures_of_a_perfect_and_of_a_blind_scorer() -> None:
    experts = np.array([2.0, 0.0, 1.0, 2.0])
    words = np.array([0, 0, 1, 1])

    def compared(scores: np.ndarray) -> Compared:
        sure = np.ones(4)
        wrong = 1.0 - scores / 2.0
        return Compared(9, words, experts, scores, scores, wrong, 0.9, sure, scores, scores * 0.8)

    perfect = {m.metric: m.value for m in figures("all", [compared(experts)])}
    assert perfect["all.phone_pcc"] == pytest.approx(1.0)
    assert perfect["all.phone_mse"] == 0.0
    assert perfect["all.word_pcc"] == pytest.approx(1.0)
    assert perfect["all.recall.wrong"] == perfect["all.recall.accented"] == 1.0
    assert perfect["all.flagged.precision"] == 1.0
    assert perfect["all.room.within_10_percent"] == 1.0
    assert perfect["all.front_end.within_10_percent"] == 0.0
    assert perfect["all.sure.off_by"] == 0.0
    blind = {m.metric: m.value for m in figures("all", [compared(np.full(4, 2.0))])}
    assert blind["all.phone_pcc"] is None
    assert blind["all.recall.wrong"] == 0.0
    assert blind["all.flagged.precision"] is None


def test_classes_and_correlation() -> None:
    assert classes(np.array([0.0, 0.49, 0.5, 1.49, 1.5, 2.0])).tolist() == [0, 0, 1, 1, 2, 2]
    assert pearson(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])) == pytest.approx(1.0)


def test_cost_is_measured_without_a_corpus(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[int, str]] = []

    def measured(
        utterances: Sequence[tuple[Samples, str]], *, others: Sequence[str], scored: bool
    ) -> Cost:
        assert scored
        assert utterances[0][1] not in others
        asked.extend((samples.size, text) for samples, text in utterances)
        return Cost((100.0,) * 19 + (300.0,), 1.2, 60.0, 19, 100.0, 110.0, 120.0)

    monkeypatch.setattr("device.bench.scoring.measured", measured)
    assert main(["bench", "scoring", "--json"]) == 0
    metrics = {m["metric"]: m["value"] for m in json.loads(capsys.readouterr().out)}
    assert {size for size, _ in asked} == {3 * SAMPLE_RATE_HZ}
    assert 0.0 < metrics["model.size"] <= 10.0
    assert metrics["real_time_factor"] == pytest.approx(0.02)
    assert metrics["feedback_of_3_s.p50"] == 100.0
    assert metrics["feedback_of_3_s.max"] == 300.0
    assert metrics["feedback_of_3_s.processor"] == pytest.approx(60.0)
    assert metrics["feedback_of_3_s.understood"] == pytest.approx(0.95)

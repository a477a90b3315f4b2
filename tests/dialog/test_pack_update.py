"""A new version of a pack keeps what children learnt in the older one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from device.cli import main
from dialog.packs import load_pack
from dialog.packs.update import update_problems

HEAD = """\
format: 1
id: tiny
version: {version}
licence: CC-BY-SA-4.0
title: {{en: "Tiny", zh: "小小的"}}
units: [unit.yaml]
"""
UNIT = """\
id: fruit
title: {en: "Fruit", zh: "水果"}
intro: {en: "Let's eat.", zh: "吃水果。"}
items:
  - id: apple
    kind: phrase
    level: pre-a1
    prompt: {en: "Say:", zh: "跟我说："}
    english: "A red apple."
  - id: pear
    kind: word
    level: pre-a1
    prompt: {en: "And now:", zh: "然后说："}
    english: "A pear."
"""


def pack(tmp_path: Path, version: str, unit: str = UNIT, *, name: str = "pack") -> Path:
    folder = tmp_path / f"{name}-{version}"
    folder.mkdir()
    (folder / "pack.yaml").write_text(HEAD.format(version=version), encoding="utf-8")
    (folder / "unit.yaml").write_text(unit, encoding="utf-8")
    return folder


def told(tmp_path: Path, version: str, unit: str) -> list[str]:
    old, new = pack(tmp_path, "1.0.9", name="old"), pack(tmp_path, version, unit)
    return [problem.message for problem in update_problems(load_pack(old), load_pack(new))]


def test_words_and_order_may_change(tmp_path: Path) -> None:
    unit = UNIT.replace("A red apple.", "A green apple.") + UNIT.partition("items:\n")[2].replace(
        "id: apple", "id: plum"
    ).replace("id: pear", "id: peach")
    assert told(tmp_path, "1.0.10", unit) == []


@pytest.mark.parametrize(
    ("version", "old", "new", "message"),
    [
        ("1.1.0", "id: pear", "id: sweet-pear",
         "'fruit/pear' of version 1.0.9 is gone, and with it what children learnt"),
        ("1.1.0", "kind: word", "kind: phrase",
         "'fruit/pear' was of the kind 'word' and is of the kind 'phrase'"),
        ("1.0.9", "A pear.", "The pear.",
         "the pack has changed and its version 1.0.9 is not above 1.0.9"),
        ("1.0.10", "A pear.", "The pear.", ""),
    ],
)  # fmt: skip
def test_what_would_be_lost_is_told(
    tmp_path: Path, version: str, old: str, new: str, message: str
) -> None:
    assert told(tmp_path, version, UNIT.replace(old, new)) == ([message] if message else [])


def test_the_command_compares(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = pack(tmp_path, "1.0.0"), pack(tmp_path, "1.1.0", UNIT.replace("id: pear", "id: p"))
    assert main(["lessons", "check", str(new), "--since", str(old), "--json"]) == 1
    assert [problem["message"] for problem in json.loads(capsys.readouterr().out)["problems"]] == [
        "'fruit/pear' of version 1.0.0 is gone, and with it what children learnt"
    ]
    assert main(["lessons", "check", str(old), "--since", str(tmp_path / "none")]) == 1
    assert "no such folder or zip" in capsys.readouterr().out
    assert main(["lessons", "check", str(old), "--since", str(old)]) == 0

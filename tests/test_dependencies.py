"""What setup.cfg wants is pinned, with hashes, and its licences are written down."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import dependency_table  # noqa: E402
import lock_check  # noqa: E402
from wanted import wanted  # noqa: E402

LOCKS = {
    "build": [
        line
        for line in (ROOT / "requirements/build.in").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ],
    "run": wanted(["cloud", "pyaudio", "piper"]),
    "board": wanted(["cloud", "pyaudio", "piper", "gpio"]),
    "hub": wanted(["cloud", "pyaudio", "piper", "hub"]),
    "test": wanted(["cloud", "pyaudio", "piper", "hub", "dev"]),
}


def lock(name: str) -> dict[Requirement, str]:
    return lock_check.entries((ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", LOCKS)
def test_everything_wanted_is_pinned_as_wanted(name: str) -> None:
    pinned: dict[str, list[str]] = {}
    for requirement in lock(name):
        version = str(requirement.specifier).removeprefix("==")
        pinned.setdefault(canonicalize_name(requirement.name), []).append(version)
    unmet = []
    for text in LOCKS[name]:
        asked = Requirement(text)
        versions = pinned.get(canonicalize_name(asked.name), [])
        if not versions or not all(asked.specifier.contains(each) for each in versions):
            unmet.append(f"{text}, pinned: {versions or 'not at all'}; run make lock")
    assert unmet == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_is_one_version_with_hashes(name: str) -> None:
    for requirement, line in lock(name).items():
        assert re.fullmatch(r"==[\w.+!]+", str(requirement.specifier)), line
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", line), requirement


def test_the_tests_run_on_what_the_speaker_gets() -> None:
    # Without their markers: where a package is needed may differ, which one it is may not.
    run, board, test = (
        {(each.name, str(each.specifier)) for each in lock(name)}
        for name in ("run", "board", "test")
    )
    assert run <= test
    assert run <= board


@pytest.mark.parametrize("python", lock_check.PYTHONS)
def test_every_python_gets_one_version_of_each_package(python: str) -> None:
    names = [each.name for each in lock("board") if lock_check.applies(each, python)]
    assert len(names) == len(set(names))


def rows(page: str) -> dict[str, str]:
    """First cell of each row of the generated table, with the whole row."""
    inner = page.split(dependency_table.START)[1].split(dependency_table.END, maxsplit=1)[0]
    lines = [line for line in inner.splitlines() if line.startswith("| ")]
    return {line.split("|")[1].strip(): line for line in lines[1:]}


def test_the_licence_table_says_what_the_packages_say() -> None:
    page = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    written = rows(page)
    fresh = rows(dependency_table.replace(page, dependency_table.table()))
    # What has a version per Python may word its licence differently in each.
    several = {name for name, count in dependency_table.locked().items() if count > 1}
    assert list(written) == list(fresh), "run make docs"
    assert {n: r for n, r in written.items() if n not in several} == {
        n: r for n, r in fresh.items() if n not in several
    }

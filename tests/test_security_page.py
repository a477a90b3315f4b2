"""What the security page points at is there: each file, each test, each page it leads to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "security.md"
ROOMS = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
TEXT = PAGE.read_text(encoding="utf-8")
QUOTED = sorted(set(re.findall(r"`([^`\n]+)`", TEXT)))
FILES = [each for each in QUOTED if each.partition("/")[0] in ROOMS and "/" in each]
NAMES = [each for each in QUOTED if re.fullmatch(r"\w+\.(?:py|bats|sh)", each)]
TESTS = [each for each in QUOTED if re.fullmatch(r"test_\w+", each)]
LINKS = sorted(set(re.findall(r"\]\(([^)#:]+)\)", TEXT)))


@pytest.fixture(scope="module")
def tests() -> set[str]:
    """Names of all tests of this repository."""
    return {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }


def test_the_page_points_at_enough_to_be_held_to_it() -> None:
    assert min(len(FILES), len(TESTS), len(LINKS)) >= 5


@pytest.mark.parametrize("path", FILES)
def test_a_named_file_is_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_named_alone_is_there(name: str) -> None:
    assert any(ROOT.joinpath("tests").rglob(name))


@pytest.mark.parametrize("name", TESTS)
def test_a_named_test_is_there(name: str, tests: set[str]) -> None:
    assert name in tests


@pytest.mark.parametrize("link", LINKS)
def test_a_link_leads_somewhere(link: str) -> None:
    assert (PAGE.parent / link).resolve().exists()


def test_every_row_that_says_yes_says_what_shows_it() -> None:
    rows = re.findall(
        r"^\| (5\.\d+-\S[^|]*|6-\S[^|]*) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", TEXT, re.MULTILINE
    )
    assert len(rows) >= 45
    for provision, _, here, shown in rows:
        if here.startswith("yes"):
            assert re.search(r"`|\]\(|the processor's", shown + here), provision

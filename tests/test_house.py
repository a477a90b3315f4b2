"""Rules of the house that a reader would otherwise have to watch for."""

from __future__ import annotations

import configparser
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINES_AT_MOST = 500

# Split, so that this file does not hold what it looks for.
FORBIDDEN = {
    "a path of one machine": r"(?<![\w./~$}-])/"
    + r"(?:ro"
    + r"ot|wo"
    + r"rk|ho"
    + r"me/(?!pi\b|myna\b))(?:/|\b)",
    "the address of a package index": r"py"
    + r"pi\.org|pythonh"
    + r"osted\.org|deb\.deb"
    + r"ian\.org",
    "an option that names a package index": r"--(?:extra-)?index" + r"-url|--find" + r"-links",
    "a merge left half done": r"^(?:<{7}|>{7}) ",
    "work left undone": r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b",
}


def tracked() -> list[Path]:
    """Files under version control, or all there are where git does not answer (an archive)."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode == 0:
        names = [ROOT / name for name in listed.stdout.split("\0") if name]
        return [path for path in names if path.is_file()]
    hidden = re.compile(r"/\.(?!ci/)|/build/|__pycache__|\.egg-info/")
    return [
        p for p in ROOT.rglob("*") if p.is_file() and not hidden.search(str(p)[len(str(ROOT)) :])
    ]


def text_of(path: Path) -> str | None:
    """Contents, or None when it is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


FILES = {path.relative_to(ROOT).as_posix(): text_of(path) for path in tracked()}
PYTHON = {name: text for name, text in FILES.items() if name.endswith(".py") and text is not None}


def test_there_is_something_to_look_at() -> None:
    assert {"setup.cfg", "Makefile", "core/errors.py", "tests/conftest.py"} <= set(FILES)


def test_no_python_file_outgrows_one_responsibility() -> None:
    lengths = {name: text.count("\n") for name, text in PYTHON.items()}
    assert {name: length for name, length in lengths.items() if length > LINES_AT_MOST} == {}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what], re.MULTILINE)
    found = [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}"
        for name, text in FILES.items()
        if text is not None and not (name == "scripts/lock" and "index" in what)
        for match in pattern.finditer(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "line", "held"),
    [
        ("a path of one machine", "cd /ro" + "ot/x", True),
        ("a path of one machine", "see https://example.org/wo" + "rk/x", False),
        ("a path of one machine", "a net" + "work/room", False),
        ("the address of a package index", "https://py" + "pi.org/simple", True),
        ("work left undone", "# TO" + "DO: later", True),
    ],
)
def test_the_patterns_tell_right_from_wrong(what: str, line: str, held: bool) -> None:
    assert bool(re.search(FORBIDDEN[what], line)) is held


def test_setup_cfg_lists_every_package() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    listed = sorted(config["options"]["packages"].split())
    outside = ("tests", "scripts", "training")
    there = {
        name.removesuffix("/__init__.py").replace("/", ".")
        for name in PYTHON
        if name.endswith("/__init__.py") and not name.startswith(outside)
    }
    assert listed == sorted(there)


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        name
        for name, text in PYTHON.items()
        if not name.startswith("tests/")
        and text.strip()
        and not re.match(r'(?:#![^\n]*\n)?r?"""\S', text)
    ]
    assert silent == []


def test_tests_mirror_the_rooms() -> None:
    rooms = (
        "core",
        "audio",
        "hal",
        "dialog",
        "provisioning",
        "device",
        "contract",
        "hub",
        "systemd",
        "image",
        "room",
    )
    strays = [
        name
        for name in PYTHON
        if name.startswith("tests/") and name.count("/") > 1 and name.split("/")[1] not in rooms
    ]
    assert strays == []


def test_no_test_hides_in_a_file_that_pytest_does_not_read() -> None:
    badly_named = [
        name
        for name, text in PYTHON.items()
        if name.startswith("tests/")
        and re.search(r"^(?:async )?def test_", text, re.MULTILINE)
        and not Path(name).name.startswith("test_")
    ]
    assert badly_named == []  # pytest would never run what is in them


def test_scripts_can_be_run() -> None:
    for name in ("scripts/setup", "scripts/check", "scripts/test", "scripts/lock", ".ci/run"):
        assert (ROOT / name).stat().st_mode & 0o111, name


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{name}: {target}"
        for name, text in FILES.items()
        if name.endswith(".md") and text is not None
        for target in re.findall(r"\]\(([^)#\s]+)", text)
        if "://" not in target and not (ROOT / name).parent.joinpath(target).exists()
    ]
    assert broken == []

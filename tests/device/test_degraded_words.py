"""Every degraded state that the code can name has words for parents, in both languages."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import yaml

from device import caretaker

ROOT = Path(__file__).parents[2]
WORDS = yaml.safe_load((ROOT / "provisioning/parents/words.yaml").read_text(encoding="utf-8"))
BOARD = "board."


def calls(room: str, *names: str) -> Iterator[tuple[ast.Call, dict[str, str]]]:
    """Calls of a function in a room, with the module's own text constants."""
    for path in sorted((ROOT / room).glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        known = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = node.func
                name = getattr(called, "id", getattr(called, "attr", ""))
                if name in names:
                    yield node, known


def named() -> set[str]:
    """The names of all degraded states, as the code writes them down."""
    found = set(caretaker._SENTENCES)
    for call, known in calls("device", "Degraded"):
        first = call.args[0]
        if isinstance(first, ast.Constant):
            found.add(str(first.value))
        elif isinstance(first, ast.Name) and first.id in known:
            found.add(known[first.id])
        else:  # the caretaker's own: its table, and what the board says
            assert ast.unparse(first) in ("part", "f'board.{each.part}'"), ast.unparse(first)
    for call, _ in calls("hal", "BoardTrouble", "_note", "_try"):
        first = call.args[0]
        if isinstance(first, ast.Constant):
            found.add(BOARD + str(first.value))
    for contact in ("talk", "mute", "volume_up", "volume_down"):  # hal.gpio hands these on by name
        found.add(BOARD + contact)
    return found


def test_every_state_has_words_and_no_words_are_without_a_state() -> None:
    states = named()
    assert {"store", "card", "sync", "network", "cloud", "family", "choices"} <= states
    told = {key.removeprefix("degraded_") for key in WORDS if key.startswith("degraded_")}
    assert told == {each.replace(".", "_") for each in states} | {"other"}


def test_the_words_are_plain_and_in_both_languages() -> None:
    for key, each in WORDS.items():
        if key.startswith("degraded_"):
            assert each["en"].isascii() or "“" in each["en"]
            assert any("一" <= letter <= "鿿" for letter in each["zh"])
            assert not {"journalctl", "process", "daemon"} & set(each["en"].split())

"""Two children at a running speaker: the button chooses, aloud, and that child practises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from core.clock import SystemClock
from device.app import Services, assemble, start_services
from device.config import Settings
from device.trace import Entry
from dialog import roll_call
from dialog.settings import LessonSettings
from hal.ports import Button
from provisioning.parents.family_file import FamilyFile
from tests.device.test_daemon import Stage, hold


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with ExitStack() as stack:
        yield start_services(Settings(), stack)


class Siblings(Stage):
    """A stage whose family has named two children on its page."""

    def __init__(self, services: Services, folder: Path, stack: ExitStack) -> None:
        FamilyFile(folder, SystemClock().wall).name_children(("Lily", "Tom"), "Lily")
        settings = Settings(lessons=LessonSettings(session_items=1))
        parts = assemble(settings, services, stack, clock=SystemClock(), store_folder=folder)
        super().__init__(parts, folder)
        self.store = parts.store
        self.said: list[str] = []

    def see(self, entry: Entry) -> None:
        if entry.kind == "say":
            self.said.append(str(entry.data["text"]))
        super().see(entry)

    def child(self) -> str:
        """Nickname of who practises, as the store has it."""
        return self.store.history().children[0].nickname


def test_the_button_chooses_the_second_child(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roll_call, "OFFER_PATIENCE_S", 0.3)

    async def act(stage: Stage) -> None:
        await stage.state("asleep")
        assert siblings.child() == "Lily"
        stage.board.press(Button.TALK)
        await stage.state("speaking")
        assert "Lily, or Tom?" in siblings.said[-1]
        asked = len(siblings.said)
        stage.board.press(Button.TALK)
        stage.board.press(Button.DOUBLE)  # quickly after the first
        await siblings.until(lambda: len(siblings.said) == asked + 2)
        assert ["Lily" in siblings.said[-2], "Tom" in siblings.said[-1]] == [True, True]
        assert siblings.child() == "Lily"  # not before it is sure
        await siblings.until(lambda: len(siblings.said) > asked + 2)
        assert "Tom" in siblings.said[asked + 2]  # "Hello, Tom!"
        await siblings.until(lambda: siblings.child() == "Tom")
        # From here on the button is what it always was.
        await stage.state("listening")
        stage.board.press(Button.TALK)
        await stage.state("paused")

    with ExitStack() as stack:
        siblings = Siblings(services, tmp_path, stack)
        hold(lambda: siblings, act)

"""A household without a speaker, for tests and for looking at the pages."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from core.errors import AudioError, ModelError
from provisioning.pairing.ports import PairingError
from provisioning.parents.ports import (
    ChildView,
    Choices,
    DeviceView,
    Note,
    PlatformView,
    Practice,
    SaidItem,
    SaidWord,
    SoundCheck,
    SoundView,
    Standing,
    TroubleView,
    WifiView,
)

WELL, PRACTISE = Standing.WELL, Standing.PRACTISE
LILY = ChildView(
    id="0193b3f0-0000-7000-8000-000000000001",
    nickname="Lily",
    minutes_today=12.2,
    minutes_week=41.0,
    minutes_ever=180.0,
    streak_days=4,
    days=tuple(day % 3 > 0 for day in range(28)),
    learnt=("I like apples.", "It is a red ball."),
    learning=("Where is the <cat>?",),
    due=3,
    sounds=(
        SoundView("/θ/ think", 0.9, 0.6, 1.2, PRACTISE, (0.5, 0.7, 0.9), better=True),
        SoundView("/s/ sun", 1.9, 1.8, 2.0, WELL),
    ),
)
TOM = ChildView(
    *("0193b3f0-0000-7000-8000-000000000002", "Tom", 0.0, 0.0, 0.0, 0),
    *((False,) * 28, (), (), 0, ()),
)
PRACTICE = Practice(
    datetime(2026, 1, 5, 16, 0, tzinfo=UTC),
    8.4,
    (
        SaidItem("I think so.", True, (SaidWord("i", WELL), SaidWord("think", PRACTISE)), "first"),
        SaidItem("A cat.", False, ()),
    ),
)


@dataclass
class FakeDesk:
    """Honours `PlatformDesk`; shows what is put in and keeps what it was asked."""

    shown: PlatformView = field(default_factory=lambda: PlatformView("alone"))
    asked: list[str] = field(default_factory=list)

    def view(self) -> PlatformView:
        return self.shown

    def pair(self, address: str) -> None:
        if " " in address:
            raise PairingError("no address", code="pairing.address")
        self.asked.append(f"pair {address}")
        self.shown = PlatformView(
            "waiting",
            address=address,
            code="7KMX-2QHP",
            place=f"{address}/pair",
            device="myna-k0123456789abcdef0123",
            provisional=True,
        )

    def stop(self) -> None:
        self.asked.append("stop")
        self.shown = PlatformView("alone")

    def give_up(self) -> None:
        self.asked.append("give up")
        self.shown = PlatformView("leaving", deletions_waiting=1)


@dataclass
class FakeHousehold:
    """Honours `Household`; remembers what was asked of it.

    Attributes:
        forgotten: Ids of children deleted; None stands for everybody.
        busy: Somebody practises: no sound check.
        sounds: Files by child and key.
        unread: Notes that a child may need help.
        lessons: On the wake phrase, asked for.
        unteachable: Its phrase cannot be taught.
    """

    family: list[ChildView] = field(default_factory=lambda: [LILY, TOM])
    forgotten: list[str | None] = field(default_factory=list)
    busy: bool = False
    unread: list[Note] = field(default_factory=list)
    lessons: int = 0
    unteachable: bool = False
    platform: FakeDesk = field(default_factory=FakeDesk)
    sounds: dict[tuple[str, str], Path] = field(default_factory=dict)

    def language(self) -> str:
        return "en"

    def children(self) -> Sequence[ChildView]:
        return tuple(self.family)

    def practice(self, child: str) -> Practice | None:
        return PRACTICE if child == LILY.id else None

    def recording(self, child: str, key: str) -> Path | None:
        return self.sounds.get((child, key))

    def model_voice(self, child: str, number: int) -> bytes | None:
        if child != LILY.id or number >= len(PRACTICE.items):
            return None
        return b"RIFF" + PRACTICE.items[number].asked.encode()

    def voice_sample(self, voice: str) -> bytes | None:
        return b"RIFF" + voice.encode() if voice in self.choices().voices else None

    def choices(self) -> Choices:
        return Choices(
            (("starter", "First words"), ("farm", "On the farm")),
            ("hello myna",),
            ("piper:en_US-lessac-medium", "espeak:f3", "espeak:m2"),
        )

    def device(self) -> DeviceView:
        troubles = (TroubleView("card", "the sound card is gone"),) if self.busy else ()
        wifi = WifiView("Home", 71, "internet")
        return DeviceView("myna-test", "0.1.0", ("192.168.1.20",), 900, 0.4, troubles, wifi)

    def notes(self) -> Sequence[Note]:
        return tuple(self.unread)

    def read_notes(self) -> None:
        self.unread.clear()

    def teach_wake(self) -> bool:
        if self.unteachable:
            raise ModelError("a phrase of a library", code="model.wake_unteachable")
        self.lessons += 1
        return not self.busy

    def check_sound(self) -> SoundCheck:
        if self.busy:
            raise AudioError("somebody practises; wait until Myna sleeps")
        return SoundCheck(-22.0, -61.0, 24.0)

    def export(self) -> bytes:
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as file:
            file.writestr("family.json", "{}")
        return data.getvalue()

    def forget(self, child: str | None) -> None:
        self.forgotten.append(child)
        self.family = [each for each in self.family if child is not None and each.id != child]

"""From the box's own network to the first lesson's progress, in one go, with one phone.

Everything is the product's own: daemon, portal, pages, hub, broker, recogniser, voice. The radio is
the fake one; the child lives in the virtual room, at real time.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from audio.virtual_room.backend import VirtualRoom
from audio.virtual_room.scenario import Scenario, load_scenario
from audio.virtual_room.steps import Answer as Answers
from audio.virtual_room.steps import Repeat, Say, Wait, WaitState
from audio.virtual_room.voices import make_voice
from core.clock import SystemClock
from device.announcements import code_lines
from device.app import Services, assemble, start_services
from device.config import Settings
from device.live import Daemon
from device.room_run import RoomEar
from device.set_up import Radio
from device.sync.settings import SyncSettings
from dialog.settings import LessonSettings
from hal.ports import Button
from hub import sessions
from provisioning.pairing.file import Phase as Pairing
from provisioning.pairing.settings import PairingSettings
from provisioning.parents.settings import ParentsSettings
from provisioning.portal.ports import Phase
from provisioning.set_up_label import SetUpLabel
from provisioning.wifi.fakes import Air, FakeWifi, OnAir
from provisioning.wifi.settings import WifiSettings
from tests.device.test_daemon import CountingCard, Stage, hold
from tests.device.test_pairing import Platform, platform
from tests.platform_parts import free_port
from tests.provisioning.phone import Phone, needs_browser

__all__ = ["platform"]

pytestmark = [needs_browser, pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(600)]

ROOM = Path(__file__).parents[1] / "room" / "happy-path.yaml"
LABEL = SetUpLabel("Myna-7Q2K", "label words")
HOME = OnAir("小明的家".encode(), "correct horse")
LONG_S = 3600.0
LESSON_S = 150.0
"""A limit against hanging: an item, a play and the goodbye take half a minute of its time."""


def first_lesson() -> Scenario:
    """A child that waits until Myna is woken, and answers until she sleeps."""
    answering = Repeat((Answers(Say("{right}")),), until="asleep", most=12)
    child = (WaitState("waking", LONG_S), answering, Wait(LONG_S))
    return dataclasses.replace(load_scenario(ROOM), child=child, limit_s=LONG_S, expect=())


class Box(Stage):
    """A speaker fresh from the factory, in a room with a child."""

    def __init__(
        self, platform: Platform, services: Services, folder: Path, stack: ExitStack
    ) -> None:
        self.portal_port, self.pages_port = free_port(), free_port()
        settings = Settings(
            parents=ParentsSettings(port=self.pages_port, listen="127.0.0.1"),
            wifi=WifiSettings(portal_address="127.0.0.1", portal_port=self.portal_port),
            pairing=PairingSettings(
                platform=platform.house.url,
                ca_file=str(platform.house.authority.certificate),
                identity_dir=str(folder / "no-identity"),
            ),
            sync=SyncSettings(retry_s=0.1, answer_s=2.0),
            lessons=LessonSettings(session_items=1),
        )
        parts = assemble(settings, services, stack, clock=SystemClock(), store_folder=folder)
        super().__init__(parts, folder)
        self.parts = parts
        self.card = CountingCard()  # never opened: the room is the card
        room = VirtualRoom(first_lesson(), make_voice(), live=True)
        self.daemon = Daemon(
            dataclasses.replace(parts, board=self.board),
            room,
            [self, RoomEar(room)],
            state_folder=folder,
            parents_pages=True,
            radio=Radio(FakeWifi(Air([HOME])), LABEL),
        )

    async def set_up_is(self, wanted: Phase) -> None:
        await self.until(
            lambda: (
                self.daemon.onboarding is not None and self.daemon.onboarding.view().phase is wanted
            )
        )

    async def pairing_is(self, wanted: Pairing) -> None:
        await self.until(
            lambda: self.daemon.pairer is not None and self.daemon.pairer.record.phase is wanted
        )


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with ExitStack() as stack:
        yield start_services(Settings(), stack)


@pytest.fixture
def phone(tmp_path: Path) -> Iterator[Phone]:
    """It takes every name for this machine, and the house's own authority for a good one."""
    flags = ("--host-resolver-rules=MAP * 127.0.0.1", "--ignore-certificate-errors")
    made = Phone(tmp_path / "phone", "whole-way", flags)
    yield made
    made.driver.quit()


def test_from_the_box_to_the_first_lesson_s_progress(
    platform: Platform,
    services: Services,
    phone: Phone,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spoken: list[str] = []

    def note(code: str, language: str) -> object:
        spoken.append(code)
        return code_lines(code, language)

    monkeypatch.setattr("device.parents.code_lines", note)
    monkeypatch.setattr("hub.pair_pages.LOOKS_EVERY_S", 600)  # not while it is looked at here
    house = platform.house
    invited = sessions.add_parent(house.engine, house.family("The Lins"), "Mother")
    assert invited is not None

    async def thumb(act: Callable[..., object], *args: str) -> None:
        """What a person does with the phone, while the speaker lives on."""
        await asyncio.to_thread(act, *args)

    async def looks(heading: str, picture: str) -> None:
        def look() -> tuple[str, list[str]]:
            phone.picture(picture)
            return phone.heading, phone.troubles()

        assert await asyncio.to_thread(look) == (heading, [])

    async def onto_the_wifi() -> None:
        await box.state("asleep")
        box.board.press(Button.RESET)
        await box.set_up_is(Phase.OPEN)
        portal = f"http://127.0.0.1:{box.portal_port}"
        await thumb(phone.goes, f"http://captive.apple.com:{box.portal_port}/hotspot-detect.html")
        assert phone.driver.current_url == f"{portal}/"
        await thumb(phone.goes, f"{portal}/?lang=en")
        await looks("Bring Myna onto your Wi-Fi", "1-portal")
        await thumb(phone.presses, f"a[href='/network/{HOME.ssid.hex()}']")
        await thumb(phone.types, "password", "correct horse")
        await thumb(phone.presses, "main button")
        await looks("Myna", "2-joining")
        await box.set_up_is(Phase.DONE)

    async def paired() -> None:
        box.board.press(Button.PAIR)  # held for three seconds
        await box.pairing_is(Pairing.WAITING)
        pairer = box.daemon.pairer
        assert pairer is not None
        await thumb(phone.goes, f"{house.url}/in?link={invited[1]}")
        await thumb(phone.presses, "main button")
        await thumb(phone.goes, f"{house.url}/pair")
        await thumb(phone.types, "code", pairer.record.user_code)
        await looks("Pair a speaker", "3-pairing-code")
        await thumb(phone.presses, "main button")
        await thumb(phone.types, "nicknames", "Lily")
        await thumb(phone.presses, "main button[value=yes]")
        await looks("Now press Myna's button", "4-the-last-yes")
        await box.until(lambda: pairer.asked)
        box.board.press(Button.TALK)
        await box.pairing_is(Pairing.PAIRED)
        await thumb(lambda: phone.goes(phone.driver.current_url))
        await looks("Paired", "5-paired")

    async def signed_in() -> None:
        pages = f"http://127.0.0.1:{box.pages_port}"
        box.board.press(Button.PAIR)
        await box.until(lambda: bool(spoken))
        await thumb(phone.goes, f"{pages}/?lang=en")
        await looks("Sign in", "6-sign-in")
        await thumb(phone.types, "code", spoken[-1])
        await thumb(phone.presses, "main button")
        await looks("Today", "7-before-the-first-lesson")
        assert "Lily" in phone.text

    async def lesson() -> None:
        await box.state("asleep")
        runtime = box.daemon._runtime
        assert runtime is not None
        runtime._hush()  # she says codes twice in two languages; the parent has typed it
        box.board.press(Button.TALK)
        async with asyncio.timeout(LESSON_S):
            while not (box.states[-1] == "asleep" and "listening" in box.states):
                await asyncio.sleep(0.05)

    async def progress() -> None:
        pages = f"http://127.0.0.1:{box.pages_port}"
        done = box.parts.store.attempts(20)
        assert any(each.verdict.value == "right" for each in done)
        await thumb(phone.goes, f"{pages}/today")
        await looks("Today", "8-after-the-first-lesson")
        assert "Learning now" in phone.text or "Can say" in phone.text
        await thumb(phone.goes, f"{pages}/practice")
        await looks("Last practice", "9-last-practice")
        assert "answered" in phone.text
        await box.until(lambda: platform.events().count("learning") >= len(done))
        await thumb(phone.goes, house.url)
        await looks("Your family", "10-at-the-platform")

    async def act(stage: Stage) -> None:
        await onto_the_wifi()
        await paired()
        await signed_in()
        await lesson()
        await progress()

    with ExitStack() as stack:
        box = Box(platform, services, tmp_path / "speaker", stack)
        hold(lambda: box, act)

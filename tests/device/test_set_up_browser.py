"""A phone sets a speaker up: probe, wrong password, right one; all but the radio is real."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from core.clock import SystemClock
from core.worker import Worker
from device.onboarding import Around, Onboarding
from device.set_up_words import SetUpSentence, spoken
from dialog.ports import Line
from hal.layers import LayeredRing
from hal.simulated import SimulatedBoard
from provisioning.portal.ports import Phase
from provisioning.portal.service import PortalPages
from provisioning.set_up_label import SetUpLabel
from provisioning.wifi.country import CountryFile
from provisioning.wifi.fakes import Air, FakeWifi, OnAir
from provisioning.wifi.ports import Link
from provisioning.wifi.settings import WifiSettings
from tests.provisioning.phone import LIMIT_S, Phone, needs_browser

pytestmark = needs_browser
LABEL = SetUpLabel("Myna-7Q2K", "label words")
HOME = OnAir("小明的家".encode(), "correct horse")


class Speaker:
    """Onboarding in a loop of its own, as the daemon has it."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.wifi = FakeWifi(Air([HOME]))
        self.folder = folder
        self.said: list[str] = []
        self.onboarding: Onboarding | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._there = threading.Event()
        self.worker = Worker("speaker", self._live)

    def _live(self, stopping: threading.Event) -> None:
        async def live() -> None:
            clock = SystemClock()
            self._loop = asyncio.get_running_loop()
            self.onboarding = Onboarding(
                self.wifi,
                LABEL,
                CountryFile(self.folder),
                WifiSettings(set_up="button"),
                ring=LayeredRing(SimulatedBoard(clock).ring, clock),
                clock=clock,
                around=Around(
                    say=self._say,
                    choose_language=lambda _language: None,
                    language=lambda: "en",
                    make_portal=lambda up: PortalPages(up, clock, "127.0.0.1", self.port),
                    pause=lambda _seconds: asyncio.sleep(0.2),  # the browser is near
                ),
            )
            running = asyncio.create_task(self.onboarding.run(), name="onboarding")
            self._there.set()
            while not stopping.is_set():
                await asyncio.sleep(0.02)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

        asyncio.run(live())

    def _say(self, lines: tuple[Line, ...], _tag: int) -> None:
        self.said.append(lines[0].text)

    def hold_the_button(self) -> None:
        assert self._there.wait(LIMIT_S)
        assert self._loop is not None
        assert self.onboarding is not None
        self._loop.call_soon_threadsafe(self.onboarding.open)

    def until(self, true: Callable[[], bool]) -> None:
        end_s = time.monotonic() + LIMIT_S
        while not true():
            assert time.monotonic() < end_s
            time.sleep(0.02)


def test_a_phone_brings_the_speaker_onto_the_wifi(tmp_path: Path) -> None:
    speaker = Speaker(tmp_path)
    phone = Phone(tmp_path / "phone", "set-up", ("--host-resolver-rules=MAP * 127.0.0.1",))
    try:
        with speaker.worker:
            speaker.hold_the_button()
            onboarding = speaker.onboarding
            assert onboarding is not None
            speaker.until(lambda: onboarding.view().phase is Phase.OPEN)
            phone.goes(f"http://captive.apple.com:{speaker.port}/hotspot-detect.html")
            assert phone.driver.current_url == f"{speaker.url}/"
            phone.goes(f"{speaker.url}/?lang=en")
            phone.presses(f"a[href='/network/{HOME.ssid.hex()}']")
            phone.types("password", "battery staple")
            phone.presses("main button")
            assert "Her own network goes away now" in phone.text

            speaker.until(lambda: onboarding.view().tried is not None)
            speaker.until(lambda: onboarding.view().phase is Phase.OPEN)
            phone.goes(f"http://connectivitycheck.gstatic.com:{speaker.port}/generate_204")
            assert "“小明的家” did not take that password" in phone.text
            phone.picture("wrong-password")
            phone.types("password", "correct horse")
            phone.presses("main button")
            speaker.until(lambda: onboarding.view().phase is Phase.DONE)
        state = asyncio.run(speaker.wifi.state())
    finally:
        phone.driver.quit()
    assert (state.link, state.name) == (Link.JOINED, "小明的家")
    assert speaker.said == [
        spoken(each, "en", LABEL.ssid)[0].text
        for each in (
            SetUpSentence.OPEN,
            *(SetUpSentence.TRYING, SetUpSentence.WRONG_PASSWORD),
            *(SetUpSentence.TRYING, SetUpSentence.JOINED),
        )
    ]

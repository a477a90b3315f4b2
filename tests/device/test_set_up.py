"""The running daemon is brought onto a network: button, portal over a socket, parents' page."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import socket
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from core.clock import SystemClock
from device import onboarding
from device.app import Services, assemble
from device.config import Settings
from device.doctor import State
from device.doctor_checks import network_finding
from device.live import Daemon
from device.set_up import Radio, radio_of
from dialog.packs import starter_pack
from hal.ports import Button
from provisioning.parents.settings import ParentsSettings
from provisioning.portal.ports import Phase
from provisioning.set_up_label import SetUpLabel
from provisioning.wifi.fakes import Air, FakeWifi, OnAir
from provisioning.wifi.networkmanager import NetworkManagerWifi
from provisioning.wifi.ports import Link, Reach, WifiState
from provisioning.wifi.settings import WifiSettings
from tests.device.test_daemon import CountingCard, Stage, hold
from tests.device.whole_speaker import Listening, Speaking

LABEL = SetUpLabel("Myna-7Q2K", "label words")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def services() -> Services:
    """Nobody talks here: no model is loaded."""
    return Services(Listening(), Speaking(), starter_pack())


class Box(Stage):
    """A stage with a radio and a label."""

    def __init__(self, services: Services, folder: Path, stack: ExitStack) -> None:
        self.port, parents_port = free_port(), free_port()
        settings = Settings(
            parents=ParentsSettings(port=parents_port, listen="127.0.0.1"),
            wifi=WifiSettings(portal_address="127.0.0.1", portal_port=self.port),
        )
        parts = assemble(settings, services, stack, clock=SystemClock(), store_folder=folder)
        super().__init__(parts, folder)
        self.wifi = FakeWifi(Air([OnAir(b"Home", "correct horse")]))
        whole = dataclasses.replace(parts, board=self.board)
        self.card = CountingCard()
        self.daemon = Daemon(
            whole,
            self.card,
            [self],
            state_folder=folder,
            parents_pages=True,
            radio=Radio(self.wifi, LABEL),
        )
        self.phone = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}")
        self.at_home = httpx.AsyncClient(base_url=f"http://127.0.0.1:{parents_port}")

    async def phase(self, wanted: Phase) -> None:
        def there() -> bool:
            made = self.daemon.onboarding
            return made is not None and made.view().phase is wanted

        await self.until(there)


def test_from_the_held_button_to_the_parents_page(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(_seconds: float) -> None:
        await asyncio.sleep(0)

    # The grace for the page is waited for in test_onboarding; here the phone has read it already.
    monkeypatch.setattr(onboarding.Around.__init__, "__kwdefaults__", {"pause": at_once})

    async def act(stage: Stage) -> None:
        await stage.state("asleep")
        stage.board.press(Button.RESET)
        await box.phase(Phase.OPEN)
        assert box.wifi.access_points == [(LABEL.ssid, LABEL.password)]
        probe = {"host": "captive.apple.com"}
        led = await box.phone.get("/hotspot-detect.html", headers=probe)
        assert led.headers["location"] == f"http://127.0.0.1:{box.port}/"
        page = await box.phone.get("/")
        found = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert found
        form = {"csrf": found[1], "network": b"Home".hex(), "password": "correct horse"}
        answer = await box.phone.post("/join", data={**form, "country": "AT", "language": "zh"})
        assert answer.status_code == 200
        await box.phase(Phase.DONE)
        parents = box.daemon.parents
        assert parents is not None
        assert parents.family.family.limits.prompts == "zh"
        assert (tmp_path / "wifi-country").read_text() == "AT\n"

        await box.until(lambda: parents.pages.port is not None)
        await box.at_home.post("/sign-in", data={"code": parents.pages.new_code()})
        await box.until(lambda: parents.network() is not None)
        shown = (await box.at_home.get("/device?lang=en")).text
        assert "“Home”, 70 percent strong. It leads to the internet." in shown
        await box.phone.aclose()
        await box.at_home.aclose()

    with ExitStack() as stack:
        box = Box(services, tmp_path, stack)
        hold(lambda: box, act)


def test_a_speaker_run_by_hand_leaves_the_network_alone(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert radio_of(Settings()) is None  # nobody handed a label over
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    told = '{"ssid": "Myna-7Q2K", "password": "label words", "country": ""}'
    (tmp_path / "myna.setup").write_text(told, encoding="utf-8")
    assert radio_of(Settings(wifi=WifiSettings(set_up="never"))) is None
    radio = radio_of(Settings())
    assert radio is not None
    assert isinstance(radio.wifi, NetworkManagerWifi)
    assert radio.label == LABEL


@pytest.mark.parametrize(
    ("state", "saved", "verdict", "says"),
    [
        (WifiState(Link.JOINED, "Home", 70, reach=Reach.INTERNET), 1, State.OK, "Home, 70 %"),
        (WifiState(Link.ACCESS_POINT, "Myna-7Q2K"), 0, State.OK, "set-up network Myna-7Q2K"),
        (WifiState(Link.NO_RADIO, wired=True), 0, State.OK, "a cable"),
        (WifiState(Link.NO_RADIO), 0, State.OK, "needs no network"),
        (WifiState(Link.ALONE, wired=True), 1, State.OK, "a cable"),
        (WifiState(Link.ALONE), 1, State.DEGRADED, "is away"),
        (WifiState(Link.ALONE), 0, State.OK, "none is needed"),
        (WifiState(Link.OFF), 2, State.DEGRADED, "is away"),
    ],
)
def test_the_doctor_tells_how_the_network_is(
    state: WifiState, saved: int, verdict: State, says: str
) -> None:
    finding = network_finding(state, saved)
    assert (finding.state, says in finding.sentence) == (verdict, True)
    assert bool(finding.remedy) is (verdict is State.DEGRADED)

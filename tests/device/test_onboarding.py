"""The speaker comes onto a network: the whole way, with a radio that is a fake."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from core.clock import VirtualClock
from device.onboarding import SETTLE_S, Around, Onboarding
from device.set_up_words import SetUpSentence, spoken
from dialog.ports import Language, Line
from hal.layers import LayeredRing
from hal.ports import Mood
from hal.simulated import SimulatedBoard
from provisioning.portal.ports import Phase, SetUp, Wish
from provisioning.set_up_label import SetUpLabel
from provisioning.wifi.country import CountryFile
from provisioning.wifi.fakes import Air, FakeWifi, OnAir
from provisioning.wifi.improv import (
    IDENTIFY,
    SEND_WIFI,
    Improv,
    ImprovError,
    ImprovState,
    packet,
)
from provisioning.wifi.ports import Credentials, Link, Refusal, Security, WifiUnavailable
from provisioning.wifi.settings import WifiSettings

LABEL = SetUpLabel("Myna-7Q2K", "label words")
HOME = OnAir(b"Home", "correct horse")
RIGHT, WRONG = Credentials(b"Home", "correct horse"), Credentials(b"Home", "battery staple")


class Portal:
    """Stands for the portal's server; notes that it was there."""

    def __init__(self) -> None:
        self.there = False
        self.times = 0

    def __call__(self, set_up: SetUp) -> Portal:
        return self

    def __enter__(self) -> Portal:
        self.there = True
        self.times += 1
        return self

    def __exit__(self, *exc: object) -> None:
        self.there = False


class Bluetooth:
    """Stands for the Bluetooth radio."""

    def __init__(self) -> None:
        self.improv: Improv | None = None
        self.missing = False

    async def start(self, improv: Improv, name: str) -> None:
        if self.missing:
            raise WifiUnavailable("no Bluetooth here")
        assert name == LABEL.ssid
        self.improv = improv

    async def stop(self) -> None:
        self.improv = None


class Stage:
    """A speaker being set up."""

    def __init__(self, air: Air, settings: WifiSettings, folder: Path | None) -> None:
        self.clock = VirtualClock()
        self.wifi = FakeWifi(air)
        self.portal = Portal()
        self.bluetooth = Bluetooth()
        self.country = CountryFile(folder)
        self.ring = LayeredRing(SimulatedBoard(self.clock).ring, self.clock)
        self.said: list[Line] = []
        self.tags: list[int] = []
        self.languages: list[str] = []
        self.waited_s: list[float] = []
        self.moments: list[tuple[bool, Link]] = []
        self.onboarding = Onboarding(
            self.wifi,
            LABEL,
            self.country,
            settings,
            ring=self.ring,
            clock=self.clock,
            around=Around(
                say=self._say,
                choose_language=self.languages.append,
                language=lambda: "zh",
                make_portal=self.portal,
                pause=self._pause,
                beacon=self.bluetooth,
                home=lambda: ("http://myna.local:8080",),
            ),
        )

    def _say(self, lines: tuple[Line, ...], tag: int) -> None:
        self.said += lines
        self.tags.append(tag)

    async def _pause(self, seconds: float) -> None:
        self.waited_s.append(seconds)
        # The page is still there while it is waited for, and so is the access point.
        self.moments.append((self.portal.there, (await self.wifi.state()).link))

    async def later(self, seconds: float = 0.0) -> None:
        """Let time pass, second by second, as the daemon looks."""
        until_s = self.clock.now_s() + seconds
        while True:
            self.onboarding.look()
            await self.onboarding.settled()
            if self.clock.now_s() >= until_s:
                return
            self.clock.advance_to(min(until_s, self.clock.now_s() + 1.0))

    async def from_the_portal(self, ask: Callable[[], bool]) -> bool:
        """As the portal's thread asks."""
        answer = await asyncio.to_thread(ask)
        await asyncio.sleep(0)
        await self.onboarding.settled()
        return answer

    async def join(self, credentials: Credentials, country: str = "DE") -> bool:
        wish = Wish(credentials, country, "en")
        return await self.from_the_portal(lambda: self.onboarding.join(wish))

    @property
    def phase(self) -> Phase:
        return self.onboarding.view().phase

    async def link(self) -> Link:
        return (await self.wifi.state()).link

    def heard(self) -> list[SetUpSentence]:
        """What was said last, and forget it; each in both languages."""
        english = [each for each in self.said if each.language is Language.ENGLISH]
        assert len(self.said) == 2 * len(english)
        self.said = []
        by_text = {spoken(each, "en", LABEL.ssid)[0].text: each for each in SetUpSentence}
        return [by_text[each.text] for each in english]


def hold(
    act: Callable[[Stage], Awaitable[None]],
    air: Air,
    settings: WifiSettings | None = None,
    folder: Path | None = None,
) -> None:
    async def play() -> None:
        stage = Stage(air, settings or WifiSettings(), folder)
        running = asyncio.create_task(stage.onboarding.run(), name="onboarding")
        try:
            await act(stage)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        assert not stage.portal.there
        assert stage.bluetooth.improv is None

    asyncio.run(play())


def test_a_new_box_opens_its_network_and_is_set_up_at_the_second_try(tmp_path: Path) -> None:
    async def act(stage: Stage) -> None:
        await stage.later(SETTLE_S - 1)
        assert (stage.phase, stage.said) == (Phase.CLOSED, [])
        await stage.later(20)
        assert stage.wifi.access_points == [(LABEL.ssid, LABEL.password)]
        assert (stage.phase, stage.portal.there) == (Phase.OPEN, True)
        assert [net.name for net in stage.onboarding.view().networks] == ["Home"]
        assert Mood.PAIRING in stage.ring.notices
        assert stage.said[0].language is Language.CHINESE
        assert "七, Q, 二, K" in stage.said[0].text
        assert stage.heard() == [SetUpSentence.OPEN]

        assert await stage.join(WRONG)
        assert stage.moments == [(True, Link.ACCESS_POINT)]  # the page had time to get out
        assert stage.heard() == [SetUpSentence.TRYING, SetUpSentence.WRONG_PASSWORD]
        assert (stage.phase, await stage.link()) == (Phase.OPEN, Link.ACCESS_POINT)
        tried = stage.onboarding.view().tried
        assert tried is not None
        assert (tried.what.ssid, tried.what.password, tried.why) == (
            *(b"Home", ""),
            Refusal.WRONG_PASSWORD,
        )

        assert await stage.join(RIGHT)
        assert stage.heard() == [SetUpSentence.TRYING, SetUpSentence.JOINED]
        assert (stage.phase, await stage.link()) == (Phase.DONE, Link.JOINED)
        assert not stage.portal.there
        assert Mood.PAIRING not in stage.ring.notices
        assert stage.languages == ["en", "en"]
        assert (tmp_path / "wifi-country").read_text() == "DE\n"
        await stage.later(3600)
        assert stage.heard() == []

    hold(act, Air([HOME]), folder=tmp_path)


def test_the_network_closes_by_itself_and_only_the_button_opens_it_again() -> None:
    async def act(stage: Stage) -> None:
        await stage.later(40)
        assert stage.phase is Phase.OPEN
        stage.heard()
        await stage.later(15 * 60 - 60)
        assert stage.phase is Phase.OPEN
        await stage.later(60)
        assert (stage.phase, await stage.link()) == (Phase.CLOSED, Link.ALONE)
        assert not stage.portal.there
        assert stage.heard() == [SetUpSentence.CLOSED]
        await stage.later(3600)
        assert stage.phase is Phase.CLOSED
        stage.onboarding.open()
        await stage.onboarding.settled()
        assert (stage.phase, stage.portal.times) == (Phase.OPEN, 2)

    hold(act, Air([HOME]))


def test_holding_the_button_again_keeps_it_open_for_as_long_again() -> None:
    async def act(stage: Stage) -> None:
        stage.onboarding.open()
        await stage.later(10 * 60)
        stage.onboarding.open()
        await stage.later(10 * 60)
        assert stage.phase is Phase.OPEN
        assert len(stage.wifi.access_points) == 1
        assert stage.heard() == [SetUpSentence.OPEN, SetUpSentence.OPEN]
        await stage.later(6 * 60)
        assert stage.phase is Phase.CLOSED

    hold(act, Air([HOME]))


def test_the_old_network_comes_back_when_nothing_new_is_chosen() -> None:
    async def act(stage: Stage) -> None:
        await stage.later(60)
        assert stage.phase is Phase.CLOSED  # it has a network
        stage.onboarding.open()
        await stage.onboarding.settled()
        assert await stage.link() is Link.ACCESS_POINT
        assert await stage.join(Credentials(b"Nowhere", "correct horse"))
        assert stage.heard()[-1] is SetUpSentence.NOT_FOUND
        await stage.later(16 * 60)
        assert (await stage.wifi.state()).name == "Home"

    hold(act, Air([HOME], saved=(b"Home",)))


def test_looking_again_finds_what_was_switched_on_meanwhile() -> None:
    air = Air([HOME])

    async def act(stage: Stage) -> None:
        stage.onboarding.open()
        await stage.onboarding.settled()
        air.networks.append(OnAir(b"Hotspot", "from a phone"))
        assert await stage.from_the_portal(stage.onboarding.look_again)
        assert [net.name for net in stage.onboarding.view().networks] == ["Home", "Hotspot"]
        assert stage.phase is Phase.OPEN
        assert stage.portal.times == 2

    hold(act, air)


def test_a_wired_speaker_opens_nothing_by_itself() -> None:
    async def act(stage: Stage) -> None:
        await stage.later(120)
        assert (stage.phase, stage.said) == (Phase.CLOSED, [])
        assert stage.onboarding.trouble() is None

    hold(act, Air([HOME], wired=True))


def test_a_known_network_that_is_away_is_shown_and_opens_nothing() -> None:
    air = Air([HOME], saved=(b"Home",))

    async def act(stage: Stage) -> None:
        await stage.later(30)
        assert stage.onboarding.trouble() is None
        assert Mood.NO_NETWORK not in stage.ring.notices
        assert await stage.wifi.join(Credentials(b"Gone")) is not None  # the router is off
        await stage.later(SETTLE_S + 20)
        trouble = stage.onboarding.trouble()
        assert trouble is not None
        assert trouble.name == "network"
        assert Mood.NO_NETWORK in stage.ring.notices
        assert stage.phase is Phase.CLOSED
        assert await stage.wifi.go_back()
        await stage.later(20)
        assert stage.onboarding.trouble() is None
        assert Mood.NO_NETWORK not in stage.ring.notices

    hold(act, air)


def test_a_speaker_that_never_had_a_network_is_not_degraded() -> None:
    async def act(stage: Stage) -> None:
        await stage.later(300)
        assert stage.onboarding.trouble() is None
        assert Mood.NO_NETWORK not in stage.ring.notices

    hold(act, Air([HOME]), WifiSettings(set_up="button"))


@pytest.mark.parametrize(("set_up", "opens"), [("button", True), ("never", False)])
def test_the_configuration_decides_who_may_open_it(set_up: str, opens: bool) -> None:
    async def act(stage: Stage) -> None:
        await stage.later(120)
        assert stage.phase is Phase.CLOSED
        stage.onboarding.open()
        await stage.onboarding.settled()
        assert (stage.phase is Phase.OPEN) is opens

    hold(act, Air([HOME]), WifiSettings(set_up=set_up))


def test_without_a_radio_she_says_so() -> None:
    async def act(stage: Stage) -> None:
        stage.onboarding.open()
        await stage.onboarding.settled()
        assert stage.heard() == [SetUpSentence.NO_WIFI]
        assert stage.phase is Phase.CLOSED

    hold(act, Air([], radio=frozenset()))


def test_who_is_not_obeyed_says_so_once_and_goes_on() -> None:
    async def act(stage: Stage) -> None:
        await stage.later(60)
        assert stage.heard() == [SetUpSentence.NOT_OBEYED]
        assert (stage.phase, stage.portal.there) == (Phase.CLOSED, False)
        await stage.later(120)
        assert stage.heard() == []

    hold(act, Air([HOME], obeys=False))


def test_only_one_of_two_phones_is_first() -> None:
    async def act(stage: Stage) -> None:
        stage.onboarding.open()
        await stage.onboarding.settled()
        answers: list[bool] = []

        def ask() -> None:
            answers.append(stage.onboarding.join(Wish(RIGHT, "", "en")))

        phones = [threading.Thread(target=ask) for _ in range(8)]
        for phone in phones:
            phone.start()
        for phone in phones:
            await asyncio.to_thread(phone.join)
        await asyncio.sleep(0)
        await stage.onboarding.settled()
        assert sorted(answers) == [*[False] * 7, True]
        assert len(stage.wifi.tries) == 1

    hold(act, Air([HOME]))


def test_joining_without_a_portal_leaves_the_old_network_in_place_when_it_fails() -> None:
    async def act(stage: Stage) -> None:
        assert stage.onboarding.join_from_afar(WRONG)
        assert not stage.onboarding.join_from_afar(RIGHT)
        await stage.onboarding.settled()
        assert (await stage.wifi.state()).name == "Home"
        assert stage.onboarding.join_from_afar(RIGHT)
        await stage.onboarding.settled()
        assert stage.heard() == [
            *(SetUpSentence.TRYING, SetUpSentence.WRONG_PASSWORD),
            *(SetUpSentence.TRYING, SetUpSentence.JOINED),
        ]

    hold(act, Air([HOME], saved=(b"Home",)))


def test_a_phone_gives_the_network_over_bluetooth_once_the_button_was_held() -> None:
    async def act(stage: Stage) -> None:
        await stage.later(40)
        assert stage.phase is Phase.OPEN  # by itself: nobody has held the button yet
        improv = stage.bluetooth.improv
        assert improv is not None
        assert improv.state is ImprovState.AUTHORISATION_NEEDED
        improv.write(packet(SEND_WIFI, b"\x04Home\x0dcorrect horse"))
        assert (improv.error, stage.wifi.tries) == (ImprovError.NOT_AUTHORISED, [])
        stage.onboarding.open()
        await stage.onboarding.settled()
        stage.heard()
        improv.write(packet(SEND_WIFI, b"\x04Home\x0ebattery staple"))
        await stage.onboarding.settled()
        assert (improv.state, improv.error) == (ImprovState.AUTHORISED, ImprovError.NOT_JOINED)
        assert (stage.phase, stage.portal.there) == (Phase.OPEN, True)
        improv.write(packet(SEND_WIFI, b"\x04Home\x0dcorrect horse"))
        await stage.onboarding.settled()
        assert (improv.state, stage.phase) == (ImprovState.PROVISIONED, Phase.DONE)
        assert b"http://myna.local:8080" in improv.result
        assert stage.heard()[-1] is SetUpSentence.JOINED
        await stage.later(59)
        assert stage.bluetooth.improv is improv
        await stage.later(2)
        assert stage.bluetooth.improv is None

    hold(act, Air([HOME]))


def test_bluetooth_closes_with_the_window_and_the_button_s_word_is_gone() -> None:
    async def act(stage: Stage) -> None:
        stage.onboarding.open()
        await stage.onboarding.settled()
        improv = stage.bluetooth.improv
        assert improv is not None
        assert improv.state is ImprovState.AUTHORISED
        await stage.later(16 * 60)
        assert (stage.bluetooth.improv, improv.state) == (None, ImprovState.AUTHORISATION_NEEDED)

    hold(act, Air([HOME]))


def test_without_bluetooth_the_portal_is_there_all_the_same() -> None:
    async def act(stage: Stage) -> None:
        stage.bluetooth.missing = True
        stage.onboarding.open()
        await stage.onboarding.settled()
        assert (stage.phase, stage.portal.there) == (Phase.OPEN, True)

    hold(act, Air([HOME]))


def test_which_speaker_it_is_is_said_once_in_a_while() -> None:
    async def act(stage: Stage) -> None:
        stage.onboarding.open()
        await stage.onboarding.settled()
        stage.heard()
        for _ in range(5):
            stage.onboarding.improv.write(packet(IDENTIFY, b""))
        assert stage.heard() == [SetUpSentence.HERE]

    hold(act, Air([HOME]))


def test_a_country_that_cannot_be_written_does_not_keep_anybody_from_joining(
    tmp_path: Path,
) -> None:
    async def act(stage: Stage) -> None:
        stage.onboarding.open()
        await stage.onboarding.settled()
        assert await stage.join(RIGHT)
        assert stage.phase is Phase.DONE

    (tmp_path / "state").write_text("a file where the folder should be")
    hold(act, Air([HOME]), folder=tmp_path / "state")


def test_enterprise_is_never_tried() -> None:
    async def act(stage: Stage) -> None:
        school = Credentials(b"School", "secret", Security.ENTERPRISE)
        assert stage.onboarding.join_from_afar(school)
        await stage.onboarding.settled()
        assert stage.heard()[-1] is SetUpSentence.OTHER

    hold(act, Air([OnAir(b"School", "secret", Security.ENTERPRISE)]))

"""What every `Wifi` does: the fake, and the adapter before a mocked NetworkManager."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from provisioning.wifi.fakes import HOME_ADDRESS, OWN_ADDRESS, Air, FakeWifi, OnAir
from provisioning.wifi.networkmanager import NetworkManagerWifi
from provisioning.wifi.ports import (
    Band,
    Credentials,
    Link,
    Obstacle,
    Reach,
    Refusal,
    Security,
    Wifi,
    WifiState,
    WifiUnavailable,
)
from tests.provisioning.wifi import mockbus

HOME, HIDDEN, SCHOOL, CAFE, FAST = (
    OnAir(b"Home", "correct horse", strength_percent=80, bands=frozenset(Band)),
    OnAir(b"Attic", "under the roof", hidden=True),
    OnAir(b"School", security=Security.ENTERPRISE, strength_percent=60),
    OnAir(b"Cafe", security=Security.OPEN, strength_percent=40),
    OnAir(b"Fast", "only for new ones", bands=frozenset({Band.HIGH}), strength_percent=30),
)
MUTE = OnAir(b"Mute", "gives no address", gives_address=False, strength_percent=20)
NEW = OnAir(b"New", "three is a crowd", security=Security.WPA3, strength_percent=50)
NAMED_IN_GBK = OnAir("小明的家".encode("gbk"), "zhongguancun", strength_percent=10)
NEIGHBOURHOOD = [HOME, HIDDEN, SCHOOL, CAFE, FAST, MUTE, NEW, NAMED_IN_GBK]

Act = Callable[[Wifi], Awaitable[None]]
Stage = Callable[[Air, Act], None]


@pytest.fixture(scope="module", autouse=True)
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A bus with a mocked NetworkManager, where that is installed."""
    if not mockbus.available():
        yield ""
        return
    folder = tmp_path_factory.mktemp("nm")
    template = Path(__file__).parent / "nm_mock.py"
    name = "org.freedesktop.NetworkManager"
    with (
        mockbus.bus(folder) as where,
        mockbus.mock(where, template, name, folder / "mock.log"),
    ):
        yield where


def furnished(address: str, air: Air) -> None:
    """Make the mock's world anew."""
    nm = ("org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager")
    asyncio.run(mockbus.ask_mock(address, *nm, "Furnish", "s", mockbus.as_json(air)))


@pytest.fixture(
    params=[
        "fake",
        pytest.param(
            "networkmanager",
            marks=pytest.mark.skipif(
                not mockbus.available(), reason="dbus-daemon or python3-dbusmock is not installed"
            ),
        ),
    ]
)
def stage(request: pytest.FixtureRequest) -> Stage:
    """Holds an act in a world, with one of the two."""

    def hold(air: Air, act: Act) -> None:
        if request.param == "networkmanager":
            address = request.getfixturevalue("address")
            furnished(address, air)

        async def play() -> None:
            wifi: Wifi
            if request.param == "fake":
                wifi = FakeWifi(air)
            else:
                wifi = NetworkManagerWifi(address, join_within_s=20)
            try:
                await act(wifi)
            finally:
                await wifi.close()

        asyncio.run(play())

    return hold


def air(**around: object) -> Air:
    return Air(list(NEIGHBOURHOOD), **around)  # type: ignore[arg-type]


async def names(wifi: Wifi) -> list[str]:
    return [each.name for each in await wifi.saved()]


def test_what_is_on_the_air_is_seen_once_each_strongest_first(stage: Stage) -> None:
    async def act(wifi: Wifi) -> None:
        found = await wifi.scan()
        assert [(each.name, each.strength_percent, each.security) for each in found] == [
            ("Home", 80, Security.WPA2),
            ("School", 60, Security.ENTERPRISE),
            ("New", 50, Security.WPA3),
            ("Cafe", 40, Security.OPEN),
            ("Fast", 30, Security.WPA2),
            ("Mute", 20, Security.WPA2),
            ("小明的家", 10, Security.WPA2),
        ]
        radio = (await wifi.state()).bands
        told = {each.name: each.obstacle(radio) for each in found}
        assert {name: why for name, why in told.items() if why} == {
            "School": Obstacle.ENTERPRISE,
            "Fast": Obstacle.ONLY_HIGH_BAND,
        }
        assert found[0].bands == frozenset(Band)

    stage(air(), act)


@pytest.mark.parametrize(
    "network", [HOME, HIDDEN, CAFE, NEW, NAMED_IN_GBK], ids=lambda each: each.ssid
)
def test_joining_keeps_the_network(stage: Stage, network: OnAir) -> None:
    async def act(wifi: Wifi) -> None:
        wanted = Credentials(network.ssid, network.password, network.security, network.hidden)
        assert await wifi.join(wanted) is None
        state = await wifi.state()
        assert (state.link, state.addresses) == (Link.JOINED, (HOME_ADDRESS,))
        assert [each.ssid for each in await wifi.saved()] == [network.ssid]

    stage(air(), act)


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (Credentials(b"Home", "battery staple"), Refusal.WRONG_PASSWORD),
        (Credentials(b"New", "battery staple", Security.WPA3), Refusal.WRONG_PASSWORD),
        (Credentials(b"Nowhere", "correct horse"), Refusal.NOT_FOUND),
        (Credentials(b"Attic", "under the roof"), Refusal.NOT_FOUND),
        (Credentials(b"Fast", "only for new ones"), Refusal.NOT_FOUND),
        (Credentials(b"Mute", "gives no address"), Refusal.NO_ADDRESS),
        (Credentials(b"School", "secret", Security.ENTERPRISE), Refusal.OTHER),
        (Credentials(b"Old", "secret", Security.WEP), Refusal.OTHER),
    ],
)
def test_what_cannot_be_joined_is_told_and_not_kept(
    stage: Stage, wanted: Credentials, why: Refusal
) -> None:
    async def act(wifi: Wifi) -> None:
        assert await wifi.join(wanted) is why
        assert (await wifi.state()).link is Link.ALONE
        assert await wifi.saved() == ()
        assert not await wifi.go_back()

    stage(air(), act)


def test_an_access_point_that_does_not_answer_is_given_up(stage: Stage) -> None:
    async def act(wifi: Wifi) -> None:
        assert await wifi.join(Credentials(b"Far", "beyond the hill")) is Refusal.NO_ANSWER

    world = air()
    world.networks.append(OnAir(b"Far", "beyond the hill", answers=False))
    stage(world, act)


def test_what_was_joined_comes_back_when_the_new_one_fails(stage: Stage) -> None:
    async def act(wifi: Wifi) -> None:
        assert await wifi.join(Credentials(b"Cafe2", "", Security.OPEN)) is Refusal.NOT_FOUND
        assert await names(wifi) == ["Home"]
        assert await wifi.go_back()
        state = await wifi.state()
        assert (state.link, state.name) == (Link.JOINED, "Home")

    stage(air(saved=(b"Home",)), act)


def test_a_wrong_new_password_leaves_the_old_one_in_place(stage: Stage) -> None:
    async def act(wifi: Wifi) -> None:
        wrong = Credentials(b"Home", "battery staple")
        assert await wifi.join(wrong) is Refusal.WRONG_PASSWORD
        assert await names(wifi) == ["Home"]
        assert await wifi.go_back()

    stage(air(saved=(b"Home",)), act)


def test_a_network_joined_anew_is_kept_once(stage: Stage) -> None:
    async def act(wifi: Wifi) -> None:
        assert await wifi.join(Credentials(b"Home", "correct horse")) is None
        assert await names(wifi) == ["Home"]

    stage(air(saved=(b"Home",)), act)


def test_the_access_point_opens_and_what_was_joined_comes_back_after_it(stage: Stage) -> None:
    async def act(wifi: Wifi) -> None:
        assert (await wifi.state()).link is Link.JOINED
        await wifi.open_access_point("Myna-AB12", "label words")
        state = await wifi.state()
        assert (state.link, state.name, state.addresses) == (
            Link.ACCESS_POINT,
            "Myna-AB12",
            (OWN_ADDRESS,),
        )
        assert await names(wifi) == ["Home"]
        await wifi.close_access_point()
        await wifi.close_access_point()
        state = await wifi.state()
        assert (state.link, state.name, state.strength_percent) == (Link.JOINED, "Home", 80)

    stage(air(saved=(b"Home",)), act)


def test_joining_out_of_the_access_point_closes_it_and_a_failure_can_open_it_again(
    stage: Stage,
) -> None:
    async def act(wifi: Wifi) -> None:
        await wifi.open_access_point("Myna-AB12", "label words")
        wrong = Credentials(b"Home", "battery staple")
        assert await wifi.join(wrong) is Refusal.WRONG_PASSWORD
        assert (await wifi.state()).link is Link.ALONE
        await wifi.open_access_point("Myna-AB12", "label words")
        assert await wifi.join(Credentials(b"Home", "correct horse")) is None
        assert (await wifi.state()).link is Link.JOINED
        await wifi.close_access_point()
        assert (await wifi.state()).name == "Home"

    stage(air(), act)


def test_forgotten_is_no_longer_kept(stage: Stage) -> None:
    async def act(wifi: Wifi) -> None:
        (kept,) = await wifi.saved()
        await wifi.forget(kept.id)
        await wifi.forget(kept.id)
        assert await wifi.saved() == ()

    stage(air(saved=(b"Home",)), act)


def test_a_radio_that_is_off_is_switched_on_to_look_around(stage: Stage) -> None:
    async def act(wifi: Wifi) -> None:
        assert (await wifi.state()).link is Link.OFF
        assert (await wifi.scan())[0].name == "Home"
        assert (await wifi.state()).link is Link.ALONE
        assert await wifi.join(Credentials(b"Home", "correct horse")) is None

    stage(air(off=True), act)


def test_without_a_radio_there_is_a_state_and_a_sentence(stage: Stage) -> None:
    async def act(wifi: Wifi) -> None:
        state = await wifi.state()
        assert (state.link, state.wired) == (Link.NO_RADIO, True)
        for act in (wifi.scan(), wifi.join(Credentials(b"Home", "x")), wifi.go_back()):
            with pytest.raises(WifiUnavailable, match="use a cable"):
                await act
        with pytest.raises(WifiUnavailable):
            await wifi.open_access_point("Myna-AB12", "label words")

    stage(air(radio=frozenset(), wired=True), act)


def test_who_is_not_obeyed_is_told_so(stage: Stage) -> None:
    async def act(wifi: Wifi) -> None:
        with pytest.raises(WifiUnavailable, match="does not obey"):
            await wifi.open_access_point("Myna-AB12", "label words")
        with pytest.raises(WifiUnavailable, match="does not obey"):
            await wifi.join(Credentials(b"Home", "correct horse"))

    stage(air(obeys=False), act)


needs_mock = pytest.mark.skipif(not mockbus.available(), reason="python3-dbusmock is missing")


@needs_mock
def test_a_password_reaches_the_disk_only_once_it_is_proven(address: str) -> None:
    furnished(address, air())
    nm = ("org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager")

    async def act() -> None:
        wifi = NetworkManagerWifi(address, join_within_s=20)

        async def kept() -> object:
            return json.loads(await mockbus.ask_mock(address, *nm, "Kept"))

        try:
            await wifi.join(Credentials(b"Home", "battery staple"))
            assert await kept() == []
            await wifi.open_access_point("Myna-AB12", "label words")
            assert await kept() == [[b"Myna-AB12".hex(), "label words", "volatile"]]
            assert await wifi.join(Credentials(b"Home", "correct horse")) is None
            assert await kept() == [[b"Home".hex(), "correct horse", "disk"]]
        finally:
            await wifi.close()

    asyncio.run(act())


def test_nobody_there_is_a_state_and_a_sentence(tmp_path: Path) -> None:
    async def act() -> None:
        wifi = NetworkManagerWifi(f"unix:path={tmp_path}/nobody")
        assert (await wifi.state()) == WifiState(Link.NO_RADIO, reach=Reach.UNKNOWN)
        with pytest.raises(WifiUnavailable, match="systemctl status NetworkManager"):
            await wifi.scan()
        await wifi.close()

    asyncio.run(act())

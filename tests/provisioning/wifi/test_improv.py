"""Improv: the protocol byte by byte, and the service before a mocked BlueZ."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.system_bus_dbus_fast import BusRefused, SystemBus
from provisioning.wifi.bluez import BluezBeacon
from provisioning.wifi.improv import (
    CAPABILITIES,
    COMMAND,
    ERROR,
    IDENTIFY,
    RESULT,
    SEND_WIFI,
    SERVICE,
    SERVICE_DATA,
    STATE,
    Improv,
    ImprovError,
    ImprovState,
    packet,
)
from provisioning.wifi.ports import Credentials, Refusal, Security, WifiUnavailable
from tests.provisioning.wifi import mockbus

# Worked out by hand after the specification: command 1, 13 bytes, "Home", "12345678", checksum.
HOME = bytes.fromhex("01 0e 04 48 6f 6d 65 08 31 32 33 34 35 36 37 38".replace(" ", ""))
HOME += bytes([sum(HOME) & 0xFF])


class Speaker:
    """An improv and what it asked for."""

    def __init__(self, *, busy: bool = False) -> None:
        self.wanted: list[Credentials] = []
        self.identified = 0
        self.busy = busy
        self.improv = Improv(
            self.join,
            self.identify,
            lambda: ("http://myna.local:8080",),
            {b"New": Security.WPA3}.get,
        )
        self.told: list[str] = []
        self.improv.changed = self.told.append

    def join(self, credentials: Credentials) -> bool:
        if not self.busy:
            self.wanted.append(credentials)
        return not self.busy

    def identify(self) -> None:
        self.identified += 1


def wifi(ssid: bytes, password: bytes) -> bytes:
    return packet(SEND_WIFI, bytes([len(ssid)]) + ssid + bytes([len(password)]) + password)


def test_the_bytes_are_those_of_the_specification() -> None:
    assert wifi(b"Home", b"12345678") == HOME
    assert packet(IDENTIFY, b"") == b"\x02\x00\x02"
    assert SERVICE == "00467768-6228-2272-4663-277478268000"
    assert (STATE[-2:], ERROR[-2:], COMMAND[-2:], RESULT[-2:], CAPABILITIES[-2:]) == (
        *("01", "02", "03", "04", "05"),
    )


def test_nothing_is_taken_before_the_button_was_held() -> None:
    speaker = Speaker()
    speaker.improv.write(HOME)
    assert speaker.wanted == []
    assert speaker.improv.error is ImprovError.NOT_AUTHORISED
    assert speaker.improv.value(STATE) == b"\x01"


def test_a_network_is_taken_in_one_piece_or_in_many() -> None:
    for pieces in ([HOME], [HOME[n : n + 1] for n in range(len(HOME))], [HOME[:5], HOME[5:]]):
        speaker = Speaker()
        speaker.improv.authorise()
        for piece in pieces:
            speaker.improv.write(piece)
        assert speaker.wanted == [Credentials(b"Home", "12345678", Security.WPA2, hidden=True)]
        assert speaker.improv.state is ImprovState.PROVISIONING
        speaker.improv.finished(None)
        assert speaker.improv.value(STATE) == b"\x04"
        url = b"http://myna.local:8080"
        assert speaker.improv.value(RESULT) == packet(SEND_WIFI, bytes([len(url)]) + url)


def test_what_was_heard_of_a_network_is_used() -> None:
    speaker = Speaker()
    speaker.improv.authorise()
    speaker.improv.write(wifi(b"New", b"three is a crowd"))
    assert speaker.wanted == [Credentials(b"New", "three is a crowd", Security.WPA3)]


def test_a_failure_is_told_and_can_be_tried_again() -> None:
    speaker = Speaker()
    speaker.improv.authorise()
    speaker.improv.write(HOME)
    speaker.improv.finished(Refusal.WRONG_PASSWORD)
    assert (speaker.improv.state, speaker.improv.error) == (
        ImprovState.AUTHORISED,
        ImprovError.NOT_JOINED,
    )
    speaker.improv.write(HOME)
    assert len(speaker.wanted) == 2
    assert speaker.improv.error is ImprovError.NONE


def test_what_the_portal_tried_is_no_result_of_ours() -> None:
    speaker = Speaker()
    speaker.improv.authorise()
    speaker.improv.finished(Refusal.WRONG_PASSWORD)
    assert speaker.improv.error is ImprovError.NONE
    speaker.improv.finished(None)
    assert speaker.improv.result == packet(SEND_WIFI, b"")
    assert speaker.improv.state is ImprovState.PROVISIONED


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (HOME[:-1] + b"\x00", ImprovError.BAD_PACKET),
        (HOME + b"\x00", ImprovError.BAD_PACKET),
        (packet(SEND_WIFI, b""), ImprovError.BAD_PACKET),
        (packet(SEND_WIFI, b"\x05Home"), ImprovError.BAD_PACKET),
        (wifi(b"", b"12345678"), ImprovError.BAD_PACKET),
        (wifi(b"x" * 33, b"12345678"), ImprovError.BAD_PACKET),
        (wifi(b"Home", b"short"), ImprovError.NOT_JOINED),
        (packet(0x7F, b""), ImprovError.UNKNOWN_COMMAND),
    ],
)
def test_what_is_wrong_is_told(data: bytes, error: ImprovError) -> None:
    speaker = Speaker()
    speaker.improv.authorise()
    speaker.improv.write(data)
    assert (speaker.wanted, speaker.improv.error) == ([], error)
    speaker.improv.write(HOME)  # and the next one is not spoilt by it
    assert len(speaker.wanted) == 1


def test_identify_needs_no_word_and_shows_itself() -> None:
    speaker = Speaker()
    speaker.improv.write(packet(IDENTIFY, b""))
    assert (speaker.identified, speaker.improv.error) == (1, ImprovError.NONE)


def test_the_word_lapses_with_the_window() -> None:
    speaker = Speaker()
    speaker.improv.authorise()
    speaker.improv.write(HOME[:6])
    speaker.improv.lapse()
    speaker.improv.write(HOME)
    assert (speaker.wanted, speaker.improv.state) == ([], ImprovState.AUTHORISATION_NEEDED)


def test_while_busy_it_says_no() -> None:
    speaker = Speaker(busy=True)
    speaker.improv.authorise()
    speaker.improv.write(HOME)
    assert (speaker.improv.state, speaker.improv.error) == (
        ImprovState.AUTHORISED,
        ImprovError.NOT_JOINED,
    )


@given(st.lists(st.binary(max_size=300), max_size=6))
def test_no_bytes_at_all_break_it(pieces: list[bytes]) -> None:
    speaker = Speaker()
    speaker.improv.authorise()
    for piece in pieces:
        speaker.improv.write(piece)
    assert all(1 <= len(each.ssid) <= 32 for each in speaker.wanted)
    assert len(speaker.improv._got) < 258 + 300


# ---------------------------------------------------------------------------------- BlueZ

needs_mock = pytest.mark.skipif(not mockbus.available(), reason="python3-dbusmock is missing")


@pytest.fixture(scope="module", autouse=True)
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A bus with a mocked BlueZ, where that is installed."""
    if not mockbus.available():
        yield ""
        return
    folder = tmp_path_factory.mktemp("bz")
    template = Path(__file__).parent / "bluez_mock.py"
    with (
        mockbus.bus(folder) as where,
        mockbus.mock(where, template, "org.bluez", folder / "mock.log"),
    ):
        without = BluezBeacon(where)
        with pytest.raises(WifiUnavailable):  # a machine with BlueZ and no radio
            asyncio.run(without.start(Speaker().improv, "Myna"))
        asyncio.run(mockbus.ask_mock(where, "org.bluez", "/", "SwitchOn"))
        yield where


class Phone:
    """What a phone does, over the mock."""

    def __init__(self, address: str) -> None:
        self._line = SystemBus(address)

    async def __call__(self, method: str, signature: str = "", *values: object) -> Any:  # noqa: ANN401
        answer = await self._line.call(
            "org.bluez", "/", f"{mockbus.MOCK}.Phone{method}", signature, *values
        )
        return answer[0] if answer else None

    async def knows(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(await self("Knows"))
        return found

    async def close(self) -> None:
        await self._line.close()


@needs_mock
def test_a_phone_brings_the_speaker_onto_a_network(address: str) -> None:
    async def act() -> None:
        speaker, phone, beacon = Speaker(), Phone(address), BluezBeacon(address)
        improv = speaker.improv
        try:
            await beacon.start(improv, "Myna-7Q2K")
            seen = await phone.knows()
            (advert,) = seen["adverts"]
            assert advert == {
                "services": [SERVICE],
                "data": {SERVICE_DATA: "010100000000"},
                "name": "Myna-7Q2K",
            }
            assert seen["agent"] == ["NoInputNoOutput"]
            assert seen["flags"][COMMAND] == ["encrypt-write"]
            for uuid in (STATE, ERROR, RESULT):
                await phone("Watches", "s", uuid)
            assert bytes(await phone("Reads", "s", CAPABILITIES)) == b"\x01"
            with pytest.raises(BusRefused, match="Rejected"):
                await phone("Writes", "say", COMMAND, HOME)  # nobody held the button
            assert speaker.wanted == []

            improv.authorise()
            assert bytes(await phone("Reads", "s", STATE)) == b"\x02"
            await phone("Writes", "say", COMMAND, HOME[:10])
            await phone("Writes", "say", COMMAND, HOME[10:])
            assert speaker.wanted == [Credentials(b"Home", "12345678", hidden=True)]
            improv.finished(None)
            result = bytes(await phone("Reads", "s", RESULT))
            assert result[3:-1] == b"http://myna.local:8080"
            seen = await phone.knows()
            assert [value for uuid, value in seen["notified"] if uuid == STATE] == [
                *("02", "03", "04"),
            ]
            assert [RESULT, result.hex()] in seen["notified"]
            with pytest.raises(BusRefused, match="NotPermitted"):
                await phone("Writes", "say", STATE, b"\x04")
        finally:
            await beacon.stop()
            seen = await phone.knows()
            await phone.close()
        assert (seen["adverts"], seen["flags"]) == ([], {})

    asyncio.run(act())


@needs_mock
def test_a_new_state_is_advertised(address: str) -> None:
    async def act() -> None:
        speaker, phone, beacon = Speaker(), Phone(address), BluezBeacon(address)
        try:
            await beacon.start(speaker.improv, "Myna-7Q2K")
            speaker.improv.authorise()
            async with asyncio.timeout(mockbus.PATIENCE_S):
                while True:
                    adverts = (await phone.knows())["adverts"]
                    if [each["data"][SERVICE_DATA] for each in adverts] == ["020100000000"]:
                        break
        finally:
            await beacon.stop()
            await phone.close()

    asyncio.run(act())


def test_without_bluetooth_it_says_so(tmp_path: Path) -> None:
    async def act() -> None:
        beacon = BluezBeacon(f"unix:path={tmp_path}/nobody")
        with pytest.raises(WifiUnavailable, match="no Bluetooth radio"):
            await beacon.start(Speaker().improv, "Myna")
        await beacon.stop()

    asyncio.run(act())

"""A running speaker, a real hub and a real broker: paired by hand, given up from either side."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.clock import SystemClock
from core.worker import Worker
from device import pairing_words
from device.app import Services, assemble
from device.config import Settings
from device.live import Daemon
from device.sync import deletions
from device.sync.link_paho import PahoLink, place_of
from device.sync.ports import Connected, LinkEvent, Lost, Message
from device.sync.settings import SyncSettings
from dialog.packs import starter_pack
from dialog.ports import Language
from hal.ports import Button, Mood
from hub import mosquitto, tables
from hub.revocations import Revocations
from hub.settings import HubSettings
from hub.worker import IngestWorker
from provisioning.pairing.file import Phase
from provisioning.pairing.settings import PairingSettings
from provisioning.parents.settings import ParentsSettings
from tests.device.test_daemon import CountingCard, Stage, hold
from tests.device.whole_speaker import Listening, Speaking
from tests.hub.house import House, Parent, serve
from tests.platform_parts import attempts, free_port, until


class Platform:
    """A hub as `make hub` sets it up: API, broker, ingest worker, revocations."""

    def __init__(self, house: House, broker: str, stack: ExitStack) -> None:
        self.house = house
        certificate, key = house.authority.issue(mosquitto.HUB)
        settings = dataclasses.replace(
            house.settings,
            broker=broker,
            broker_ca=str(house.authority.certificate),
            broker_cert=str(certificate),
            broker_key=str(key),
            worker="w1",
        )
        stack.enter_context(Worker("ingest", IngestWorker(settings, house.engine).run))
        self.revocations = Revocations(settings, house.engine)

    def device(self, name: str) -> dict[str, Any]:
        with self.house.engine.connect() as connection:
            row = connection.execute(
                select(tables.devices).where(tables.devices.c.id == name)
            ).first()
        return {} if row is None else dict(row._mapping)

    def events(self) -> list[str]:
        with self.house.engine.connect() as connection:
            return list(connection.execute(select(tables.events.c.kind)).scalars())


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    port = free_port()
    broker = f"mqtts://localhost:{port}"
    with ExitStack() as stack:
        house = stack.enter_context(serve(tmp_path / "hub", broker=broker))
        folder = tmp_path / "broker"
        folder.mkdir()
        text = mosquitto.configuration(folder, house.authority, port)
        process = mosquitto.start(folder, text, port)
        stack.callback(process.wait)
        stack.callback(process.kill)
        made = Platform(house, broker, stack)
        made.revocations._settings = dataclasses.replace(
            made.revocations._settings, broker_pid=process.pid
        )
        stack.enter_context(Worker("revocations", made.revocations.run))
        yield made


class Speaker(Stage):
    """A running speaker that nobody has paired."""

    def __init__(self, house: House, folder: Path, stack: ExitStack) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        settings = Settings(
            parents=ParentsSettings(port=port, listen="127.0.0.1"),
            pairing=PairingSettings(
                platform=house.url,
                ca_file=str(house.authority.certificate),
                identity_dir=str(folder / "no-identity"),
            ),
            sync=SyncSettings(retry_s=0.1, answer_s=2.0),
        )
        services = Services(Listening(), Speaking(), starter_pack())  # type: ignore[arg-type]  # fakes
        parts = assemble(settings, services, stack, clock=SystemClock(), store_folder=folder)
        super().__init__(parts, folder)
        self.parts = parts
        self.card = CountingCard()
        whole = dataclasses.replace(parts, board=self.board)
        self.daemon = Daemon(whole, self.card, [self], state_folder=folder, parents_pages=True)

    async def phase(self, wanted: Phase) -> None:
        def reached() -> bool:
            return self.pairer is not None and self.pairer.record.phase is wanted

        await self.until(reached)

    @property
    def pairer(self) -> Any:  # noqa: ANN401 - there while it runs
        return self.daemon.pairer

    async def pair(self, parent: Parent, **wishes: str) -> None:
        """As a family does: button, code, yes, button."""
        await self.state("asleep")
        await self.until(lambda: self.pairer is not None)
        self.board.press(Button.PAIR)
        await self.phase(Phase.WAITING)
        assert self.mood is Mood.PAIRING
        code = self.pairer.record.user_code
        answer = await asyncio.to_thread(lambda: parent.decides(code, **wishes))
        assert answer.status_code == 303
        await self.phase(Phase.ALLOWED)
        await self.until(lambda: self.pairer.asked)
        self.board.press(Button.TALK)
        await self.phase(Phase.PAIRED)

    async def elsewhere(self, true: Callable[[], object], what: str) -> None:
        """Wait for something at the hub while the speaker lives on."""
        await asyncio.to_thread(lambda: until(true, what))


def live(house: House, folder: Path, act: Callable[[Speaker], Awaitable[None]]) -> None:
    with ExitStack() as stack:

        async def acting(stage: Stage) -> None:
            assert isinstance(stage, Speaker)
            await act(stage)

        hold(lambda: Speaker(house, folder, stack), acting)


def refused(settings: SyncSettings) -> bool:
    """Whether the broker turns away whoever comes with these certificates."""
    link = PahoLink(place_of(settings), settings.device)
    link.open(Message(topic=f"myna/v1/{settings.device}/state", payload=b"{}"))
    seen: list[LinkEvent] = []

    def came() -> bool:
        seen.extend(link.step(0.1))
        return any(isinstance(each, Connected | Lost) for each in seen)

    until(came, "an answer of the broker")
    link.close()
    return isinstance(seen[0], Lost)


@pytest.mark.slow
def test_paired_practising_and_given_up_by_the_platform(platform: Platform, tmp_path: Path) -> None:
    home = tmp_path / "speaker"
    house = platform.house
    parent = house.parent(house.family("The Lins"))
    kept: list[SyncSettings] = []

    async def act(speaker: Speaker) -> None:
        await speaker.pair(parent, nicknames="Lily", minutes_per_day="20")
        name = speaker.pairer.record.device
        await speaker.elsewhere(
            lambda: json.loads(platform.device(name)["reported"]).get("version") == 1,
            "the report of the settings",
        )
        assert speaker.parts.lessons.rules.minutes_per_day == 20
        parents = speaker.daemon.parents
        assert parents is not None
        assert parents.family.family.children == ("Lily",)
        speaker.parts.store.remember(attempts(0, 3))
        await speaker.elsewhere(lambda: platform.events().count("learning") == 3, "what was said")
        # Copies, as a thief would have made.
        stolen = tmp_path / "stolen"
        stolen.mkdir()
        line = speaker.pairer.line
        for path in (line.cert_file, line.key_file, line.ca_file):
            (stolen / Path(path).name).write_bytes(Path(path).read_bytes())
        kept.append(
            dataclasses.replace(
                line,
                cert_file=str(stolen / "device.crt"),
                key_file=str(stolen / "device.key"),
                ca_file=str(stolen / "ca.crt"),
            )
        )
        answer = await asyncio.to_thread(lambda: parent.send("/remove", device=name, sure="yes"))
        assert answer.status_code == 200
        await speaker.phase(Phase.ALONE)
        assert speaker.parts.store.attempts(10) == ()
        assert parents.family.family.children == ()
        assert not speaker.pairer.line.address
        await speaker.elsewhere(lambda: platform.device(name)["freed_ms"], "its freedom")
        assert platform.events() == []

    live(house, home, act)
    listed = select(tables.certificates.c.listed_ms)

    def on_the_list() -> bool:
        with house.engine.connect() as connection:
            return connection.execute(listed).scalar() is not None

    until(on_the_list, "the broker's list")
    assert refused(kept[0])
    assert not (home / "pairing" / "device.key").exists()
    left = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert b"Lily" not in left


@pytest.mark.slow
def test_given_up_on_the_speaker_and_claimed_by_others(platform: Platform, tmp_path: Path) -> None:
    home = tmp_path / "speaker"
    house = platform.house
    first, second = (house.parent(house.family(name)) for name in ("first", "second"))

    async def act(speaker: Speaker) -> None:
        await speaker.pair(first)
        name = speaker.pairer.record.device
        speaker.parts.store.remember(attempts(0, 2))
        await speaker.elsewhere(lambda: platform.events().count("learning") == 2, "what was said")
        desk = speaker.daemon.parents._household.platform  # type: ignore[union-attr]
        await asyncio.to_thread(desk.give_up)
        assert speaker.parts.store.attempts(10) == ()
        await speaker.phase(Phase.ALONE)
        await speaker.elsewhere(lambda: platform.device(name)["family"] is None, "its freedom")
        assert platform.events() == []
        assert deletions.look(home) == deletions.Deletions()
        await speaker.pair(second)
        fresh = speaker.pairer.record.device
        assert fresh != name
        speaker.parts.store.history()  # as a lesson does when it begins
        speaker.parts.store.remember(attempts(5, 1))
        await speaker.elsewhere(lambda: platform.events().count("learning") == 1, "what was said")
        assert platform.device(fresh)["family"] != platform.device(name)["family"]

    live(house, home, act)


@pytest.mark.slow
def test_a_speaker_whose_certificate_was_revoked_while_it_was_away_wipes_itself(
    platform: Platform, tmp_path: Path
) -> None:
    home = tmp_path / "speaker"
    house = platform.house
    parent = house.parent(house.family("The Lins"))

    async def before(speaker: Speaker) -> None:
        await speaker.pair(parent, nicknames="Lily")
        speaker.parts.store.remember(attempts(0, 2))

    live(house, home, before)
    name = json.loads((home / "pairing" / "pairing.json").read_text())["device"]
    assert parent.send("/remove", device=name, sure="yes", lost="yes").status_code == 200
    listed = select(tables.certificates.c.listed_ms)

    def on_the_list() -> bool:
        with house.engine.connect() as connection:
            return connection.execute(listed).scalar() is not None

    until(on_the_list, "the broker's list")

    async def after(speaker: Speaker) -> None:
        await speaker.phase(Phase.ALONE)
        assert speaker.parts.store.attempts(10) == ()

    live(house, home, after)


def test_a_code_is_said_symbol_by_symbol_in_both_languages() -> None:
    english, chinese = pairing_words.code_lines("7KMX-2QHP", "https://hub.example/pair", "en")
    assert "seven, K, M, X. two, Q, H, P. Once more: seven, K, M, X." in english.text
    assert "hub.example" in english.text
    assert "七，K，M，X。二，Q，H，P" in chinese.text
    assert english.rate < 1.0
    order = [each.language for each in pairing_words.code_lines("7KMX-2QHP", "x", "zh")]
    assert order == [Language.CHINESE, Language.ENGLISH]


@pytest.mark.parametrize("code", sorted(pairing_words.FAILURES))
def test_every_failure_has_a_sentence_in_both_languages(code: str) -> None:
    english, chinese = pairing_words.failure_lines(code, "en")
    assert english.text.isascii()
    assert any("一" <= letter <= "鿿" for letter in chinese.text)


def test_an_unknown_failure_has_one_too() -> None:
    assert "technician" in pairing_words.failure_lines("pairing.disk", "en")[0].text
    assert HubSettings().address == "http://127.0.0.1:8080"

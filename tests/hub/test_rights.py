"""Who may do what at the house's broker: certificates, and each speaker its own topics."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from contract.topics import FROM_SPEAKER, TO_SPEAKER, Channel, topic
from core.worker import Worker
from device.store import Store
from device.sync.home_assistant import discovery
from device.sync.link_paho import PahoLink, place_of
from device.sync.ports import (
    Connected,
    Handed,
    LinkEvent,
    Lost,
    Message,
    Received,
    Subscribed,
    Why,
)
from device.sync.service import SyncService
from device.sync.settings import SyncSettings
from hub import mosquitto, tables
from hub.certificates import Authority
from hub.database import open_database, upgrade
from hub.settings import HubSettings
from hub.worker import IngestWorker
from tests.platform_parts import attempts, free_port, until

MINE, OTHER = "myna-mine", "myna-other"
NOT_AUTHORISED = 0x87
WILL = Message(topic=topic(MINE, Channel.STATE), payload=b'{"status":"offline","contract":1}')


class House:
    """A broker as `make hub` sets it up."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder / "certificates")
        self.port = free_port()
        text = mosquitto.configuration(folder, self.authority, self.port)
        self.process = mosquitto.start(folder, text, self.port)

    @property
    def address(self) -> str:
        return f"mqtts://127.0.0.1:{self.port}"

    def settings(self, name: str, authority: Authority | None = None) -> SyncSettings:
        """How a speaker of that name connects, with a certificate of the house or another's."""
        certificate, key = (authority or self.authority).issue(name)
        return SyncSettings(
            address=self.address,
            device=name,
            ca_file=str(self.authority.certificate),
            cert_file=str(certificate),
            key_file=str(key),
            retry_s=0.1,
        )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("house"))
    yield made
    made.process.kill()
    made.process.wait()


class Talk:
    """A link and what came over it."""

    def __init__(self, settings: SyncSettings, client: str = MINE) -> None:
        self.link = PahoLink(place_of(settings), client)
        self.seen: list[LinkEvent] = []
        self.link.open(WILL)

    def wait(self, kind: type) -> LinkEvent:
        """The next event of a kind, or the loss of the connection."""

        def came() -> bool:
            self.seen += self.link.step(0.1)
            return any(isinstance(each, kind | Lost) for each in self.seen)

        until(came, kind.__name__)
        found = next(each for each in self.seen if isinstance(each, kind | Lost))
        self.seen.remove(found)
        return found

    def publish(self, name: str) -> int:
        """Returns the broker's verdict."""
        self.link.publish(Message(topic=name, payload=b"{}"))
        handed = self.wait(Handed)
        assert isinstance(handed, Handed)
        return handed.code


@pytest.fixture
def talk(house: House) -> Iterator[Talk]:
    made = Talk(house.settings(MINE))
    assert isinstance(made.wait(Connected), Connected)
    yield made
    made.link.close()


def test_a_speaker_writes_its_own_topics(talk: Talk) -> None:
    own = [topic(MINE, each) for each in FROM_SPEAKER]
    own.append(discovery(MINE, "homeassistant", "1").topic)
    assert all(talk.publish(name) < NOT_AUTHORISED for name in own)


@pytest.mark.parametrize(
    "name",
    [
        *(topic(OTHER, each) for each in Channel),
        *(topic(MINE, each) for each in TO_SPEAKER),
        discovery(OTHER, "homeassistant", "1").topic,
        *("myna/v2/x/events", "a"),
    ],
)
def test_a_speaker_writes_no_other_topic(talk: Talk, name: str) -> None:
    assert talk.publish(name) == NOT_AUTHORISED


def test_a_speaker_reads_its_own_topics_and_no_other(house: House, talk: Talk) -> None:
    talk.link.subscribe(("myna/v1/#", topic(OTHER, Channel.COMMANDS), topic(MINE, Channel.ACKS)))
    talk.wait(Subscribed)  # Mosquitto grants filters and holds back what may not be read
    hub = Talk(house.settings(mosquitto.HUB), "hub-1")
    hub.wait(Connected)
    for device in (OTHER, MINE):
        for channel in Channel:
            hub.link.publish(Message(topic=topic(device, channel), payload=b"{}"))
            hub.wait(Handed)
    received: set[str] = set()

    def mine() -> bool:
        for each in talk.link.step(0.1):
            if isinstance(each, Received):
                received.add(each.message.topic)
        return topic(MINE, Channel.ACKS) in received and topic(MINE, Channel.COMMANDS) in received

    until(mine, "messages of its own")
    hub.link.close()
    assert received == {topic(MINE, each) for each in TO_SPEAKER}


def test_strangers_are_turned_away(house: House, tmp_path: Path) -> None:
    stranger = Talk(house.settings(MINE, Authority(tmp_path / "foreign")))
    lost = stranger.wait(Connected)
    assert isinstance(lost, Lost)
    assert lost.why in (Why.TLS, Why.CLOSED)
    bare = Talk(SyncSettings(address=house.address, ca_file=str(house.authority.certificate)))
    assert isinstance(bare.wait(Connected), Lost)
    # And a broker that the speaker's authority does not know is not spoken to at all.
    foreign = Authority(tmp_path / "another")
    certificate, key = house.authority.issue(MINE)
    lured = Talk(
        SyncSettings(
            address=house.address,
            ca_file=str(foreign.certificate),
            cert_file=str(certificate),
            key_file=str(key),
        )
    )
    assert lured.wait(Connected) == Lost(Why.TLS)


def test_nothing_older_than_tls_1_2_is_spoken(house: House) -> None:
    place = place_of(house.settings(MINE))
    assert place.tls is not None
    assert place.tls.minimum_version is ssl.TLSVersion.TLSv1_2
    assert place.tls.verify_mode is ssl.CERT_REQUIRED
    assert place.tls.check_hostname


def test_progress_reaches_the_hub_over_certificates(house: House, tmp_path: Path) -> None:
    certificate, key = house.authority.issue(mosquitto.HUB)
    engine = open_database(f"sqlite:///{tmp_path / 'hub.db'}")
    upgrade(engine)
    settings = HubSettings(
        broker=house.address,
        broker_ca=str(house.authority.certificate),
        broker_cert=str(certificate),
        broker_key=str(key),
        worker="w9",
    )
    with (
        Worker("ingest", IngestWorker(settings, engine).run),
        Store(tmp_path) as store,
        SyncService(tmp_path, house.settings(OTHER)) as service,
    ):
        store.remember(attempts(0, 30))
        until(lambda: service.health.greeted, "a greeting")
        until(lambda: service.health.waiting == 0, "an empty outbox")
    with engine.connect() as connection:
        devices = connection.execute(select(tables.events.c.device)).scalars().all()
    engine.dispose()
    assert devices.count(OTHER) == len(devices) == 30

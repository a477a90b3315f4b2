"""What a link promises, in memory and by Mosquitto; and a client that no message upsets."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from contract.messages import encode
from contract.topics import TO_SPEAKER, Channel, topic
from core.clock import VirtualClock
from device.store import Store
from device.store_file import FILE_NAME
from device.sync.client import Client, Identity
from device.sync.file import File
from device.sync.link_memory import MemoryBroker, MemoryLink
from device.sync.link_paho import PahoLink, place_of
from device.sync.ports import (
    Connected,
    Handed,
    Link,
    LinkEvent,
    Lost,
    Message,
    Received,
    Subscribed,
    Why,
)
from device.sync.service import SyncService
from device.sync.settings import SyncSettings
from tests.any_message import payloads
from tests.platform_parts import attempts, broker, hub, until

DEVICE = "myna-link"
STATE, ACKS = topic(DEVICE, Channel.STATE), topic(DEVICE, Channel.ACKS)
WILL = Message(topic=STATE, payload=b"gone", retain=True)
GOODBYE = Message(topic=STATE, payload=b"goodbye", retain=True)
NEWS = Message(topic=ACKS, payload=b'{"time_ms":1,"ids":[]}', correlation=b"1-5")


class Talk:
    """A link and what came over it that nobody has looked at yet."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self._seen: list[LinkEvent] = []
        link.open(WILL)

    def wait(self, kind: type[LinkEvent], fits: Callable[[Any], bool] = lambda _: True) -> Any:  # noqa: ANN401
        found: list[LinkEvent] = []

        def came() -> bool:
            self._seen += self.link.step(0.05)
            found[:] = [each for each in self._seen if isinstance(each, kind) and fits(each)]
            return bool(found)

        until(came, kind.__name__)
        self._seen.remove(found[0])
        return found[0]

    def receive(self, payload: bytes) -> Received:
        got: Received = self.wait(Received, lambda each: each.message.payload == payload)
        return got


@pytest.fixture(params=["memory", "paho"])
def connect(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Talk]]:
    """Opens links to one broker by the client's id."""
    made: list[Talk] = []

    def keep(link: Link) -> Talk:
        made.append(Talk(link))
        return made[-1]

    if request.param == "memory":
        memory = MemoryBroker()
        yield lambda client: keep(MemoryLink(memory, client))
    else:
        with broker(tmp_path) as real:
            place = place_of(SyncSettings(address=real.address))
            yield lambda client: keep(PahoLink(place, client))
            for talk in made:
                talk.link.close()


def test_a_message_goes_from_one_to_the_other(connect: Callable[[str], Talk]) -> None:
    speaker, hub = connect(DEVICE), connect("hub-1")
    assert speaker.wait(Connected) == Connected(session=False)
    speaker.link.subscribe((ACKS,))
    speaker.wait(Subscribed)
    hub.wait(Connected)
    number = hub.link.publish(NEWS)
    handed = hub.wait(Handed)
    assert (handed.number, handed.code < 0x80) == (number, True)
    got = speaker.receive(NEWS.payload)
    assert (got.message.topic, got.message.correlation) == (ACKS, b"1-5")
    speaker.link.acknowledge(got)


def test_what_was_not_acknowledged_comes_again(connect: Callable[[str], Talk]) -> None:
    first, hub = connect(DEVICE), connect("hub-1")
    first.wait(Connected)
    first.link.subscribe((ACKS,))
    first.wait(Subscribed)
    hub.wait(Connected)
    for payload in (b"one", b"two"):
        hub.link.publish(Message(topic=ACKS, payload=payload))
    first.link.acknowledge(first.receive(b"one"))
    first.receive(b"two")
    first.link.step(0.1)  # the acknowledgement goes out
    first.link.close()
    hub.link.publish(Message(topic=ACKS, payload=b"three"))
    hub.wait(Handed)
    again = connect(DEVICE)
    assert again.wait(Connected) == Connected(session=True)
    again.receive(b"two")
    again.receive(b"three")


def test_a_second_of_the_same_name_pushes_the_first_out(connect: Callable[[str], Talk]) -> None:
    first = connect(DEVICE)
    first.wait(Connected)
    connect(DEVICE).wait(Connected)
    # Mosquitto before 2.0.15 closes without a word.
    assert first.wait(Lost).why in (Why.TAKEN_OVER, Why.CLOSED)


def test_two_speakers_of_one_name_are_noticed_on_a_broker_that_says_nothing(tmp_path: Path) -> None:
    with (
        broker(tmp_path / "broker") as real,
        hub(real.address, f"sqlite:///{tmp_path / 'hub.db'}"),
        Store(tmp_path / "a"),
        Store(tmp_path / "b"),
    ):
        options = SyncSettings(address=real.address, device=DEVICE, retry_s=0.05)
        with SyncService(tmp_path / "a", options) as a, SyncService(tmp_path / "b", options) as b:
            until(
                lambda: any("sync.same_id" in each.health.problems for each in (a, b)),
                "the notice of another speaker",
            )


def test_a_goodbye_stands_in_the_will_s_place(connect: Callable[[str], Talk]) -> None:
    speaker, hub = connect(DEVICE), connect("hub-1")
    speaker.wait(Connected)
    hub.wait(Connected)
    hub.link.subscribe((STATE,))
    hub.wait(Subscribed)
    speaker.link.close(GOODBYE)
    speaker.link.close()  # a second time does nothing
    assert hub.receive(b"goodbye")
    later = connect("hub-2")
    later.wait(Connected)
    later.link.subscribe((STATE,))
    assert later.receive(b"goodbye").message.retain  # kept for whoever comes later


def test_memory_cuts_and_refuses_as_asked() -> None:
    memory = MemoryBroker()
    speaker = Talk(MemoryLink(memory, DEVICE))
    speaker.wait(Connected)
    memory.cut(DEVICE)
    assert speaker.wait(Lost) == Lost(Why.CLOSED)
    assert memory.published == [WILL]
    memory.refuses = Why.AUTH
    assert Talk(MemoryLink(memory, DEVICE)).wait(Lost) == Lost(Why.AUTH)


# ------------------------------------------------------------------ bad input


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[tuple[MemoryBroker, Client, File]]:
    """A greeted client over the broker in memory, with attempts that wait."""
    clock = VirtualClock()
    with Store(tmp_path, clock) as store:
        store.remember(attempts(0, 3))
    memory = MemoryBroker()
    options = SyncSettings(device=DEVICE)
    file = File(
        tmp_path / FILE_NAME,
        options,
        "boot-1",
        clock,
        actions={"set_volume": lambda _: None},
        apply={"language": lambda _: None},
    )
    identity = Identity(DEVICE, "boot-1", "1")
    client = Client(file, lambda: MemoryLink(memory, DEVICE), identity, options, clock)
    for _ in range(3):
        client.step(0.0)
    yield memory, client, file
    client.close()
    file.close()


@pytest.mark.parametrize("channel", TO_SPEAKER, ids=lambda each: each.value)
def test_no_message_upsets_the_speaker(
    stage: tuple[MemoryBroker, Client, File], channel: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    memory, client, file = stage
    caplog.set_level(logging.INFO)

    @settings(
        max_examples=150,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(payloads(channel))
    def send(payload: bytes) -> None:
        memory.publish(Message(topic=topic(DEVICE, channel), payload=payload))
        client.step(0.0)

    send()
    kinds = [each.getMessage() for each in caplog.records if "refused" in each.getMessage()]
    assert (
        len(kinds) == len({each.split(" count=")[0] for each in kinds}) == len(client.faults.counts)
    )
    assert kinds, "nothing was refused: the mutations are too tame"
    assert file.outbox.waiting() == 3
    _acknowledge_all(memory, client, file)


def _acknowledge_all(memory: MemoryBroker, client: Client, file: File) -> None:
    """After all that the line still works."""
    memory.cut(DEVICE)
    client.step(0.0)
    file_clock: VirtualClock = client._clock
    for _ in range(20):
        file_clock.advance_to(file_clock.now_s() + 400.0)
        client.step(0.0)
    greeting = {"time_ms": 1_795_478_400_000, "ids": []}
    memory.publish(Message(topic=ACKS, payload=encode(greeting)))
    client.step(0.0)
    client.step(0.0)
    sent = [each for each in memory.published if each.topic == topic(DEVICE, Channel.EVENTS)]
    ids = [each["id"] for each in json.loads(sent[-1].payload)["events"]]
    assert len(ids) == 3
    memory.publish(Message(topic=ACKS, payload=encode({**greeting, "ids": ids})))
    client.step(0.0)
    assert file.outbox.waiting() == 0

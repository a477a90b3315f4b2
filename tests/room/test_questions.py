"""Questions in the middle of a lesson, in the virtual room, over the real client and a bad network.

The child is synthetic, its voice goes through the room, the recogniser, the real client library in
its process, a server on loopback, the checks, the voice and back through the room.
"""

from __future__ import annotations

import dataclasses
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from audio.virtual_room.scenario import load_scenario
from audio.virtual_room.voices import make_voice
from device.app import start_services
from device.bench.chat_server import ChatServer, Fault, Scripted, Seen
from device.config import Settings
from device.room_run import hold
from device.trace import Entry
from dialog.cloud.settings import CloudSettings

pytest.importorskip("openai")

FOLDER = Path(__file__).parent / "questions"
FIRST, REST = "The sky is blue and big.", ["The sun is up there.", "Do you like the sky?"]
ANSWER = Scripted(" ".join([FIRST, *REST]) + " ", sentence_after_s=0.6)
SOON_S = 1.5
"""The longest silence that a child may have to bear, from the end of what it said."""


class Heard:
    """What Myna said, line by line, and what she did about attempts."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def see(self, entry: Entry) -> None:
        if entry.kind == "say":
            self.said.append(str(entry.data["text"]))


def held(name: str, cloud: CloudSettings) -> tuple[dict[str, Any], list[str]]:
    settings = dataclasses.replace(Settings(), cloud=cloud)
    heard = Heard()
    with ExitStack() as stack:
        services = start_services(settings, stack)
        assert services.cloud is not None
        services.cloud.worker.wait_ready(timeout_s=30.0)
        record = hold(
            load_scenario(FOLDER / f"{name}.yaml"),
            settings,
            services,
            voice=make_voice(),
            watchers=[heard],
        )
    assert [check for check in record["checks"] if not check["ok"]] == []
    return record, heard.said


def cloud_at(url: str) -> CloudSettings:
    return CloudSettings(consent=True, base_url=url, model="scripted")


def wait_after(record: dict[str, Any], words: str) -> float:
    """From the end of what the child said to Myna's next sound, in seconds."""
    turns = record["turns"]
    asked = next(turn for turn in turns if turn["what"] == words)
    return min(
        float(turn["start_s"] - asked["end_s"])
        for turn in turns
        if turn["who"] == "myna" and turn["start_s"] > asked["end_s"]
    )


@pytest.mark.slow
def test_an_open_question_is_answered_sentence_by_sentence() -> None:
    with ChatServer([ANSWER]) as server:
        record, said = held("streamed", cloud_at(server.base_url))
        request: Seen = server.seen.get(timeout=10.0)
    at = said.index(FIRST)
    assert said[at : at + 3] == [FIRST, *REST]
    assert wait_after(record, "why is the sky blue") <= SOON_S
    # Later sentences were not there yet when the first one was said.
    assert request.first_sentence_s is not None
    words = request.body["messages"]
    assert words[-1] == {"role": "user", "content": "why is the sky blue"}
    assert "Greetings" in words[0]["content"] or "Hello" in words[0]["content"]


@pytest.mark.slow
def test_a_child_interrupts_and_then_hears_the_rest_once() -> None:
    with ChatServer([ANSWER]) as server:
        record, said = held("interrupted", cloud_at(server.base_url))
    # Two sentences had come when the child spoke up; neither had been heard to its end.
    at = said.index(FIRST)
    assert said[at : at + 4] == [FIRST, REST[0], FIRST, REST[0]]
    assert REST[1] not in said
    assert record["metrics"]["interrupt_silent_s"][0] <= SOON_S


@pytest.mark.slow
def test_a_service_that_dies_mid_sentence_leaves_what_was_whole() -> None:
    broken = dataclasses.replace(ANSWER, fault=Fault.DISCONNECT)
    with ChatServer([broken]) as server:
        record, said = held("disconnected", cloud_at(server.base_url))
    assert said.count(FIRST) == 1
    assert not set(REST) & set(said)
    assert wait_after(record, "why is the sky blue") <= SOON_S


@pytest.mark.slow
def test_without_a_service_the_device_answers_without_a_wait() -> None:
    with ChatServer([ANSWER]) as server:
        gone = server.base_url
    record, said = held("away", cloud_at(gone))
    assert any("ask your teacher" in line for line in said)
    assert any("pass it on" in line for line in said)
    assert wait_after(record, "why is the sky blue") <= SOON_S

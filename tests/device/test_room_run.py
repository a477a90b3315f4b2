"""The whole speaker in the virtual room, with something going wrong or being looked for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from audio.ports import Samples
from audio.virtual_room.scenario import Scenario, load_scenario
from audio.virtual_room.voices import make_voice
from device.app import Services, start_services
from device.config import Settings
from device.room_run import hold
from device.trace import Entry, Recorder
from dialog.ports import Hints

HAPPY = Path(__file__).parents[1] / "room" / "happy-path.yaml"


class When:
    """Does something once, the first time an entry of a kind is seen."""

    def __init__(self, kind: str, do: Callable[[], None]) -> None:
        self._kind = kind
        self._do = do
        self.done = 0

    def see(self, entry: Entry) -> None:
        if entry.kind == self._kind and not self.done:
            self.done += 1
            self._do()


@pytest.fixture
def services() -> Iterator[Services]:
    with ExitStack() as stack:
        yield start_services(Settings(), stack)


@pytest.fixture
def happy() -> Scenario:
    return load_scenario(HAPPY)


def said(recorder: Recorder) -> list[str]:
    return [str(e.data["text"]) for e in recorder.entries if e.kind == "say"]


def test_a_killed_recogniser_costs_one_try_and_no_lesson(
    services: Services, happy: Scenario
) -> None:
    recorder = Recorder()
    worker = services.recogniser.worker
    kill = When("speech_started", worker.kill)
    record = hold(happy, Settings(), services, voice=make_voice(), watchers=[recorder, kill])
    assert kill.done == 1
    assert worker.restarts == 1
    assert record["metrics"]["items_right"] >= 1
    assert record["metrics"]["ended_asleep"] is True


def test_a_recogniser_that_dies_while_it_owes_the_answer_is_spoken_of(
    services: Services, happy: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder()
    submit = services.recogniser.submit
    # The look and the turn's end both lose their recogniser: only then does a child notice.
    dies = iter([True, True])

    def submit_and_die(samples: Samples, hints: Hints, on_reply: Any) -> int:  # noqa: ANN401
        job = submit(samples, hints, on_reply)
        # A wake phrase that nobody has the last word on counts: that is tested elsewhere.
        if hints.wake is None and next(dies, False):
            services.recogniser.worker.kill()
        return job

    monkeypatch.setattr(services.recogniser, "submit", submit_and_die)
    record = hold(happy, Settings(), services, voice=make_voice(), watchers=[recorder])
    assert [e.data["trouble"] for e in recorder.entries if e.kind == "failed"] == [
        "recogniser_died"
    ]
    assert any("try that again" in text.lower() for text in said(recorder))
    assert record["metrics"]["items_right"] >= 1


def test_nothing_said_or_heard_is_logged(
    services: Services, happy: Scenario, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    recorder = Recorder()
    hold(happy, Settings(), services, voice=make_voice(), watchers=[recorder])
    heard = {str(e.data["text"]) for e in recorder.entries if e.kind == "heard"} - {""}
    assert heard
    logged = caplog.text.lower()
    for text in heard | set(said(recorder)):
        assert text.lower() not in logged


def test_progress_is_kept(services: Services, happy: Scenario) -> None:
    recorder = Recorder()
    record = hold(happy, Settings(), services, voice=make_voice(), watchers=[recorder])
    rights = [e for e in recorder.entries if e.kind == "attempt" and e.data["verdict"] == "right"]
    assert len(rights) == record["metrics"]["items_right"] >= 3

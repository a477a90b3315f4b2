"""Holds a scenario in the virtual room, faster than real time, and makes its record."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from audio.front_end import FrontEnd
from audio.loop import AudioLoop
from audio.ports import FRAME_MS, StreamEnded
from audio.timing import FrameTimes
from audio.virtual_room.backend import VirtualRoom
from audio.virtual_room.record import build_record
from audio.virtual_room.scenario import Scenario
from audio.virtual_room.voices import ChildVoice
from core.clock import VirtualClock
from device.app import Services, assemble
from device.config import Settings
from device.runtime import Runtime
from device.scheduling import Costs, VirtualScheduler
from device.trace import Entry, Recorder, Watcher
from dialog.ports import Line

REPEATABLE = Costs({"recogniser": 0.08, "voice": 0.01})
"""Fixed costs near what the workers take on a small machine; see `device.scheduling.Costs`."""
FIRST_WORDS_TAG = 1_000_000
"""Tag of what a scenario makes Myna say first; conversations count up from 1."""


class RoomEar:
    """Tells the room's child what it would see and hear of the speaker.

    Args:
        room: Whose child.
    """

    def __init__(self, room: VirtualRoom) -> None:
        self._room = room

    def see(self, entry: Entry) -> None:
        match entry.kind:
            case "state":
                self._room.state(str(entry.data["name"]))
            case "say":
                self._room.myna_says(str(entry.data["text"]))
            case "expect":
                answers = entry.data["answers"]
                if isinstance(answers, tuple):
                    self._room.expects(answers)
            case _:
                pass


class VirtualMicrophone:
    """What opens and closes when the speaker is muted."""

    def __init__(self) -> None:
        self.opened = True

    def __call__(self, opened: bool) -> None:
        self.opened = opened


def for_scenario(settings: Settings, scenario: Scenario) -> Settings:
    """The settings with what the scenario changes of them."""
    if scenario.lesson_items is None:
        return settings
    lessons = dataclasses.replace(settings.lessons, session_items=scenario.lesson_items)
    return dataclasses.replace(settings, lessons=lessons)


def hold(
    scenario: Scenario,
    settings: Settings,
    services: Services,
    *,
    voice: ChildVoice,
    seed: int | None = None,
    costs: Costs = REPEATABLE,
    watchers: Sequence[Watcher] = (),
    times: FrameTimes | None = None,
) -> dict[str, Any]:
    """Hold one scenario to its end.

    Args:
        costs: What the worker processes' work is charged with in the room's time.
        watchers: Told everything besides the record.
        times: Counts how long the front end took for each frame, besides.

    Returns:
        The record: ``name``, ``passed``, ``turns``, ``metrics``, ``checks``.
    """
    settings = for_scenario(settings, scenario)
    clock = VirtualClock()
    scheduler = VirtualScheduler(clock, costs)
    recorder = Recorder()
    microphone = VirtualMicrophone()
    room = VirtualRoom(scenario, voice, seed, wake_phrase=settings.wake.phrase)
    with ExitStack() as stack:
        parts = assemble(settings, services, stack, clock=clock, store_folder=None)
        loop = AudioLoop(room, parts.front_end, parts.playback, settings.audio)
        stack.callback(loop.close)
        if times is not None:
            loop.times = times
        runtime = parts.runtime(
            scheduler,
            microphone,
            [recorder, RoomEar(room), *watchers],
            seed=scenario.seed,
        )
        runtime.start()
        loop.open_first()
        if scenario.teach_wake:
            parts.wake_voices.ask()
        if scenario.myna_says_first:
            runtime.say((Line(scenario.myna_says_first),), FIRST_WORDS_TAG)
        live_through(
            *(room, loop, runtime),
            front_end=parts.front_end,
            microphone=microphone,
            clock=clock,
            scheduler=scheduler,
        )
    return build_record(
        scenario,
        room.events,
        recorder.entries,
        facts=room.facts,
        wake_phrase=settings.wake.phrase,
    )


def live_through(
    room: VirtualRoom,
    loop: AudioLoop,
    runtime: Runtime,
    *,
    front_end: FrontEnd,
    microphone: VirtualMicrophone,
    clock: VirtualClock,
    scheduler: VirtualScheduler,
) -> None:
    """Let a room's time pass, frame by frame, until its scenario is over.

    Args:
        room: Just made, its own time at 0.
        loop: Of this room, opened.
        clock: Goes on from what it shows.
    """
    began_s = clock.now_s()
    ended = False
    while not ended:
        if not microphone.opened:
            room.idle(FRAME_MS / 1000)
            front_end.skip(1)
        else:
            for edge in loop.step():
                ended = ended or isinstance(edge, StreamEnded)
                runtime.post(edge)
        clock.advance_to(max(clock.now_s(), began_s + room.now_s))
        scheduler.run_due()
        ended = ended or room.ended

"""``myna bench soak``: hours of a speaker's life in the virtual room; what grows, what is written.

One speaker, its processes and its store live through one lesson after the other, as fast as the
machine counts frames. Between lessons a child has gone and nobody is there. What the room itself
keeps (who spoke when) is dropped with each lesson; what the speaker keeps would show.
"""

from __future__ import annotations

import dataclasses
import gc
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from audio.loop import AudioLoop
from audio.virtual_room.backend import VirtualRoom
from audio.virtual_room.scenario import Scenario, load_scenario
from audio.virtual_room.voices import ChildVoice, make_voice
from core.clock import VirtualClock
from device import telemetry
from device.app import Services, assemble, start_services
from device.bench.loop import ROOMS, resident_mb
from device.bench.metric import Metric
from device.config import Settings
from device.live import TELEMETRY_INTERVAL_S
from device.room_run import REPEATABLE, RoomEar, VirtualMicrophone, live_through
from device.scheduling import VirtualScheduler
from device.trace import Entry

LONG_HOURS, SHORT_HOURS = 8.0, 0.25
ALONE_S = 90.0
"""Nobody is there after each lesson: longer than it takes to fall asleep."""
WARM_UP_SHARE = 0.25
"""Of the life: caches fill, the allocator finds its size. Growth is counted from there on."""
COMPARED_SHARE = 0.15
"""The first and the last of what follows, whose medians are compared."""
HOUR_S = 3600.0


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """The speaker after a lesson.

    Attributes:
        at_s: Its age in counted time.
        memory_mb: Resident, of the daemon, the recogniser and the voice.
        threads: Of the daemon.
        descriptors: Open files, pipes and sockets of all three.
        attempts: Answers since the last look.
        practised_s: Time awake since the last look.
        written_bytes: Handed to the disk since the last look; None where the kernel does not count.
    """

    at_s: float
    memory_mb: tuple[float, float, float]
    threads: int
    descriptors: int
    attempts: int
    practised_s: float
    written_bytes: int | None


class Ears:
    """Passes on to the present room's child; counts answers and time awake."""

    def __init__(self) -> None:
        self.room: RoomEar | None = None
        self.attempts = 0
        self.practised_s = 0.0
        self._woke_s: float | None = None

    def see(self, entry: Entry) -> None:
        """Of every happening."""
        if entry.kind == "expect":
            self.attempts += 1
        elif entry.kind == "state" and entry.data["name"] == "asleep":
            if self._woke_s is not None:
                self.practised_s += entry.at_s - self._woke_s
            self._woke_s = None
        elif entry.kind == "state" and self._woke_s is None:
            self._woke_s = entry.at_s
        if self.room is not None:
            self.room.see(entry)


def run(
    *, long: bool, seed: int, corpus: Path | None = None, hours: float | None = None
) -> list[Metric]:
    """Live, look after each lesson, compare.

    Args:
        long: Eight hours instead of a quarter of one.
        seed: Of the first lesson; each has its own.
        corpus: Folder of recorded children; None synthesises the child.
        hours: Another age to reach.
    """
    voice = make_voice(None if corpus is None else corpus / "train.tsv", seed=seed)
    age_s = HOUR_S * (hours or (LONG_HOURS if long else SHORT_HOURS))
    with ExitStack() as stack:
        settings = patient()
        services = start_services(settings, stack)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="myna-soak-")))
        looks: list[Look] = []
        with suppress(KeyboardInterrupt):  # whoever has waited enough sees how far it came
            for look in live(
                *(settings, services, stack), voice=voice, seed=seed, folder=folder, age_s=age_s
            ):
                looks.append(look)
                _tell(look)
    return figures(looks)


def patient() -> Settings:
    """The defaults, with time enough for a recogniser on a busy machine: room time stands still
    while it works, and a restart would look like growth."""
    settings = Settings()
    recognition = dataclasses.replace(settings.recognition, timeout_s=60.0)
    return dataclasses.replace(settings, recognition=recognition)


def live(
    settings: Settings,
    services: Services,
    stack: ExitStack,
    *,
    voice: ChildVoice,
    seed: int,
    folder: Path,
    age_s: float,
) -> Iterator[Look]:
    """One speaker's life until it is `age_s` old; a look after each lesson.

    Args:
        folder: Of its store and telemetry; on a disk, or what is written is not counted.
    """
    clock = VirtualClock()
    scheduler = VirtualScheduler(clock, REPEATABLE)
    parts = assemble(settings, services, stack, clock=clock, store_folder=folder)
    microphone, ears = VirtualMicrophone(), Ears()
    runtime = parts.runtime(scheduler, microphone, [ears], seed=seed)
    runtime.start()
    rooms = [load_scenario(path) for path in sorted(ROOMS.glob("*.yaml"))]
    telemetry_s, written, number = 0.0, written_bytes(), 0
    while clock.now_s() < age_s:
        for scenario in (rooms[number % len(rooms)], _nobody(rooms[0])):
            room = VirtualRoom(scenario, voice, seed + number, wake_phrase=settings.wake.phrase)
            ears.room = RoomEar(room)
            loop = AudioLoop(room, parts.front_end, parts.playback, settings.audio)
            loop.open_first()
            live_through(
                *(room, loop, runtime),
                front_end=parts.front_end,
                microphone=microphone,
                clock=clock,
                scheduler=scheduler,
            )
            loop.close()
        while telemetry_s < clock.now_s():  # as the daemon does, though by its own clock
            telemetry.write(folder, telemetry.counters(loop, room, ""))
            telemetry_s += TELEMETRY_INTERVAL_S
        ears.room = None
        number += 1
        before, written = written, written_bytes()
        yield _look(services, ears, clock.now_s(), before, written)


def _nobody(scenario: Scenario) -> Scenario:
    return dataclasses.replace(
        scenario, name="nobody", child=(), expect=(), limit_s=ALONE_S, tail_s=ALONE_S
    )


def _look(
    services: Services, ears: Ears, at_s: float, before: int | None, after: int | None
) -> Look:
    gc.collect()
    pids = (os.getpid(), services.recogniser.worker.pid, services.voice.worker.pid)
    memory = tuple(0.0 if pid is None else resident_mb(pid) or 0.0 for pid in pids)
    descriptors = sum(_count(f"/proc/{pid}/fd") for pid in pids if pid is not None)
    look = Look(
        at_s,
        (memory[0], memory[1], memory[2]),
        _count("/proc/self/task"),
        descriptors,
        ears.attempts,
        ears.practised_s,
        None if before is None or after is None else after - before,
    )
    ears.attempts, ears.practised_s = 0, 0.0
    return look


def _count(folder: str) -> int:
    return len(os.listdir(folder))


def written_bytes() -> int | None:
    """What this process has handed to disks, ever; None where the kernel does not count."""
    try:
        for line in Path("/proc/self/io").read_text(encoding="ascii").splitlines():
            if line.startswith("write_bytes:"):
                return int(line.split()[1])
    except OSError:
        pass
    return None


def figures(looks: Sequence[Look]) -> list[Metric]:
    """Growth between the time after warming up and the end, and what was written."""
    hours = looks[-1].at_s / HOUR_S if looks else 0.0
    warm = [look for look in looks if look.at_s >= WARM_UP_SHARE * looks[-1].at_s]
    compared = max(1, round(COMPARED_SHARE / (1 - WARM_UP_SHARE) * len(warm)))
    first, last = warm[:compared], warm[-compared:]

    def growth(value: Callable[[Look], float]) -> float | None:
        if len(warm) < 2 * compared:
            return None
        return _median([value(look) for look in last]) - _median([value(look) for look in first])

    metrics = [Metric("soak.life", hours, "h", ">= 8", len(looks))]
    for place, name in enumerate(("daemon", "recogniser", "voice")):
        begun = _median([look.memory_mb[place] for look in first])
        grown = growth(lambda look, place=place: look.memory_mb[place])  # type: ignore[misc]
        share = None if grown is None or not begun else 100 * grown / begun
        metrics.append(Metric(f"soak.memory.{name}", begun, "MB", None, len(first)))
        metrics.append(Metric(f"soak.memory_growth.{name}", share, "%", "< 2", len(warm)))
    metrics += [
        Metric("soak.thread_growth", growth(lambda each: each.threads), "", "0", len(warm)),
        Metric("soak.descriptor_growth", growth(lambda each: each.descriptors), "", "0", len(warm)),
        Metric("soak.questions", float(sum(each.attempts for each in looks)), "", None, len(looks)),
    ]
    return [*metrics, *_writing(looks)]


def _writing(looks: Sequence[Look]) -> list[Metric]:
    practised_h = sum(look.practised_s for look in looks) / HOUR_S
    known = [look.written_bytes for look in looks if look.written_bytes is not None]
    whole = float(sum(known)) if known and len(known) == len(looks) and sum(known) else None
    per_hour = None if whole is None or not practised_h else whole / practised_h / 1e6
    return [
        Metric("soak.practised", practised_h, "h", None, len(looks)),
        Metric("soak.written_per_practised_hour", per_hour, "MB", None, len(looks)),
    ]


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return float(ordered[middle])
    return float(ordered[middle - 1] + ordered[middle]) / 2


def _tell(look: Look) -> None:
    """One line a lesson: a life of hours is not waited for in the dark."""
    memory = " ".join(f"{each:.1f}" for each in look.memory_mb)
    sys.stderr.write(
        f"{look.at_s / HOUR_S:6.2f} h  memory {memory} MB  threads {look.threads}"
        f"  descriptors {look.descriptors}\n"
    )

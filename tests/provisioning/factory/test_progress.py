"""What a technician watches: each card's share, speed and remaining time, on its own line."""

from __future__ import annotations

import io
import threading

from provisioning.factory.fakes import FakeCard
from provisioning.factory.flasher import Job
from provisioning.factory.ports import MIB
from provisioning.factory.progress import Phase, Progress
from provisioning.factory.screen import Screen


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_share_speed_and_time_left_are_of_the_phase_that_runs() -> None:
    clock = Clock()
    progress = Progress(clock)
    progress.expect(300_000_000)
    assert progress.line() == "waits"
    progress.enter(Phase.WRITING)
    assert progress.line() == "writing   0 %"  # nothing to tell a speed from
    clock.now_s += 2.0
    progress.advance(30_000_000)
    assert progress.line() == "writing  10 %  15 MB/s  0:18 left"
    clock.now_s += 98.0
    progress.enter(Phase.COMPARING)
    clock.now_s += 1.0
    progress.advance(3_000_000)
    assert progress.line() == "comparing   1 %  3 MB/s  1:39 left"
    progress.enter(Phase.GOOD)
    assert progress.line() == "GOOD"


def test_more_than_was_expected_is_no_more_than_all() -> None:
    clock = Clock()
    progress = Progress(clock)
    progress.expect(MIB)
    progress.enter(Phase.WRITING)
    clock.now_s += 1.0
    progress.advance(2 * MIB)
    assert progress.line().startswith("writing 100 %")
    assert progress.line().endswith("0:00 left")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def jobs() -> list[Job]:
    made = [Job(name, lambda: FakeCard(MIB), {}) for name in ("/dev/sdb", "/dev/mmcblk0")]
    made[1].progress.enter(Phase.FAILED)
    return made


def test_a_terminal_is_drawn_over_in_place() -> None:
    out = Terminal()
    screen = Screen(jobs(), out)
    screen.draw()
    first = out.getvalue()
    assert first == "/dev/sdb      waits\x1b[K\n/dev/mmcblk0  DO NOT USE\x1b[K\n"
    screen.draw()
    assert out.getvalue() == f"{first}\x1b[2A{first}"


def test_a_log_gets_plain_lines_and_the_last_word() -> None:
    out, done = io.StringIO(), threading.Event()
    done.set()
    Screen(jobs(), out).run(done)
    assert out.getvalue() == "/dev/sdb      waits\n/dev/mmcblk0  DO NOT USE\n"

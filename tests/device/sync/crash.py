"""The crash test: everything is killed, again and again, and nothing may be lost or doubled.

``python -m tests.device.sync.crash KILLS [SEED]`` runs it at length; the suite runs a small one.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, select

from device.store_file import FILE_NAME
from hub import tables
from hub.database import open_database, upgrade
from tests.device.sync.practise import practise
from tests.device.sync.troubled_network import TroubledNetwork
from tests.platform_parts import Broker, until, worker_process

# Forked from a process that has everything imported: a speaker is there within milliseconds.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.device.sync.practise"])
LONGEST_LIFE_S = 0.4
"""How long a speaker's process lives at most once it practises."""
BROKER_EVERY, HUB_EVERY = 23, 17


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it.

    Attributes:
        kills: How often the speaker, the broker and the hub were killed, and the network cut.
        achieved: Attempts that `Store.remember` had said were safe.
        kept: Attempts on the speaker's disk at the end.
        stored: Learning events at the hub, by id: how often (always once).
        lost: On the disk and not at the hub.
        invented: At the hub and not on the disk.
        doubled: Ids or numbers there more than once.
        in_order: The hub's order by number is the speaker's order.
    """

    kills: dict[str, int]
    achieved: int
    kept: int
    stored: int
    lost: int
    invented: int
    doubled: int
    in_order: bool

    @property
    def good(self) -> bool:
        return (
            self.lost == self.invented == self.doubled == 0
            and self.in_order
            and self.kept == self.stored >= self.achieved > 0
        )


def crash(folder: Path, kills: int, seed: int) -> Result:
    """Kill a practising speaker `kills` times, the broker and the hub now and then, and look."""
    chance = random.Random(seed)  # noqa: S311 - trouble, no secret
    database = f"sqlite:///{folder / 'hub.db'}"
    engine = open_database(database)
    upgrade(engine)
    broker = Broker(folder / "broker")
    hub = worker_process(broker.address, database, "w1")
    killed: Counter[str] = Counter()
    achieved = 0
    try:
        with TroubledNetwork(broker.port, seed) as network:
            address = f"mqtt://127.0.0.1:{network.port}"
            for kill in range(1, kills + 1):
                achieved = _live_and_die(folder, address, achieved, chance)
                killed["speaker"] += 1
                if kill % BROKER_EVERY == 0:
                    broker.kill()
                    killed["broker"] += 1
                    broker.start()
                if kill % HUB_EVERY == 0:
                    hub.send_signal(signal.SIGKILL)
                    hub.wait()
                    killed["hub"] += 1
                    hub = worker_process(broker.address, database, "w1")
            network.calm.set()
            _live_until_empty(folder, address, achieved)
            killed["network"] = network.cuts
    finally:
        hub.kill()
        hub.wait()
        broker.close()
    result = _compare(folder, engine, dict(killed), achieved)
    engine.dispose()
    return result


def _live_and_die(folder: Path, address: str, achieved: int, chance: random.Random) -> int:
    ours, theirs = FORKS.Pipe(duplex=False)
    speaker = FORKS.Process(target=practise, args=(folder / "speaker", address, achieved, theirs))
    speaker.start()
    theirs.close()
    try:
        achieved = ours.recv()  # it practises: from here on any instruction may be the last
        # One in five lives long enough for a talk with the platform, and for a cut within it.
        longest_s = LONGEST_LIFE_S * (5 if chance.random() < 0.2 else 1)
        time.sleep(chance.uniform(0.0, longest_s))
        speaker.kill()
        while True:
            achieved = ours.recv()
    except (EOFError, OSError):  # the pipe is empty, or ends in the middle of a number
        return achieved
    finally:
        speaker.kill()
        speaker.join()
        speaker.close()
        ours.close()


def _live_until_empty(folder: Path, address: str, achieved: int) -> None:
    """Let the speaker send what is left, and stop practising by killing it once more."""
    from device.sync.service import SyncService
    from device.sync.settings import SyncSettings

    settings = SyncSettings(address=address, device="myna-crash", retry_s=0.05, answer_s=1.0)
    with SyncService(folder / "speaker", settings) as service:
        until(lambda: service.health.waiting == 0, f"an empty outbox after {achieved}", 120.0)


def _compare(folder: Path, engine: Engine, killed: dict[str, int], achieved: int) -> Result:
    db = sqlite3.connect(folder / "speaker" / FILE_NAME)
    kept = [row[0] for row in db.execute("SELECT id FROM attempts ORDER BY seq")]
    db.close()
    events = tables.events
    with engine.connect() as connection:
        rows = connection.execute(
            select(events.c.id, events.c.seq)
            .where(events.c.kind == "learning")
            .order_by(events.c.series, events.c.seq)
        ).all()
    ids = Counter(row.id for row in rows)
    numbers = Counter(row.seq for row in rows)
    return Result(
        kills=killed,
        achieved=achieved,
        kept=len(kept),
        stored=len(ids),
        lost=len(set(kept) - set(ids)),
        invented=len(set(ids) - set(kept)),
        doubled=sum(n - 1 for n in ids.values()) + sum(n - 1 for n in numbers.values()),
        in_order=[row.id for row in rows] == kept,
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        began_s = time.monotonic()
        outcome = crash(Path(place), int(sys.argv[1]), int((sys.argv[2:] or ["1"])[0]))
        took_s = round(time.monotonic() - began_s)
        said = {name: getattr(outcome, name) for name in Result.__slots__}
        sys.stdout.write(json.dumps({**said, "good": outcome.good, "took_s": took_s}) + "\n")

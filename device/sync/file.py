"""The progress file as the sync thread sees it: its own connection, and what lies in it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from core.clock import Clock
from device.ids import IdSource
from device.store_file import open_file
from device.sync.commands import Commands
from device.sync.outbox import Outbox
from device.sync.ports import Action, ApplySetting
from device.sync.practised import minutes_today
from device.sync.settings import SyncSettings
from device.sync.shadow import Shadow
from device.sync.timing import EARLIEST_MS, Anchors, system_clock_is_set

DISAGREE_MS = 300_000
"""The platform's time and ours may differ by this much before one of them is taken to be wrong."""


class File:
    """Outbox, commands, settings and clock anchors of one progress file.

    Args:
        path: The file; `Store` has made it, and may replace it when it is damaged (see `moved`).
        settings: The section ``[sync]``.
        boot: The kernel's id of this start of the machine.
        clock: Monotonic and wall time.
        actions: What commands can have done.
        apply: How settings are made to hold.

    Raises:
        sqlite3.Error: The file cannot be used.
        OSError: As above.
        StoreError: It is of a newer Myna.
    """

    def __init__(
        self,
        path: Path,
        settings: SyncSettings,
        boot: str,
        clock: Clock,
        *,
        actions: Mapping[str, Action],
        apply: Mapping[str, ApplySetting],
    ) -> None:
        self._path = path
        self._settings = settings
        self._boot = boot
        self._clock = clock
        self._db = open_file(path)
        try:
            self._inode = os.stat(path).st_ino
            self._anchors = Anchors(self._db)
            self.note_system_time()
            self._ids = IdSource(lambda: max(EARLIEST_MS, self.now_ms()))
            self.outbox = Outbox(self._db, self._anchors, iri_base=settings.iri_base.rstrip("/"))
            self.shadow = Shadow(self._db, apply)
            own: dict[str, Action] = {
                "settings": lambda args: self.shadow.command(args["settings"])
            }
            self.commands = Commands(self._db, {**own, **actions}, self.now_ms)
        except BaseException:
            self._db.close()
            raise

    def device_id(self) -> str:
        """The id made for this speaker at its first start; stays with the file."""
        fresh = f"myna-{self._ids.make().hex[-16:]}"
        self._db.execute("INSERT OR IGNORE INTO sync_state VALUES ('device', ?)", (fresh,))
        row = self._db.execute("SELECT value FROM sync_state WHERE key = 'device'").fetchone()
        return str(row[0])

    def moved(self) -> bool:
        """Whether the path leads to another file by now: a damaged one was set aside."""
        try:
            return os.stat(self._path).st_ino != self._inode
        except OSError:
            return True

    def now_ms(self) -> int:
        """True UTC milliseconds since 1970, as far as they are known."""
        return self._anchors.date(self._boot, self._clock.now_s(), self._wall_ms()).wall_ms

    def note_system_time(self) -> None:
        """Take the system's clock for an anchor once the network has set it."""
        if not self._anchors.knows(self._boot) and system_clock_is_set():
            self._anchors.set(self._boot, self._clock.now_s(), self._wall_ms())

    def learn_time(self, platform_ms: int) -> None:
        """Take the platform's time for an anchor, unless two clocks of ours say otherwise."""
        wall_ms = self._wall_ms()
        if abs(wall_ms - platform_ms) <= DISAGREE_MS:
            near = self.now_ms()
            if not self._anchors.knows(self._boot) or abs(near - platform_ms) > DISAGREE_MS:
                self._anchors.set(self._boot, self._clock.now_s(), wall_ms)
        elif not self._anchors.knows(self._boot):
            self._anchors.set(self._boot, self._clock.now_s(), platform_ms)

    def add_telemetry(self, values: Mapping[str, Any]) -> None:
        """Put counters into the outbox, and let the oldest go if it is full."""
        self.outbox.add_telemetry(
            str(self._ids.make()), self._boot, self._clock.now_s(), self._wall_ms(), values
        )
        self.outbox.trim(self._settings.outbox_events)

    def facts(self) -> dict[str, Any]:
        """What the state message says of this file."""
        return {
            "series": self.outbox.series,
            "last_seq": self.outbox.last_seq(),
            "waiting": self.outbox.waiting(),
            "minutes_today": self.minutes_today(),
        }

    def minutes_today(self) -> int:
        """Whole minutes practised since local midnight, by everybody."""
        return min(1440, int(minutes_today(self._db, self._clock.wall())))

    def close(self) -> None:
        """Close the connection. Idempotent."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _wall_ms(self) -> int:
        return int(self._clock.wall().timestamp() * 1000)

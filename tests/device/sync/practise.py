"""A speaker's process for the crash test: practises without end, and sends what was achieved."""

from __future__ import annotations

import logging
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from device.store import Store
from device.sync.service import SyncService
from device.sync.settings import SyncSettings
from tests.platform_parts import attempts

GROUP = 3
PACE_S = 0.002


def practise(folder: Path, address: str, first: int, safe: Connection[int, int]) -> None:
    """Practise until killed; tells how many attempts `Store.remember` has said are safe."""
    logging.disable(logging.CRITICAL)
    settings = SyncSettings(
        address=address,
        device="myna-crash",
        retry_s=0.05,
        retry_longest_s=1.0,
        answer_s=1.0,
        batch_events=10,
    )
    pace = threading.Event()
    with Store(folder) as store, SyncService(folder, settings):
        number = first
        while not pace.wait(PACE_S):
            store.remember(attempts(number, GROUP))
            number += GROUP
            safe.send(number)

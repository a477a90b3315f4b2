"""The release on trial, seen from inside: kept when it is well; tried when nobody practises."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from core.clock import Clock
from core.errors import SpeakerError
from provisioning.update_slots import ReleaseSlots

log = logging.getLogger(__name__)

VARIABLE = "MYNA_RELEASE"
"""Set by `myna launch`: the folder of the release that it started, or `SYSTEM`."""
SYSTEM = "system"
"""What came with the system."""
WELL_S = 60.0
"""So long nothing that the speaker needs has failed: then it is kept."""
AT_REST_S = 300.0
"""So long nobody has practised: then a release that waits is tried."""


class ReleaseWatch:
    """Looks from time to time, in the event loop.

    Args:
        slots: The two places.
        running: What runs: a release's folder, or `SYSTEM`; empty when nobody launched it.
        clock: Counts how long all is well.
        restart: Ends the daemon, which the service manager starts anew.
    """

    def __init__(
        self, slots: ReleaseSlots, running: str, clock: Clock, restart: Callable[[], None]
    ) -> None:
        self._slots = slots
        self._running = running
        self._clock = clock
        self._restart = restart
        self._well_since_s: float | None = None
        self._at_rest_since_s: float | None = None

    def look(self, *, well: bool, at_rest: bool) -> None:
        """Bring the trial further.

        Args:
            well: Nothing that the speaker needs fails now.
            at_rest: Nobody practises.
        """
        now_s = self._clock.now_s()
        self._well_since_s = _since(self._well_since_s, now_s, holds=well)
        self._at_rest_since_s = _since(self._at_rest_since_s, now_s, holds=at_rest)
        if not self._running or (trial := self._slots.trial) is None:
            return
        if not trial.started:
            if _lasted(self._at_rest_since_s, now_s, AT_REST_S):
                log.warning("a new release is tried")
                self._restart()
        elif Path(self._running).name == trial.slot and _lasted(self._well_since_s, now_s, WELL_S):
            try:
                self._slots.confirm()
            except (OSError, SpeakerError) as error:
                log.error("the release cannot be confirmed: %s", type(error).__name__)
            else:
                log.warning("the release is well and kept")


def running_release(environment: Mapping[str, str] = os.environ) -> str:
    """What `myna launch` started; empty when something else did."""
    return environment.get(VARIABLE, "")


def _since(before_s: float | None, now_s: float, *, holds: bool) -> float | None:
    if not holds:
        return None
    return now_s if before_s is None else before_s


def _lasted(since_s: float | None, now_s: float, needed_s: float) -> bool:
    return since_s is not None and now_s - since_s >= needed_s

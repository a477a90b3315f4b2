"""Gives signs of life while there is life: audio frames advance and the event loop answers.

The loop answers because it is the loop that looks. A muted or lost microphone is no death: then no
frames are expected, or the search for the card advances in their place.
"""

from __future__ import annotations

from collections.abc import Callable


class Watchdog:
    """Decides when the service manager is told that all is well.

    Args:
        pulse: Counted audio in seconds; grows while the audio thread works.
        expected: Whether it has to grow now.
        feed: Gives one sign of life.
    """

    def __init__(
        self,
        pulse: Callable[[], float],
        expected: Callable[[], bool],
        feed: Callable[[], None],
    ) -> None:
        self._pulse = pulse
        self._expected = expected
        self._feed = feed
        self._last: float | None = None
        self.starved = 0
        """How often in a row no sign of life could be given."""

    def look(self) -> bool:
        """Give a sign of life if there is any; returns whether there was."""
        pulse = self._pulse()
        moved = self._last is None or pulse > self._last
        self._last = pulse
        if self._expected() and not moved:
            self.starved += 1
            return False
        self.starved = 0
        self._feed()
        return True

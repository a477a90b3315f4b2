"""How long to wait before the next attempt to connect."""

from __future__ import annotations

import random
from collections import deque

from device.sync.ports import Why

TAKEOVERS = 3
TAKEOVER_WINDOW_S = 600.0
"""That many takeovers within this time mean that another speaker bears the same id."""
CUT_SHORT = 5
"""Not every broker says why it closes: so many connections closed soon after the platform had
answered mean the same."""


class Backoff:
    """Doubling pauses with jitter, so that a thousand speakers do not come back at once.

    A pause is drawn evenly from the upper half of the step ("equal jitter"): never nothing, never
    in step with the others. What a person has to mend first (a password, a certificate, an id
    that two speakers bear) waits the longest step at once.

    Args:
        first_s: Step after the first failure.
        longest_s: No step is longer.
        source: Random numbers.
    """

    def __init__(self, first_s: float, longest_s: float, source: random.Random) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._source = source
        self._failures = 0
        self._takeovers: deque[float] = deque(maxlen=TAKEOVERS)
        self._cut_short: deque[float] = deque(maxlen=CUT_SHORT)
        self.storm = False
        """Another speaker with our id keeps pushing us out."""

    def succeeded(self) -> None:
        """The platform has answered: the next pause is short again, unless there is a storm."""
        self._failures = 0

    def pause_s(self, why: Why, now_s: float, *, cut_short: bool = False) -> float:
        """Seconds to wait after a failure at `now_s`.

        Args:
            cut_short: The broker closed a connection over which the platform had just answered.
        """
        if why is Why.TAKEN_OVER:
            self._takeovers.append(now_s)
        elif cut_short:
            self._cut_short.append(now_s)
        self.storm = any(
            times.maxlen == sum(now_s - at <= TAKEOVER_WINDOW_S for at in times)
            for times in (self._takeovers, self._cut_short)
        )
        if why in (Why.AUTH, Why.TLS, Why.REFUSED) or self.storm:
            step = self._longest_s
        else:
            step = min(self._longest_s, self._first_s * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return step * self._source.uniform(0.5, 1.0)

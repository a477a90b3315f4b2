"""Ids that sort by time: UUID version 7 of RFC 9562, section 5.7."""

from __future__ import annotations

import secrets
import threading
import time
import uuid
from collections.abc import Callable

_COUNTER_BITS = 12
_COUNTER_LIMIT = 1 << _COUNTER_BITS
_RANDOM_BITS = 62
_MS_LIMIT = 1 << 48


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


class IdSource:
    """Makes UUIDv7 values, each greater than the one before.

    Within a millisecond ``rand_a`` is a counter (RFC 9562, section 6.2, method 1): it starts at
    a random value with its top bit clear, and where it runs over, or the clock went back, the
    time part moves on by a millisecond of its own (section 6.1). Any thread may call `make`.

    Args:
        wall_ms: Milliseconds since 1970 in UTC.
        random_bits: That many random bits as an int.
    """

    def __init__(
        self,
        wall_ms: Callable[[], int] = _wall_ms,
        random_bits: Callable[[int], int] = secrets.randbits,
    ) -> None:
        self._wall_ms = wall_ms
        self._random_bits = random_bits
        self._lock = threading.Lock()
        self._ms = -1
        self._counter = 0

    def make(self) -> uuid.UUID:
        """The next id."""
        with self._lock:
            now_ms = min(max(0, self._wall_ms()), _MS_LIMIT - 1)
            if now_ms > self._ms:
                self._ms = now_ms
                self._counter = self._random_bits(_COUNTER_BITS - 1)
            else:
                self._counter += 1
                if self._counter == _COUNTER_LIMIT:
                    self._ms += 1
                    self._counter = self._random_bits(_COUNTER_BITS - 1)
            value = self._ms << 80 | 0x7 << 76 | self._counter << 64
            return uuid.UUID(int=value | 0b10 << 62 | self._random_bits(_RANDOM_BITS))


def made_at_ms(value: uuid.UUID) -> int:
    """The time part of a UUIDv7 in milliseconds since 1970.

    Raises:
        ValueError: `value` is of another version.
    """
    if value.version != 7:
        raise ValueError(f"not a UUID of version 7: version {value.version}")
    return value.int >> 80

"""One-time codes that Myna speaks, and how often a wrong one may be tried.

A code has 8 digits: they are told apart in English and in Chinese, over a kitchen's noise, and
typed on any phone. It lives 10 minutes and works once. An address that was wrong 5 times is locked
out for 10 minutes; a code dies after 20 wrong tries, from wherever they come. Who guesses blindly
thus has 20 tries among 10^8 codes in a window: 2 in ten million (``BLIND_GUESS``).
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

DIGITS = 8
LIFE_S = 600.0
LOCK_S = 600.0
TRIES_OF_ONE = 5
TRIES_OF_ALL = 20
ADDRESSES_KEPT = 256
BLIND_GUESS = TRIES_OF_ALL / 10**DIGITS
"""Chance that blind guessing hits within one code's life."""


class Outcome(Enum):
    """What became of a try."""

    RIGHT = "right"
    WRONG = "wrong"
    EXPIRED = "expired"
    """There is no code, or no more: the button makes a new one."""
    LOCKED = "locked"


@dataclass(slots=True)
class _Guesser:
    wrong: int = 0
    locked_until_s: float = 0.0


class OneTimeCode:
    """At most one code at a time. May be used by any thread.

    Args:
        now_s: A clock that never goes back.
    """

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._lock = threading.Lock()
        self._code: str | None = None
        self._until_s = 0.0
        self._wrong = 0
        self._guessers: dict[str, _Guesser] = {}

    def make(self) -> str:
        """A fresh code in the place of any other; locks stay."""
        code = "".join(secrets.choice("0123456789") for _ in range(DIGITS))
        with self._lock:
            self._code = code
            self._until_s = self._now_s() + LIFE_S
            self._wrong = 0
        return code

    def try_it(self, said: str, address: str) -> Outcome:
        """Try what somebody typed; a right one is used up.

        Args:
            said: Spaces and hyphens do not count.
            address: Of who tries.
        """
        with self._lock:
            return self._try(said, address)

    def _try(self, said: str, address: str) -> Outcome:
        now_s = self._now_s()
        guesser = self._guessers.get(address, _Guesser())
        if now_s < guesser.locked_until_s:
            return Outcome.LOCKED
        if self._code is None or now_s >= self._until_s:
            self._code = None
            return Outcome.EXPIRED
        plain = said.replace(" ", "").replace("-", "")
        if hmac.compare_digest(plain.encode("utf-8", "replace"), self._code.encode()):
            self._code = None
            self._guessers.pop(address, None)
            return Outcome.RIGHT
        self._count(address, guesser, now_s)
        return Outcome.LOCKED if guesser.locked_until_s > now_s else Outcome.WRONG

    def _count(self, address: str, guesser: _Guesser, now_s: float) -> None:
        self._wrong += 1
        if self._wrong >= TRIES_OF_ALL:
            self._code = None
        guesser.wrong += 1
        if guesser.wrong >= TRIES_OF_ONE:
            guesser.wrong = 0
            guesser.locked_until_s = now_s + LOCK_S
        self._guessers[address] = guesser
        while len(self._guessers) > ADDRESSES_KEPT:
            self._guessers.pop(next(iter(self._guessers)))

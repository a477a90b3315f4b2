"""Who is signed in: sessions in memory, known to the browser by a cookie, to us by its digest."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass

IDLE_S = 30 * 60.0
LONGEST_S = 12 * 3600.0
AT_MOST = 8


@dataclass(slots=True)
class Session:
    """One browser that signed in.

    Attributes:
        csrf: What its forms have to send along.
        began_s: When.
        seen_s: When it asked last.
    """

    csrf: str
    began_s: float
    seen_s: float

    def is_own(self, token: str) -> bool:
        """Whether a form came from one of our pages for this session."""
        return hmac.compare_digest(token.encode("utf-8", "replace"), self.csrf.encode())


class Sessions:
    """All of them. A restart of the speaker ends them.

    Args:
        now_s: A clock that never goes back.
    """

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._sessions: dict[str, Session] = {}

    def begin(self) -> str:
        """A new session; returns the cookie's value, 256 random bits, kept nowhere here."""
        token = secrets.token_urlsafe(32)
        now_s = self._now_s()
        self._sessions[_digest(token)] = Session(secrets.token_urlsafe(32), now_s, now_s)
        while len(self._sessions) > AT_MOST:
            oldest = min(self._sessions, key=lambda key: self._sessions[key].seen_s)
            del self._sessions[oldest]
        return token

    def find(self, token: str) -> Session | None:
        """The session of a cookie, if it still is one."""
        key = _digest(token)
        session = self._sessions.get(key)
        if session is None:
            return None
        now_s = self._now_s()
        if now_s - session.seen_s > IDLE_S or now_s - session.began_s > LONGEST_S:
            del self._sessions[key]
            return None
        session.seen_s = now_s
        return session

    def end(self, token: str) -> None:
        """Sign one out."""
        self._sessions.pop(_digest(token), None)

    def end_all(self) -> None:
        """Sign all out."""
        self._sessions.clear()


def _digest(token: str) -> str:
    # 256 random bits cannot be guessed back from a plain digest.
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()

"""The parents' pages as one part of the speaker: started and stopped by the daemon."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Self

from core.clock import Clock
from provisioning.parents.codes import OneTimeCode
from provisioning.parents.family_file import FamilyFile
from provisioning.parents.ports import Household
from provisioning.parents.sessions import Sessions
from provisioning.parents.settings import ParentsSettings

if TYPE_CHECKING:
    from provisioning.parents.guard import App
    from provisioning.parents.server import PagesServer


class ParentsPages:
    """The pages, their sign-in code and their server. A context manager.

    Args:
        household: What is behind them; called in the pages' thread.
        family: What parents decided.
        settings: The section ``[parents]``.
        clock: Of the speaker.
    """

    def __init__(
        self, household: Household, family: FamilyFile, settings: ParentsSettings, clock: Clock
    ) -> None:
        self._household = household
        self._family = family
        self._settings = settings
        self._clock = clock
        self._code = OneTimeCode(clock.now_s)
        self._sessions = Sessions(clock.now_s)
        self._server: PagesServer | None = None

    def new_code(self) -> str:
        """A fresh code to be spoken: whoever types it within ten minutes is signed in."""
        return self._code.make()

    @property
    def port(self) -> int | None:
        """Where the pages are; None when they are nowhere."""
        return None if self._server is None else self._server.port

    def app(self) -> App:
        """The guarded application, without its server."""
        # Heavy for a small board: loaded by who serves pages.
        from provisioning.parents.guard import Guard
        from provisioning.parents.pages import Pages

        pages = Pages(self._household, self._family, self._code, self._sessions, self._clock.wall)
        return Guard(pages.app, own_names(self._settings), self._clock.now_s)

    def __enter__(self) -> Self:
        if self._settings.port:
            from provisioning.parents.server import PagesServer

            server = PagesServer(self.app(), self._settings.listen, self._settings.port)
            self._server = server.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._server is not None:
            self._server.stop()


def own_names(settings: ParentsSettings) -> frozenset[str]:
    """What a browser may call this machine."""
    host = socket.gethostname().partition(".")[0].lower()
    named = {name.lower() for name in settings.names}
    return frozenset({host, f"{host}.local", "localhost", *named})

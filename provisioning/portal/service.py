"""The portal as one part of the speaker: served while the access point is open."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Self

from core.clock import Clock
from provisioning.parents.sessions import Sessions
from provisioning.portal.ports import SetUp

if TYPE_CHECKING:
    from provisioning.parents.guard import App
    from provisioning.parents.server import PagesServer


class PortalPages:
    """The portal with its guard and server. A context manager, to be entered again and again.

    Args:
        set_up: The speaker.
        clock: Of the speaker.
        listen: Address to listen on: the speaker's own in its access point.
        port: Where phones look without being told is 80.
    """

    def __init__(self, set_up: SetUp, clock: Clock, listen: str, port: int) -> None:
        self._set_up = set_up
        self._clock = clock
        self._place = (listen, port)
        self._server: PagesServer | None = None

    @property
    def port(self) -> int | None:
        """Where the portal is; None while it is nowhere."""
        return None if self._server is None else self._server.port

    @property
    def address(self) -> str:
        """What a person types into a browser."""
        listen, port = self._place
        return f"http://{listen}" if port == 80 else f"http://{listen}:{port}"

    def app(self) -> App:
        """The guarded application, without its server."""
        from provisioning.parents.guard import Guard
        from provisioning.portal.pages import Portal

        portal = Portal(self._set_up, Sessions(self._clock.now_s), self.address)
        host = socket.gethostname().partition(".")[0].lower()
        names = frozenset({host, f"{host}.local", "localhost"})
        return Guard(portal.app, names, self._clock.now_s, front_door=f"{self.address}/")

    def __enter__(self) -> Self:
        from provisioning.parents.server import PagesServer

        self._server = PagesServer(self.app(), *self._place, name="set-up-portal").start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

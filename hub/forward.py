"""Statements on to a learning record store of the school's choice (xAPI 1.0.3 over HTTP)."""

from __future__ import annotations

import base64
import json
import logging
import threading
import urllib.error
import urllib.request

from sqlalchemy import Engine, select, update

from hub import tables
from hub.database import now_ms
from hub.settings import HubError, HubSettings

log = logging.getLogger(__name__)

TOGETHER = 100
IDLE_S = 2.0
LONGEST_S = 300.0
TIMEOUT_S = 30.0


class Forwarder:
    """Sends stored statements on, oldest first; one that the store refuses is named and passed.

    Sending one twice does no harm: a learning record store knows a statement by its id.

    Raises:
        HubError: The address is none.
    """

    def __init__(self, settings: HubSettings, engine: Engine) -> None:
        if not settings.lrs.startswith(("http://", "https://")):
            raise HubError("HUB_LRS must be an http:// or https:// address")
        self._url = settings.lrs.rstrip("/") + "/statements"
        pair = f"{settings.lrs_user}:{settings.lrs_password}".encode()
        self._headers = {
            "Authorization": "Basic " + base64.b64encode(pair).decode("ascii"),
            "Content-Type": "application/json",
            "X-Experience-API-Version": "1.0.3",
        }
        self._engine = engine

    def run(self, stopping: threading.Event) -> None:
        """Forward until told to stop."""
        pause_s = IDLE_S
        while not stopping.is_set():
            try:
                while self.forward():
                    pause_s = IDLE_S
            except OSError as error:
                pause_s = min(LONGEST_S, pause_s * 2)
                log.warning("learning record store away error=%s", type(error).__name__)
            stopping.wait(pause_s)

    def forward(self) -> int:
        """Send one lot; returns how many statements it had.

        Raises:
            OSError: The learning record store cannot be reached or is out of order.
        """
        events = tables.events
        with self._engine.connect() as connection:
            rows = connection.execute(
                select(events.c.device, events.c.id, events.c.body)
                .where(events.c.kind == "learning", events.c.forwarded_ms.is_(None))
                .order_by(events.c.stored_ms, events.c.id)
                .limit(TOGETHER)
            ).all()
        if not rows:
            return 0
        if not self._send([json.loads(row.body) for row in rows]):
            for row in rows:  # which of them is it?
                if not self._send([json.loads(row.body)]):
                    log.warning("learning record store refuses statement id=%s", row.id)
        with self._engine.begin() as connection:
            for row in rows:
                connection.execute(
                    update(events)
                    .where(events.c.device == row.device, events.c.id == row.id)
                    .values(forwarded_ms=now_ms())
                )
        return len(rows)

    def _send(self, statements: list[object]) -> bool:
        """Returns False where the store refuses the statements themselves."""
        request = urllib.request.Request(  # noqa: S310 - its scheme was checked
            self._url, json.dumps(statements).encode(), self._headers, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310 - as above
                return True
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 409 and len(statements) == 1:  # it has this one
                    return True
                if error.code in (400, 409, 413):
                    return False
            raise

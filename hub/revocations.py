"""Has the broker refuse what was revoked: the list of certificates, and who is still connected."""

from __future__ import annotations

import logging
import os
import signal
import threading
from pathlib import Path
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import SQLAlchemyError

from contract.topics import RETAINED, topic
from hub import grants, leaving, tables, voices
from hub.certificates import Authority
from hub.database import now_ms
from hub.settings import HubError, HubSettings
from hub.worker import tls_context

log = logging.getLogger(__name__)

LOOK_S = 1.0
GRACE_MS = 5_000
"""A speaker that has said itself that it leaves may still get its acknowledgement."""
READ_ANEW_S = 2.0
"""So long after it was told a broker has read the list."""
TURNED_OUT_WITHIN_S = 10.0


class Revocations:
    """Keeps the broker's list, in one thread. One such part is enough; two do no harm.

    Args:
        settings: The hub's.
        engine: The store, up to date.

    Raises:
        HubError: There is no authority, or the broker's address cannot be used.
    """

    def __init__(self, settings: HubSettings, engine: Engine) -> None:
        if not settings.authority:
            raise HubError("HUB_AUTHORITY is not set: without it nobody can be revoked")
        self._settings = settings
        self._engine = engine
        self._authority = Authority(Path(settings.authority))
        self._tls = tls_context(settings)

    def run(self, stopping: threading.Event) -> None:
        """Work until told to stop."""
        while not stopping.is_set():
            try:
                leaving.overdue(self._engine)
                voices.drop_old(self._engine)
                grants.purge(self._engine)
                self.look(stopping)
            except (SQLAlchemyError, OSError) as error:
                log.warning("revocation waits error=%s", type(error).__name__)
            stopping.wait(LOOK_S)

    def look(self, stopping: threading.Event) -> None:
        """Bring the broker up to date, where something was revoked."""
        table = tables.certificates
        due = table.c.listed_ms.is_(None) & (table.c.revoked_ms <= now_ms() - GRACE_MS)
        with self._engine.connect() as connection:
            fresh = connection.execute(select(table.c.serial, table.c.device).where(due)).all()
            if not fresh:
                return
            serials = connection.execute(
                select(table.c.serial).where(table.c.revoked_ms.is_not(None))
            ).scalars()
            self._authority.revoke(serials)
        if self._settings.broker_pid:
            os.kill(self._settings.broker_pid, signal.SIGHUP)
        stopping.wait(READ_ANEW_S)
        freed = self._nobodys({row.device for row in fresh})
        for device in sorted({row.device for row in fresh}):
            self._turn_out(device, wipe=device in freed)
        with self._engine.begin() as connection:
            connection.execute(
                update(table)
                .where(table.c.serial.in_([row.serial for row in fresh]))
                .values(listed_ms=now_ms())
            )
        log.info("certificates revoked count=%d", len(fresh))

    def _nobodys(self, devices: set[str]) -> set[str]:
        table = tables.devices
        with self._engine.connect() as connection:
            chosen = select(table.c.id).where(
                table.c.id.in_(devices), table.c.freed_ms.is_not(None)
            )
            return set(connection.execute(chosen).scalars())

    def _turn_out(self, device: str, *, wipe: bool) -> None:
        """End a speaker's connection and its session by taking its place for a moment.

        Args:
            wipe: The broker forgets what it holds for the speaker, too.

        Raises:
            OSError: The broker is not there.
        """
        parts = urlsplit(self._settings.broker)
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=device, protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
        )  # fmt: skip
        if self._tls is not None:
            client.tls_set_context(self._tls)
        if self._settings.broker_user:
            client.username_pw_set(self._settings.broker_user, self._settings.broker_password)
        done = threading.Event()

        names = [topic(device, each) for each in RETAINED] if wipe else []
        left = len(names)

        def connected(*_: object) -> None:
            for name in names:
                client.publish(name, b"", qos=1, retain=True)
            if not names:
                done.set()

        def published(*_: object) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                done.set()

        client.on_connect = connected
        client.on_publish = published
        connect = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's own
        connect.SessionExpiryInterval = 0
        port = parts.port or (8883 if self._tls else 1883)
        client.connect(parts.hostname or "", port, clean_start=True, properties=connect)
        client.loop_start()
        try:
            if not done.wait(TURNED_OUT_WITHIN_S):
                raise OSError("the broker does not answer")
            client.disconnect()
        finally:
            client.loop_stop()

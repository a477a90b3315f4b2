"""Tells systemd how the service is: the protocol of sd_notify(3), a datagram to a named socket."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping

log = logging.getLogger(__name__)

VARIABLE = "NOTIFY_SOCKET"


class ServiceManager:
    """Who started the service; without one every message goes nowhere.

    Args:
        environment: Where systemd says how it wants to be told.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        named = environment.get(VARIABLE, "")
        # An @ stands for the zero byte of an abstract socket's name.
        self._address = "\0" + named[1:] if named.startswith("@") else named
        self.watchdog_s = _watchdog_s(environment)
        """How often it wants a sign of life, in seconds; None when it does not look."""

    def ready(self) -> None:
        """The service does its work from now on."""
        self._send("READY=1")

    def alive(self) -> None:
        """A sign of life."""
        self._send("WATCHDOG=1")

    def status(self, sentence: str) -> None:
        """How it is, for `systemctl status`."""
        self._send(f"STATUS={' '.join(sentence.split())}")

    def stopping(self) -> None:
        """The service is about to end."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as link:
                link.setblocking(False)  # a manager that does not listen must not hold the loop
                link.sendto(message.encode(), self._address)
        except OSError as error:
            log.warning("systemd could not be told: errno=%s", error.errno)


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    """What sd_watchdog_enabled(3) would answer."""
    for_pid = environment.get("WATCHDOG_PID")
    if for_pid is not None and for_pid != str(os.getpid()):
        return None
    try:
        usec = int(environment.get("WATCHDOG_USEC", ""))
    except ValueError:
        return None
    return usec / 1e6 if usec > 0 else None

"""Logging as journald wants it: one line per entry, importance in front, values as key=value."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping

# The levels of syslog that systemd reads from "<N>" at a line's start, sd-daemon(3).
_IMPORTANCE = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3}


class JournalFormatter(logging.Formatter):
    """Every line of an entry carries its importance; a traceback is one entry of several lines."""

    def __init__(self) -> None:
        super().__init__("logger=%(name)s thread=%(threadName)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        number = _IMPORTANCE.get(record.levelno, 2 if record.levelno > logging.ERROR else 6)
        lines = super().format(record).splitlines()
        return "\n".join(f"<{number}>{line}" for line in lines)


def configure(environment: Mapping[str, str] = os.environ) -> None:
    """Log to stderr, in journald's form where journald reads it."""
    handler = logging.StreamHandler()
    if environment.get("JOURNAL_STREAM"):
        handler.setFormatter(JournalFormatter())
    else:
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)

"""Commands from the platform: each carried out once at most, each answered."""

from __future__ import annotations

import json
import logging
import re
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from contract.messages import BadMessage, check, parse, schema
from contract.topics import Channel
from core.errors import SpeakerError
from device.sync.ports import Action

log = logging.getLogger(__name__)

Reply = dict[str, Any]
KEPT = 5_000
"""Ended commands remembered, so that a replay is known for one."""
DETAIL_LIMIT_BYTES = 100_000
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Commands:
    """Receives, remembers, carries out and answers.

    A command is on the disk before it is begun. One that was cut off by a power cut is not begun
    again: its reply says that it was interrupted.

    Args:
        db: In autocommit mode, with the commands' table.
        actions: What can be done here, by name.
        now_ms: True UTC milliseconds since 1970.
    """

    def __init__(
        self, db: sqlite3.Connection, actions: Mapping[str, Action], now_ms: Callable[[], int]
    ) -> None:
        self._db = db
        self._actions = actions
        self._now_ms = now_ms
        self._names = frozenset(schema(Channel.COMMANDS)["properties"]["name"]["enum"])
        for command_id, name in db.execute("SELECT id, name FROM commands WHERE state = 'begun'"):
            self._end(command_id, _reply(command_id, name, "failed", "interrupted"))

    def receive(self, payload: bytes) -> Reply | None:
        """Take one message; returns the reply that belongs to no stored command, if any.

        All other replies are in `unsent`, until `sent` says that the broker has them.
        """
        command_id = name = None
        try:
            value = parse(payload)
            command_id, name = _known_id(value.get("id")), _known_name(value.get("name"))
            if name is not None and name not in self._names:
                return _reply(command_id, name, "refused", "unknown")
            check(Channel.COMMANDS, value)
        except BadMessage:
            return _reply(command_id, name, "refused", "malformed")
        return self._accept(value)

    def run_due(self) -> None:
        """Carry out what has waited for its time."""
        due = self._db.execute(
            "SELECT id, name, args FROM commands WHERE state = 'waiting' AND at_ms <= ?"
            " ORDER BY at_ms",
            (self._now_ms(),),
        ).fetchall()
        for command_id, name, args in due:
            self._carry_out(command_id, name, json.loads(args))

    def unsent(self) -> list[Reply]:
        """Replies that the broker has not taken yet, oldest first."""
        rows = self._db.execute(
            "SELECT reply FROM commands WHERE reply IS NOT NULL AND replied = 0 ORDER BY rowid"
        )
        return [json.loads(text) for (text,) in rows]

    def sent(self, reply: Reply) -> None:
        """The broker has taken a reply."""
        self._db.execute(
            "UPDATE commands SET replied = 1 WHERE id = ? AND reply = ?",
            (reply["id"], json.dumps(reply)),
        )

    def _accept(self, command: Mapping[str, Any]) -> Reply | None:
        command_id, name, args = command["id"], command["name"], command["args"]
        before = self._db.execute(
            "SELECT reply FROM commands WHERE id = ?", (command_id,)
        ).fetchone()
        if before is not None:
            return {**json.loads(before[0]), "replay": True}
        now_ms = self._now_ms()
        late = now_ms > command["deadline_ms"]
        if late or name not in self._actions:
            code = "expired" if late else "unsupported"
            refusal = _reply(command_id, name, "refused", code)
            self._insert(command_id, name, {}, at_ms=now_ms, state="ended", reply=refusal)
            return None
        at_ms = int(args.get("at_ms", now_ms)) if name == "start_lesson" else now_ms
        accepted = _reply(command_id, name, "accepted", "waiting")
        self._insert(command_id, name, args, at_ms=at_ms, state="waiting", reply=accepted)
        if at_ms <= now_ms:
            self._carry_out(command_id, name, args)
        return None

    def _carry_out(self, command_id: str, name: str, args: Mapping[str, Any]) -> None:
        self._db.execute("UPDATE commands SET state = 'begun' WHERE id = ?", (command_id,))
        try:
            detail = self._actions[name](args)
            reply = _reply(command_id, name, "done", "ok", detail)
        except SpeakerError as error:
            reply = _reply(command_id, name, "failed", error.code)
        except Exception as fault:  # the boundary: a fault of one action is not the line's
            log.error("command failed name=%s error=%s", name, type(fault).__name__)
            reply = _reply(command_id, name, "failed", "fault")
        self._end(command_id, reply)

    def _insert(
        self,
        command_id: str,
        name: str,
        args: Mapping[str, Any],
        *,
        at_ms: int,
        state: str,
        reply: Reply,
    ) -> None:
        self._db.execute(
            "INSERT INTO commands (id, name, args, at_ms, state, reply, replied)"
            " VALUES (?, ?, ?, ?, ?, ?, 0)",
            (command_id, name, json.dumps(args), at_ms, state, json.dumps(reply)),
        )

    def _end(self, command_id: str, reply: Reply) -> None:
        self._db.execute(
            "UPDATE commands SET state = 'ended', args = '{}', reply = ?, replied = 0 WHERE id = ?",
            (json.dumps(reply), command_id),
        )
        self._db.execute(
            "DELETE FROM commands WHERE state = 'ended' AND replied = 1 AND rowid <="
            " (SELECT max(rowid) FROM commands) - ?",
            (KEPT,),
        )


def _reply(
    command_id: str | None,
    name: str | None,
    status: str,
    code: str,
    detail: Mapping[str, Any] | None = None,
) -> Reply:
    reply: Reply = {"id": command_id, "name": name, "status": status, "code": code}
    if detail:
        if len(json.dumps(detail)) > DETAIL_LIMIT_BYTES:
            detail = {"too_large": True}
        reply["detail"] = dict(detail)
    return reply


def _known_id(value: object) -> str | None:
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _known_name(value: object) -> str | None:
    return value if isinstance(value, str) and len(value) <= 64 else None

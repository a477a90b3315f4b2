"""Between values and rows of the progress file: what is written, and how it is read back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from audio.patience import Pauses
from dialog.ports import (
    Attempt,
    Child,
    ItemMemory,
    Learned,
    PhoneScore,
    Pronunciation,
    SessionEdge,
    SoundMemory,
    Verdict,
    WordScore,
)
from dialog.scoring.history import VoiceHistory

_OF_A_CHILD = (
    ("attempts", "child"),
    ("memories", "child"),
    ("sounds", "child"),
    ("voices", "child"),
    ("pauses", "child"),
    ("sessions", "child"),
    ("children", "id"),  # its trigger empties the outbox of the child
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A child asked something for a teacher; `words` and `voice` each with a consent of its own.

    Attributes:
        voice: How it sounded, see `device.teacher_voice`.
    """

    words: str | None = None
    voice: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Parents deleted a child; everybody where it is None.

    Attributes:
        only_voice: Of everybody, and nothing but how questions for the teacher sounded.
    """

    child: str | None = None
    only_voice: bool = False


@dataclass(frozen=True, slots=True)
class GivenUp:
    """The family gave the speaker up: everybody was deleted."""


What = Attempt | Learned | SessionEdge | Asked | Forgotten | GivenUp


@dataclass(frozen=True, slots=True)
class Recorded:
    """Something that happened, stamped once; written now or, where the disk refuses, later.

    Attributes:
        id: UUIDv7; of the session itself for a session's edge.
        child: Who it happened to.
        session: The session it belongs to, None outside of any.
        boot: The kernel's id of this start of the machine.
        mono_s: Seconds of this start's own clock.
        wall_ms: UTC milliseconds since 1970 as the machine believed then.
        what: What happened.
    """

    id: str
    child: str
    session: str | None
    boot: str
    mono_s: float
    wall_ms: int
    what: What


def write(db: sqlite3.Connection, record: Recorded) -> None:
    """Write one record inside the caller's transaction.

    Raises:
        sqlite3.Error: The disk refuses.
    """
    match record.what:
        case Attempt():
            _write_attempt(db, record, record.what)
        case Learned():
            _write_learned(db, record.child, record.what)
        case SessionEdge.BEGUN:
            db.execute(
                "INSERT INTO sessions (id, child, boot, mono_s, wall_ms) VALUES (?, ?, ?, ?, ?)",
                (record.id, record.child, record.boot, record.mono_s, record.wall_ms),
            )
        case SessionEdge.ENDED:
            db.execute(
                "UPDATE sessions SET ended_wall_ms = ? WHERE id = ?", (record.wall_ms, record.id)
            )
        case Asked() | Forgotten() | GivenUp():
            pass  # nothing of it is kept here: whoever reports it does so as a companion


def _write_attempt(db: sqlite3.Connection, record: Recorded, attempt: Attempt) -> None:
    db.execute(
        "INSERT INTO attempts (id, child, session, boot, mono_s, wall_ms, pack, item, verdict,"
        " try_number, confidence, duration_s, hesitation_s, phones)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            record.id,
            record.child,
            record.session,
            record.boot,
            record.mono_s,
            record.wall_ms,
            attempt.pack,
            attempt.item,
            attempt.verdict.value,
            attempt.try_number,
            attempt.confidence,
            attempt.duration_s,
            attempt.hesitation_s,
            _phones_json(attempt.pronunciation),
        ),
    )
    if attempt.pronunciation is not None and attempt.pronunciation.voice is not None:
        history = read_voice(db, record.child).joined(attempt.pronunciation.voice)
        db.execute(
            "INSERT OR REPLACE INTO voices (child, history) VALUES (?, ?)",
            (record.child, history.to_json()),
        )


def _write_learned(db: sqlite3.Connection, child: str, learned: Learned) -> None:
    db.executemany(
        "INSERT OR REPLACE INTO memories (child, pack, item, stability_days, difficulty, due_ms,"
        " reviewed_ms, reviews, lapses) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                child,
                memory.pack,
                memory.item,
                memory.stability_days,
                memory.difficulty,
                to_ms(memory.due),
                to_ms(memory.reviewed),
                memory.reviews,
                memory.lapses,
            )
            for memory in learned.memories
        ],
    )
    db.executemany(
        "INSERT OR REPLACE INTO sounds (child, phone, mean_0_2, deviation, heard, updated_ms)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                child,
                sound.phone,
                sound.mean_0_2,
                sound.deviation,
                sound.heard,
                to_ms(sound.updated),
            )
            for sound in learned.sounds
        ],
    )


def forget(db: sqlite3.Connection, child: str) -> int:
    """Delete all there is of a child, overwriting it; returns how many rows there were.

    The connection overwrites deleted content from then on (``PRAGMA secure_delete``).

    Raises:
        sqlite3.Error: The disk refuses.
    """
    return sum(
        # Constants of this module, nothing from outside.
        db.execute(f"DELETE FROM {table} WHERE {column} = ?", (child,)).rowcount  # noqa: S608
        for table, column in _OF_A_CHILD
    )


def read_attempts(db: sqlite3.Connection, child: str, limit: int) -> list[Attempt]:
    """A child's latest attempts, oldest first."""
    rows = db.execute(
        "SELECT pack, item, verdict, try_number, confidence, duration_s, hesitation_s, phones"
        " FROM attempts WHERE child = ? ORDER BY seq DESC LIMIT ?",
        (child, limit),
    ).fetchall()
    return [
        Attempt(
            *(pack, item, Verdict(verdict), number, confidence, duration_s, hesitation_s),
            pronunciation=_pronunciation(phones),
        )
        for pack, item, verdict, number, confidence, duration_s, hesitation_s, phones in rows[::-1]
    ]


def read_child(db: sqlite3.Connection, child: str) -> Child:
    """What is known of a child; one without a row is known by its id alone."""
    named = db.execute("SELECT nickname FROM children WHERE id = ?", (child,)).fetchone()
    memories = db.execute(
        "SELECT pack, item, stability_days, difficulty, due_ms, reviewed_ms, reviews, lapses"
        " FROM memories WHERE child = ? ORDER BY rowid",
        (child,),
    )
    sounds = db.execute(
        "SELECT phone, mean_0_2, deviation, heard, updated_ms FROM sounds WHERE child = ?"
        " ORDER BY phone",
        (child,),
    )
    left_off, after_s = _left_off(db, child)
    return Child(
        id=child,
        nickname=(named[0] or "") if named else "",
        memories=tuple(
            ItemMemory(pack, item, stability, difficulty, from_ms(due), from_ms(last), count, lost)
            for pack, item, stability, difficulty, due, last, count, lost in memories
        ),
        sounds=tuple(
            SoundMemory(phone, mean, deviation, heard, from_ms(updated))
            for phone, mean, deviation, heard, updated in sounds
        ),
        left_off=left_off,
        left_off_after_s=after_s,
    )


def read_voice(db: sqlite3.Connection, child: str) -> VoiceHistory:
    """What earlier answers say about a child's voice; a fresh history for one never scored."""
    kept = db.execute("SELECT history FROM voices WHERE child = ?", (child,)).fetchone()
    return VoiceHistory() if kept is None else VoiceHistory.from_json(kept[0])


def read_pauses(db: sqlite3.Connection, child: str) -> Pauses:
    """The silences within a child's answers; none for one that is not known."""
    kept = db.execute("SELECT counts FROM pauses WHERE child = ?", (child,)).fetchone()
    return Pauses() if kept is None else Pauses.from_json(kept[0])


def write_pauses(db: sqlite3.Connection, child: str, pauses: Pauses) -> None:
    """Keep them instead of what was kept before."""
    db.execute(
        "INSERT OR REPLACE INTO pauses (child, counts) VALUES (?, ?)", (child, pauses.to_json())
    )


def _left_off(db: sqlite3.Connection, child: str) -> tuple[datetime | None, float]:
    """When the child's last session was broken off, and after how long."""
    last = db.execute(
        "SELECT id, wall_ms, ended_wall_ms FROM sessions WHERE child = ?"
        " ORDER BY rowid DESC LIMIT 1",
        (child,),
    ).fetchone()
    if last is None or last[2] is not None:
        return None, 0.0
    session, began_ms, _ = last
    (until_ms,) = db.execute(
        "SELECT coalesce(max(wall_ms), ?) FROM attempts WHERE session = ?", (began_ms, session)
    ).fetchone()
    return from_ms(until_ms), max(0.0, (until_ms - began_ms) / 1000)


def to_ms(when: datetime) -> int:
    """UTC milliseconds since 1970."""
    return round(when.timestamp() * 1000)


def from_ms(ms: int) -> datetime:
    """The time of UTC milliseconds since 1970."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def _phones_json(pronunciation: Pronunciation | None) -> str | None:
    """``[["think", [["TH", 0.4, 0.9, "S"], …]], …]``, rounded to what the scores are worth."""
    if pronunciation is None:
        return None
    return json.dumps(
        [
            [
                word.word,
                [[p.phone, round(p.score_0_2, 3), round(p.sure, 3), p.heard] for p in word.phones],
            ]
            for word in pronunciation.words
        ],
        separators=(",", ":"),
    )


def _pronunciation(text: str | None) -> Pronunciation | None:
    if text is None:
        return None
    words: Sequence[Any] = json.loads(text)
    return Pronunciation(
        tuple(WordScore(word, tuple(PhoneScore(*phone) for phone in said)) for word, said in words)
    )

"""A child's picture: what it learnt, what comes next, how it sounds, how much it practised."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path

from core.errors import StoreError
from device import store_rows
from device.store_file import explain
from dialog.packs.model import Pack
from dialog.ports import Child, ItemMemory
from dialog.teaching import memory, profile

LEARNT_DAYS = 7.0
"""An item counts as learnt when it would last a week."""
WORTH_SHOWING = 3.0
"""A sound is shown once it was surely heard this often."""
TAIL_S = 10.0
"""What a session goes on for after its last answer: praise and goodbye."""
DAYS_SHOWN = 28
INTERVAL = 1.645
"""Deviations either side of the mean that hold nine of ten."""


@dataclass(frozen=True, slots=True)
class SoundPicture:
    """How a sound is said, 0 to 2: the best guess and where it lies nine times of ten."""

    phone: str
    mean: float
    low: float
    high: float
    heard: float
    practise: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """What can be said of one child.

    Attributes:
        child: Its pseudonym on this device.
        nickname: What the family calls it; empty for an only child.
        learnt: Model answers of what would last a week, longest first.
        learning: Of what is being learnt.
        due: How many items want to be met again.
        gone: Items learnt whose pack no longer has them; they are kept.
        plays: Plays and stories held at least once.
        sounds: Sounds heard often enough, those worth practising first.
        minutes: Practised, ever.
        minutes_this_week: In the last seven days.
        days: Days practised among the last `DAYS_SHOWN`, oldest first, the last one today.
    """

    child: str
    nickname: str
    learnt: tuple[str, ...]
    learning: tuple[str, ...]
    due: int
    gone: int
    plays: int
    sounds: tuple[SoundPicture, ...]
    minutes: float
    minutes_this_week: float
    days: tuple[bool, ...]

    @property
    def days_this_week(self) -> int:
        """Days practised among the last seven."""
        return sum(self.days[-7:])


def read_pictures(path: Path, packs: Sequence[Pack], now: datetime) -> list[Picture]:
    """The pictures of all children in a progress file, which is not changed.

    Args:
        path: The file.
        packs: Those whose items can be named.
        now: UTC.

    Raises:
        StoreError: There is no file yet, or it cannot be read.
    """
    if not path.exists():
        raise StoreError(f"{path} is not there yet: it begins with the first lesson")
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            ids = [str(row[0]) for row in db.execute("SELECT id FROM children ORDER BY id")]
            return [
                picture_of(store_rows.read_child(db, child), packs, practice_by_day(db, child), now)
                for child in ids
            ]
        finally:
            db.close()
    except sqlite3.Error as error:
        raise StoreError(explain(error, path)) from error


def picture_of(
    child: Child,
    packs: Sequence[Pack],
    practice: Mapping[date, float],
    now: datetime,
) -> Picture:
    """One child's picture.

    Args:
        practice: Minutes practised by local day.
    """
    names = {(pack.id, item.id): item.model for pack in packs for item in pack.items()}
    here = [each for each in child.memories if (each.pack, each.item) in names]
    openings = {
        (pack.id, f"{play.id}/{play.steps[0].id}") for pack in packs for play in pack.plays()
    }
    gone = [
        each
        for each in child.memories
        if (each.pack, each.item) not in names and each.item.count("/") < 2 and memory.known(each)
    ]
    learnt = [each for each in here if _is_learnt(each)]
    learning = [each for each in here if not _is_learnt(each)]
    today = now.astimezone().date()
    return Picture(
        child=child.id,
        nickname=child.nickname,
        learnt=_named(learnt, names),
        learning=_named(learning, names),
        due=sum(each.due <= now for each in here),
        gone=len(gone),
        plays=sum((each.pack, each.item) in openings for each in child.memories),
        sounds=tuple(_sounds(child, now)),
        minutes=sum(practice.values()),
        minutes_this_week=sum(
            minutes for day, minutes in practice.items() if (today - day).days < 7
        ),
        days=tuple(
            today - timedelta(days=ago) in practice for ago in range(DAYS_SHOWN - 1, -1, -1)
        ),
    )


def _is_learnt(each: ItemMemory) -> bool:
    return memory.known(each) and each.stability_days >= LEARNT_DAYS


def _named(memories: Sequence[ItemMemory], names: Mapping[tuple[str, str], str]) -> tuple[str, ...]:
    ordered = sorted(memories, key=lambda each: (-each.stability_days, each.item))
    return tuple(names[each.pack, each.item] for each in ordered)


def _sounds(child: Child, now: datetime) -> Iterator[SoundPicture]:
    weak = set(profile.weak_sounds(child.sounds, now))
    shown = [profile.dulled(each, now) for each in child.sounds if each.heard >= WORTH_SHOWING]
    for sound in sorted(shown, key=lambda each: (each.phone not in weak, each.mean_0_2)):
        half = INTERVAL * sound.deviation
        yield SoundPicture(
            phone=sound.phone,
            mean=min(2.0, max(0.0, sound.mean_0_2)),
            low=max(0.0, sound.mean_0_2 - half),
            high=min(2.0, sound.mean_0_2 + half),
            heard=sound.heard,
            practise=sound.phone in weak,
        )


def practice_by_day(db: sqlite3.Connection, child: str) -> dict[date, float]:
    """Minutes by local day: of each session, from its beginning to its last answer."""
    spans = db.execute(
        "SELECT min(s.wall_ms, a.first_ms), a.last_ms FROM sessions AS s JOIN (SELECT session,"
        " min(wall_ms) AS first_ms, max(wall_ms) AS last_ms FROM attempts WHERE child = ?"
        " GROUP BY session) AS a ON a.session = s.id ORDER BY s.wall_ms",
        (child,),
    ).fetchall()
    by_day = groupby(spans, key=lambda span: store_rows.from_ms(span[0]).astimezone().date())
    return {
        day: sum((last - first) / 60_000 + TAIL_S / 60 for first, last in held)
        for day, held in by_day
    }

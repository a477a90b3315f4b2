"""The progress file read for the parents' pages: today, this week, sounds, the last practice."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

from core.errors import StoreError
from device import store_rows
from device.progress import SoundPicture, picture_of, practice_by_day
from device.progress_words import sound_name
from device.recordings import key
from device.store_file import explain
from dialog.packs.model import Pack
from dialog.packs.wording import plain
from dialog.teaching.profile import GOOD_ENOUGH_0_2
from provisioning.parents.ports import (
    ChildView,
    Practice,
    SaidItem,
    SaidWord,
    SoundView,
    Standing,
)

WEEKS_SHOWN = 12
LEAST_A_WEEK = 1.0
"""A sound's week counts once it was surely heard so often in it."""
CLEARLY_BETTER_0_2 = 0.2
WELL_FROM_0_2, NEARLY_FROM_0_2 = GOOD_ENOUGH_0_2, 1.0
SURE_ENOUGH = 0.5
"""Mean sureness of a word's phones from which the word is coloured at all."""
DAY_MS = 86_400_000


@contextmanager
def reading(path: Path | None) -> Iterator[sqlite3.Connection | None]:
    """The progress file, to be read and not changed; None before there is one.

    Raises:
        StoreError: It cannot be read.
    """
    if path is None or not path.exists():
        yield None
        return
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            yield db
        finally:
            db.close()
    except sqlite3.Error as error:
        raise StoreError(explain(error, path)) from error


def child_ids(db: sqlite3.Connection) -> list[str]:
    """Everybody who was ever named or practised here, eldest acquaintance first."""
    return [str(row[0]) for row in db.execute("SELECT id FROM children ORDER BY id")]


def child_view(
    db: sqlite3.Connection, child_id: str, packs: Sequence[Pack], now: datetime
) -> ChildView:
    """One child, today and this week.

    Args:
        packs: Those whose items can be named.
        now: UTC.
    """
    child = store_rows.read_child(db, child_id)
    practice = practice_by_day(db, child_id)
    picture = picture_of(child, packs, practice, now)
    weeks = _weeks(db, child_id, now)
    return ChildView(
        id=child_id,
        nickname=picture.nickname,
        minutes_today=practice.get(now.astimezone().date(), 0.0),
        minutes_week=picture.minutes_this_week,
        minutes_ever=picture.minutes,
        streak_days=streak(practice, now.astimezone().date()),
        days=picture.days,
        learnt=picture.learnt,
        learning=picture.learning,
        due=picture.due,
        sounds=tuple(_sound(sound, weeks.get(sound.phone, ())) for sound in picture.sounds),
    )


def streak(practised: Mapping[date, float], today: date) -> int:
    """Days in a row up to today; a day that has not been used yet does not break it."""
    day = today if today in practised else today - timedelta(days=1)
    count = 0
    while day in practised:
        count += 1
        day -= timedelta(days=1)
    return count


def _sound(picture: SoundPicture, weeks: tuple[float, ...]) -> SoundView:
    if picture.practise:
        standing = Standing.PRACTISE
    else:
        standing = Standing.WELL if picture.mean >= WELL_FROM_0_2 else Standing.UNSURE
    return SoundView(
        name=sound_name(picture),
        mean_0_2=picture.mean,
        low_0_2=picture.low,
        high_0_2=picture.high,
        standing=standing,
        weeks=weeks,
        better=len(weeks) > 1 and weeks[-1] - weeks[0] >= CLEARLY_BETTER_0_2,
    )


def _weeks(db: sqlite3.Connection, child: str, now: datetime) -> dict[str, tuple[float, ...]]:
    """By phone: the mean score of each week in which it was heard, weighted by sureness."""
    until_ms = store_rows.to_ms(now)
    rows = db.execute(
        "SELECT wall_ms, phones FROM attempts WHERE child = ? AND phones IS NOT NULL"
        " AND wall_ms BETWEEN ? AND ?",
        (child, until_ms - WEEKS_SHOWN * 7 * DAY_MS, until_ms),
    )
    sums: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))
    for wall_ms, phones in rows:
        week = (wall_ms - until_ms) // (7 * DAY_MS)
        for _, said in json.loads(phones):
            for phone, score_0_2, sure, _heard in said:
                total = sums[phone][week]
                total[0] += score_0_2 * sure
                total[1] += sure
    return {
        phone: tuple(
            scored / sure for _, (scored, sure) in sorted(each.items()) if sure >= LEAST_A_WEEK
        )
        for phone, each in sums.items()
    }


def last_practice(db: sqlite3.Connection, child: str, packs: Sequence[Pack]) -> Practice | None:
    """A child's last practice; None before the first."""
    row = db.execute(
        "SELECT session FROM attempts WHERE child = ? AND session IS NOT NULL"
        " ORDER BY seq DESC LIMIT 1",
        (child,),
    ).fetchone()
    if row is None:
        return None
    names = {(pack.id, item.id): item.model for pack in packs for item in pack.items()}
    began_ms, until_ms = db.execute(
        "SELECT min(wall_ms), max(wall_ms) FROM attempts WHERE session = ?", row
    ).fetchone()
    said = db.execute(
        "SELECT pack, item, verdict, phones, try_number FROM attempts"
        " WHERE session = ? AND child = ? ORDER BY seq",
        (*row, child),
    )
    return Practice(
        began=store_rows.from_ms(began_ms).astimezone(),
        minutes=max(0.0, (until_ms - began_ms) / 60_000),
        items=tuple(
            SaidItem(
                names.get((pack, item), item),
                verdict == "right",
                _words(phones, names.get((pack, item), "")),
                key(pack, item, try_number),
            )
            for pack, item, verdict, phones, try_number in said
        ),
    )


def _words(phones: str | None, model: str) -> tuple[SaidWord, ...]:
    """The words that were scored, spelled as in the model answer where it was that."""
    if phones is None:
        return ()
    scored = json.loads(phones)
    spelled = model.split()
    if [plain(each) for each in spelled] != [word for word, _ in scored]:
        spelled = [word for word, _ in scored]
    return tuple(
        SaidWord(text, _standing(said)) for text, (_, said) in zip(spelled, scored, strict=True)
    )


def _standing(said: Sequence[tuple[str, float, float, str | None]]) -> Standing:
    weight = sum(sure for _, _, sure, _ in said)
    if not said or weight / len(said) < SURE_ENOUGH:
        return Standing.UNSURE
    mean = sum(score_0_2 * sure for _, score_0_2, sure, _ in said) / weight
    if mean >= WELL_FROM_0_2:
        return Standing.WELL
    return Standing.NEARLY if mean >= NEARLY_FROM_0_2 else Standing.PRACTISE

"""What parents delete on the speaker is deleted at the platform, and is known to be."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from contract.messages import check_event, encode
from device.store import Store
from device.store_file import FILE_NAME
from device.sync import deletions
from device.sync.happenings import Reporter
from device.sync.service import SyncService
from device.sync.settings import SyncSettings
from hub import ingest, leaving, tables
from hub.database import open_database, upgrade
from tests.hub.test_ingest import SERIES, event
from tests.platform_parts import attempts, broker, hub, until

DEVICE = "myna-test"
OTHER_CHILD = "019ab1f0-0000-7000-8000-0000000000c2"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_database(f"sqlite:///{tmp_path / 'hub.db'}")
    upgrade(made)
    yield made
    made.dispose()


def store_at(folder: Path, *, platform: bool = True) -> Store:
    store = Store(folder)
    store.also(Reporter(platform=lambda: platform))
    return store


def kinds(engine: Engine) -> list[tuple[str, str | None]]:
    table = tables.events
    with engine.connect() as connection:
        rows = connection.execute(select(table.c.kind, table.c.child).order_by(table.c.seq))
        return [(row.kind, row.child) for row in rows]


def test_a_deleted_child_is_gone_at_the_platform_after_restarts_and_is_confirmed(
    tmp_path: Path, engine: Engine
) -> None:
    home = tmp_path / "home"
    with broker(tmp_path / "broker") as mosquitto:
        settings = SyncSettings(address=mosquitto.address, device=DEVICE, retry_s=0.1, answer_s=1.0)
        with hub(mosquitto.address, f"sqlite:///{tmp_path / 'hub.db'}"):
            with store_at(home) as store:
                store.know(["Lily", "Tom"], present="Lily")
                lily = store.child
                store.remember(attempts(0, 3))
                store.know(["Lily", "Tom"], present="Tom")
                tom = store.child
                store.remember(attempts(3, 2))
                with SyncService(home, settings):
                    until(lambda: len(kinds(engine)) == 5, "five events")
                    until(lambda: outbox(home) == [], "their acknowledgement")
                assert store.forget(lily) > 0
            # Nobody was connected, and the speaker was switched off: it waits.
            assert deletions.look(home) == deletions.Deletions(waiting=1)
            assert kinds(engine).count(("learning", lily)) == 3
            with store_at(home), SyncService(home, settings):
                until(lambda: deletions.look(home).waiting == 0, "the confirmation")
    assert deletions.look(home).confirmed is not None
    assert not deletions.look(home).left
    assert kinds(engine) == [
        *[("dropped", None)] * 3,
        *[("learning", tom)] * 2,
        ("forget", None),
    ]
    with engine.connect() as connection:
        assert connection.execute(select(tables.children.c.id)).scalars().all() == [tom]


def outbox(folder: Path) -> list[tuple[Any, ...]]:
    db = sqlite3.connect(folder / FILE_NAME)
    try:
        return db.execute("SELECT kind, child, body FROM outbox ORDER BY seq").fetchall()
    finally:
        db.close()


def test_what_was_never_told_needs_no_deletion_elsewhere(tmp_path: Path) -> None:
    with store_at(tmp_path, platform=False) as store:
        store.remember(attempts(0, 1))
        store.forget(store.child)
    assert [kind for kind, *_ in outbox(tmp_path)] == ["dropped"]


def test_the_platform_s_own_wish_is_not_told_back_to_it(tmp_path: Path) -> None:
    with store_at(tmp_path) as store:
        store.remember(attempts(0, 1))
        store.forget(store.child, tell=False)
    assert [kind for kind, *_ in outbox(tmp_path)] == ["dropped"]


def test_everybody_is_one_event_and_giving_up_another(tmp_path: Path) -> None:
    with store_at(tmp_path) as store:
        store.know(["Lily", "Tom"])
        store.remember(attempts(0, 1))
        store.forget_everybody()
        store.forget_everybody(given_up=True)
        assert outbox(tmp_path) == [
            ("dropped", None, "{}"),
            ("forget", None, "{}"),
            ("unpair", None, "{}"),
        ]
        assert store.attempts(10) == ()
        store.begin_anew()
        assert outbox(tmp_path) == []
        assert deletions.look(tmp_path) == deletions.Deletions()


def test_a_deletion_that_the_disk_refuses_has_not_happened(tmp_path: Path) -> None:
    with store_at(tmp_path) as store:
        store.remember(attempts(0, 2))

        def refuse(*_: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        store.also(refuse)
        with pytest.raises(Exception, match="full"):
            store.forget(store.child)
        assert len(store.attempts(10)) == 2
        assert [kind for kind, *_ in outbox(tmp_path)] == ["attempt", "attempt"]


# ------------------------------------------------------------------------ at the hub


def forget(seq: int, child: str | None = None, kind: str = "forget") -> dict[str, Any]:
    made = event(seq)
    head = {key: made[key] for key in ("seq", "id", "boot", "mono_s", "clock")}
    said = {**head, "kind": kind, **({"child": child} if child else {})}
    check_event(said)
    return said


def put(engine: Engine, events: list[Any]) -> ingest.Outcome:
    series, read = ingest.read_batch(encode({"series": SERIES, "events": events}))
    with engine.begin() as connection:
        return ingest.store(engine, connection, DEVICE, series, read)


def of(child: str, seq: int) -> dict[str, Any]:
    made = event(seq)
    made["statement"]["actor"]["account"]["name"] = child
    return made


def test_what_was_on_its_way_when_a_child_was_deleted_is_not_taken_in(engine: Engine) -> None:
    late = of(OTHER_CHILD, 1)
    put(engine, [of(OTHER_CHILD, 2), forget(3, OTHER_CHILD)])
    outcome = put(engine, [late])
    assert outcome.ids == [late["id"]]
    assert kinds(engine) == [("dropped", None), ("dropped", None), ("forget", None)]


def test_everybody_up_to_a_number_and_nobody_after_it(engine: Engine) -> None:
    early, wish, late = of(OTHER_CHILD, 1), forget(2), of(OTHER_CHILD, 3)
    put(engine, [late])  # batches overtake each other
    put(engine, [wish])
    put(engine, [early])
    assert kinds(engine) == [("dropped", None), ("forget", None), ("learning", OTHER_CHILD)]
    put(engine, [wish, of(OTHER_CHILD, 4)])  # a repetition deletes nothing more
    assert kinds(engine)[2:] == [("learning", OTHER_CHILD)] * 2


def test_a_deletion_within_a_batch_leaves_what_follows_it(engine: Engine) -> None:
    put(engine, [of(OTHER_CHILD, 1), forget(2), of(OTHER_CHILD, 3)])
    assert kinds(engine) == [("dropped", None), ("forget", None), ("learning", OTHER_CHILD)]
    with engine.connect() as connection:
        assert connection.execute(select(tables.children.c.id)).scalars().all() == [OTHER_CHILD]


def test_a_speaker_that_was_given_up_is_nobody_s_and_says_nothing_more(engine: Engine) -> None:
    with engine.begin() as connection:
        ingest.see(engine, connection, DEVICE, 1)
        connection.execute(tables.devices.update().values(family="f"))
    outcome = put(engine, [of(OTHER_CHILD, 1), forget(2, kind="unpair")])
    assert len(outcome.ids) == 2
    again = put(engine, [of(OTHER_CHILD, 3), {"id": "x"}, "junk"])
    assert len(again.ids) == 1
    assert kinds(engine) == []
    with engine.connect() as connection:
        assert leaving.is_freed(connection, DEVICE)
        row = connection.execute(select(tables.devices)).one()
        assert connection.execute(select(tables.children)).all() == []
    assert (row.family, row.state, row.desired_version) == (None, "{}", 0)

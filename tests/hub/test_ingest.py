"""Into the store: once each, gaps asked for, bad events set aside; on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, select
from sqlalchemy.event import listen

from contract.messages import check, encode
from contract.topics import Channel
from device.ids import IdSource
from device.sync.statements import statement
from hub import ingest, outgoing, tables
from hub.database import open_database, upgrade
from hub.settings import HubError, from_environment
from tests.platform_parts import postgres

DEVICE = "myna-test"
SERIES = "4092e5d0c435c52a409daa4a698a3060"
CHILD = "019ab1f0-0000-7000-8000-0000000000c1"
IDS = IdSource(lambda: 1_795_478_400_000)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("hub")
    if request.param == "sqlite":
        engine = open_database(f"sqlite:///{folder / 'hub.db'}")
        upgrade(engine)
        yield engine
        engine.dispose()
        return
    with postgres(folder) as url:
        engine = open_database(url)
        upgrade(engine)
        yield engine
        engine.dispose()


@pytest.fixture
def engine(store: Engine) -> Engine:
    upgrade(store)  # a second time changes nothing
    with store.begin() as connection:
        for table in tables.metadata.sorted_tables:
            connection.execute(table.delete())
    return store


def event(seq: int, **change: object) -> dict[str, Any]:
    made = str(IDS.make())
    facts = {"pack": "p", "item": f"i{seq}", "verdict": "right", "try_number": 1}
    said = statement(
        *("attempt", made, CHILD, 1_795_478_400_000 + seq),
        {**facts, "confidence": 1, "duration_s": 1},
        iri_base="https://xapi.myna.example",
    )
    head = {"seq": seq, "id": made, "kind": "learning", "boot": "b", "mono_s": seq, "clock": "set"}
    return {**head, "statement": said, **change}


def put(engine: Engine, events: list[Any], device: str = DEVICE) -> ingest.Outcome:
    series, read = ingest.read_batch(encode({"series": SERIES, "events": events}))
    with engine.begin() as connection:
        outcome = ingest.store(engine, connection, device, series, read)
    check(Channel.ACKS, outcome.message())
    return outcome


def stored(engine: Engine) -> list[tuple[str, int]]:
    table = tables.events
    with engine.connect() as connection:
        rows = connection.execute(select(table.c.device, table.c.seq).order_by(*table.primary_key))
        return sorted((row.device, row.seq) for row in rows)


def test_what_comes_twice_is_stored_once_and_acknowledged_twice(engine: Engine):
    batch = [event(n) for n in (1, 2, 3)]
    ids = [each["id"] for each in batch]
    assert put(engine, batch).ids == ids
    assert put(engine, [*batch[1:], batch[1]]).ids == [*ids[1:], ids[1]]
    assert stored(engine) == [(DEVICE, 1), (DEVICE, 2), (DEVICE, 3)]


def test_another_speaker_cannot_take_an_id_away(engine: Engine):
    mine = event(1)
    put(engine, [mine], "myna-thief")
    assert put(engine, [mine]).ids == [mine["id"]]
    assert stored(engine) == [(DEVICE, 1), ("myna-thief", 1)]


def test_a_gap_is_asked_for_when_it_stays(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    clock = {"ms": 1_795_478_400_000}
    monkeypatch.setattr(ingest, "now_ms", lambda: clock["ms"])
    put(engine, [event(1), event(2)])
    assert put(engine, [event(5), event(9)]).missing == []  # it may be under way
    clock["ms"] += ingest.GAP_PATIENCE_MS
    assert put(engine, [event(10)]).missing == [(3, 4), (6, 8)]
    assert put(engine, [event(n) for n in (3, 4, 7)]).missing == [(6, 6), (8, 8)]
    assert put(engine, [event(6), event(8)]).missing == []
    with engine.connect() as connection:
        row = connection.execute(select(tables.streams)).one()
        assert (row.contiguous, row.gap_since_ms) == (10, None)
        assert ingest.missing_now(connection) == 0


def test_a_birth_that_has_let_go_of_more_than_is_here_is_asked(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    clock = {"ms": 1_795_478_400_000}
    monkeypatch.setattr(ingest, "now_ms", lambda: clock["ms"])
    put(engine, [event(1)])
    birth = {"status": "online", "contract": 1, "series": SERIES, "last_seq": 4, "waiting": 0}
    assert ingest.see_state(engine, DEVICE, birth).missing == []
    clock["ms"] += ingest.GAP_PATIENCE_MS
    assert ingest.see_state(engine, DEVICE, birth).missing == [(2, 4)]
    assert ingest.see_state(engine, DEVICE, {**birth, "waiting": 3}).missing == []


def test_a_bad_event_is_set_aside_and_holds_up_no_other(engine: Engine):
    bad = event(2, surplus=1)
    outcome = put(engine, [event(1), bad, event(3), 7, {"id": "x" * 99}, {}])
    assert len(outcome.ids) == 2
    assert outcome.refused == [(bad["id"], "off_schema")]
    with engine.connect() as connection:
        kept = connection.execute(select(tables.quarantine.c.event, tables.quarantine.c.code)).all()
    assert [tuple(row) for row in kept] == [(bad["id"], "off_schema")] + [(None, "off_schema")] * 3


def test_a_question_enters_the_teacher_s_queue(engine: Engine):
    asked = event(1)
    asked["statement"]["verb"]["id"] = ingest.ASKED
    asked["statement"]["result"] = {"response": "Why is the sky blue?"}
    put(engine, [asked])
    put(engine, [asked])
    with engine.connect() as connection:
        rows = connection.execute(select(tables.questions)).all()
    assert [(row.id, row.text, row.child) for row in rows] == [
        (asked["id"], "Why is the sky blue?", CHILD)
    ]


def test_commands_go_out_until_they_are_answered(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    clock = {"ms": 1_795_478_400_000}
    monkeypatch.setattr(outgoing, "now_ms", lambda: clock["ms"])
    command = outgoing.order(engine, DEVICE, "set_volume", {"volume_percent": 3}, 3600)
    ((name, payload, expiry_s, retained),) = outgoing.due(engine)
    assert (name, payload) == (f"myna/v1/{DEVICE}/commands", encode(command))
    assert (expiry_s, retained) == (3600, False)
    assert outgoing.due(engine) == []
    clock["ms"] += outgoing.RESEND_MS + 1
    assert len(outgoing.due(engine)) == 1
    reply = {"id": command["id"], "name": "set_volume", "status": "done", "code": "ok"}
    ingest.see_reply(engine, "myna-thief", reply)  # not its command
    ingest.see_reply(engine, DEVICE, reply)
    ingest.see_reply(engine, DEVICE, {**reply, "status": "failed", "replay": True})
    clock["ms"] += outgoing.RESEND_MS + 1
    assert outgoing.due(engine) == []
    with engine.connect() as connection:
        assert connection.execute(select(tables.commands.c.status)).scalars().all() == ["done"]


def test_a_command_goes_again_to_a_speaker_that_comes(engine: Engine):
    outgoing.order(engine, DEVICE, "restart", {}, 60)
    assert len(outgoing.due(engine)) == 1
    assert outgoing.due(engine) == []  # on its way; but the broker may not know the speaker yet
    ingest.see_state(engine, DEVICE, {"status": "offline", "contract": 1})
    assert outgoing.due(engine) == []
    ingest.see_state(engine, DEVICE, {"status": "online", "contract": 1})
    assert len(outgoing.due(engine)) == 1


def test_desired_settings_go_out_until_they_are_reported(engine: Engine):
    put(engine, [event(1)])
    assert outgoing.desire(engine, DEVICE, {"volume_percent": 40}) == 1
    (sent,) = outgoing.due(engine)
    assert sent[1] == b'{"version":1,"settings":{"volume_percent":40}}'
    assert sent[3]
    assert outgoing.due(engine) == []
    ingest.see_reported(engine, DEVICE, {"version": 0, "settings": {}})  # it lags behind
    assert len(outgoing.due(engine)) == 1
    ingest.see_reported(engine, DEVICE, {"version": 1, "settings": {}})
    assert outgoing.due(engine) == []


@pytest.mark.parametrize("url", ["nonsense", "mysql://x/y", "sqlite+nothing:///x"])
def test_a_store_that_is_none_is_one_sentence(url: str):
    with pytest.raises(HubError, match="HUB_DATABASE"):
        open_database(url)


@pytest.mark.parametrize(
    ("variable", "value"), [("HUB_PORT", "many"), ("HUB_PORT", "70000"), ("HUB_COLOUR", "blue")]
)
def test_a_setting_that_is_none_is_one_sentence(variable: str, value: str):
    with pytest.raises(HubError, match=variable):
        from_environment({variable: value})


def test_the_scripts_make_the_tables_of_the_code(engine: Engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, tables.metadata) == []


def test_what_waits_is_found_without_looking_at_every_speaker(tmp_path: Path):
    made = open_database(f"sqlite:///{tmp_path / 'hub.db'}")
    upgrade(made)
    asked: list[str] = []
    listen(made, "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert outgoing.due(made) == []
    with made.connect() as connection:
        plans = [
            " ".join(
                row[3]
                for row in connection.exec_driver_sql(
                    f"EXPLAIN QUERY PLAN {sql}", tuple([1] * sql.count("?"))
                )
            )
            for sql in list(asked)
            if sql.startswith("SELECT")
        ]
    made.dispose()
    assert len(plans) == 2
    assert all("USING INDEX" in plan for plan in plans), plans

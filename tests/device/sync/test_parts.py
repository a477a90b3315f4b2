"""The parts of the line one by one: pauses, times, statements, outbox, commands, settings."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contract.messages import check, decode, encode
from contract.topics import Channel
from core.clock import VirtualClock
from core.errors import SpeakerError, StoreError
from device.ids import IdSource
from device.store import Store
from device.store_file import FILE_NAME, open_file
from device.sync.backoff import TAKEOVER_WINDOW_S, Backoff
from device.sync.commands import Commands
from device.sync.happenings import Reporter
from device.sync.link_paho import place_of
from device.sync.outbox import Outbox
from device.sync.ports import SyncError, Why
from device.sync.settings import SyncSettings
from device.sync.shadow import Shadow
from device.sync.timing import EARLIEST_MS, Anchors, Dated, rfc3339
from dialog.ports import Learned, SessionEdge
from tests.platform_parts import attempts

NOW_MS = 1_795_478_400_000
CHILD = "019ab1f0-0000-7000-8000-0000000000c1"
NOWHERE = str(Path("/nowhere/at/all"))
IDS = IdSource(lambda: NOW_MS)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    made = open_file(tmp_path / FILE_NAME)
    yield made
    made.close()


def chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - spreads load, guards nothing


def outbox_of(db: sqlite3.Connection) -> Outbox:
    return Outbox(db, Anchors(db), iri_base="https://xapi.myna.example")


def events(outbox: Outbox, after: int = 0, *, count: int = 500) -> list[dict[str, Any]]:
    batch = outbox.next_batch(after, events=count, size_bytes=200_000)
    return [] if batch is None else list(decode(Channel.EVENTS, batch.payload)["events"])


# ------------------------------------------------------------------- pauses


def test_pauses_double_up_to_the_longest_and_never_vanish():
    backoff = Backoff(1.0, 60.0, chance(1))
    pauses = [backoff.pause_s(Why.NETWORK, 0.0) for _ in range(12)]
    steps = [min(60.0, 2.0**n) for n in range(12)]
    assert all(step / 2 <= pause <= step for pause, step in zip(pauses, steps, strict=True))
    backoff.succeeded()
    assert backoff.pause_s(Why.CLOSED, 0.0) <= 1.0


@pytest.mark.parametrize("why", [Why.AUTH, Why.TLS, Why.REFUSED])
def test_what_a_person_has_to_mend_waits_the_longest(why: Why):
    assert Backoff(1.0, 300.0, chance(2)).pause_s(why, 0.0) >= 150.0


def test_two_speakers_with_one_id_are_noticed_and_fall_silent():
    backoff = Backoff(1.0, 300.0, chance(3))
    pauses = []
    for n in range(3):
        pauses.append(backoff.pause_s(Why.TAKEN_OVER, n * 10.0))
        backoff.succeeded()
    assert [pause >= 150.0 for pause in pauses] == [False, False, True]
    assert backoff.storm
    backoff.pause_s(Why.NETWORK, TAKEOVER_WINDOW_S + 21.0)
    assert not backoff.storm


def test_connections_that_are_closed_at_once_again_and_again_mean_the_same():
    backoff = Backoff(1.0, 300.0, chance(3))
    for n in range(4):
        backoff.pause_s(Why.CLOSED, n * 2.0, cut_short=True)
        backoff.pause_s(Why.CLOSED, n * 2.0 + 1.0)
        backoff.succeeded()
    assert not backoff.storm
    assert backoff.pause_s(Why.CLOSED, 10.0, cut_short=True) >= 150.0
    assert backoff.storm


# -------------------------------------------------------------------- times


def test_an_anchor_dates_what_happened_before_and_after_it(db: sqlite3.Connection):
    anchors = Anchors(db)
    assert anchors.date("b", 5.0, 1_000) == Dated(1_000, "unset")
    anchors.set("b", 100.0, NOW_MS)
    assert anchors.date("b", 5.0, 1_000) == Dated(NOW_MS - 95_000, "corrected")
    assert anchors.date("b", 101.0, NOW_MS + 1_200) == Dated(NOW_MS + 1_200, "set")
    assert anchors.date("earlier", 5.0, 1_000) == Dated(1_000, "unset")
    assert Anchors(db).date("b", 5.0, 1_000) == Dated(NOW_MS - 95_000, "corrected")


@pytest.mark.parametrize("years", [-1, 1])
def test_a_clock_that_jumps_by_a_year_moves_no_event(db: sqlite3.Connection, years: int):
    anchors = Anchors(db)
    anchors.set("b", 0.0, NOW_MS)
    jumped_ms = NOW_MS + 60_000 + years * 365 * 86_400_000
    assert anchors.date("b", 60.0, jumped_ms) == Dated(NOW_MS + 60_000, "corrected")


def test_times_are_written_in_one_form():
    assert rfc3339(EARLIEST_MS + 5) == "2026-01-01T00:00:00.005Z"
    assert rfc3339(-5) == "1970-01-01T00:00:00.000Z"
    assert rfc3339(10**18) == "9999-12-31T23:59:59.999Z"


# ------------------------------------------------------------------- outbox


def test_an_attempt_and_its_event_are_one_transaction(tmp_path: Path):
    clock = VirtualClock(datetime(2026, 11, 23, 16, 0, tzinfo=UTC))
    with Store(tmp_path, clock) as store:
        clock.advance_to(12.0)
        store.remember(attempts(0, 3))
        child = store.child
    with open_file(tmp_path / FILE_NAME) as db:
        ids = [row[0] for row in db.execute("SELECT id FROM attempts ORDER BY seq")]
        sent = events(outbox_of(db))
    db.close()
    assert [(each["seq"], each["id"], each["mono_s"]) for each in sent] == [
        (n, each, 12.0) for n, each in enumerate(ids, start=1)
    ]
    said = sent[0]["statement"]
    assert said["actor"]["account"]["name"] == child
    assert said["timestamp"] == "2026-11-23T16:00:12.000Z"
    assert said["result"] == {
        "duration": "PT1.25S",
        "extensions": {
            "https://xapi.myna.example/try": 1,
            "https://xapi.myna.example/confidence": 0.75,
        },
        "success": True,
        "score": {"scaled": 1.0},
    }
    assert [each["statement"]["verb"]["display"]["en"] for each in sent] == [
        *("answered", "answered", "skipped")
    ]


def test_a_session_and_a_question_are_told_from_beginning_to_end(tmp_path: Path):
    clock = VirtualClock(datetime(2026, 11, 23, 16, 0, tzinfo=UTC))
    with Store(tmp_path, clock) as store:
        store.also(Reporter())
        store.remember((), Learned(session=SessionEdge.BEGUN))
        clock.advance_to(30.0)
        store.remember(attempts(0, 2))
        store.ask(None)
        store.ask("why is the sky blue")
        clock.advance_to(300.5)
        store.remember((), Learned(session=SessionEdge.ENDED))
    with open_file(tmp_path / FILE_NAME) as db:
        said = [each["statement"] for each in events(outbox_of(db))]
        kept = "".join(db.iterdump())
    db.close()
    verbs = [each["verb"]["display"]["en"] for each in said]
    assert verbs == ["initialized", "answered", "answered", "asked", "asked", "terminated"]
    assert len({each["context"]["registration"] for each in said}) == 1
    assert "result" not in said[3]
    assert said[4]["result"] == {"response": "why is the sky blue"}
    assert said[5]["result"] == {
        "extensions": {"https://xapi.myna.example/attempts": 2},
        "duration": "PT300.50S",
    }
    assert kept.count("blue") == 1  # it waits to be sent and is nowhere else


def test_what_waited_in_an_older_file_waits_in_the_new_one(tmp_path: Path):
    db = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    folder = Path(__file__).parents[3] / "device"
    for number, script in enumerate(("schema.sql", "schema_2.sql", "sync/outbox.sql"), start=1):
        db.executescript((folder / script).read_text() + f"PRAGMA user_version = {number};")
    for n in range(3):
        db.execute(
            "INSERT INTO sessions (id, child, boot, mono_s, wall_ms) VALUES (?, ?, 'b', ?, ?)",
            (str(IDS.make()), CHILD, n, NOW_MS),
        )
    db.execute("UPDATE outbox SET refused = 'off_schema' WHERE seq = 2")
    db.close()
    with Store(tmp_path) as store:
        store.remember(attempts(0, 1))
    db = open_file(tmp_path / FILE_NAME)
    assert [each["seq"] for each in events(outbox_of(db))] == [1, 3, 4]
    db.close()


def test_a_rolled_back_attempt_leaves_no_number(tmp_path: Path):
    with Store(tmp_path) as store:
        store.remember(attempts(0, 1))
        copy = (
            "INSERT INTO attempts (id, child, boot, mono_s, wall_ms, pack, item, verdict,"
            " try_number, confidence, duration_s) SELECT ?, child, boot, mono_s, wall_ms, pack,"
            " item, verdict, try_number, confidence, duration_s FROM attempts LIMIT 1"
        )
        with pytest.raises(StoreError), store.transaction() as db:
            db.executemany(copy, [("a",), ("a",)])  # the second one breaks the first one's rule
        store.remember(attempts(1, 1))
    db = open_file(tmp_path / FILE_NAME)
    assert [each["seq"] for each in events(outbox_of(db))] == [1, 2]
    db.close()


def test_progress_of_before_there_was_an_outbox_goes_out_too(tmp_path: Path):
    db = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    folder = Path(__file__).parents[3] / "device"
    for number, script in enumerate(("schema.sql", "schema_2.sql"), start=1):
        db.executescript((folder / script).read_text() + f"PRAGMA user_version = {number};")
    for n in range(5):
        made = str(IDS.make())
        db.execute(
            "INSERT INTO attempts (id, child, boot, mono_s, wall_ms, pack, item, verdict,"
            " try_number, confidence, duration_s)"
            " VALUES (?, ?, 'b', ?, ?, 'p', ?, 'right', 1, 0.5, 1.0)",
            (made, CHILD, n, NOW_MS, f"i{n}"),
        )
    db.close()
    db = open_file(tmp_path / FILE_NAME)
    sent = events(outbox_of(db))
    assert [each["seq"] for each in sent] == [1, 2, 3, 4, 5]
    assert sent[4]["statement"]["object"]["id"].endswith("/packs/p/items/i4")
    assert outbox_of(db).last_seq() == 5
    db.close()


def test_batches_keep_to_both_limits_and_to_the_order(db: sqlite3.Connection):
    outbox = outbox_of(db)
    for n in range(20):
        outbox.add_telemetry(str(IDS.make()), "b", float(n), NOW_MS, {"n": n, "text": "x" * 100})
    first = outbox.next_batch(0, events=7, size_bytes=100_000)
    assert first is not None
    assert (first.first, first.last, first.count) == (1, 7, 7)
    small = outbox.next_batch(first.last, events=50, size_bytes=1000)
    assert small is not None
    assert 1 <= small.count < 5
    assert len(small.payload) < 1100
    one = outbox.next_batch(0, events=50, size_bytes=1)
    assert one is not None
    assert one.count == 1
    assert outbox.next_batch(20, events=5, size_bytes=1000) is None


def test_only_the_platform_s_own_word_removes_an_event(tmp_path: Path):
    with Store(tmp_path) as store:
        store.remember(attempts(0, 4))
    db = open_file(tmp_path / FILE_NAME)
    outbox = outbox_of(db)
    ids = [each["id"] for each in events(outbox)]
    assert outbox.acknowledge([ids[1], ids[1], str(IDS.make())]) == 1
    assert outbox.set_aside([(ids[2], "off_schema")]) == 1
    assert [each["id"] for each in events(outbox)] == [ids[0], ids[3]]
    assert (outbox.waiting(), outbox.refused()) == (2, 1)
    db.close()


def test_at_the_limit_telemetry_goes_and_learning_stays(tmp_path: Path):
    with Store(tmp_path) as store:
        db = open_file(tmp_path / FILE_NAME)
        outbox = outbox_of(db)
        for n in range(5):
            outbox.add_telemetry(str(IDS.make()), "b", float(n), NOW_MS, {"n": n})
        store.remember(attempts(0, 8))
        assert outbox.trim(10) == 3
        assert outbox.trim(10) == 0
        kinds = [(each["seq"], each["kind"]) for each in events(outbox)]
        assert kinds == [
            *((n, "dropped") for n in (1, 2, 3)),
            *((n, "telemetry") for n in (4, 5)),
            *((n, "learning") for n in range(6, 14)),
        ]
        assert outbox.trim(1) == 2
        assert outbox.trim(1) == 0
        assert sum(each["kind"] == "learning" for each in events(outbox)) == 8
        db.close()


def test_a_forgotten_child_leaves_numbers_and_nothing_else(tmp_path: Path):
    with Store(tmp_path) as store:
        store.remember(attempts(0, 2))
        with store.transaction() as db:
            db.execute("DELETE FROM children WHERE id = ?", (store.child,))
        child = store.child
    db = open_file(tmp_path / FILE_NAME)
    assert [each["kind"] for each in events(outbox_of(db))] == ["dropped", "dropped"]
    dump = "\n".join(map(str, db.execute("SELECT * FROM outbox").fetchall()))
    assert child not in dump
    assert "item-" not in dump
    db.close()


# ----------------------------------------------------------------- commands


class Done:
    """Actions that note what they were asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.now_ms = NOW_MS

    def volume(self, args: Mapping[str, Any]) -> None:
        self.calls.append(("set_volume", args))

    def start(self, args: Mapping[str, Any]) -> dict[str, Any]:
        self.calls.append(("start_lesson", args))
        return {"started": True}

    def answer(self, _args: Mapping[str, Any]) -> None:
        raise SpeakerError("no voice", code="voice.missing")

    def diagnostics(self, _args: Mapping[str, Any]) -> None:
        raise ZeroDivisionError

    def commands(self, db: sqlite3.Connection) -> Commands:
        actions = {
            "set_volume": self.volume,
            "start_lesson": self.start,
            "answer": self.answer,
            "diagnostics": self.diagnostics,
        }
        return Commands(db, actions, lambda: self.now_ms)


def order(name: str, deadline_ms: int = NOW_MS + 1000, **args: object) -> dict[str, Any]:
    return {"id": str(IDS.make()), "name": name, "deadline_ms": deadline_ms, "args": args}


def outcome(commands: Commands, command: dict[str, Any]) -> dict[str, Any]:
    reply = commands.receive(encode(command))
    if reply is None:
        reply = next(each for each in commands.unsent() if each["id"] == command["id"])
    check(Channel.REPLIES, reply)
    return reply


def test_a_command_is_carried_out_once_and_its_replay_answered(db: sqlite3.Connection):
    done = Done()
    commands = done.commands(db)
    command = order("set_volume", volume_percent=30)
    reply = {"id": command["id"], "name": "set_volume", "status": "done", "code": "ok"}
    assert outcome(commands, command) == reply
    assert outcome(commands, command) == {**reply, "replay": True}
    assert outcome(done.commands(db), command) == {**reply, "replay": True}  # after a restart
    assert done.calls == [("set_volume", {"volume_percent": 30})]
    commands.sent(reply)
    assert commands.unsent() == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"deadline_ms": NOW_MS - 1}, "expired"),
        ({"name": "self_destruct"}, "unknown"),
        ({"name": "restart", "args": {}}, "unsupported"),
        ({"args": {"volume_percent": 300}}, "malformed"),
        ({"args": {"volume_percent": 30, "loud": True}}, "malformed"),
        ({"id": "7"}, "malformed"),
        ({"deadline_ms": "soon"}, "malformed"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reply(
    db: sqlite3.Connection, change: dict[str, Any], code: str
):
    done = Done()
    command = order("set_volume", volume_percent=30) | change
    reply = outcome(done.commands(db), command)
    assert (reply["status"], reply["code"]) == ("refused", code)
    assert done.calls == []


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"null", b"\xff", b'{"id":1,"id":2}'])
def test_what_is_no_message_is_refused_with_a_reply(db: sqlite3.Connection, payload: bytes):
    reply = Done().commands(db).receive(payload)
    assert reply == {"id": None, "name": None, "status": "refused", "code": "malformed"}


def test_a_failure_is_told_by_its_code_alone(db: sqlite3.Connection):
    commands = Done().commands(db)
    question = order("answer", question=str(IDS.make()), text="Yes.", language="en")
    assert outcome(commands, question)["code"] == "voice.missing"
    assert outcome(commands, order("diagnostics"))["code"] == "fault"


def test_a_lesson_for_later_waits_for_its_time_over_a_restart(db: sqlite3.Connection):
    done = Done()
    command = order("start_lesson", at_ms=NOW_MS + 500)
    assert outcome(done.commands(db), command)["status"] == "accepted"
    commands = done.commands(db)
    commands.run_due()
    assert done.calls == []
    done.now_ms += 500
    commands.run_due()
    commands.run_due()
    assert [name for name, _ in done.calls] == ["start_lesson"]
    assert commands.unsent()[0]["detail"] == {"started": True}


def test_a_command_cut_off_by_power_is_not_begun_again(db: sqlite3.Connection):
    done = Done()
    command = order("set_volume", volume_percent=5)
    done.commands(db).receive(encode(command))
    db.execute("UPDATE commands SET state = 'begun', reply = NULL")  # as a kill would leave it
    commands = done.commands(db)
    assert [(each["status"], each["code"]) for each in commands.unsent()] == [
        ("failed", "interrupted")
    ]
    assert len(done.calls) == 1


# ----------------------------------------------------------------- settings


def test_desired_settings_are_applied_reported_and_restored(db: sqlite3.Connection):
    held: dict[str, object] = {}

    def pack(_value: object) -> None:
        raise SpeakerError("not here", code="lessons.missing")

    apply = {"language": lambda value: held.update(language=value), "lesson_pack": pack}
    shadow = Shadow(db, apply)
    wanted = {"language": "zh", "lesson_pack": "x", "volume_percent": 3}
    assert shadow.work_through({"version": 4, "settings": wanted})
    assert shadow.reported == {
        "version": 4,
        "settings": {"language": "zh"},
        "refused": [
            {"key": "lesson_pack", "code": "lessons.missing"},
            {"key": "volume_percent", "code": "unsupported"},
        ],
    }
    check(Channel.REPORTED, shadow.reported)
    assert not shadow.work_through({"version": 4, "settings": {"language": "en"}})
    held.clear()
    Shadow(db, apply).restore()
    assert held == {"language": "zh"}


# ------------------------------------------------------------- configuration


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (SyncSettings(address="http://x"), "not of the form"),
        (SyncSettings(address="mqtts://u:p@x"), "keys of their own"),
        (SyncSettings(address="mqtt://hub.example:99999"), "no usable port"),
        (SyncSettings(address="mqtt://hub.example"), "allow_unencrypted"),
        (SyncSettings(address="mqtts://x", ca_file=NOWHERE), "certificates cannot be used"),
        (
            SyncSettings(address="mqtt://localhost", password_file=str(Path("/nowhere"))),
            "cannot be read",
        ),
    ],
)
def test_a_mistake_in_the_configuration_is_one_sentence(settings: SyncSettings, words: str):
    with pytest.raises(SyncError, match=words):
        place_of(settings)


def test_plain_connections_leave_the_machine_only_by_name():
    assert place_of(SyncSettings(address="mqtt://127.0.0.1")).port == 1883
    open_ = SyncSettings(address="mqtt://hub.example", allow_unencrypted=True)
    assert place_of(open_).tls is None
    secure = place_of(SyncSettings(address="mqtts://hub.example")).tls
    assert secure is not None
    assert secure.minimum_version.name == "TLSv1_2"

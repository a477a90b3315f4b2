"""The child's voice goes with a question for the teacher: with consent alone, and back at once."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from sqlalchemy import Engine, select

from audio.ports import SAMPLE_RATE_HZ, Samples
from contract.messages import check_event, encode
from contract.topics import PAYLOAD_LIMIT_BYTES
from core.clock import VirtualClock
from device import effects as fx
from device.app import Services, start_services
from device.config import Settings
from device.store import Store
from device.sync import deletions
from device.sync import voices as kept_sounds
from device.sync.happenings import Reporter
from device.sync.outbox import Outbox
from device.sync.service import SyncService
from device.sync.settings import SyncSettings
from device.sync.timing import Anchors
from device.teacher_voice import LONGEST_S, packed
from hub import ingest, leaving, tables, views, voices
from hub.access import Caller
from hub.database import open_database, upgrade
from tests.device.test_answer_desk import LEARNER, Counter
from tests.device.test_daemon import Stage, hold
from tests.device.test_parents import Home, closed
from tests.hub.test_ingest import SERIES, event
from tests.platform_parts import broker, hub, until

DEVICE = "myna-test"
QUESTION = "why is grass green"


def tone(seconds: float, hz: float = 440.0) -> Samples:
    at = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (8000 * np.sin(2 * np.pi * hz * at)).astype(np.int16)


def waiting(store: Store) -> list[tuple[str, dict[str, Any]]]:
    with store.transaction() as db:
        rows = db.execute("SELECT kind, body FROM outbox ORDER BY seq").fetchall()
    return [(kind, json.loads(body)) for kind, body in rows]


# ---------------------------------------------------------------------------- the sound


def test_a_question_as_it_goes_is_what_was_heard_and_fits_into_a_message() -> None:
    heard = tone(2.0)
    back, rate = soundfile.read(io.BytesIO(packed(heard)), dtype="int16")
    assert (rate, back.shape) == (SAMPLE_RATE_HZ, heard.shape)
    assert np.corrcoef(back, heard)[0, 1] > 0.999
    loud = np.random.default_rng(1).integers(-32768, 32767, 30 * SAMPLE_RATE_HZ, np.int16)
    with Store(None, VirtualClock()) as store:
        store.also(Reporter())
        store.ask(None, packed(loud))
        outbox = Outbox(store._db, Anchors(store._db), iri_base="https://x.example")
        batch = outbox.next_batch(1, events=50, size_bytes=64 * 1024)
    assert batch is not None
    assert len(batch.payload) < PAYLOAD_LIMIT_BYTES
    (made,) = json.loads(batch.payload)["events"]
    check_event(made)
    assert LONGEST_S * SAMPLE_RATE_HZ < len(made["data"]) * 3 / 4 < LONGEST_S * 16_100


# ----------------------------------------------------------------------------- the desk


@pytest.fixture
def counter() -> Iterator[Counter]:
    found = Counter()
    yield found
    found.close()


def ask(counter: Counter, question: str, heard: Samples | None) -> None:
    counter.desk.carry_out(fx.Ask(question, LEARNER), heard)
    counter.scheduler.run_due()


def test_without_consent_no_sound_is_held_and_none_goes(counter: Counter) -> None:
    ask(counter, QUESTION, tone(1.0))
    assert counter.desk._sounds == {}
    ask(counter, "yes", tone(0.5))
    assert [kind for kind, _ in waiting(counter.store)] == ["asked"]


def test_with_consent_the_question_s_own_sound_goes_and_not_the_yes(counter: Counter) -> None:
    counter.desk.voice_consent = lambda: True
    ask(counter, f"my name is amanda {QUESTION}", tone(1.5))
    ask(counter, "yes please", tone(0.5))
    (first, asked), (second, voice) = waiting(counter.store)
    assert (first, second) == ("asked", "voice")
    with counter.store.transaction() as db:
        ids = [row[0] for row in db.execute("SELECT id FROM outbox ORDER BY seq")]
    assert voice["question"] == ids[0]
    assert "amanda" not in json.dumps(asked)
    sound = next(iter(_sounds(counter.store)))
    assert len(soundfile.read(io.BytesIO(sound))[0]) == 1.5 * SAMPLE_RATE_HZ
    assert counter.desk._sounds.keys() <= {"yes please"}


def _sounds(store: Store) -> list[bytes]:
    with store.transaction() as db:
        return [sound for _, sound in kept_sounds.waiting(db)]


def test_a_consent_that_was_taken_back_meanwhile_counts(counter: Counter) -> None:
    consents = [True]
    counter.desk.voice_consent = lambda: consents[0]
    ask(counter, QUESTION, tone(1.0))
    consents[0] = False
    ask(counter, "yes", None)
    assert [kind for kind, _ in waiting(counter.store)] == ["asked"]


def test_what_was_not_for_the_teacher_is_forgotten_with_the_talk(counter: Counter) -> None:
    counter.desk.voice_consent = lambda: True
    for number in range(5):
        ask(counter, f"why is grass green number {number}", tone(0.2))
    assert len(counter.desk._sounds) == 3
    counter.desk.carry_out(fx.ForgetAnswers())
    assert counter.desk._sounds == {}


# ---------------------------------------------------------------------------- the store


def test_taking_back_empties_what_waits_and_tells_who_may_have_heard(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.also(Reporter())
        store.withdraw_voices()  # nothing ever went: nobody has to hear of it
        assert waiting(store) == []
        store.ask("why", packed(tone(1.0)))
        assert [kind for kind, _ in waiting(store)] == ["asked", "voice"]
        store.withdraw_voices()
        assert waiting(store)[1:] == [("dropped", {}), ("forget", {"only": "voice"})]
        assert deletions.look(tmp_path).waiting == 1
        store.withdraw_voices()
        assert len(waiting(store)) == 3
    # "UklGR" is how every WAV file begins in base64.
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"UklGR" not in left


def test_without_a_platform_no_sound_is_kept(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.also(Reporter(platform=lambda: False))
        store.ask("why", packed(tone(1.0)))
        assert [kind for kind, _ in waiting(store)] == ["asked"]


def test_a_sound_that_the_disk_refused_goes_with_the_consent_too(tmp_path: Path) -> None:
    full = [True]

    def refuse(*_: object) -> None:
        if full[0]:
            raise sqlite3.OperationalError("database or disk is full")

    with Store(tmp_path) as store:
        store.also(Reporter())
        store.also(refuse)
        with pytest.raises(Exception, match="full"):
            store.ask("why", packed(tone(1.0)))
        store.withdraw_voices()
        full[0] = False
        store.ask("how")
        assert [kind for kind, _ in waiting(store)] == ["asked", "asked"]


# ------------------------------------------------------------- the platform and its teacher


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_database(f"sqlite:///{tmp_path / 'hub.db'}")
    upgrade(made)
    yield made
    made.dispose()


def kept(engine: Engine) -> int:
    with engine.connect() as connection:
        return len(connection.execute(select(tables.voices.c.question)).all())


def test_the_teacher_hears_the_question_until_a_parent_takes_it_back(
    tmp_path: Path, engine: Engine
) -> None:
    home = tmp_path / "home"
    anybody = Caller(None)
    with broker(tmp_path / "broker") as mosquitto:
        settings = SyncSettings(address=mosquitto.address, device=DEVICE, retry_s=0.1, answer_s=1.0)
        with hub(mosquitto.address, f"sqlite:///{tmp_path / 'hub.db'}"), Store(home) as store:
            store.also(Reporter())
            store.ask("why", packed(tone(8.0)))
            with SyncService(home, settings):
                until(lambda: kept(engine) == 1, "the sound")
                until(lambda: waiting(store) == [], "its acknowledgement")
                (asked,) = views.questions(engine, anybody)
                assert asked["voice"] is True
                found = voices.of(engine, anybody, asked["id"])
                assert found is not None
                heard, rate = soundfile.read(io.BytesIO(found[1]))
                assert (found[0], rate, heard.size) == ("audio/wav", 16_000, 128_000)
                store.withdraw_voices()
                until(lambda: kept(engine) == 0, "the deletion")
                until(lambda: deletions.look(home).confirmed is not None, "its confirmation")
    (asked,) = views.questions(engine, anybody)
    assert (asked["text"], asked["voice"]) == ("why", False)
    with engine.connect() as connection:
        bodies = connection.execute(select(tables.events.c.body)).scalars().all()
    assert all("UklGR" not in body for body in bodies)
    left = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert b"UklGR" not in left


OTHER_CHILD = "019ab1f0-0000-7000-8000-0000000000c2"


def put(engine: Engine, events: list[dict[str, Any]]) -> ingest.Outcome:
    for each in events:
        check_event(json.loads(encode(each)))
    with engine.begin() as connection:
        return ingest.store(engine, connection, DEVICE, SERIES, events)


def sound_of(seq: int, question: str, child: str) -> dict[str, Any]:
    made = {key: value for key, value in event(seq).items() if key != "statement"}
    voice = {"child": child, "question": question, "media": "audio/wav", "data": "UklGRg=="}
    return {**made, "kind": "voice", **voice}


def question_ids(count: int) -> list[str]:
    return [f"019ab1f2-3c4d-7e5f-8a9b-0c1d2e3f4b{number:02d}" for number in range(count)]


def test_a_late_sound_is_not_taken_in_after_the_consent_was_taken_back(engine: Engine) -> None:
    first, second, third = question_ids(3)
    child = OTHER_CHILD
    late = sound_of(2, second, child)
    back = {k: v for k, v in event(3).items() if k != "statement"}
    put(engine, [sound_of(1, first, child), {**back, "kind": "forget", "only": "voice"}])
    assert kept(engine) == 0
    put(engine, [late])
    assert kept(engine) == 0
    put(engine, [sound_of(4, third, child)])  # allowed again
    assert kept(engine) == 1


def test_sounds_go_with_their_child_with_the_answer_and_with_time(engine: Engine) -> None:
    first, second = question_ids(2)
    put(engine, [sound_of(1, first, OTHER_CHILD)])
    with engine.begin() as connection:
        leaving.forget(engine, connection, DEVICE, OTHER_CHILD)
    assert kept(engine) == 0
    asked = event(2)
    child = asked["statement"]["actor"]["account"]["name"]
    asked["statement"] |= {
        "verb": {"id": ingest.ASKED},
        "result": {"response": "why"},
    }
    put(engine, [asked, sound_of(3, asked["id"], child)])
    assert kept(engine) == 1
    assert views.answer(engine, Caller(None), asked["id"], "Because.") == (DEVICE, child)
    assert kept(engine) == 0
    put(engine, [sound_of(4, asked["id"], child)])  # it came after the answer
    assert kept(engine) == 0
    put(engine, [sound_of(5, second, child)])
    with engine.begin() as connection:
        connection.execute(tables.voices.update().values(stored_ms=1))
    voices.drop_old(engine)
    assert kept(engine) == 0


def test_another_family_hears_nothing(engine: Engine) -> None:
    (question,) = question_ids(1)
    put(engine, [sound_of(1, question, OTHER_CHILD)])
    assert voices.of(engine, Caller(None), question) is not None
    assert voices.of(engine, Caller("another"), question) is None
    with engine.begin() as connection:
        leaving.free(connection, DEVICE)
    assert kept(engine) == 0


# ------------------------------------------------------------------- the running speaker


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with ExitStack() as stack:
        yield start_services(Settings(), stack)


def test_the_page_decides_at_once_is_dated_and_exports_what_waits(
    services: Services, tmp_path: Path
) -> None:
    async def act(stage: Stage) -> None:
        await home.sign_in()
        daemon = home.daemon
        assert daemon._runtime is not None
        desk = daemon._runtime.answers
        assert desk is not None
        assert not desk.voice_consent()  # off at first
        page = await home.send("/consent", purpose="teacher_voice", given="yes")
        assert "Allowed since" in page.text
        assert desk.voice_consent()
        home.parts.store.ask("why", packed(tone(0.5)))
        assert [kind for kind, _ in waiting(home.parts.store)] == ["asked", "voice"]
        zipped = zipfile.ZipFile(io.BytesIO((await home.send("/export")).content))
        (name,) = (each for each in zipped.namelist() if each.startswith("questions/"))
        assert zipped.read(name)[:4] == b"RIFF"
        page = await home.send("/consent", purpose="teacher_voice", given="no")
        assert "Taken back on" in page.text
        assert not desk.voice_consent()
        await home.until(lambda: waiting(home.parts.store)[1] == ("dropped", {}))
        parents = daemon.parents
        assert parents is not None
        log = parents.family.family.log
        assert [(each.purpose.value, each.given) for each in log] == [
            ("teacher_voice", True),
            ("teacher_voice", False),
        ]
        assert all(each.at for each in log)
        await closed(home)

    with ExitStack() as stack:
        home = Home(services, tmp_path, stack)
        home.parts.store._companions.clear()
        home.parts.store.also(Reporter())  # as if a platform were there
        hold(lambda: home, act)

"""Programs that this project did not write: another MQTT 5 broker, a learning record store."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from core.worker import Worker
from device.store import Store
from device.store_file import FILE_NAME, open_file
from device.sync.outbox import Outbox
from device.sync.service import SyncService
from device.sync.settings import SyncSettings
from device.sync.timing import Anchors
from hub import ingest, outgoing, tables
from hub.database import open_database, upgrade
from hub.forward import Forwarder
from hub.settings import HubSettings
from hub.worker import IngestWorker
from tests.platform_parts import PEERS, attempts, free_port, needs_peers, until

pytestmark = [needs_peers, pytest.mark.slow]

DEVICE = "myna-peer"
_BROKER = """
import anyio, sys
from moat.lib.mqtt.async_broker import AsyncMQTTBroker
anyio.run(AsyncMQTTBroker(("127.0.0.1", int(sys.argv[1]))).serve)
"""
# Its store in a file takes one message alone, unless it is told to append.
_RECORD_STORE = """
import sys, uvicorn
from ralph.backends.data.base import BaseOperationType
from ralph.backends.lrs.fs import FSLRSBackend
FSLRSBackend.default_operation_type = BaseOperationType.APPEND
uvicorn.run("ralph.api:app", port=int(sys.argv[1]), log_level="error")
"""
USER, PASSWORD = "hub", "a password of this test"


@contextmanager
def program(*command: str, port: int, environment: dict[str, str] | None = None) -> Iterator[None]:
    """A program of the peers' environment, once it listens."""
    process = subprocess.Popen(
        [str(PEERS), *command],
        env=os.environ | (environment or {}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )
    try:
        until(lambda: listens(port), command[-1])
        yield
    finally:
        process.kill()
        process.wait()


def listens(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1.0):
            return True
    except urllib.error.HTTPError:
        return True
    except urllib.error.URLError:
        return False
    except OSError:
        return True  # it is there and speaks something else


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_database(f"sqlite:///{tmp_path / 'hub.db'}")
    upgrade(made)
    yield made
    made.dispose()


def count(engine: Engine, **where: object) -> int:
    events = tables.events
    chosen = select(func.count()).select_from(events)
    for name, value in where.items():
        chosen = chosen.where(events.c[name] == value)
    with engine.connect() as connection:
        return int(connection.execute(chosen).scalar_one())


def test_another_broker_carries_the_contract(tmp_path: Path, engine: Engine) -> None:
    port = free_port()
    address = f"mqtt://127.0.0.1:{port}"
    # This broker knows no shared subscriptions: one worker, and a plain one.
    settings = HubSettings(broker=address, worker="w1", share="")
    volumes: list[int] = []
    with (
        program("-c", _BROKER, str(port), port=port),
        Worker("ingest", IngestWorker(settings, engine).run),
        Store(tmp_path) as store,
    ):
        store.remember(attempts(0, 120))
        outgoing.order(engine, DEVICE, "set_volume", {"volume_percent": 30}, 300)
        speaker = SyncService(
            tmp_path,
            SyncSettings(address=address, device=DEVICE, retry_s=0.1, answer_s=2.0),
            actions={"set_volume": lambda args: volumes.append(args["volume_percent"])},
            apply={"language": lambda _: None},
        )
        with speaker:
            until(lambda: speaker.health.waiting == 0, "an empty outbox")
            until(lambda: volumes == [30], "the command")
            wanted = outgoing.desire(engine, DEVICE, {"language": "zh"})
            until(lambda: _reported(engine) == wanted, "the settings")
    assert count(engine, kind="learning", device=DEVICE) == 120


def _reported(engine: Engine) -> int:
    with engine.connect() as connection:
        text = connection.execute(
            select(tables.devices.c.reported).where(tables.devices.c.id == DEVICE)
        ).scalar_one()
    return int(json.loads(text).get("version", 0))


@contextmanager
def ralph(folder: Path) -> Iterator[str]:
    """Ralph, a learning record store; yields its xAPI address."""
    port = free_port()
    hashed = subprocess.run(
        [
            *(str(PEERS), "-c"),
            "import bcrypt, sys;"
            "print(bcrypt.hashpw(sys.argv[1].encode(), bcrypt.gensalt(4)).decode())",
            PASSWORD,
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    agent = {"mbox": "mailto:hub@myna.example"}
    allowed = [{"username": USER, "hash": hashed, "agent": agent, "scopes": ["all"]}]
    (folder / "auth.json").write_text(json.dumps(allowed), encoding="utf-8")
    environment = {
        "RALPH_APP_DIR": str(folder),
        "RALPH_AUTH_FILE": str(folder / "auth.json"),
        "RALPH_RUNSERVER_BACKEND": "fs",
        "RALPH_RUNSERVER_MAX_SEARCH_HITS_COUNT": "500",
        "RALPH_BACKENDS__LRS__FS__DEFAULT_DIRECTORY_PATH": str(folder / "statements"),
        "RALPH_BACKENDS__LRS__FS__DEFAULT_LRS_FILE": "statements.jsonl",
    }
    with program("-c", _RECORD_STORE, str(port), port=port, environment=environment):
        yield f"http://127.0.0.1:{port}/xAPI"


def stored(address: str) -> list[str]:
    """Ids of the statements that the record store has."""
    pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {pair}", "X-Experience-API-Version": "1.0.3"}
    request = urllib.request.Request(f"{address}/statements?limit=500", headers=headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        return [each["id"] for each in json.load(answer)["statements"]]


def test_statements_reach_a_learning_record_store_once(tmp_path: Path, engine: Engine) -> None:
    with Store(tmp_path) as store:
        store.remember(attempts(0, 130))
    batches = _batches(tmp_path)
    for batch in batches[:-1]:
        _ingest(engine, batch)
    folder = tmp_path / "ralph"
    folder.mkdir()
    with ralph(folder) as address:
        settings = HubSettings(lrs=address, lrs_user=USER, lrs_password=PASSWORD)
        forwarder = Forwarder(settings, engine)
        while forwarder.forward():
            pass
        first = stored(address)
        # The hub died before it noted what it had sent: all of it goes again, with what is new.
        with engine.begin() as connection:
            connection.execute(tables.events.update().values(forwarded_ms=None))
        _ingest(engine, batches[-1])
        while forwarder.forward():
            pass
        assert count(engine, forwarded_ms=None) == 0
        again = stored(address)
        wrong = HubSettings(lrs=address, lrs_user=USER, lrs_password=PASSWORD[1:])
        with engine.begin() as connection:
            connection.execute(tables.events.update().values(forwarded_ms=None))
        with pytest.raises(OSError, match="401"):
            Forwarder(wrong, engine).forward()
    assert len(first) == len(set(first)) == sum(len(each) for _, each in batches[:-1])
    assert len(again) == len(set(again)) == 130


def _batches(folder: Path) -> list[tuple[str, list[Any]]]:
    """What a speaker's outbox sends."""
    db = open_file(folder / FILE_NAME)
    outbox = Outbox(db, Anchors(db), iri_base="https://xapi.myna.example")
    made, after = [], 0
    while (batch := outbox.next_batch(after, events=50, size_bytes=200_000)) is not None:
        made.append(ingest.read_batch(batch.payload))
        after = batch.last
    db.close()
    return made


def _ingest(engine: Engine, batch: tuple[str, list[Any]]) -> None:
    with engine.begin() as connection:
        ingest.store(engine, connection, DEVICE, *batch)

"""What happens to the line when the file beneath it is damaged, away, or begun anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from device.store import Store
from device.store_file import FILE_NAME
from device.sync import service as sync_service
from device.sync.service import SyncService
from device.sync.settings import SyncSettings
from hub import tables
from tests.platform_parts import attempts, broker, hub, until

DEVICE = "myna-trouble"
PAGE_BYTES = 4096


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Engine, SyncSettings]]:
    monkeypatch.setattr(sync_service, "LOOK_S", 0.1)
    monkeypatch.setattr(sync_service, "FILE_PAUSE_S", 0.1)
    with (
        broker(tmp_path / "broker") as made,
        hub(made.address, f"sqlite:///{tmp_path / 'hub.db'}") as engine,
    ):
        yield engine, SyncSettings(address=made.address, device=DEVICE, retry_s=0.05, answer_s=1.0)


def at_the_hub(engine: Engine) -> list[str]:
    events = tables.events
    with engine.connect() as connection:
        ids = connection.execute(select(events.c.id).where(events.c.kind == "learning"))
        return list(ids.scalars())


def on_the_speaker(folder: Path) -> list[str]:
    db = sqlite3.connect(folder / FILE_NAME)
    try:
        return [row[0] for row in db.execute("SELECT id FROM attempts ORDER BY seq")]
    finally:
        db.close()


def test_a_file_begun_anew_is_sent_from_and_nothing_comes_twice(
    tmp_path: Path, stage: tuple[Engine, SyncSettings]
) -> None:
    engine, settings = stage
    folder = tmp_path / "speaker"
    with Store(folder) as store:
        store.remember(attempts(0, 200))
    before = on_the_speaker(folder)
    with SyncService(folder, settings) as service:
        until(lambda: len(at_the_hub(engine)) == len(before), "the first file's events")
        # The card loses the first page while nobody talks; the next lesson finds that out.
        for suffix in ("-wal", "-shm"):
            (folder / f"{FILE_NAME}{suffix}").unlink(missing_ok=True)
        with (folder / FILE_NAME).open("r+b") as file:
            file.write(b"\xff" * PAGE_BYTES)
        with Store(folder) as store:
            assert store.damaged_copy is not None
            store.remember(attempts(200, 5))
            until(lambda: len(at_the_hub(engine)) == len(before) + 5, "the second file's events")
            until(lambda: service.health.waiting == 0, "an empty outbox")
    assert set(before) | set(on_the_speaker(folder)) == set(at_the_hub(engine))
    assert service.health.problems == ()


def test_a_file_that_cannot_be_used_is_said_so_until_it_can(
    tmp_path: Path, stage: tuple[Engine, SyncSettings]
) -> None:
    engine, settings = stage
    folder = tmp_path / "speaker"
    (folder / FILE_NAME).mkdir(parents=True)
    with SyncService(folder, settings) as service:
        until(lambda: service.health.problems == ("sync.store",), "the trouble")
        (folder / FILE_NAME).rmdir()
        with Store(folder) as store:
            store.remember(attempts(0, 7))
            until(lambda: len(at_the_hub(engine)) == 7, "the events")
            until(lambda: service.health.problems == (), "all well")

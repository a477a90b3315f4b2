"""The whole way: a child's lesson to the hub's database, and the platform's wishes back."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import os
import signal
import sqlite3
import ssl
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, select

from core.worker import Worker
from device.store_file import FILE_NAME
from dialog.packs import starter_path
from hub import outgoing, tables
from hub.certificates import Authority
from tests.platform_parts import ROOT, Broker, broker, hub, until

pytestmark = pytest.mark.slow

DEVICE = "myna-whole"
QUESTION = "019ab1f2-3c4d-7e5f-8a9b-0c1d2e3f4a61"


class Speaker:
    """The daemon in a process of its own, and the hub that it talks to."""

    def __init__(self, folder: Path, engine: Engine, address: str, more: str = "") -> None:
        self.folder = folder / "state"
        self._engine = engine
        self._config = folder / "myna.toml"
        self._config.write_text(
            f'[device]\nstate_dir = "{self.folder}"\n[lessons]\nsession_items = 4\n'
            f'[sync]\naddress = "{address}"\ndevice = "{DEVICE}"\n'
            f"retry_s = 0.1\nretry_longest_s = 1.0\nanswer_s = 2.0\n{more}",
            encoding="utf-8",
        )
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.device.whole_speaker", str(self._config)],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )

    def end(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(30)

    def order(self, name: str, **args: object) -> tuple[str, dict[str, Any]]:
        """Have the speaker do something; returns the reply's code and detail."""
        made = outgoing.order(self._engine, DEVICE, name, args, 300)
        table = tables.commands
        found: list[Any] = []

        def answered() -> bool:
            with self._engine.connect() as connection:
                row = connection.execute(select(table).where(table.c.id == made["id"])).one()
            found[:] = [row]
            return row.status in ("done", "refused", "failed")

        until(answered, f"a reply to {name}")
        return str(found[0].code), json.loads(found[0].detail)

    def device(self) -> dict[str, Any]:
        """What the hub knows of it."""
        with self._engine.connect() as connection:
            row = connection.execute(
                select(tables.devices).where(tables.devices.c.id == DEVICE)
            ).first()
        if row is None:
            return {"state": {}, "reported": {}}
        return {"state": json.loads(row.state), "reported": json.loads(row.reported)}

    def statements(self, verb: str) -> list[dict[str, Any]]:
        """What the hub has of one verb, in the speaker's order."""
        events = tables.events
        with self._engine.connect() as connection:
            bodies = connection.execute(
                select(events.c.body).where(events.c.kind == "learning").order_by(events.c.seq)
            ).scalars()
            said = [json.loads(body) for body in bodies]
        return [each for each in said if each["verb"]["display"]["en"] == verb]

    def kept(self, what: str) -> list[Any]:
        """A column of the speaker's own file."""
        db = sqlite3.connect(self.folder / FILE_NAME)
        try:
            return [row[0] for row in db.execute(what)]
        finally:
            db.close()

    def reports(self, version: int) -> dict[str, Any]:
        """What it says once it has worked through a version of the desired settings."""
        until(lambda: self.device()["reported"].get("version") == version, "the report")
        reported: dict[str, Any] = self.device()["reported"]
        return reported


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[tuple[Broker, Engine]]:
    with (
        broker(tmp_path / "broker") as made,
        hub(made.address, f"sqlite:///{tmp_path / 'hub.db'}") as engine,
    ):
        yield made, engine


@contextmanager
def speaking(speaker: Speaker) -> Iterator[Speaker]:
    speaker.start()
    try:
        yield speaker
    finally:
        speaker.end(signal.SIGKILL)


def test_a_lesson_is_at_the_hub_once_though_speaker_and_broker_are_killed(
    tmp_path: Path, stage: tuple[Broker, Engine]
) -> None:
    mqtt, engine = stage
    with speaking(Speaker(tmp_path, engine, mqtt.address)) as speaker:
        assert speaker.order("start_lesson") == ("ok", {})
        until(lambda: speaker.kept("SELECT id FROM attempts"), "an attempt")
        speaker.end(signal.SIGKILL)
        speaker.start()
        assert speaker.order("start_lesson", unit="greetings") == ("ok", {})
        mqtt.kill()
        until(lambda: len(speaker.kept("SELECT id FROM attempts")) >= 3, "more attempts")
        mqtt.start()
        until(lambda: speaker.statements("terminated"), "the lesson's end")
        kept = speaker.kept("SELECT id FROM attempts ORDER BY seq")
        answered = speaker.statements("answered") + speaker.statements("skipped")
        assert sorted(each["id"] for each in answered) == sorted(kept)
        assert len(kept) == len(set(kept)) >= 4
        begun = speaker.statements("initialized")
        assert [each["id"] for each in begun] == speaker.kept("SELECT id FROM sessions")
        (end,) = speaker.statements("terminated")
        assert end["context"]["registration"] == begun[-1]["id"]
        assert speaker.device()["state"]["status"] == "online"
        assert speaker.end() == 0
        until(lambda: speaker.device()["state"]["status"] == "offline", "a goodbye")


def test_settings_hold_at_once_and_after_a_restart(
    tmp_path: Path, stage: tuple[Broker, Engine]
) -> None:
    mqtt, engine = stage
    now = datetime.now().astimezone()
    quiet = {
        "quiet_from": f"{now - timedelta(hours=1):%H:%M}",
        "quiet_until": f"{now + timedelta(hours=2):%H:%M}",
    }
    with speaking(Speaker(tmp_path, engine, mqtt.address)) as speaker:
        until(lambda: "volume_percent" in speaker.device()["state"], "the speaker")
        wanted = {"volume_percent": 0, "language": "zh", "minutes_per_day": 30, **quiet}
        version = outgoing.desire(engine, DEVICE, {**wanted, "lesson_pack": "no-such"})
        reported = speaker.reports(version)
        assert reported["settings"] == wanted
        assert reported["refused"] == [{"key": "lesson_pack", "code": "lessons.invalid"}]
        assert speaker.order("start_lesson") == ("lesson.quiet_time", {})
        assert speaker.order("restart") == ("ok", {})
        assert speaker.process is not None
        assert speaker.process.wait(30) == 0
        speaker.start()
        until(lambda: speaker.device()["state"].get("volume_percent") == 0, "the volume kept")
        assert speaker.order("start_lesson") == ("lesson.quiet_time", {})
        code, bundle = speaker.order("diagnostics")
        assert (code, bundle["state"], bundle["pack"]) == ("ok", "asleep", "starter")
        assert bundle["counters"]["cards_lost"] == 0
        midnight = {"quiet_from": "00:00", "quiet_until": "00:00"}
        speaker.reports(outgoing.desire(engine, DEVICE, midnight))
        assert speaker.order("start_lesson", unit="no-such") == ("lesson.no_unit", {})
        assert speaker.order("set_volume", volume_percent=100) == ("ok", {})
        asked = {"question": QUESTION, "text": "Clouds are drops.", "language": "en"}
        assert speaker.order("answer", **asked) == ("ok", {})
        assert speaker.kept("SELECT text FROM answers") == ["Clouds are drops."]
        assert speaker.order("start_lesson") == ("ok", {})
        until(lambda: not speaker.kept("SELECT text FROM answers"), "the answer said")
        assert speaker.order("start_lesson") == ("lesson.busy", {})
        (child,) = speaker.kept("SELECT id FROM children")
        sound = tmp_path / "state" / "recordings" / child / "0.wav"
        sound.parent.mkdir(parents=True)
        sound.touch()
        code, detail = speaker.order("forget_child", child=child)
        assert (code, detail["rows"] >= 2) == ("ok", True)
        assert child not in speaker.kept("SELECT child FROM attempts")
        assert not sound.exists()


@contextmanager
def served(folder: Path, authority: Authority) -> Iterator[str]:
    """Files over https on loopback; yields the address."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:  # noqa: ANN401 - the server's
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args: object) -> None:
            """Quiet."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("packs", server=True))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    worker = Worker("packs", lambda _: server.serve_forever(poll_interval=0.02))
    worker.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        worker.stop()
        server.server_close()


def write_pack(place: Path, pack_id: str) -> bytes:
    """The starter pack under another name, as a zip."""
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as made:
        for file in sorted(starter_path().rglob("*.yaml")):
            name = file.relative_to(starter_path())
            text = file.read_text("utf-8")
            if str(name) == "pack.yaml":
                text = text.replace("id: starter", f"id: {pack_id}")
            made.writestr(str(name), text)
    return place.read_bytes()


class Signer:
    """minisign's own form, of a key made for this run."""

    def __init__(self) -> None:
        self._secret = Ed25519PrivateKey.generate()
        raw = self._secret.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )
        self.key = base64.b64encode(b"Ed" + b"keyid--1" + raw).decode()

    def sign(self, data: bytes) -> str:
        signature = self._secret.sign(hashlib.blake2b(data).digest())
        return base64.b64encode(b"ED" + b"keyid--1" + signature).decode()


def test_a_pushed_pack_is_practised_and_one_that_nobody_signed_is_not(
    tmp_path: Path, stage: tuple[Broker, Engine]
) -> None:
    mqtt, engine = stage
    authority, signer = Authority(tmp_path / "ca"), Signer()
    folder = tmp_path / "packs"
    folder.mkdir()
    more = f'pack_key = "{signer.key}"\nca_file = "{authority.certificate}"\n'
    with (
        served(folder, authority) as address,
        speaking(Speaker(tmp_path, engine, mqtt.address, more)) as speaker,
    ):

        def push(name: str, data: bytes, signature: str) -> tuple[str, dict[str, Any]]:
            sha256 = hashlib.sha256(data).hexdigest()
            url = f"{address}/{name}"
            return speaker.order("push_pack", url=url, sha256=sha256, signature=signature)

        data = write_pack(folder / "more.zip", "more-words")
        assert push("more.zip", data, signer.sign(data + b"!")) == ("pack.signature", {})
        assert push("more.zip", data, Signer().sign(data)) == ("pack.signature", {})
        assert push("more.zip", data + b"!", signer.sign(data)) == ("pack.hash", {})
        assert push("none.zip", data, signer.sign(data)) == ("pack.fetch", {})
        mine = write_pack(folder / "mine.zip", "starter")
        assert push("mine.zip", mine, signer.sign(mine)) == ("pack.id", {})
        assert speaker.order("start_lesson", pack="more-words") == ("lessons.invalid", {})

        code, detail = push("more.zip", data, signer.sign(data))
        assert (code, detail["pack"]) == ("ok", "more-words")
        version = outgoing.desire(engine, DEVICE, {"lesson_pack": "more-words"})
        assert speaker.reports(version)["settings"] == {"lesson_pack": "more-words"}
        speaker.end()
        speaker.start()  # and what was pushed and wished is still there
        until(lambda: speaker.device()["state"]["status"] == "online", "the speaker")
        until(lambda: speaker.order("diagnostics")[1]["pack"] == "more-words", "the pack")
        assert speaker.order("start_lesson") == ("ok", {})
        until(lambda: speaker.statements("answered"), "an answer")
        assert "/packs/more-words/items/" in speaker.statements("answered")[0]["object"]["id"]

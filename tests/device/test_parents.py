"""A running speaker and its parents: what they decide on the pages holds in the talk, at once."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import json
import re
import socket
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import numpy as np
import pytest

from core.clock import SystemClock
from device.announcements import code_lines
from device.app import Services, assemble, start_services
from device.config import Settings
from device.live import Daemon
from device.recordings import FOLDER, file_name
from device.states import State
from device.trace import Entry
from dialog.ports import Attempt, Learned, Line, SessionEdge, Verdict
from hal.ports import Button
from provisioning.parents.family_file import FamilyFile, Purpose
from provisioning.parents.settings import ParentsSettings
from tests.device.test_daemon import CountingCard, Stage, hold
from tests.dialog.voice_likeness import same_voice


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with ExitStack() as stack:
        yield start_services(Settings(), stack)


class Home(Stage):
    """A stage with parents, who have a browser, and a child who says nothing."""

    def __init__(self, services: Services, folder: Path, stack: ExitStack) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        settings = Settings(parents=ParentsSettings(port=port, listen="127.0.0.1"))
        parts = assemble(settings, services, stack, clock=SystemClock(), store_folder=folder)
        super().__init__(parts, folder)
        self.parts = parts
        self.said: list[str] = []
        whole = dataclasses.replace(parts, board=self.board)
        self.card = CountingCard()
        self.daemon = Daemon(whole, self.card, [self], state_folder=folder, parents_pages=True)
        self.browser = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}")

    def see(self, entry: Entry) -> None:
        if entry.kind == "say":
            self.said.append(str(entry.data["text"]))
        super().see(entry)

    async def sign_in(self) -> None:
        await self.state("asleep")
        await self.until(lambda: self.daemon.parents is not None)
        parents = self.daemon.parents
        assert parents is not None
        await self.until(lambda: parents.pages.port is not None)
        code = parents.pages.new_code()
        answer = await self.browser.post("/sign-in", data={"code": code})
        assert answer.status_code == 303

    async def send(self, path: str, **form: str) -> httpx.Response:
        page = await self.browser.get("/data")
        found = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert found
        return await self.browser.post(path, data={"csrf": found[1], **form})

    def press(self) -> None:
        self.board.press(Button.TALK)


@pytest.fixture
def home(services: Services, tmp_path: Path) -> Iterator[Home]:
    with ExitStack() as stack:
        yield Home(services, tmp_path, stack)


async def closed(home: Home) -> None:
    await home.browser.aclose()


def test_quiet_time_ends_a_talk_at_once_and_kindly(home: Home) -> None:
    async def act(stage: Stage) -> None:
        await home.sign_in()
        home.press()
        await home.state("speaking")
        answer = await home.send("/limits", quiet_from="00:00", quiet_until="23:59")
        assert answer.status_code == 200
        await home.until(lambda: home.said[-1] == "It is quiet time now. Let's talk later!")
        await home.state("asleep")
        home.press()
        await home.state("speaking")
        assert home.said[-1] == "It is quiet time now. Let's talk later!"
        await home.state("asleep")
        await closed(home)

    hold(lambda: home, act)


def test_a_limit_holds_after_a_restart(services: Services, tmp_path: Path) -> None:
    FamilyFile(tmp_path, SystemClock().wall).wish({"quiet_from": "00:00", "quiet_until": "23:59"})

    async def act(stage: Stage) -> None:
        await stage.state("asleep")
        stage.board.press(Button.TALK)
        await stage.state("speaking")
        assert home.said == ["It is quiet time now. Let's talk later!"]
        await stage.state("asleep")
        await closed(home)

    with ExitStack() as stack:
        home = Home(services, tmp_path, stack)
        hold(lambda: home, act)


def test_a_chosen_voice_speaks_at_once_and_after_a_restart(
    services: Services, tmp_path: Path
) -> None:
    line = Line("I can see a bird.")

    usual = services.voice.speak_sync(line)

    def usual_speaks() -> bool:
        return same_voice(services.voice.speak_sync(line), usual)

    async def choose(stage: Stage) -> None:
        await home.sign_in()
        page = (await home.browser.get("/voices?lang=en")).text
        assert "/voices/espeak:m2" in page
        sample = await home.browser.get("/voices/espeak:m2")
        assert (sample.headers["content-type"], sample.content[:4]) == ("audio/wav", b"RIFF")
        assert len(sample.content) > 32_000
        assert (await home.browser.get("/voices/espeak:whisper")).status_code == 404
        assert (await home.send("/voices", voice="espeak:whisper")).status_code == 422
        assert usual_speaks()
        assert (await home.send("/voices", voice="espeak:m2")).status_code == 200
        await home.until(lambda: home.parts.playback.busy)  # she lets it be heard
        assert not usual_speaks()
        await closed(home)

    async def look(stage: Stage) -> None:
        await stage.state("asleep")
        assert not usual_speaks()
        await home.sign_in()
        await home.send("/limits", voice="")
        await home.until(usual_speaks)
        await closed(home)

    for act in (choose, look):
        with ExitStack() as stack:
            home = Home(services, tmp_path, stack)
            hold(lambda: home, act)  # noqa: B023 - called at once
        services.voice.use("")  # as a process that was started again


def test_a_voice_that_is_gone_is_told_and_the_usual_one_speaks(
    services: Services, tmp_path: Path
) -> None:
    FamilyFile(tmp_path, SystemClock().wall).wish({"voice": "piper:en_US-gone-low"})

    async def act(stage: Stage) -> None:
        await home.sign_in()
        page = (await home.browser.get("/device?lang=zh")).text
        assert "您选的嗓音" in page
        assert "not here any more: voice" in page
        assert services.voice.speak_sync(Line("Hello.")).size > 0
        await home.send("/voices", voice="")
        assert "您选的嗓音" not in (await home.browser.get("/device?lang=zh")).text
        await closed(home)

    with ExitStack() as stack:
        home = Home(services, tmp_path, stack)
        hold(lambda: home, act)


def test_the_ceiling_holds_for_every_way_of_getting_louder(home: Home) -> None:
    async def act(stage: Stage) -> None:
        await home.sign_in()
        await home.send("/limits", loudest_percent="40")
        playback = home.parts.playback
        await home.until(lambda: playback.ceiling_db < 0)
        for _ in range(20):
            home.board.press(Button.VOLUME_UP)
        playback.volume_db += 30.0
        await asyncio.sleep(0)
        assert playback.volume_db <= playback.ceiling_db
        await closed(home)

    hold(lambda: home, act)


def test_a_held_button_speaks_the_code_that_signs_in(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken: list[str] = []

    def note(code: str, language: str) -> object:
        spoken.append(code)
        return code_lines(code, language)

    monkeypatch.setattr("device.parents.code_lines", note)

    async def act(stage: Stage) -> None:
        await home.state("asleep")
        await home.until(
            lambda: home.daemon.parents is not None and home.daemon.parents.pages.port is not None
        )
        home.board.press(Button.PAIR)
        await home.until(lambda: bool(spoken))
        await home.until(lambda: home.parts.playback.busy)
        answer = await home.browser.post("/sign-in", data={"code": spoken[0]})
        assert answer.status_code == 303
        await closed(home)

    hold(lambda: home, act)


def test_a_code_is_said_digit_by_digit_in_both_languages() -> None:
    english, chinese = code_lines("12345670", "en")
    assert "one two three four, five six seven zero" in english.text
    assert "一 二 三 四，五 六 七 零" in chinese.text
    assert [each.language.value for each in code_lines("12345670", "zh")] == ["zh", "en"]


def test_what_was_practised_is_shown_exported_and_deleted(home: Home, tmp_path: Path) -> None:
    starter = home.parts.services.pack
    item = next(starter.items())
    home.parts.store.remember([Attempt(starter.id, item.id, Verdict.RIGHT, 1, 0.9, 1.2)])
    child = home.parts.store.child

    async def act(stage: Stage) -> None:
        await home.sign_in()
        for page in ("today", "practice", "limits", "consent", "children", "data", "device"):
            assert (await home.browser.get(f"/{page}")).status_code == 200
        await home.send("/children", names="Lily")
        assert "Lily" in (await home.browser.get("/today")).text
        await home.send("/consent", purpose="telemetry", given="yes")
        packed = (await home.send("/export")).content
        files = zipfile.ZipFile(io.BytesIO(packed))
        assert {"family.json", "progress.json", "attempts.csv", "xapi.json"} <= set(
            files.namelist()
        )
        (attempt,) = json.loads(files.read("progress.json"))["attempts"]
        assert attempt["item"] == item.id
        (statement,) = json.loads(files.read("xapi.json"))
        assert statement["actor"]["account"]["name"] == child
        daemon = home.daemon
        assert daemon.parents is not None
        assert daemon.parents.allow_telemetry()
        assert not daemon.parents.allow_answers()
        assert (await home.send("/forget", child="all", sure="yes")).status_code == 200
        assert home.parts.store.attempts(10) == ()
        assert "Lily" not in (await home.browser.get("/data")).text
        await closed(home)

    hold(lambda: home, act)
    family = FamilyFile(tmp_path, SystemClock().wall).family
    assert (family.children, family.consents(Purpose.TELEMETRY)) == ((), False)
    assert b"Lily" not in b"".join(
        path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()
    )


def test_a_recording_is_played_while_allowed_and_gone_with_the_consent(
    home: Home, tmp_path: Path
) -> None:
    starter = home.parts.services.pack
    said = Attempt(starter.id, next(starter.items()).id, Verdict.RIGHT, 1, 0.9, 1.2)
    begun = Learned(session=SessionEdge.BEGUN)
    home.parts.store.remember([said], begun)
    child = home.parts.store.child

    async def act(stage: Stage) -> None:
        await home.sign_in()
        kept = home.daemon.parents
        assert kept is not None
        await home.send("/consent", purpose="recordings", given="yes")
        kept.recordings.keep(child, [said], begun, np.ones(1600, np.int16))
        file = tmp_path / FOLDER / child / file_name(said)
        await home.until(file.exists)
        address = f"/recordings/{child}/{file.stem}"
        assert address in (await home.browser.get("/practice")).text
        await home.until(lambda: file.stat().st_size > 3200)
        part = await home.browser.get(address, headers={"range": "bytes=0-3"})
        assert (part.status_code, part.content) == (206, b"RIFF")
        for wrong in (f"/recordings/{child}/..", f"/recordings/%2e%2e/{file.stem}"):
            assert (await home.browser.get(wrong)).status_code == 404
        await home.send("/consent", purpose="recordings", given="no")
        assert not file.exists()
        assert address not in (await home.browser.get("/practice")).text
        await closed(home)

    hold(lambda: home, act)


def test_the_sound_check_waits_for_nobody_who_practises(home: Home) -> None:
    async def act(stage: Stage) -> None:
        await home.sign_in()
        home.press()
        await home.until(lambda: home.states[-1] == State.SPEAKING.value)
        assert (await home.send("/sound-check")).status_code == 409
        await closed(home)

    hold(lambda: home, act)


def test_a_parent_has_the_childs_voice_learnt_at_once(home: Home) -> None:
    async def act(stage: Stage) -> None:
        await home.sign_in()
        answer = await home.send("/teach-wake")
        assert "asks for it now" in answer.text
        await home.state("speaking")
        assert home.said[0].startswith("First I want to learn your voice")
        assert home.said[1] == "Hello myna."
        home.press()
        await home.state("listening")
        answer = await home.send("/teach-wake")
        assert "when she is woken next" in answer.text
        await closed(home)

    hold(lambda: home, act)


def test_the_first_child_that_is_named_is_learnt_when_it_wakes_her(home: Home) -> None:
    async def act(stage: Stage) -> None:
        await home.sign_in()
        assert (await home.send("/children", names="Lily")).status_code == 200
        assert home.parts.wake_voices.asked()
        home.parts.wake_voices.answered()
        assert (await home.send("/children", names="Lily\nTom")).status_code == 200
        assert not home.parts.wake_voices.asked()
        await closed(home)

    hold(lambda: home, act)

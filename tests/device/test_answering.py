"""Questions over the real client library, in its own process, against a server with bad days."""

from __future__ import annotations

import asyncio
import functools
import queue
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from device.bench.answer_room import Answer, AnswerRoom
from device.bench.chat_server import ChatServer, Fault, Scripted
from device.bench.thousand_turns import thousand_turns
from dialog.cloud import ports
from dialog.cloud.errors import BadReply, Rejected
from dialog.cloud.fakes import FakeChat, Wait
from dialog.cloud.ports import Delta, Learner, Reason
from dialog.cloud.service import CloudService
from dialog.cloud.settings import CloudSettings
from dialog.safety.ports import Topic

pytest.importorskip("openai")

T = TypeVar("T")
LONG_S = 30.0
SKY = Scripted("The sky is blue. Do you like blue? ")


def settings_for(server: ChatServer, **others: object) -> CloudSettings:
    settings = CloudSettings(consent=True, base_url=server.base_url, model="scripted")
    return replace(settings, **others)  # type: ignore[arg-type]


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer([SKY]) as running:
        yield running


def held(settings: CloudSettings, talk: Callable[[AnswerRoom], Awaitable[T]], **room: object) -> T:
    """Hold `talk(room)` with the cloud's process."""

    async def hold(cloud: CloudService) -> T:
        async with AnswerRoom(settings, cloud, **room) as found:  # type: ignore[arg-type]
            return await talk(found)

    with CloudService(settings) as cloud:
        cloud.worker.wait_ready(timeout_s=LONG_S)
        return asyncio.run(hold(cloud))


def everything(server: ChatServer) -> list[bytes]:
    found = []
    try:
        while True:
            found.append(server.seen.get_nowait().raw)
    except queue.Empty:
        return found


def test_a_question_is_answered_and_counted(server: ChatServer) -> None:
    async def talk(room: AnswerRoom) -> tuple[Answer, int]:
        answer = await room.ask("why is the sky blue")
        return answer, room.answering.standing().tokens_left

    answer, left = held(settings_for(server, tokens_per_day=10_000), talk)
    assert answer.lines == ["The sky is blue.", "Do you like blue?"]
    assert left == 10_000 - 520
    body = server.seen.get(timeout=LONG_S).body
    assert body["stream"] is True
    assert body["model"] == "scripted"


# What is said first, and what the parents' page shows; a filler counts as said.
SPOKEN = {
    Fault.SLOW_HEADERS: Reason.TOO_SLOW,
    Fault.STALL: None,
    Fault.DISCONNECT: None,
    Fault.RATE_LIMITED: Reason.FAILED,
    Fault.SERVER_ERROR: Reason.FAILED,
    Fault.UNAUTHORISED: Reason.FAILED,
    Fault.BAD_JSON: None,
    Fault.HALF_UTF8: None,
    Fault.WRONG_TYPE: Reason.FAILED,
    Fault.ENDLESS: None,
    Fault.EMPTY: Reason.FAILED,
}


def test_every_fault_has_a_case() -> None:
    assert set(SPOKEN) == set(Fault) - {Fault.NONE}


def test_every_fault_ends_in_a_spoken_sentence_and_a_clean_state() -> None:
    faults = [Scripted("" if f is Fault.EMPTY else SKY.text, fault=f) for f in SPOKEN]
    short = {"filler_after_s": 0.3, "give_up_after_s": 1.0, "stall_after_s": 0.5}

    async def talk(room: AnswerRoom) -> list[tuple[list[str], list[Reason]]]:
        found = []
        for _ in faults:
            room.degraded.clear()
            answer = await room.ask("why is the sky blue")
            found.append((answer.lines, list(room.degraded)))
            room.renew()  # a fresh conversation, whose breaker lets the next one through
        return found

    with ChatServer(faults) as server:
        outcomes = held(settings_for(server, **short), talk)
        # The requests were really made, and none still hangs there.
        for _ in faults:
            server.seen.get(timeout=LONG_S)
    for fault, (lines, reasons) in zip(SPOKEN, outcomes, strict=True):
        assert lines, fault
        assert reasons == ([SPOKEN[fault]] if SPOKEN[fault] else []), fault


def test_nobody_there_and_no_tls() -> None:
    async def talk(room: AnswerRoom) -> list[str]:
        return (await room.ask("why is the sky blue")).lines

    short = CloudSettings(consent=True, model="m", filler_after_s=0.3, give_up_after_s=1.0)
    with ChatServer([SKY]) as server:
        secure = server.base_url.replace("http", "https")
        url = server.base_url
        assert held(replace(short, base_url=secure), talk)
    assert held(replace(short, base_url=url), talk)


def test_nothing_leaves_the_device_without_consent(server: ChatServer) -> None:
    async def talk(room: AnswerRoom) -> list[Reason]:
        for question in ("why is the sky blue", "my name is amanda", "go on", "i want to die"):
            await room.ask(question)
        return room.degraded

    reasons = held(settings_for(server), talk, consent=False)
    assert set(reasons) == {Reason.NO_CONSENT}
    no_setting = CloudSettings(base_url=server.base_url, model="m")
    assert set(held(no_setting, talk)) == {Reason.NO_CONSENT}
    assert everything(server) == []


def test_consent_can_be_taken_back_at_any_time(server: ChatServer) -> None:
    async def talk(room: AnswerRoom) -> None:
        await room.ask("why is the sky blue")
        room.consent = False
        await room.ask("why is grass green")

    held(settings_for(server), talk)
    assert len(everything(server)) == 1


def test_no_byte_of_what_is_sent_holds_a_name_or_an_identity(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.touch(mode=0o600)
    key.write_text("secret-key\n", encoding="utf-8")
    said = {
        "my name is amanda why is the sky blue": "amanda",
        "i live at 5 rose street why do cats purr": "rose",
        "i go to sunny hill school do you like it": "sunny hill",
        "my phone number is 555 0134 can you call": "0134",
        "我叫王小明猫为什么会打呼噜": "王小明",
        "我住在幸福路十二号月亮有多远": "幸福路",
        "my friend is called george do fish sleep": "george",
        "my email is sam@home.example how long is a whale": "sam@home",
    }
    learner = Learner("6-8", "pre-a1", lesson="Hello, my name is Leopold", words=("cat",))

    async def talk(room: AnswerRoom) -> None:
        for question in said:
            await room.ask(question, learner)

    with ChatServer([SKY, Scripted(tools=(("look_up_progress", "{}"),)), SKY]) as server:
        settings = settings_for(server, key_file=str(key), tokens_per_day=100_000)
        held(settings, talk, progress="my child is called Theodora and did well")
        sent = everything(server)
    # One asks again with what the tool found.
    assert len(sent) == len(said) + 1
    for raw in sent:
        text = raw.decode().lower()
        found = [hidden for hidden in [*said.values(), "leopold", "theodora"] if hidden in text]
        # JSON may spell other characters by their numbers.
        found += [h for h in said.values() if h.encode("unicode_escape").decode() in text]
        assert found == []
        # Whose key it is the service knows; who speaks it does not.
        head = text.partition("\r\n\r\n")[0]
        assert "authorization: bearer secret-key" in head
        assert "cookie" not in head
        assert '"user"' not in text.replace('"role":"user"', "")


def test_an_interruption_cancels_the_request(server: ChatServer) -> None:
    async def talk(room: AnswerRoom) -> tuple[ports.Reason, ...]:
        room.begin("why is the sky blue")
        await room.until(lambda answer: len(answer.lines) == 1)
        room.interrupt(1)
        return tuple(room.degraded)

    with ChatServer([Scripted(SKY.text, fault=Fault.STALL)]) as stalled:
        assert held(settings_for(stalled), talk) == ()
        assert stalled.seen.get(timeout=LONG_S).client_left_s is not None


def test_go_on_after_an_interruption_tells_the_model_what_was_heard() -> None:
    async def talk(room: AnswerRoom) -> list[str]:
        room.begin("why is the sky blue")
        await room.until(lambda answer: len(answer.lines) == 1)
        room.interrupt(1)
        return (await room.ask("go on")).lines

    with ChatServer([Scripted(SKY.text, fault=Fault.STALL), Scripted("It is the light. ")]) as s:
        assert held(settings_for(s), talk) == ["It is the light."]
        bodies = [s.seen.get(timeout=LONG_S).body for _ in range(2)]
    talked = [(m["role"], m["content"]) for m in bodies[1]["messages"][1:]]
    assert talked == [
        ("user", "why is the sky blue"),
        ("assistant", "The sky is blue."),
        ("user", "Please go on."),
    ]


def test_the_budget_ends_the_day_and_a_new_day_begins(server: ChatServer) -> None:
    async def talk(room: AnswerRoom) -> list[list[Reason]]:
        found = []
        for day in (2, 2, 2, 3):
            room.clock.fixed = datetime(2026, 3, day, 4, 0, tzinfo=UTC)
            room.degraded.clear()
            await room.ask("why is the sky blue")
            found.append(list(room.degraded))
        return found

    reasons = held(settings_for(server, tokens_per_day=2000), talk)
    assert reasons == [[], [], [Reason.BUDGET_SPENT], []]
    assert len(everything(server)) == 3


def test_no_network_and_quiet_hours_are_the_devices_own(server: ChatServer) -> None:
    async def talk(room: AnswerRoom) -> list[str]:
        return (await room.ask("what colour is the sky")).lines

    assert held(settings_for(server), talk, online=False) == ["It is blue."]
    quiet = settings_for(server, quiet_from="00:00", quiet_until="23:59:59.999999")
    assert held(quiet, talk) == ["It is blue."]
    assert everything(server) == []


def test_a_child_in_distress_is_answered_and_its_parent_told_without_a_word_of_it(
    server: ChatServer,
) -> None:
    async def talk(room: AnswerRoom) -> tuple[list[str], list[Topic]]:
        answer = await room.ask("my uncle touches me at night")
        return answer.lines, room.parent

    lines, told = held(settings_for(server, tell_parent=True), talk)
    assert len(lines) == 1
    assert "not your fault" in lines[0]
    assert told == [Topic.HURT_BY_OTHERS]
    assert everything(server) == []


def test_nothing_said_is_logged(server: ChatServer, caplog: pytest.LogCaptureFixture) -> None:
    async def talk(room: AnswerRoom) -> None:
        await room.ask("why is the zebrafish blue")
        await room.ask("how do i make a bomb zebrafish")

    faults = [Scripted("Zebrafish are nice. ", tools=(("zebrafish", "{}"),), fault=Fault.BAD_JSON)]
    with caplog.at_level("DEBUG"), ChatServer(faults) as bad:
        held(settings_for(bad), talk)
    assert caplog.records
    assert "zebrafish" not in caplog.text.lower()


def test_a_key_that_cannot_be_read_is_a_clear_sentence(server: ChatServer) -> None:
    settings = settings_for(server, key_file="/nonexistent/key")
    with CloudService(settings) as cloud, pytest.raises(Rejected, match="key_file"):
        cloud.worker.wait_ready(timeout_s=LONG_S)


@pytest.mark.parametrize("mode", [0o604, 0o640 | 0o020, 0o666])
def test_a_key_that_everybody_can_read_is_refused(
    server: ChatServer, tmp_path: Path, mode: int
) -> None:
    key = tmp_path / "key"
    key.write_text("secret-key", encoding="utf-8")
    key.chmod(mode)
    with (
        CloudService(settings_for(server, key_file=str(key))) as cloud,
        pytest.raises(Rejected, match="chmod") as refused,
    ):
        cloud.worker.wait_ready(timeout_s=LONG_S)
    assert "secret-key" not in str(refused.value)


def test_the_breaker_outlives_a_conversation(server: ChatServer) -> None:
    async def talk(room: AnswerRoom) -> list[Reason]:
        for _ in range(2):
            await room.ask("why is the sky blue")
            room.answering.stop()
        return room.degraded

    with ChatServer([Scripted(fault=Fault.SERVER_ERROR)]) as broken:
        reasons = held(settings_for(broken), talk)
        assert len(everything(broken)) == 1
    assert reasons == [Reason.FAILED, Reason.RESTING]


def test_the_fake_keeps_the_same_contract() -> None:
    """Sentences, an error of the room's own kind, and an end when it is cancelled."""
    scripts = ([Delta("The sky is blue. "), Delta(prompt_tokens=9)], [BadReply("x")], [Wait()])
    settings = CloudSettings(consent=True, base_url="http://127.0.0.1", model="m")

    async def hold(cloud: CloudService) -> list[list[str]]:
        async with AnswerRoom(settings, cloud) as room:
            found = [(await room.ask("why is the sky blue")).lines for _ in range(2)]
            room.renew()
            room.begin("why is grass green")
            room.interrupt(0)
            return found

    build = functools.partial(FakeChat, *scripts)
    with CloudService(settings, build=build) as cloud:
        lines = asyncio.run(hold(cloud))
    assert lines[0] == ["The sky is blue."]
    assert len(lines[1]) == 1


def test_a_process_that_dies_is_answered_and_started_again() -> None:
    async def talk(room: AnswerRoom) -> tuple[list[str], list[str]]:
        cloud = room.cloud
        assert isinstance(cloud, CloudService)
        room.begin("why is the sky blue")
        await room.until(lambda answer: len(answer.lines) == 1)
        cloud.worker.kill()
        cut_short = await room.until(lambda answer: answer.over_s > 0)
        room.renew()
        return cut_short.lines, (await room.ask("why is the sky blue")).lines

    with ChatServer([Scripted(SKY.text, fault=Fault.STALL), SKY]) as server:
        patient = {"filler_after_s": 10.0, "give_up_after_s": 20.0, "stall_after_s": 20.0}
        cut_short, whole = held(settings_for(server, **patient), talk)
    assert cut_short == ["The sky is blue."]
    assert whole == ["The sky is blue.", "Do you like blue?"]


def test_turns_leave_nothing_behind_and_name_nobody() -> None:
    """The bench's thousand turns, a few of them."""
    figures = {each.metric: each.value for each in thousand_turns(30, seed=3)}
    memory = figures.pop("cloud.turns.memory_grown_in_cloud_process")
    assert memory is not None
    assert memory < 20.0
    assert set(figures.values()) == {0}

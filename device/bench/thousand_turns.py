"""A thousand turns against a server with bad days: nothing is left behind, nobody is named.

Every question tells something about who asks it, in one of the ways in which children say such
things; every byte that the server got is searched for it. What the process holds is counted before
and after.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import queue
import random
from dataclasses import dataclass
from pathlib import Path

from device.bench.answer_room import AnswerRoom
from device.bench.chat_server import ChatServer, Fault, Scripted
from device.bench.metric import Metric
from dialog.cloud.service import CloudService
from dialog.cloud.settings import CloudSettings

WARM_UP = 50
SETTLES, SETTLE_S = 100, 0.1
REPLY = "The sky is blue. Do you like blue? "
SCRIPTS = [
    Scripted(REPLY),
    Scripted(REPLY, fault=Fault.DISCONNECT),
    Scripted(REPLY, fault=Fault.SERVER_ERROR),
    Scripted(REPLY, fault=Fault.RATE_LIMITED),
    Scripted(REPLY, fault=Fault.BAD_JSON),
    Scripted(REPLY, fault=Fault.HALF_UTF8),
    Scripted(REPLY, fault=Fault.WRONG_TYPE),
    Scripted(fault=Fault.EMPTY),
    Scripted(REPLY, fault=Fault.ENDLESS),
    Scripted(REPLY, fault=Fault.STALL),  # its turns are interrupted
]
_STALL = len(SCRIPTS) - 1

NAMES = ("amanda", "george", "leopold", "theodora", "ravi", "mei ling", "xiao ming", "oluwaseun")
STREETS = ("rose street", "mill lane", "garden avenue", "harbour road")
SCHOOLS = ("sunny hill", "saint mary", "number three", "green valley")
HAN_NAMES = ("王小明", "李雷", "陈思雨", "赵子涵", "小明", "朵朵")
FORMS = (
    ("my name is {name} why is the sky blue", "name"),
    ("i am called {name} how big is the moon", "name"),
    ("my friend is called {name} what do cats eat", "name"),
    ("i live at {number} {street} why does it rain", "street"),
    ("i go to {school} school why do birds fly", "school"),
    ("my phone number is {digits} where do lions live", "digits"),
    ("my mum's number is {digits} can fish sleep", "digits"),
    ("my email is {name}@post.example why is snow white", "email"),
    ("我叫{han}天空为什么是蓝色的", "han"),
    ("我的名字是{han}月亮有多大", "han"),
)


@dataclass(frozen=True, slots=True)
class Held:
    """What the processes hold at one moment."""

    tasks: int
    files: int
    files_of_cloud: int
    memory_of_cloud_mb: float
    connections: int


def thousand_turns(turns: int, *, seed: int) -> list[Metric]:
    """Hold the turns and count.

    Args:
        turns: After the first `WARM_UP`, in which libraries load what they keep.
        seed: Draws who asks.
    """
    return asyncio.run(_hold(turns, random.Random(seed)))  # noqa: S311 - no secret


async def _hold(turns: int, draw: random.Random) -> list[Metric]:
    scripts = [SCRIPTS[number % len(SCRIPTS)] for number in range(WARM_UP + turns)]
    with ChatServer(scripts) as server:
        settings = CloudSettings(
            consent=True, base_url=server.base_url, model="scripted", tokens_per_day=10_000_000
        )
        with CloudService(settings) as cloud:
            await asyncio.to_thread(cloud.worker.wait_ready)
            async with AnswerRoom(settings, cloud) as room:
                found: list[bool] = []
                unanswered = 0
                for number in range(WARM_UP):
                    await _turn(room, server, number, draw)
                before = await _held(server, cloud)
                for number in range(WARM_UP, WARM_UP + turns):
                    named, answered = await _turn(room, server, number, draw)
                    found.append(named)
                    unanswered += not answered
                after = await _held(server, cloud)
                restarts = cloud.worker.restarts
    return [
        Metric("cloud.turns.identifying_sent", sum(found), "", "== 0", turns),
        Metric("cloud.turns.unanswered", unanswered, "", "== 0", turns),
        Metric("cloud.turns.restarts", restarts, "", "== 0", turns),
        Metric("cloud.turns.tasks_left", after.tasks - before.tasks, "", "== 0", turns),
        Metric("cloud.turns.files_left", after.files - before.files, "", "== 0", turns),
        Metric(
            "cloud.turns.files_left_in_cloud_process",
            after.files_of_cloud - before.files_of_cloud, "", "== 0", turns,
        ),
        Metric(
            "cloud.turns.connections_left", after.connections - before.connections, "", "== 0",
            turns,
        ),
        Metric(
            "cloud.turns.memory_grown_in_cloud_process",
            after.memory_of_cloud_mb - before.memory_of_cloud_mb, "MB", "<= 5", turns,
        ),
    ]  # fmt: skip


async def _turn(
    room: AnswerRoom, server: ChatServer, number: int, draw: random.Random
) -> tuple[bool, bool]:
    """One question; whether it named anybody to the server, and whether it was answered."""
    question, hidden = _question(draw)
    room.renew()
    if number % len(SCRIPTS) == _STALL:
        answer = room.begin(question)
        await room.until(lambda found: bool(found.lines))
        room.interrupt(1)
    else:
        answer = await room.ask(question)
    try:
        seen = await asyncio.to_thread(server.seen.get, timeout=20.0)
    except queue.Empty:
        return False, False
    spelled = hidden.encode("unicode_escape").lower()
    raw = seen.raw.lower()
    named = hidden.encode() in raw or (not hidden.isascii() and spelled in raw)
    return named, bool(answer.lines)


def _question(draw: random.Random) -> tuple[str, str]:
    form, kind = draw.choice(FORMS)
    facts = {
        "name": draw.choice(NAMES),
        "street": draw.choice(STREETS),
        "school": draw.choice(SCHOOLS),
        "han": draw.choice(HAN_NAMES),
        "number": str(draw.randint(1, 99)),
        "digits": " ".join(str(draw.randint(0, 9)) for _ in range(8)),
    }
    facts["email"] = f"{facts['name']}@post"
    return form.format(**facts), facts[kind]


async def _held(server: ChatServer, cloud: CloudService) -> Held:
    for _ in range(SETTLES):  # what is being closed is no leak: only what stays open is
        if not server.open_connections:
            break
        await asyncio.sleep(SETTLE_S)
    await asyncio.sleep(SETTLE_S)
    child = cloud.worker.pid or 0
    return Held(
        tasks=len(asyncio.all_tasks()),
        files=_files(os.getpid()),
        files_of_cloud=_files(child),
        memory_of_cloud_mb=_memory_mb(child),
        connections=server.open_connections,
    )


def _files(process: int) -> int:
    return sum(1 for _ in itertools.islice(Path(f"/proc/{process}/fd").iterdir(), 100_000))


def _memory_mb(process: int) -> float:
    for line in Path(f"/proc/{process}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0

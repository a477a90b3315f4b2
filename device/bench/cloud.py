"""``myna bench cloud``: the way to a chat service and back, on loopback; leaks of every kind.

The real client library in its process against the scripted server, the voice left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np

from device.bench.answer_room import AnswerRoom
from device.bench.chat_server import ChatServer, Fault, Scripted
from device.bench.metric import Metric
from device.bench.thousand_turns import thousand_turns
from dialog.cloud.ports import Learner, Message
from dialog.cloud.prompts import request_for
from dialog.cloud.service import CloudService
from dialog.cloud.settings import CloudSettings
from dialog.cloud.state import REMEMBERED
from dialog.cloud.tools import estimated_tokens

QUESTION = "why is the sky blue"
REPLY = "The sky is blue. Do you like blue? "
SHORT_TURNS, LONG_TURNS = 10, 200
SHORT_LEAK_TURNS, LONG_LEAK_TURNS = 200, 1000
FIRST_WORD_AFTER_S = 0.05
LEARNER = Learner(
    "6-8", "a1", lesson="At the fruit shop",
    words=("apple", "banana", "orange", "bag", "please", "thank you"), sounds=("TH", "R"),
)  # fmt: skip

Hold = Callable[[AnswerRoom, ChatServer], Awaitable[list[float]]]


def run(*, long: bool, seed: int, corpus: Path | None = None) -> list[Metric]:
    """All figures.

    Args:
        long: More turns.
        seed: Draws the names of the children in the thousand turns.
        corpus: Not used: nothing here is heard.
    """
    turns = LONG_TURNS if long else SHORT_TURNS
    leak_turns = LONG_LEAK_TURNS if long else SHORT_LEAK_TURNS
    return [
        *gaps(turns),
        *interruptions(turns),
        *faults(turns),
        *tokens(),
        *thousand_turns(leak_turns, seed=seed),
    ]


def gaps(turns: int) -> list[Metric]:
    """From the question to the first sentence in the voice's hands, less the server's own time."""
    script = Scripted(REPLY, first_word_after_s=FIRST_WORD_AFTER_S)

    async def hold(room: AnswerRoom, server: ChatServer) -> list[float]:
        found = []
        for _ in range(turns):
            answer = await room.ask(QUESTION)
            seen = server.seen.get(timeout=10.0)
            if seen.first_sentence_s is None:
                raise RuntimeError("the server sent no sentence")
            found.append(answer.first_line_s - FIRST_WORD_AFTER_S)
            room.renew()
        return found

    waits = asyncio.run(_in_room(script, hold))
    return [
        _quantile("cloud.question_to_voice_less_server.median", waits, 50, "<= 150"),
        _quantile("cloud.question_to_voice_less_server.p95", waits, 95, "<= 150"),
    ]


def interruptions(turns: int) -> list[Metric]:
    """From an interruption to the server's seeing that the request is over."""

    async def hold(room: AnswerRoom, server: ChatServer) -> list[float]:
        found = []
        for _ in range(turns):
            room.begin(QUESTION)
            await room.until(lambda answer: len(answer.lines) == 1)
            at_s = room.interrupt(1)
            seen = await asyncio.to_thread(server.seen.get, timeout=10.0)
            if seen.client_left_s is None:
                raise RuntimeError("the request was not cancelled")
            found.append(seen.client_left_s - at_s)
            room.renew()
        return found

    waits = asyncio.run(_in_room(Scripted(REPLY, fault=Fault.STALL), hold))
    return [
        _quantile("cloud.interruption_to_cancelled.median", waits, 50, "<= 100"),
        _quantile("cloud.interruption_to_cancelled.p95", waits, 95, "<= 100"),
    ]


def faults(turns: int) -> list[Metric]:
    """The longest wait for a sentence, by the kind of fault, with the settings as they are.

    Faults that end at once are answered at once; those that keep a child waiting get the filler
    and then the device's answer.
    """
    found = []
    for fault in Fault:
        if fault is Fault.NONE:
            continue
        script = Scripted("" if fault is Fault.EMPTY else REPLY, fault=fault)
        slow = fault in (Fault.SLOW_HEADERS, Fault.STALL)
        number = max(1, turns // 10) if slow else turns

        async def hold(room: AnswerRoom, _: ChatServer, number: int = number) -> list[float]:
            waits = []
            for _turn in range(number):
                answer = await room.ask(QUESTION)
                waits.append(answer.longest_silence_s)
                room.renew()
            return waits

        waits = asyncio.run(_in_room(script, hold))
        found.append(_quantile(f"cloud.fault.{fault.value}.longest_wait", waits, 100, "<= 3000"))
    return found


def tokens() -> list[Metric]:
    """What a turn costs before its reply, by the estimate on the safe side that budgets use."""
    first = (Message("user", QUESTION),)
    talk = (Message("user", QUESTION), Message("assistant", REPLY.strip())) * REMEMBERED
    metrics = []
    for name, said in (("first", first), ("in_a_long_talk", talk[-REMEMBERED:])):
        request = request_for(LEARNER, said, play=None, max_tokens=160)
        metrics.append(
            Metric(f"cloud.tokens.question.{name}", estimated_tokens(request), "", None, 1)
        )
    settings = CloudSettings()
    most = metrics[1].value or 1.0
    turns = settings.tokens_per_day / (most + settings.reply_tokens)
    return [*metrics, Metric("cloud.tokens.turns_a_day_at_least", int(turns), "", None, 1)]


async def _in_room(script: Scripted, hold: Hold) -> list[float]:
    with ChatServer([script]) as server:
        settings = CloudSettings(
            consent=True, base_url=server.base_url, model="scripted", tokens_per_day=10_000_000
        )
        with CloudService(settings) as cloud:
            await asyncio.to_thread(cloud.worker.wait_ready)
            async with AnswerRoom(settings, cloud) as room:
                return await hold(room, server)


def _quantile(metric: str, waits_s: list[float], percent: int, aim: str | None) -> Metric:
    return Metric(metric, 1000 * float(np.percentile(waits_s, percent)), "ms", aim, len(waits_s))

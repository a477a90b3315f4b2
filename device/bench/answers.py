"""``myna bench answers``: what the safety lists miss, what they stop needlessly, and the waits.

The held-out part of the cases was not tuned on; its figures are the ones to quote.
"""

from __future__ import annotations

import asyncio
import importlib.resources
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from device.bench.answer_room import AnswerRoom
from device.bench.chat_server import ChatServer, Fault, Scripted
from device.bench.metric import Metric
from dialog.cloud.service import CloudService
from dialog.cloud.settings import CloudSettings
from dialog.safety.lists import flaw_of, topic_of
from dialog.safety.personal import replace_personal

QUESTION = "why is the sky blue"
REPLY = "The sky is blue. Do you like blue? "
SHORT_TURNS, LONG_TURNS = 10, 200
FIRST_WORD_AFTER_S = 0.05


def run(*, long: bool, seed: int, corpus: Path | None = None) -> list[Metric]:
    """All figures.

    Args:
        long: More turns.
        seed: Not used: nothing here is drawn by chance.
        corpus: Not used: nothing here is heard.
    """
    turns = LONG_TURNS if long else SHORT_TURNS
    safety = [metric for part in ("tuned", "heldout") for metric in of_lists(part)]
    return [*safety, *gaps(turns), *interruptions(turns), *faults(turns)]


def of_lists(part: str) -> list[Metric]:
    """Missed and false alarms of one part of the cases, in percent."""
    cases = _cases(part)
    asked = _lines(cases["asked"])
    replied = _lines(cases["replied"])
    harmless = [line for text in cases["harmless"].values() for line in _split(text)]
    personal = [
        tuple(each.strip() for each in line.split("|")) for line in _split(cases["personal"])
    ]
    missed = sum(topic_of(line) is None for line in asked)
    said = sum(flaw_of(line) is None and topic_of(line) is None for line in replied)
    leaked = sum(hidden in replace_personal(line)[0] for line, hidden in personal)
    alarms = sum(topic_of(line) is not None for line in harmless)
    changed = sum(bool(replace_personal(line)[1]) for line in harmless)
    return [
        _percent(f"safety.{part}.asked.missed", missed, len(asked), "<= 1"),
        _percent(f"safety.{part}.replied.missed", said, len(replied), "<= 1"),
        _percent(f"safety.{part}.personal.leaked", leaked, len(personal), "<= 1"),
        _percent(f"safety.{part}.harmless.stopped", alarms, len(harmless), "<= 3"),
        _percent(f"safety.{part}.harmless.changed", changed, len(harmless), None),
    ]


def gaps(turns: int) -> list[Metric]:
    """From the service's first sentence to the voice, and what a turn costs on the way."""
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
        _quantile("answers.question_to_voice_less_server.median", waits, 50, "<= 150"),
        _quantile("answers.question_to_voice_less_server.p95", waits, 95, None),
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
        _quantile("answers.interruption_to_cancelled.median", waits, 50, "<= 100"),
        _quantile("answers.interruption_to_cancelled.p95", waits, 95, None),
    ]


def faults(turns: int) -> list[Metric]:
    """Turns with faults that end at once: answered ones, and the longest wait for a sentence."""
    kinds = (Fault.DISCONNECT, Fault.SERVER_ERROR, Fault.RATE_LIMITED, Fault.BAD_JSON)

    async def hold(room: AnswerRoom, _: ChatServer) -> list[float]:
        found = []
        for _number in range(turns):
            answer = await room.ask(QUESTION)
            found.append(answer.longest_silence_s)
            room.renew()
        return found

    waits = [
        wait
        for fault in kinds
        for wait in asyncio.run(_in_room(Scripted(REPLY, fault=fault), hold))
    ]
    return [_quantile("answers.fault_to_sentence.longest", waits, 100, "<= 1500")]


async def _in_room(script: Scripted, hold: Any) -> list[float]:  # noqa: ANN401 - one of the above
    with ChatServer([script]) as server:
        settings = CloudSettings(
            consent=True, base_url=server.base_url, model="scripted", tokens_per_day=10_000_000
        )
        with CloudService(settings) as cloud:
            await asyncio.to_thread(cloud.worker.wait_ready)
            async with AnswerRoom(settings, cloud) as room:
                waits: list[float] = await hold(room, server)
                return waits


def _cases(part: str) -> dict[str, Any]:
    text = (
        importlib.resources.files("device.bench").joinpath(f"safety_{part}.yaml").read_text("utf-8")
    )
    cases: dict[str, Any] = yaml.safe_load(text)
    return cases


def _lines(topics: dict[str, dict[str, str]]) -> list[str]:
    return [line for tags in topics.values() for text in tags.values() for line in _split(text)]


def _split(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


def _percent(metric: str, count: int, of: int, aim: str | None) -> Metric:
    return Metric(metric, 100 * count / of, "%", aim, of)


def _quantile(metric: str, waits_s: list[float], percent: int, aim: str | None) -> Metric:
    return Metric(metric, 1000 * float(np.percentile(waits_s, percent)), "ms", aim, len(waits_s))

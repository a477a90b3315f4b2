"""Questions over the real client library against servers that this project did not write.

An OpenAI-compatible proxy with canned answers and errors, and llama.cpp's server with a tiny model
of random weights made here. Skipped where `scripts/chat_peers` has not installed them.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from device.bench.answer_room import Answer, AnswerRoom
from dialog.cloud.ports import Reason
from dialog.cloud.service import CloudService
from dialog.cloud.settings import CloudSettings
from dialog.safety.screen import Wanted, flaw_in
from tests.platform_parts import ROOT, free_port, until

BIN = ROOT / ".cache/chat-peers/bin"
PARTS = ROOT / "tests/device/chat_peers"
KEY = "sk-of-the-tests"
STARTS_WITHIN_S = 90.0
QUESTION = "why is the sky blue"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (BIN / "litellm").exists(), reason="the chat peers are missing: scripts/chat_peers"
    ),
]

CANNED = "The sky is blue. The sun is up there. Do you like the sky?"
PROXY = """
model_list:
  - model_name: canned
    litellm_params: {{model: openai/x, api_key: none, mock_response: "{canned}"}}
  - model_name: limited
    litellm_params: {{model: openai/x, api_key: none, mock_response: litellm.RateLimitError}}
  - model_name: broken
    litellm_params: {{model: openai/x, api_key: none, mock_response: litellm.InternalServerError}}
  - model_name: nobody
    litellm_params: {{model: openai/x, api_key: none, api_base: "http://127.0.0.1:9/v1"}}
general_settings: {{master_key: {key}}}
litellm_settings: {{num_retries: 0}}
"""


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("proxy")
    config = folder / "config.yaml"
    config.write_text(PROXY.format(canned=CANNED, key=KEY), encoding="utf-8")
    port = free_port()
    environment = {
        "PATH": f"{BIN}:/usr/bin:/bin",
        "HOME": str(folder),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it looks for the internet
        "LITELLM_TELEMETRY": "False",
    }
    command = [str(BIN / "litellm"), "--config", str(config), "--host", "127.0.0.1"]
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(
            [*command, "--port", str(port)], env=environment, stdout=log, stderr=log
        )
        try:
            until(lambda: _listens(port), "the proxy", STARTS_WITHIN_S)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            running.terminate()
            running.wait(20)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    model = tmp_path_factory.mktemp("llama") / "tiny.gguf"
    python = str(BIN / "python")
    subprocess.run([python, str(PARTS / "tiny_model.py"), str(model)], check=True)
    running = subprocess.Popen(
        [python, str(PARTS / "llama_server.py"), str(model)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with running:
        assert running.stdout is not None
        yield running.stdout.readline().strip() + "/v1"
        assert running.stdin is not None
        running.stdin.close()


@pytest.fixture
def key(tmp_path: Path) -> str:
    file = tmp_path / "key"
    file.touch(mode=0o600)
    file.write_text(KEY, encoding="utf-8")
    return str(file)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def asked(settings: CloudSettings, talk: Callable[[AnswerRoom], Awaitable[Answer]]) -> Answer:
    async def hold(cloud: CloudService) -> Answer:
        async with AnswerRoom(settings, cloud) as room:
            answer = await talk(room)
            reasons.extend(room.degraded)
            return answer

    reasons.clear()
    with CloudService(settings) as cloud:
        cloud.worker.wait_ready(timeout_s=60.0)
        return asyncio.run(hold(cloud))


reasons: list[Reason] = []
"""Why the device answered in the last talk."""


def settings(url: str, model: str, key: str = "") -> CloudSettings:
    # Generous: what is held here is the protocol, not the speed of a loaded machine.
    return CloudSettings(
        consent=True, base_url=url, model=model, key_file=key, tokens_per_day=100_000,
        filler_after_s=10.0, give_up_after_s=30.0, stall_after_s=30.0,
    )  # fmt: skip


def test_a_proxy_with_canned_answers(proxy: str, key: str) -> None:
    answer = asked(settings(proxy, "canned", key), lambda room: room.ask(QUESTION))
    assert " ".join(answer.lines) == CANNED
    assert reasons == []


@pytest.mark.parametrize("model", ["limited", "broken", "nobody", "unknown-model"])
def test_a_proxys_errors_are_answered_by_the_device(proxy: str, key: str, model: str) -> None:
    answer = asked(settings(proxy, model, key), lambda room: room.ask(QUESTION))
    assert len(answer.lines) == 1
    assert reasons == [Reason.FAILED]


def test_a_proxy_that_refuses_the_key(proxy: str) -> None:
    answer = asked(settings(proxy, "canned"), lambda room: room.ask(QUESTION))
    assert len(answer.lines) == 1
    assert reasons == [Reason.FAILED]


def fit_for_a_child(answer: Answer) -> bool:
    """Something was said, and all of it passes what replies are held to."""
    return bool(answer.lines) and all(flaw_in(line, Wanted()) is None for line in answer.lines)


def test_whatever_a_model_babbles_only_what_is_fit_is_said(llama: str) -> None:
    """The stream is llama.cpp's; its weights are random, and so is what they say."""
    answer = asked(settings(llama, "tiny"), lambda room: room.ask(QUESTION))
    assert fit_for_a_child(answer)
    assert set(reasons) <= {Reason.NOTHING_SAYABLE, Reason.UNSAFE_REPLY}


def test_a_model_server_is_cancelled_and_answers_again(llama: str) -> None:
    async def talk(room: AnswerRoom) -> Answer:
        room.begin(QUESTION)
        room.interrupt(0)
        return await room.ask("why is grass green")

    slow = replace(settings(llama, "tiny"), reply_tokens=1000)
    assert fit_for_a_child(asked(slow, talk))
    assert set(reasons) <= {Reason.NOTHING_SAYABLE, Reason.UNSAFE_REPLY}

"""The OpenAI-compatible chat API through its maintained client: any base URL, streaming."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from dialog.cloud.errors import BadReply, CloudError, Offline, RateLimited, Rejected
from dialog.cloud.ports import Delta, Request
from dialog.cloud.settings import CloudSettings
from dialog.cloud.tools import described

if TYPE_CHECKING:
    import openai

CONNECT_S = 3.0
MOST_CHARACTERS = 4000
"""More than any reply may hold: an endless one is cut here, whatever the service counts."""
LONGEST_RETRY_S = 3600.0
_FOR_OTHERS = stat.S_IRWXO | stat.S_IWGRP
_EMPTY_CHUNK = {
    "id": "",
    "object": "chat.completion.chunk",
    "created": 0,
    "model": "",
    "choices": [],
}


class OpenAIChat:
    """A `ChatService`.

    Args:
        settings: Where, which model, and the file with the key.

    Raises:
        Rejected: The key's file cannot be read, or can be read by everybody.
    """

    def __init__(self, settings: CloudSettings) -> None:
        import openai

        self._model = settings.model
        self._openai = openai
        longest_s = max(settings.give_up_after_s, settings.stall_after_s)
        self._client = openai.AsyncOpenAI(
            api_key=_key(settings.key_file),
            base_url=settings.base_url,
            max_retries=0,  # a child does not wait for a second try: the device answers
            timeout=openai.Timeout(longest_s, connect=min(CONNECT_S, longest_s)),
        )
        # The library loads much of itself at its first reply, half a second's worth: now, then.
        openai.types.chat.ChatCompletionChunk.model_validate(_EMPTY_CHUNK)
        _ = self._client.chat.completions

    async def stream(self, request: Request) -> AsyncIterator[Delta]:
        """See `ChatService`."""
        characters = 0
        try:
            stream = await self._client.chat.completions.create(**self._body(request))
            async with stream:
                async for chunk in stream:
                    for delta in _deltas(chunk):
                        characters += len(delta.text) + len(delta.arguments)
                        yield delta
                    if characters > MOST_CHARACTERS:
                        return
        except CloudError:
            raise
        except Exception as fault:  # the library's boundary: its errors are of many kinds
            self._translate(fault)

    async def close(self) -> None:
        await self._client.close()

    def _body(self, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": m.role, "content": m.text} for m in request.messages],
            "max_tokens": request.max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if request.tools:
            body["tools"] = described(request.tools)
        return body

    def _translate(self, fault: Exception) -> NoReturn:
        """Raise what the rest of the program knows. The library's text may hold the request."""
        errors = self._openai
        if isinstance(fault, errors.RateLimitError):
            limited = RateLimited("the cloud service asks to be asked later")
            limited.retry_after_s = _retry_after_s(fault.response.headers)
            raise limited from None
        if isinstance(fault, errors.APIStatusError):
            status = fault.status_code
            if status < 500:
                raise Rejected(
                    f"the cloud service refuses requests (HTTP {status}); check [cloud] base_url, "
                    "model and key_file"
                ) from None
            raise CloudError(f"the cloud service is in trouble (HTTP {status})") from None
        if isinstance(fault, errors.APIConnectionError | OSError):
            raise Offline("the cloud service cannot be reached") from None
        if type(fault).__module__.split(".")[0].startswith(("httpx", "httpcore", "anyio", "h11")):
            raise Offline("the connection to the cloud service broke") from None
        if isinstance(fault, errors.APIError | ValueError | KeyError | TypeError | AttributeError):
            raise BadReply("the cloud service sent what is no reply of the chat API") from None
        raise fault


def _deltas(chunk: openai.types.chat.ChatCompletionChunk) -> list[Delta]:
    """What a chunk holds. Services differ in what they leave out."""
    found: list[Delta] = []
    if chunk.usage is not None:
        found.append(
            Delta(
                prompt_tokens=chunk.usage.prompt_tokens or 0,
                reply_tokens=chunk.usage.completion_tokens or 0,
            )
        )
    for choice in chunk.choices or ():
        delta = choice.delta
        if delta is None:
            continue
        if delta.content:
            found.append(Delta(text=delta.content))
        for call in delta.tool_calls or ():
            function = call.function
            found.append(
                Delta(
                    tool=call.index or 0,
                    name=(function.name or "") if function else "",
                    arguments=(function.arguments or "") if function else "",
                )
            )
    return found


def _key(file: str) -> str:
    if not file:
        return "none"  # the library wants one; a family's own server takes any
    path = Path(file).expanduser()
    try:
        mode = path.stat().st_mode
        if mode & _FOR_OTHERS:
            raise Rejected(
                f"[cloud] key_file {file} can be read by everybody on this machine or changed by "
                f"others; run: chmod o=,g-w {file}"
            )
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Rejected(
            f"[cloud] key_file {file} cannot be read; make it readable for the speaker's user"
        ) from error


def _retry_after_s(headers: Mapping[str, str]) -> float:
    try:
        asked_s = float(headers.get("retry-after", ""))
    except ValueError:
        return 0.0  # a date or nothing: the breaker has a time of its own
    return min(max(asked_s, 0.0), LONGEST_RETRY_S)

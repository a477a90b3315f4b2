"""A chat service for tests: says what it was told to, held to the same contract as the real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from dialog.cloud.errors import CloudError
from dialog.cloud.ports import Delta, Request


@dataclass(frozen=True, slots=True)
class Wait:
    """The service says nothing for a while; for ever without seconds."""

    seconds: float | None = None


Act = Delta | Wait | CloudError


class FakeChat:
    """Plays one script per request, the last one again and again.

    Args:
        scripts: What is streamed, waited for or raised, in order.
    """

    def __init__(self, *scripts: Sequence[Act]) -> None:
        self._scripts = list(scripts)
        self.requests: list[Request] = []
        self.cancelled = 0

    async def stream(self, request: Request) -> AsyncIterator[Delta]:
        """See `dialog.cloud.ports.ChatService`."""
        script = self._scripts[min(len(self.requests), len(self._scripts) - 1)]
        self.requests.append(request)
        whole = False
        try:
            for act in script:
                if isinstance(act, CloudError):
                    whole = True
                    raise act
                if isinstance(act, Wait):
                    await (
                        asyncio.Event().wait()
                        if act.seconds is None
                        else asyncio.sleep(act.seconds)
                    )
                else:
                    yield act
            whole = True
        finally:
            self.cancelled += not whole

    async def close(self) -> None:
        """Nothing to release."""

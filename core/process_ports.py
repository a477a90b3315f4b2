"""What both sides of a worker process know: the engine's protocol and the reply."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from core.errors import SpeakerError

Req = TypeVar("Req")
Rep = TypeVar("Rep")
Req_contra = TypeVar("Req_contra", contravariant=True)
Rep_co = TypeVar("Rep_co", covariant=True)


class Handler(Protocol[Req_contra, Rep_co]):
    """The engine inside the child, called from one thread."""

    def __call__(self, request: Req_contra, /) -> Generator[Rep_co, None, Rep_co | None]:
        """Answer one request: yields are partial replies, the return value is the last one."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Reply(Generic[Rep]):
    """One reply to one job.

    Attributes:
        job: As returned by `ProcessWorker.submit`.
        value: What the engine yielded or returned; None beside an error, and in the last
            reply of a stream that returns nothing.
        error: Why there is no more; only in a last reply.
        last: Nothing follows.
        busy_s: Real time in seconds since the child got the request.
    """

    job: int
    value: Rep | None
    error: SpeakerError | None
    last: bool
    busy_s: float

    def result(self) -> Rep | None:
        """The value; raises the error if there is one."""
        if self.error is not None:
            raise self.error
        return self.value

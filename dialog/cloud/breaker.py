"""A circuit breaker: after failures the cloud is left alone for a while, each time for longer."""

from __future__ import annotations

from dataclasses import dataclass

from dialog.cloud.errors import CloudError, RateLimited

FIRST_REST_S = 5.0
LONGEST_REST_S = 300.0


@dataclass(frozen=True, slots=True)
class Breaker:
    """Immutable: each outcome gives the next one.

    Attributes:
        failures: In a row.
        rests_until_s: Monotonic time before which nothing is asked.
    """

    failures: int = 0
    rests_until_s: float = 0.0

    def lets_through(self, now_s: float) -> bool:
        """Whether the cloud may be asked; after the rest a single failure rests it again."""
        return now_s >= self.rests_until_s

    def failed(self, now_s: float, error: CloudError | None) -> Breaker:
        """After a failure; what asking again would not mend rests for longest at once."""
        failures = self.failures + 1
        rest_s = min(FIRST_REST_S * 2.0 ** min(self.failures, 16), LONGEST_REST_S)
        if error is not None and not error.retryable:
            rest_s = LONGEST_REST_S
        if isinstance(error, RateLimited):
            rest_s = max(rest_s, error.retry_after_s)
        return Breaker(failures, now_s + rest_s)

    def succeeded(self) -> Breaker:
        """After a reply that ended well."""
        return Breaker()

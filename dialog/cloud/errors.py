"""Why the cloud gave no answer. None of them holds a word of what was asked or answered."""

from __future__ import annotations

from core.errors import SpeakerError


class CloudError(SpeakerError):
    """The cloud did not answer as it should."""

    default_code = "cloud.error"
    default_retryable = True


class Offline(CloudError):
    """It cannot be reached, or the connection broke."""

    default_code = "cloud.offline"


class RateLimited(CloudError):
    """It wants to be asked later."""

    default_code = "cloud.rate_limited"
    retry_after_s: float = 0.0
    """Seconds that it asked for; 0 when it did not say."""


class Rejected(CloudError):
    """It does not take this key, model or request: asking again would not help."""

    default_code = "cloud.rejected"
    default_retryable = False


class BadReply(CloudError):
    """What came back is no answer: broken, empty, or of another kind."""

    default_code = "cloud.bad_reply"

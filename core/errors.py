"""The error tree. Every error has a stable code and one sentence with the remedy."""

from __future__ import annotations


class SpeakerError(Exception):
    """Base of all errors that Myna raises on purpose.

    Args:
        message: One sentence for a person: what is wrong and what to do about it. Never
            a transcript, a name or a secret, since messages reach logs.
        code: Stable, dotted, machine-readable (``audio.device_lost``); the table of spoken
            phrases and ``--json`` output key on it.
        retryable: Whether the same call may succeed later without anybody doing anything.
    """

    default_code = "myna.error"
    default_retryable = False

    def __init__(
        self, message: str, *, code: str | None = None, retryable: bool | None = None
    ) -> None:
        super().__init__(message)
        self.code = code or self.default_code
        self.retryable = self.default_retryable if retryable is None else retryable


class ConfigError(SpeakerError):
    """The configuration cannot be used; carries every problem found, not only the first."""

    default_code = "config.invalid"

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems

    def __reduce__(self) -> tuple[type[ConfigError], tuple[list[str]], dict[str, object]]:
        """Pickles from the problems: an exception's own way would join their text once more."""
        return type(self), (self.problems,), self.__dict__


class AudioError(SpeakerError):
    """Sound could not be captured, played or read from a file."""

    default_code = "audio.error"


class DeviceLost(AudioError):
    """The sound card went away; it is looked for again."""

    default_code = "audio.device_lost"
    default_retryable = True


class CaptureStalled(AudioError):
    """The card is there and delivers no frames."""

    default_code = "audio.capture_stalled"
    default_retryable = True


class ModelError(SpeakerError):
    """A model, voice or native library is missing or broken."""

    default_code = "model.error"


class WorkerDied(SpeakerError):
    """A worker process ended while it owed an answer; it is being restarted."""

    default_code = "worker.died"
    default_retryable = True


class ThreadNotStopped(SpeakerError):
    """A thread did not end within its deadline."""

    default_code = "worker.zombie"


class HardwareError(SpeakerError):
    """A board, light or button cannot be used."""

    default_code = "hal.error"


class PackError(SpeakerError):
    """A lesson pack cannot be used."""

    default_code = "lessons.invalid"


class StoreError(SpeakerError):
    """What was learned could not be read or written."""

    default_code = "store.error"


class ProvisioningError(SpeakerError):
    """A box could not be given what it needs: an image, an identity, a network."""

    default_code = "provisioning.error"

"""A platform without a network, for tests: it issues real certificates for real requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from provisioning.pairing.ports import Allowed, Applicant, Codes, PairingError, Pending, Welcome


@dataclass
class FakePlatform:
    """Honours `Platform`; what it is to answer is put in, what it was asked is kept.

    Attributes:
        sign: Makes a certificate (PEM) from a request and an id.
        answers: To polls, first to last; the last one stays. A `PairingError` is raised.
        away: Raised by every call while set.
        asked: Names of the calls.
    """

    sign: Callable[[str, str], str]
    ca: str = ""
    answers: list[Pending | Allowed | PairingError] = field(default_factory=lambda: [Pending()])
    away: PairingError | None = None
    asked: list[str] = field(default_factory=list)
    applicant: Applicant | None = None
    stands: str = "paired"
    nicknames: tuple[str, ...] = ("Lily",)

    def begin(self, applicant: Applicant) -> Codes:
        self._call("begin")
        self.applicant = applicant
        return Codes("secret", "7KMX-2QHP", "https://hub.example/pair", 600, 5)

    def poll(self, device_code: str) -> Pending | Allowed:
        self._call("poll")
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, PairingError):
            raise answer
        return answer

    def certify(self, token: str, request: str) -> Welcome:
        self._call("certify")
        device = self.applicant.device if self.applicant else ""
        return Welcome(
            device, self.sign(request, device), self.ca, "mqtts://hub.example:8883",
            nicknames=self.nicknames,
        )  # fmt: skip

    def standing(self, device: str, fingerprint: str) -> str:
        self._call("standing")
        return self.stands

    def _call(self, name: str) -> None:
        self.asked.append(name)
        if self.away is not None:
            raise self.away

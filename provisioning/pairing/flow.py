"""From the first word to the certificate, one step at a time; every state outlives a power cut.

RFC 8628: the speaker asks for codes, shows the short one, polls no faster than it was told (and
slower when told so or when nobody is reached), and stops when the codes have run out. Then comes
what the RFC leaves to others: the button, and a certificate for the speaker's own key.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from core.clock import Clock
from core.errors import ProvisioningError
from provisioning.pairing.file import PairingFolder, Phase, Record
from provisioning.pairing.keys import DeviceKey, applicant, fingerprint, is_provisional
from provisioning.pairing.ports import Allowed, PairingError, Platform, Welcome

log = logging.getLogger(__name__)

SLOWER_S = 5.0
LONGEST_PAUSE_S = 60.0
AGAIN = frozenset(("pairing.network", "pairing.busy"))
"""What may be better at the next try, while there is time."""


@dataclass(frozen=True, slots=True)
class CodeReady:
    """There is a code to be said and shown."""

    user_code: str
    address: str


@dataclass(frozen=True, slots=True)
class MayI:
    """A parent of a family said yes: now the button."""

    family: str


@dataclass(frozen=True, slots=True)
class Paired:
    """It is done."""

    welcome: Welcome


@dataclass(frozen=True, slots=True)
class Failed:
    """It did not go on; the code is that of a `PairingError`."""

    code: str


Happening = CodeReady | MayI | Paired | Failed


class Pairing:
    """One speaker's pairing. Used by one thread; `record` may be read by any.

    Args:
        folder: Where all of it lies.
        identity_folder: Where flashing put the serial number.
        make_platform: A platform at an address; raises `PairingError` where that is none.
        clock: Monotonic time.
        boot: The kernel's id of this start of the machine.
    """

    def __init__(
        self,
        folder: PairingFolder,
        identity_folder: Path,
        make_platform: Callable[[str], Platform],
        clock: Clock,
        boot: str,
    ) -> None:
        self._folder = folder
        self._identity_folder = identity_folder
        self._make_platform = make_platform
        self._clock = clock
        self._boot = boot
        self._next_s = clock.now_s()
        self._pause_s = 0.0
        self.record = folder.read()
        if self.record.boot != boot and self.record.phase in (Phase.WAITING, Phase.ALLOWED):
            # How long the power was away nobody knows: the platform does.
            ends_s = clock.now_s() + LONGEST_PAUSE_S * 10
            self.record = replace(self.record, boot=boot, ends_s=ends_s)

    @property
    def provisional(self) -> bool | None:
        """Whether the speaker's id is its own invention; None before it has one."""
        if not self.record.device:
            return None
        return self.record.device.startswith("myna-k") and len(self.record.device) == 26

    @property
    def now_s(self) -> float:
        """Seconds of the clock that is used here."""
        return self._clock.now_s()

    @property
    def due_in_s(self) -> float | None:
        """Seconds until `step` has something to do; None while nothing is under way."""
        if self.record.phase in (Phase.WAITING, Phase.SURE):
            return max(0.0, self._next_s - self._clock.now_s())
        if self.record.phase is Phase.ALLOWED:
            return max(0.0, self.record.ends_s - self._clock.now_s())
        return None

    def begin(self, platform: str) -> Happening:
        """Ask for codes; the old ones, if any, are worth nothing then.

        Args:
            platform: Its address.
        """
        if self.record.phase is Phase.PAIRED:
            return Failed("pairing.paired")
        try:
            key = DeviceKey(self._folder.folder)
            who = applicant(key, self._identity_folder)
            codes = self._make_platform(platform).begin(who)
            now_s = self._clock.now_s()
            self._keep(
                Record(
                    phase=Phase.WAITING,
                    platform=platform,
                    device=who.device,
                    device_code=codes.device_code,
                    user_code=codes.user_code,
                    address=codes.address,
                    interval_s=codes.interval_s,
                    ends_s=now_s + codes.expires_s,
                    boot=self._boot,
                )
            )
        except PairingError as error:
            return self._failed(error.code)
        except OSError:
            return self._failed("pairing.disk")
        except ProvisioningError as error:
            log.error("no identity: code=%s", error.code)
            return self._failed("pairing.identity")
        if is_provisional(who):
            log.info("pairing with a provisional identity: the box has none from flashing")
        self._pause_s = self.record.interval_s
        self._next_s = now_s + self._pause_s
        return CodeReady(codes.user_code, codes.address)

    def resumed(self) -> Happening | None:
        """What a speaker that has just started has to say again."""
        if self.record.phase is Phase.WAITING:
            self._pause_s = self.record.interval_s
            return CodeReady(self.record.user_code, self.record.address)
        return MayI(self.record.family) if self.record.phase is Phase.ALLOWED else None

    def step(self) -> Happening | None:
        """Do what is due."""
        now_s = self._clock.now_s()
        phase = self.record.phase
        if phase in (Phase.WAITING, Phase.ALLOWED) and now_s >= self.record.ends_s:
            return self._failed("pairing.expired")
        if phase is Phase.ALLOWED or self.due_in_s is None or now_s < self._next_s:
            return None
        try:
            return self._poll() if phase is Phase.WAITING else self._certify()
        except PairingError as error:
            if error.code in AGAIN:
                # RFC 8628, section 3.5: who is not reached is asked less and less often.
                self._pause_s = min(LONGEST_PAUSE_S, 2 * max(self._pause_s, 1.0))
                self._next_s = self._clock.now_s() + self._pause_s
                return None
            return self._failed(error.code)

    def say_yes(self) -> bool:
        """The button was pressed; returns whether that was asked for."""
        if self.record.phase is not Phase.ALLOWED:
            return False
        try:
            self._keep(replace(self.record, phase=Phase.SURE))
        except PairingError as error:
            log.error("the yes could not be kept: code=%s", error.code)
            return False
        self._next_s, self._pause_s = self._clock.now_s(), 0.0
        return True

    def stop(self) -> None:
        """Let it be; a pairing that is done stays."""
        if self.record.phase in (Phase.WAITING, Phase.ALLOWED, Phase.SURE):
            self._failed("pairing.stopped")

    def leave(self) -> bool:
        """The family gives the speaker up: its platform is still to be told.

        Returns:
            Whether there was something to leave.

        Raises:
            PairingError: ``pairing.disk``.
        """
        if self.record.phase is not Phase.PAIRED:
            return False
        self._keep(replace(self.record, phase=Phase.LEAVING))
        return True

    def left(self) -> None:
        """The platform knows, or has said so first: key and certificate go.

        Raises:
            PairingError: ``pairing.disk``.
        """
        self._folder.wipe()
        self.record = Record()

    def revoked(self) -> bool:
        """Whether the platform says that this speaker is its family's no more.

        Raises:
            PairingError: It cannot be asked.
        """
        try:
            certificate = self._folder.certificate.read_text(encoding="ascii")
            print_ = fingerprint(certificate)
        except (OSError, ValueError):
            return False
        platform = self._make_platform(self.record.platform)
        return platform.standing(self.record.device, print_) == "revoked"

    def _poll(self) -> Happening | None:
        record = self.record
        answer = self._make_platform(record.platform).poll(record.device_code)
        now_s = self._clock.now_s()
        if isinstance(answer, Allowed):
            self._keep(
                replace(
                    record,
                    phase=Phase.ALLOWED,
                    token=answer.token,
                    family=answer.family,
                    ends_s=now_s + answer.expires_s,
                    boot=self._boot,
                )
            )
            return MayI(answer.family)
        if answer.slower:
            self.record = replace(record, interval_s=record.interval_s + SLOWER_S)
        self._pause_s = self.record.interval_s
        self._next_s = now_s + self._pause_s
        return None

    def _certify(self) -> Happening:
        record = self.record
        try:
            key = DeviceKey(self._folder.folder)
        except (OSError, ProvisioningError) as error:
            raise PairingError("the key is gone: begin again", code="pairing.disk") from error
        welcome = self._make_platform(record.platform).certify(
            record.token, key.request(record.device)
        )
        if not key.fits(welcome.certificate) or welcome.device != record.device:
            raise PairingError("the certificate is for another speaker", code="pairing.platform")
        self._folder.keep(
            paired := Record(
                phase=Phase.PAIRED,
                platform=record.platform,
                device=record.device,
                family=record.family,
                broker=welcome.broker,
                pack_key=welcome.pack_key,
            ),
            welcome.certificate,
            welcome.ca,
        )
        self.record = paired
        return Paired(welcome)

    def _keep(self, record: Record) -> None:
        self._folder.write(record)
        self.record = record

    def _failed(self, code: str) -> Failed:
        log.info("pairing ended: code=%s", code)
        if self.record.phase is not Phase.LEAVING:
            self.record = Record()
            try:
                self._folder.write(self.record)
            except PairingError as error:
                log.error("the end of pairing could not be kept: code=%s", error.code)
        return Failed(code)

"""Pairing on the running speaker: a thread that talks with the platform, and what follows here.

What the platform has to say comes into the event loop's thread as a happening: it is said, shown
by the lights, and the line to the broker begins or ends with it.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.errors import SpeakerError, ThreadNotStopped
from core.worker import Worker
from device import pairing_words as words
from device.sync.deletions import Deletions
from device.sync.settings import SyncSettings
from dialog.ports import Line
from hal.layers import LayeredRing
from hal.ports import Mood
from provisioning.pairing.file import Alone, PairingFolder, Phase, Record
from provisioning.pairing.flow import CodeReady, Failed, Happening, MayI, Paired, Pairing
from provisioning.pairing.ports import PairingError, Welcome

log = logging.getLogger(__name__)

LOOK_S = 1.0
ASK_AGAIN_S = 120.0
"""A speaker that its broker turns away asks the platform why, no more often than this."""
STOP_WITHIN_S = 3.0
FIRST_TAG = 2_700_000
"""Tags of what is said while pairing."""
UNDER_WAY = (Phase.WAITING, Phase.ALLOWED, Phase.SURE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """What pairing acts on. All but `apply`, `deletions`, `refused` in the event loop's thread.

    Attributes:
        say: Says lines, tagged from the number on.
        idle: Whether nobody talks with Myna at present.
        follow: Has the line to the broker begin, change or end.
        apply: Makes the family's settings hold; waits for the event loop.
        welcome: Knows the children by their nicknames.
        wipe: Deletes everybody's data; the flag says whether the platform is to be told.
        begin_anew: Nothing of a platform is left in the progress file.
        deletions: What the platform has confirmed.
        refused: Whether the broker turns the speaker away.
        hand_over: Runs something in the event loop's thread; does not wait.
    """

    say: Callable[[tuple[Line, ...], int], None]
    idle: Callable[[], bool]
    follow: Callable[[SyncSettings], None]
    apply: Callable[[Mapping[str, Any]], None]
    welcome: Callable[[Welcome], None]
    wipe: Callable[[bool], None]
    begin_anew: Callable[[], None]
    deletions: Callable[[], Deletions]
    refused: Callable[[], bool]
    hand_over: Callable[[Callable[[], None]], None]


class Pairer:
    """The running speaker's pairing. A context manager; made in the event loop's thread.

    Args:
        pairing: The talk with the platform; used by this object's own thread.
        folder: Where all of it lies.
        settings: The section ``[sync]``: with an address of its own there is nothing to pair.
        usual: The configuration's platform; empty for none.
        ring: Shows that pairing is under way.
        language: Of what is said first.
        acts: What it acts on.
    """

    def __init__(
        self,
        pairing: Pairing,
        folder: PairingFolder,
        settings: SyncSettings,
        *,
        usual: str,
        ring: LayeredRing,
        language: str,
        acts: Acts,
    ) -> None:
        self._pairing = pairing
        self._folder = folder
        self._settings = settings
        self.usual = usual
        self._ring = ring
        self.language = language
        self._acts = acts
        self._jobs: queue.Queue[Callable[[], Happening | None]] = queue.Queue()
        self._worker = Worker("pairing", self._run)
        self._to_say: list[tuple[Line, ...]] = []
        self._tag = FIRST_TAG
        self.asked = False
        """Whether Myna has said that she waits for the button."""
        self._why_again_s = 0.0
        self.trouble = ""
        """Code of why it last did not go on; empty when it did."""

    @property
    def record(self) -> Record:
        """How far it has come; any thread."""
        return self._pairing.record

    @property
    def provisional(self) -> bool | None:
        """Whether the speaker's id is its own invention; None before it has one."""
        return self._pairing.provisional

    @property
    def line(self) -> SyncSettings:
        """How the broker is reached now."""
        return line_of(self._settings, self._folder, self.record)

    @property
    def configured(self) -> str:
        """The broker that a technician has configured; empty where pairing decides."""
        return self._settings.address

    @property
    def under_way(self) -> bool:
        """Whether the speaker waits for a parent, the button or its certificate."""
        return self.record.phase in UNDER_WAY

    @property
    def offers(self) -> bool:
        """Whether holding the button begins pairing."""
        known = bool(self.usual) and not self._settings.address
        return known and self.record.phase is Phase.ALONE

    def __enter__(self) -> Pairer:
        self._show()
        self._worker.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._jobs.put(lambda: None)
        try:
            self._worker.stop(timeout_s=STOP_WITHIN_S)
        except ThreadNotStopped:
            # It waits for a platform that does not answer; each state is on the disk.
            log.warning("pairing did not end in time")

    # ------------------------------------------------- wishes, from any thread

    def begin(self, platform: str) -> None:
        """Begin; what comes of it is said."""
        if self._settings.address:
            self._hand(Failed("pairing.configured"))
            return
        if not platform:
            self._hand(Failed("pairing.nowhere"))
            return
        self._jobs.put(lambda: self._pairing.begin(platform))

    def stop(self) -> None:
        """Let it be."""

        def end() -> Happening | None:
            under_way = self.under_way
            self._pairing.stop()
            return Failed("pairing.stopped") if under_way else None

        self._jobs.put(end)

    def pressed(self) -> bool:
        """The button was pressed; returns whether that was the last yes. Event loop's thread."""
        if not self.asked or self.record.phase is not Phase.ALLOWED or not self._acts.idle():
            return False
        self.asked = False

        def say_yes() -> Happening | None:
            self._pairing.say_yes()
            return None

        self._jobs.put(say_yes)
        return True

    def give_up(self) -> None:
        """The family gives the speaker up. Event loop's thread.

        Raises:
            SpeakerError: The disk refuses; nothing has changed.
        """
        if self.record.phase is not Phase.PAIRED:
            raise SpeakerError("this speaker belongs to nobody", code="pairing.alone")
        self._acts.wipe(True)
        self._leave()

    def told_to_leave(self) -> None:
        """The platform says that the family has given the speaker up. Event loop's thread.

        Raises:
            SpeakerError: The disk refuses.
        """
        self._acts.wipe(False)
        self._leave()

    def look(self) -> None:
        """Say what waits to be said, once nobody talks; now and then, event loop's thread."""
        if self._to_say and self._acts.idle():
            lines = self._to_say.pop(0)
            self._tag += len(lines)
            self._acts.say(lines, self._tag)
            self.asked = self.record.phase is Phase.ALLOWED

    def held(self) -> bool:
        """The button was held: begin, or say the code once more; returns whether that is for here.

        Event loop's thread.
        """
        if self.record.phase is Phase.WAITING:
            self._told(CodeReady(self.record.user_code, self.record.address))
        elif self.offers:
            self.begin(self.usual)
        else:
            return False
        return True

    # ------------------------------------------------------------- own thread

    def _run(self, stopping: threading.Event) -> None:
        with Alone(self._folder.folder) as alone:
            if not alone.held:
                log.warning("another program pairs this speaker; the service must start anew")
                return
            self._hand(self._pairing.resumed())
            while not stopping.is_set():
                try:
                    self._hand(self._round())
                except SpeakerError as error:
                    log.warning("pairing waits: code=%s", error.code)
                    stopping.wait(LOOK_S)
                except Exception as fault:  # the thread's boundary: pairing must not die
                    log.exception("pairing failed error=%s", type(fault).__name__)
                    stopping.wait(LOOK_S)

    def _round(self) -> Happening | None:
        due_s = self._pairing.due_in_s
        try:
            job = self._jobs.get(timeout=LOOK_S if due_s is None else min(LOOK_S, due_s + 0.01))
        except queue.Empty:
            wanted = self._folder.wanted()
            if wanted is not None:
                self.begin(wanted)
                return None
            happened = self._pairing.step()
        else:
            happened = job()
        if isinstance(happened, Paired):
            self._acts.apply(happened.welcome.settings)
        self._look_after_line()
        return happened

    def _look_after_line(self) -> None:
        phase = self.record.phase
        if phase is Phase.LEAVING and self._acts.deletions().left:
            self._acts.hand_over(self._gone)
        elif phase in (Phase.PAIRED, Phase.LEAVING) and self._acts.refused():
            now_s = self._pairing.now_s
            if now_s < self._why_again_s:
                return
            self._why_again_s = now_s + ASK_AGAIN_S
            try:
                revoked = self._pairing.revoked()
            except PairingError as error:
                log.info("the platform does not say why it refuses: code=%s", error.code)
                return
            if revoked:
                self._acts.hand_over(self._revoked)

    def _hand(self, happened: Happening | None) -> None:
        if happened is not None:
            self._acts.hand_over(lambda: self._told(happened))

    # ------------------------------------------------------ event loop's thread

    def _told(self, happened: Happening) -> None:
        self.trouble = ""
        match happened:
            case CodeReady(code, address):
                self._to_say.append(words.code_lines(code, address, self.language))
            case MayI(family):
                self.asked = False
                self._to_say = [words.may_i_lines(family, self.language)]
            case Paired(welcome):
                self._acts.welcome(welcome)
                language = str(welcome.settings.get("language", self.language))
                self._to_say = [words.hello_lines(welcome.nicknames, language)]
                self._acts.follow(self.line)
            case Failed(code):
                self.trouble = "" if code == "pairing.stopped" else code
                self._to_say = [words.failure_lines(code, self.language)]
        self._show()
        self.look()

    def _leave(self) -> None:
        # On the disk before anybody is told; by the thread whose file it is not: it only reads now.
        self._pairing.leave()
        self._to_say = [words.goodbye_lines(self.language)]
        self._show()

    def _revoked(self) -> None:
        if self.record.phase is Phase.PAIRED:
            log.info("the platform has revoked this speaker's certificate")
            self._acts.wipe(False)
            self._to_say = [words.goodbye_lines(self.language)]
        self._gone()

    def _gone(self) -> None:
        if self.record.phase not in (Phase.PAIRED, Phase.LEAVING):
            return
        try:
            self._pairing.left()
            self._acts.follow(self.line)
            self._acts.begin_anew()
        except SpeakerError as error:
            log.warning("leaving is not complete: code=%s", error.code)
        self._show()

    def _show(self) -> None:
        if self.under_way:
            self._ring.put_up(Mood.PAIRING)
        else:
            self._ring.take_down(Mood.PAIRING)


def line_of(settings: SyncSettings, folder: PairingFolder, record: Record) -> SyncSettings:
    """How the broker is reached: as configured, else as pairing has it; no address for neither."""
    if settings.address or record.phase not in (Phase.PAIRED, Phase.LEAVING):
        return settings
    return replace(
        settings,
        address=record.broker,
        device=record.device,
        ca_file=str(folder.ca),
        cert_file=str(folder.certificate),
        key_file=str(folder.key),
        pack_key=settings.pack_key or record.pack_key,
    )

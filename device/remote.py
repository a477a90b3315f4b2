"""What the platform may have done on this speaker: commands, settings, and what it is told.

The line itself is `device.sync`. What it asks for is carried out in the event loop's thread, like
everything that touches the conversation; only a pack is fetched in the line's own.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import platform
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager
from datetime import datetime, time
from pathlib import Path
from typing import Any, TypeVar

from core.errors import PackError, SpeakerError, ThreadNotStopped
from device.announcements import Announcement
from device.health import Degraded, Health
from device.lessons import Lessons
from device.pack_shelf import PackShelf
from device.panel import Panel
from device.states import State
from device.store import Store
from device.sync import answers
from device.sync.ports import Action, ApplySetting, SyncError
from device.sync.service import SyncService
from device.sync.settings import SyncSettings

log = logging.getLogger(__name__)

T = TypeVar("T")
HAND_OVER_S = 5.0
"""Longest wait for the event loop."""
TROUBLE = "sync"
REFUSED = frozenset(("sync.auth", "sync.tls", "sync.network"))
"""Brokers differ in how they turn away whoever has a certificate that was revoked."""
RESTART_AFTER_S = 1.0
"""Time in which the reply of a restart may still go out; if not, it goes after the restart."""
_REFUSALS = {
    Announcement.QUIET_TIME: "lesson.quiet_time",
    Announcement.ENOUGH_TODAY: "lesson.enough_today",
}
_NOT_NOW = {State.MUTED: "lesson.muted", State.FAULT: "lesson.no_card"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """What there is to act on.

    Attributes:
        lessons: Chooses and limits lessons.
        shelf: Lesson packs that came over the network.
        store: Progress.
        panel: Volume, mute and the language of announcements.
        state: Where the conversation stands.
        wake: Begins a lesson, as the button does.
        stop: Ends the daemon; who started it starts it again.
        health: How the speaker is.
        counters: The audio path's facts.
        telemetry: Those of them that parents let the platform have; none by default.
        now: Wall time, UTC.
    """

    lessons: Lessons
    shelf: PackShelf
    store: Store
    panel: Panel
    state: Callable[[], State]
    wake: Callable[[], None]
    stop: Callable[[], None]
    health: Callable[[], Health]
    counters: Callable[[], Mapping[str, object]]
    telemetry: Callable[[], Mapping[str, object]]
    now: Callable[[], datetime]


class Remote:
    """The platform's hands on the speaker. Made and used in the event loop's thread.

    Args:
        speaker: What there is to act on.
        settings: The section ``[sync]``; without an address there is no platform.
        folder: The state folder; None, with progress in memory, means no platform either.
        firmware: Version.
    """

    def __init__(
        self, speaker: Speaker, settings: SyncSettings, folder: Path | None, *, firmware: str
    ) -> None:
        self._speaker = speaker
        self._folder = folder
        self._firmware = firmware
        self._loop = asyncio.get_running_loop()
        self._unusable: str | None = None
        self._service: SyncService | None = None
        self._inside = False
        self._changing = asyncio.Lock()
        self.told_to_leave: Callable[[], None] | None = None
        """What the platform's command to leave the family does; set by whoever pairs."""
        self.forget_sounds: Callable[[str], None] | None = None
        """Deletes the recordings of a child; set by whoever keeps them."""
        self._make(settings)

    @asynccontextmanager
    async def line(self) -> AsyncIterator[None]:
        """Be in touch with the platform while inside."""
        self._inside = True
        if self._service is not None:
            self._service.start()
        try:
            yield
        finally:
            async with self._changing:
                self._inside = False
                await self._end()

    async def follow(self, settings: SyncSettings) -> None:
        """Change the line to other settings, or, without an address, end it."""
        async with self._changing:
            await self._end()
            self._make(settings)
            if self._inside and self._service is not None:
                self._service.start()

    @property
    def refused(self) -> bool:
        """Whether the broker turns the speaker away; any thread."""
        service = self._service
        said = () if service is None else service.health.problems
        return bool(REFUSED.intersection(said))

    def apply(self, settings: Mapping[str, Any]) -> None:
        """Make settings of the contract hold now; in any thread but the event loop's."""
        known = self._settings()
        for name, value in settings.items():
            try:
                if name in known:
                    known[name](value)
            except SpeakerError as error:
                # The line applies them again, and reports what does not hold.
                log.warning("a setting does not hold yet: name=%s code=%s", name, error.code)

    def _make(self, settings: SyncSettings) -> None:
        self._unusable = None
        self._speaker.shelf.trust(settings.pack_key, settings.ca_file)
        if not settings.address or self._folder is None:
            return
        try:
            self._service = SyncService(
                self._folder,
                settings,
                actions=self._actions(),
                apply=self._settings(),
                state_of=self._state,
                telemetry=self._speaker.telemetry,
                firmware=self._firmware,
            )
        except SyncError as error:
            # A lesson needs no platform: the speaker talks, and says what to mend.
            log.error("no line to the platform: code=%s", error.code)
            self._unusable = str(error)

    async def _end(self) -> None:
        service, self._service = self._service, None
        if service is None:
            return
        # In a thread: what the line has handed over still has to be done here.
        try:
            await asyncio.to_thread(service.stop)
        except ThreadNotStopped:
            # It waits for a network that does not answer; nothing is lost with it.
            log.warning("the line did not end in time")

    def trouble(self) -> Degraded | None:
        """What is wrong with the line; None when nothing is."""
        said = [] if self._unusable is None else [self._unusable]
        if self._service is not None:
            said += self._service.health.sentences()
        return Degraded(TROUBLE, "; ".join(said)) if said else None

    # ------------------------------------------------------------------ commands

    def _actions(self) -> dict[str, Action]:
        """By the contract's names; ``settings`` is the line's own."""
        return {
            "start_lesson": self._start_lesson,
            "push_pack": self._push_pack,
            "answer": lambda args: self._here(lambda: self._keep_answer(args)),
            "set_volume": lambda args: self._here(lambda: self._set_volume(args["volume_percent"])),
            "restart": lambda _: self._here(self._restart),
            "diagnostics": lambda _: self._here(self._diagnostics),
            "forget_child": lambda args: self._here(lambda: self._forget(args["child"])),
            "unpair": lambda _: self._here(self._leave),
        }

    def _start_lesson(self, args: Mapping[str, Any]) -> None:
        pack = self._speaker.shelf.find(args["pack"]) if "pack" in args else None

        def start() -> None:
            state = self._speaker.state()
            if state is not State.ASLEEP:
                code = _NOT_NOW.get(state, "lesson.busy")
                raise SpeakerError("no lesson can begin now", code=code, retryable=True)
            why = self._speaker.lessons.refusal(self._speaker.now())
            if why is not None:
                raise SpeakerError("no lesson may begin now", code=_REFUSALS[why])
            try:
                self._speaker.lessons.begin_with(pack, args.get("unit", ""))
            except LookupError as error:
                raise PackError("no such unit in the pack", code="lesson.no_unit") from error
            self._speaker.wake()

        self._here(start)

    def _push_pack(self, args: Mapping[str, Any]) -> dict[str, Any]:
        pack = self._speaker.shelf.fetch(args)

        def use() -> None:
            if self._speaker.lessons.pack == pack.id:
                self._speaker.lessons.choose(pack)

        self._here(use)
        return {"pack": pack.id, "version": pack.version}

    def _keep_answer(self, args: Mapping[str, Any]) -> None:
        with self._speaker.store.transaction() as db:
            answers.keep(db, args)

    def _set_volume(self, percent: int) -> None:
        self._speaker.panel.set_volume(percent / 100)

    def _restart(self) -> None:
        log.info("restart as the platform asked")
        self._loop.call_later(RESTART_AFTER_S, self._speaker.stop)

    def _forget(self, child: str) -> dict[str, Any]:
        rows = self._speaker.store.forget(child, tell=False)
        if self.forget_sounds is not None:
            self.forget_sounds(child)
        return {"rows": rows}

    def _leave(self) -> None:
        if self.told_to_leave is None:
            raise SpeakerError("this speaker was not paired", code="pairing.alone")
        self.told_to_leave()

    def _diagnostics(self) -> dict[str, Any]:
        """What a technician asks for; nothing that was said, no name, no sound."""
        found: dict[str, Any] = {
            "firmware": self._firmware,
            "python": platform.python_version(),
            "system": platform.platform(),
            "state": self._speaker.state().value,
            "pack": self._speaker.lessons.pack,
            "fetched_packs": list(self._speaker.shelf.ids()),
            "attempts_not_written": self._speaker.store.pending,
            "counters": dict(self._speaker.counters()),
            "figures": self._speaker.health().figures,
            "degraded": {each.name: each.sentence for each in self._speaker.health().degraded},
        }
        if self._folder is not None:
            found["free_mb"] = shutil.disk_usage(self._folder).free // 2**20
        return found

    # ------------------------------------------------------------------ settings

    def _settings(self) -> dict[str, ApplySetting]:
        return {
            "volume_percent": lambda value: self._here(lambda: self._set_volume(value)),
            "language": lambda value: self._here(lambda: self._speak(value)),
            "lesson_pack": self._practise,
            "minutes_per_day": lambda value: self._rule(minutes_per_day=value),
            "quiet_from": lambda value: self._rule(quiet_from=time.fromisoformat(value)),
            "quiet_until": lambda value: self._rule(quiet_until=time.fromisoformat(value)),
        }

    def _speak(self, language: str) -> None:
        self._speaker.panel.language = language
        self._speaker.lessons.language = language

    def _practise(self, pack_id: str) -> None:
        pack = self._speaker.shelf.find(pack_id)
        self._here(lambda: self._speaker.lessons.choose(pack))

    def _rule(self, **changes: Any) -> None:  # noqa: ANN401 - the fields of `Rules`
        def change() -> None:
            lessons = self._speaker.lessons
            lessons.rules = dataclasses.replace(lessons.rules, **changes)

        self._here(change)

    # ------------------------------------------------------------------- telling

    def _state(self) -> dict[str, Any]:
        try:
            return self._here(self._state_here)
        except SpeakerError:
            return {}  # it stops, or is too busy: the next state says more

    def _state_here(self) -> dict[str, Any]:
        degraded = [each.name for each in self._speaker.health().degraded]
        return {
            "muted": self._speaker.panel.muted,
            "volume_percent": round(self._speaker.panel.volume_share * 100),
            "problems": [name for name in degraded if name != TROUBLE],  # the line names its own
        }

    def _here(self, work: Callable[[], T]) -> T:
        """Have the event loop's thread do something, and wait for it; called in the line's thread.

        Raises:
            SpeakerError: What the work raised, or that the loop did not come to it.
        """
        outcome: Future[T] = Future()

        def do() -> None:
            if not outcome.set_running_or_notify_cancel():
                return  # nobody waits any more
            try:
                outcome.set_result(work())
            except BaseException as error:  # it is raised where it was asked for
                outcome.set_exception(error)

        try:
            self._loop.call_soon_threadsafe(do)
        except RuntimeError as error:  # the loop has ended
            raise SpeakerError("the speaker stops", code="speaker.stopping") from error
        try:
            return outcome.result(HAND_OVER_S)
        except TimeoutError as error:
            outcome.cancel()
            raise SpeakerError(
                "the speaker is too busy to do it now", code="speaker.busy", retryable=True
            ) from error

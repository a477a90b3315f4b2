"""What is behind the parents' pages on a running speaker.

Called in the pages' thread: the progress file is read over a connection of its own; what touches
the conversation or the store is done in the event loop's thread.
"""

from __future__ import annotations

import io
import itertools
import re
import shutil
import socket
import sqlite3
import wave
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import numpy as np

from audio.ports import SAMPLE_RATE_HZ, Samples
from core.errors import SpeakerError, StoreError
from device import household_figures as figures
from device.export import export_zip
from device.forgetting import forget_child, forget_everybody
from device.health import Degraded
from device.parent_notes import ParentNotes
from device.recordings import FOLDER, Recordings
from device.store import Store
from device.store_file import FILE_NAME, explain
from dialog.packs.model import Pack
from dialog.ports import Language, Line
from provisioning.parents.family_file import FamilyFile
from provisioning.parents.ports import (
    ChildView,
    Choices,
    DeviceView,
    Note,
    PlatformDesk,
    Practice,
    SoundCheck,
    TroubleView,
    WifiView,
)
from provisioning.wifi.ports import Link, WifiState

T = TypeVar("T")
_CHILD = re.compile(r"[0-9a-f-]{36}")
_KEY = re.compile(r"[0-9a-f]{32}")
HAND_OVER_S = 5.0
"""Longest wait for the event loop."""
SAMPLE = (
    Line("This is how I sound. Let's practise together!"),
    Line("我说话就是这样，我们一起练习吧！", Language.CHINESE),
)
"""What a voice says for parents to choose by."""
NOWHERE = ("192.0.2.1", 9)
"""An address for documents (RFC 5737): asked for the way there, nothing is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What the household needs of the speaker.

    Attributes:
        packs: All packs that can be practised; slow.
        wake_phrases: What Myna can be woken by.
        voices: What she can speak with, as `dialog.voice_choice` names it.
        degraded: What works with less than it should.
        teach_wake: Has the next waking, or one that begins now, learn a child's voice; whether
            now. Event loop's thread.
        check_sound: Plays and listens, see `device.sound_check`; the argument is a tag.
        hand_over: Runs something in the event loop's thread; does not wait.
        language: ``en`` or ``zh``.
        now: Wall time, UTC.
        notes: That a child may need help; used in the event loop's thread alone.
        speak: A line as sound; waits, any thread.
        network: How the speaker is on the network; None where others look after it.
    """

    packs: Callable[[], Sequence[Pack]]
    wake_phrases: tuple[str, ...]
    voices: Callable[[], tuple[str, ...]]
    degraded: Callable[[], Sequence[Degraded]]
    teach_wake: Callable[[], bool]
    check_sound: Callable[[int], SoundCheck]
    hand_over: Callable[[Callable[[], None]], None]
    language: str
    now: Callable[[], datetime]
    firmware: str
    iri_base: str
    notes: ParentNotes
    speak: Callable[[Line], Samples] = lambda _: np.zeros(0, np.int16)
    network: Callable[[], WifiState | None] = lambda: None


class SpeakerHousehold:
    """Honours `provisioning.parents.ports.Household` with the speaker's own parts.

    Args:
        store: Progress; used in the event loop's thread alone.
        family: What parents decided.
        recordings: Sounds that parents allowed to be kept.
        around: The rest.
    """

    def __init__(
        self, store: Store, family: FamilyFile, recordings: Recordings, around: Around
    ) -> None:
        self._recordings = recordings
        self._store = store
        self._family = family
        self._around = around
        self._folder = store.folder
        self._file: Path | None = None if store.folder is None else store.folder / FILE_NAME
        self._tags = itertools.count(3_000_000)
        self._packs: tuple[Pack, ...] = ()
        self.platform: PlatformDesk | None = None
        """Set by whoever pairs."""

    def language(self) -> str:
        return self._around.language

    def children(self) -> Sequence[ChildView]:
        with figures.reading(self._file) as db:
            if db is None:
                return ()
            packs = self._all_packs()
            views = [
                figures.child_view(db, child, packs, self._around.now())
                for child in figures.child_ids(db)
            ]
        names = [name.casefold() for name in self._family.family.children]
        if not names:
            return views
        # In the parents' order; those they have taken off the list are there until deleted.
        return sorted(views, key=lambda view: _place(view.nickname.casefold(), names))

    def practice(self, child: str) -> Practice | None:
        with figures.reading(self._file) as db:
            found = None if db is None else figures.last_practice(db, child, self._all_packs())
        if found is None:
            return None
        items = [
            replace(item, recording=item.recording if self.recording(child, item.recording) else "")
            for item in found.items
        ]
        return replace(found, items=tuple(items))

    def recording(self, child: str, key: str) -> Path | None:
        if self._folder is None:
            return None
        if not _CHILD.fullmatch(child) or not _KEY.fullmatch(key):
            return None  # a name that could lead elsewhere
        path = self._folder / FOLDER / child / f"{key}.wav"
        return path if path.is_file() else None

    def model_voice(self, child: str, number: int) -> bytes | None:
        found = self.practice(child) if _CHILD.fullmatch(child) else None
        if found is None or not 0 <= number < len(found.items):
            return None
        return _wav(self._around.speak(Line(found.items[number].asked)))

    def voice_sample(self, voice: str) -> bytes | None:
        if voice not in self._around.voices():
            return None
        said = [self._around.speak(replace(each, voice=voice)) for each in SAMPLE]
        return _wav(np.concatenate(said))

    def choices(self) -> Choices:
        chinese = self._around.language == "zh"
        packs = tuple(
            (pack.id, pack.title.zh if chinese else pack.title.en) for pack in self._all_packs()
        )
        return Choices(packs, self._around.wake_phrases, self._around.voices())

    def device(self) -> DeviceView:
        self._packs = ()  # a pack may have come meanwhile: looked for anew after each look here
        where = self._folder or Path.home()
        try:
            free_mb = shutil.disk_usage(where).free // 2**20
        except OSError:
            free_mb = 0
        return DeviceView(
            name=socket.gethostname(),
            version=self._around.firmware,
            addresses=_addresses(),
            wifi=_wifi(self._around.network()),
            free_mb=free_mb,
            used_mb=_used_mb(self._folder),
            degraded=tuple(
                TroubleView(each.name, each.sentence) for each in self._around.degraded()
            ),
        )

    def notes(self) -> Sequence[Note]:
        kept = self._around.notes.notes
        return tuple(Note(each.day.isoformat(), each.topic.value) for each in kept)

    def read_notes(self) -> None:
        self.here(self._around.notes.read)

    def teach_wake(self) -> bool:
        return self.here(self._around.teach_wake)

    def check_sound(self) -> SoundCheck:
        return self._around.check_sound(next(self._tags))

    def export(self) -> bytes:
        with figures.reading(self._file) as db:
            return export_zip(
                db,
                self._family.family,
                iri_base=self._around.iri_base.rstrip("/"),
                now=self._around.now(),
                recordings=None if self._folder is None else self._folder / FOLDER,
            )

    def forget(self, child: str | None) -> None:
        self.here(lambda: self._forget(child))

    def forget_all(self, *, given_up: bool = False, tell: bool = True) -> None:
        """Delete everybody's data. Event loop's thread.

        Args:
            given_up: The family gives the speaker up with it.
            tell: The platform is told.

        Raises:
            StoreError: The disk refuses.
        """
        forget_everybody(
            self._store,
            self._recordings.forget,
            self._around.notes,
            given_up=given_up,
            tell=tell,
        )

    def _forget(self, child: str | None) -> None:
        if child is None:
            self.forget_all()
            return
        forget_child(self._store, self._recordings.forget, child)

    def _all_packs(self) -> tuple[Pack, ...]:
        if not self._packs:
            self._packs = tuple(self._around.packs())
        return self._packs

    def here(self, work: Callable[[], T]) -> T:
        """Have the event loop's thread do something, and wait for it.

        Raises:
            SpeakerError: What the work raises; or the speaker stops or is too busy.
        """
        done: Future[T] = Future()

        def do() -> None:
            if not done.set_running_or_notify_cancel():
                return
            try:
                done.set_result(work())
            except sqlite3.Error as error:
                done.set_exception(StoreError(explain(error, self._file)))
            except Exception as error:  # the boundary between threads: it is raised over there
                done.set_exception(error)

        self._around.hand_over(do)
        try:
            return done.result(timeout=HAND_OVER_S)
        except (TimeoutError, CancelledError) as error:
            done.cancel()
            raise SpeakerError("the speaker is busy or stops: try again", retryable=True) from error


def _wav(said: Samples) -> bytes:
    data = io.BytesIO()
    with wave.open(data, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(SAMPLE_RATE_HZ)
        sound.writeframes(said.tobytes())
    return data.getvalue()


def _place(name: str, names: Sequence[str]) -> int:
    return names.index(name) if name in names else len(names)


def _addresses() -> tuple[str, ...]:
    """This machine's address on the network that leads out; none without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        try:
            way.connect(NOWHERE)
            return (str(way.getsockname()[0]),)
        except OSError:
            return ()


def _wifi(state: WifiState | None) -> WifiView | None:
    if state is None or state.link is Link.NO_RADIO:
        return None
    joined = state.link is Link.JOINED
    return WifiView(state.name if joined else "", state.strength_percent, state.reach.value)


def _used_mb(folder: Path | None) -> float:
    if folder is None:
        return 0.0
    files = (path for path in folder.rglob("*") if path.is_file())
    return sum(path.stat().st_size for path in files) / 2**20

"""The wake phrase as children taught it, for everybody who listens for it in a running speaker.

What was taught holds at once, and is gone at once with the child that taught it: the last word is
asked with what is kept now, and where that has changed the detectors are made anew.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from pathlib import Path

from audio.ports import WakeWord
from audio.settings import WakeSettings
from core.errors import SpeakerError, StoreError
from device import wake_taught
from device.wake_words import OWN_ENGINE, wake_question, wake_words
from dialog.wake.question import Lesson, Taught, WakeQuestion
from dialog.wake.teaching import together
from provisioning.private_files import write_private

log = logging.getLogger(__name__)

ASKED_FOR = "teach-next"
"""Beside the children's files, while somebody waits for a lesson on the phrase."""

Hear = Callable[[WakeWord, WakeWord | None], None]


class WakeVoices:
    """Used by the conversation's thread; `detectors` and `ask` in any.

    Args:
        wake: Engine and threshold; its phrase until parents choose another.
        folder: The state folder; None keeps what is taught in memory.
    """

    def __init__(self, wake: WakeSettings, folder: Path | None) -> None:
        self._wake = wake
        self._folder = folder
        self._unkept: dict[str, Taught] = {}
        self._asked = False
        self._in_use: dict[str, Taught | None] = {}
        self.hear: Hear | None = None
        """Takes new detectors; the front end's."""
        self.phrase: Callable[[], str] = lambda: wake.phrase
        """What is listened for now."""

    def detectors(self, phrase: str) -> tuple[WakeWord, WakeWord]:
        """Of a phrase as it was taught, for microphone and loudspeaker.

        Raises:
            ModelError: The phrase cannot be had.
        """
        taught = self.taught(phrase)
        made = wake_words(dataclasses.replace(self._wake, phrase=phrase), taught)
        self._in_use[phrase] = taught
        return made

    def question(self, phrase: str) -> WakeQuestion | None:
        """What the last word is asked about a candidate; None for engines that have none."""
        taught = self.taught(phrase)
        if taught != self._in_use.get(phrase):
            self._hear_anew(phrase)
        return wake_question(self._wake, phrase, taught)

    def taught(self, phrase: str) -> Taught | None:
        """What all children together taught of a phrase; None where nobody did."""
        if self._wake.engine != OWN_ENGINE:
            return None
        if self._folder is not None:
            return wake_taught.taught(self._folder, phrase)
        return together([each for each in self._unkept.values() if each.phrase == phrase.lower()])

    def teachable(self) -> str:
        """The phrase that can be taught now; empty where its engine learns nothing."""
        return self.phrase().lower() if self._wake.engine == OWN_ENGINE else ""

    def keep(self, child: str, lesson: Lesson) -> bool:
        """Keep what a child taught and listen for it from now on; whether that was possible."""
        try:
            if self._folder is None:
                self._unkept[child] = lesson.taught
            else:
                wake_taught.keep(self._folder, child, lesson.taught)
        except StoreError as error:
            log.error("what was taught of the wake phrase is not kept: code=%s", error.code)
            return False
        self._hear_anew(lesson.taught.phrase)
        return True

    def ask(self) -> None:
        """Somebody wants the next waking to begin with a lesson on the phrase.

        Raises:
            StoreError: It cannot be written.
        """
        self._asked = True
        if self._folder is None:
            return
        path = self._folder / wake_taught.FOLDER / ASKED_FOR
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_private(path, b"")
        except OSError as error:
            raise StoreError(f"{path} cannot be written ({error.strerror})") from error

    def asked(self) -> bool:
        """Whether somebody still waits for that."""
        folder = self._folder
        return self._asked or (
            folder is not None and (folder / wake_taught.FOLDER / ASKED_FOR).exists()
        )

    def answered(self) -> None:
        """Nobody waits for it any more."""
        self._asked = False
        if self._folder is None:
            return
        try:
            (self._folder / wake_taught.FOLDER / ASKED_FOR).unlink(missing_ok=True)
        except OSError:
            log.warning("a lesson on the wake phrase will be offered again")

    def _hear_anew(self, phrase: str) -> None:
        if self.hear is None:
            return
        try:
            self.hear(*self.detectors(phrase))
        except SpeakerError as error:
            log.error("the wake phrase is heard as before: code=%s", error.code)

"""Teaching the wake phrase by voice: picks a child's examples out of what the microphone hears."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from audio.levels import rms_dbfs
from audio.noise_floor import NoiseFloor
from audio.ports import FRAME_SAMPLES, AudioBackend, Samples
from core.errors import AudioError, ModelError, StoreError
from device import wake_taught
from device.store_file import FILE_NAME
from dialog.factory import build_ears
from dialog.wake.both import BothStages
from dialog.wake.question import Lesson
from dialog.wake.teaching import EXAMPLES, teach

LEAD_FRAMES = 50
LOUD_OVER_FLOOR_DB, LOUD_ABOVE_DBFS = 14.0, -55.0
PAUSE_FRAMES = 70
"""Quiet that ends an example."""
FEWEST_VOICED_FRAMES, MOST_FRAMES = 25, 400
PATIENCE_S = 60.0
READ_S = 1.0


class Examples:
    """Cuts a stream into what was said between pauses, quiet kept before and after."""

    def __init__(self) -> None:
        self._floor = NoiseFloor()
        self._sound: list[Samples] = []
        self._loud = self._quiet = 0

    def process(self, frame: Samples) -> Samples | None:
        """Take in a frame, shape (160,); what was said, half a second after its end."""
        level = max(rms_dbfs(frame), -120.0)
        loud = level > max(self._floor.update(level) + LOUD_OVER_FLOOR_DB, LOUD_ABOVE_DBFS)
        self._sound.append(frame.copy())
        if loud:
            self._loud += 1
            self._quiet = 0
        elif self._loud:
            self._quiet += 1
        elif len(self._sound) > LEAD_FRAMES:
            self._sound.pop(0)
        if self._quiet < PAUSE_FRAMES and len(self._sound) < MOST_FRAMES:
            return None
        sound = np.concatenate(self._sound)
        whole = self._loud >= FEWEST_VOICED_FRAMES and self._quiet >= PAUSE_FRAMES
        self._sound.clear()
        self._loud = self._quiet = 0
        return sound if whole else None


def record(backend: AudioBackend, heard: Callable[[int], None], *, count: int) -> list[Samples]:
    """Listen until the phrase was said so often.

    Args:
        backend: Open.
        heard: Told of every example, how many there are now.
        count: How many to take.

    Raises:
        AudioError: Nothing is said for a minute, or no sound comes.
    """
    found: list[Samples] = []
    cut, waited = Examples(), 0.0
    near, far = np.zeros(FRAME_SAMPLES, np.int16), np.zeros(FRAME_SAMPLES, np.int16)
    while len(found) < count:
        status = backend.read(near, far, timeout_s=READ_S)
        waited += FRAME_SAMPLES / 16_000 if status.ok else READ_S
        if status.ended or waited > PATIENCE_S:
            raise AudioError("too little was said: go near to the microphone and try again")
        example = cut.process(near) if status.ok else None
        if example is not None:
            found.append(example)
            waited = 0.0
            heard(len(found))
    return found


def learn(phrase: str, examples: Sequence[Samples], folder: Path, nickname: str | None) -> Lesson:
    """Teach, and keep it for the child.

    Args:
        phrase: The phrase that is listened for.
        examples: One saying in each, int16, 16 000 Hz.
        folder: The state folder.
        nickname: Whose voice it is; None for the only child.

    Raises:
        ModelError: The phrase was not found in enough of them.
        StoreError: There is no such child, or it cannot be kept.
    """
    child = child_of(folder, nickname)
    lesson = teach(phrase, examples, BothStages.load(build_ears()))
    if lesson is None:
        raise ModelError(
            f'"{phrase}" was not heard often enough among {len(examples)} examples: say it'
            f" {EXAMPLES} times, near to the microphone, with a pause after each",
            code="model.wake_untaught",
        )
    wake_taught.keep(folder, child, lesson.taught)
    return lesson


def child_of(folder: Path, nickname: str | None) -> str:
    """The id of the child of that nickname, or of the only one.

    Raises:
        StoreError: There is none, or it is not clear which.
    """
    path = folder / FILE_NAME
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            rows = db.execute("SELECT id, nickname FROM children").fetchall()
    except sqlite3.Error as error:
        raise StoreError("no child is known here yet: start the speaker once") from error
    wanted = None if nickname is None else nickname.casefold()
    found = [str(i) for i, name in rows if wanted is None or (name or "").casefold() == wanted]
    if len(found) != 1:
        raise StoreError("say whose voice it is with --child and a nickname that is known here")
    return found[0]

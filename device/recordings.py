"""The sound of each child's last practice, where parents allow it; else nothing is ever written.

Files of the state folder, readable by the speaker's user alone: gone with the next practice, with
the consent, and with the child. Written in a thread of its own: a memory card may take its time.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import wave
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import numpy as np

from audio.ports import SAMPLE_RATE_HZ, Samples
from core.errors import ModelError
from core.loudness import SPEECH_LUFS, gain_to
from dialog.levelling import CEILING_DB, MOST_GAIN_DB
from dialog.ports import Attempt, Learned, SessionEdge

log = logging.getLogger(__name__)

FOLDER = "recordings"
MOST_BYTES = 64 * 1024 * 1024
"""Of one practice; what comes after is not kept."""


class Recordings:
    """Keeps answers. Called from one thread; a context manager that waits for what is written.

    Args:
        folder: The state folder; None keeps nothing.
        allowed: Whether parents allow it now; asked for every answer.
    """

    def __init__(self, folder: Path | None, allowed: Callable[[], bool]) -> None:
        self._folder = None if folder is None else folder / FOLDER
        self._allowed = allowed
        self._writer = ThreadPoolExecutor(1, "recordings")

    def keep(
        self, child: str, attempts: Sequence[Attempt], learned: Learned | None, heard: Samples
    ) -> None:
        """Keep the sound of an answer, if it is allowed; never waits.

        Args:
            child: Whose.
            attempts: What the sound was an answer to.
            learned: Its session's beginning lets go of the practice before.
            heard: int16, 16 000 Hz, mono.
        """
        if self._folder is None or not self._allowed():
            return
        own = self._folder / child
        if learned is not None and learned.session is SessionEdge.BEGUN:
            self._writer.submit(_remove, own)
        for attempt in attempts:
            self._writer.submit(_write, own / file_name(attempt), heard, self._allowed)

    def forget(self, child: str | None = None) -> None:
        """Delete those of a child, or all; waits until they are gone.

        Raises:
            ValueError: That is no child's id, but a way elsewhere.
        """
        if child is not None and Path(child).name != child:
            raise ValueError("that is no child's id")
        if self._folder is not None:
            gone = self._folder if child is None else self._folder / child
            self._writer.submit(_remove, gone).result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._writer.shutdown()


def file_name(attempt: Attempt) -> str:
    """Under which an attempt's sound is kept, in its child's folder."""
    return key(attempt.pack, attempt.item, attempt.try_number) + ".wav"


def key(pack: str, item: str, try_number: int) -> str:
    """The same without its ending; a plain name, whatever a pack calls its items."""
    return hashlib.sha256(f"{pack}\0{item}\0{try_number}".encode()).hexdigest()[:32]


def _remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)


def _write(path: Path, heard: Samples, allowed: Callable[[], bool]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not allowed() or sum(each.stat().st_size for each in path.parent.iterdir()) > MOST_BYTES:
            return  # taken back meanwhile, or a very long practice
        with (
            open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file,
            wave.open(file, "wb") as sound,
        ):
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(SAMPLE_RATE_HZ)
            sound.writeframes(_as_loud_as_myna(heard).astype("<i2").tobytes())
    except (OSError, ModelError) as error:
        # Progress is kept elsewhere: a sound less is no loss to the child.
        log.warning("a recording could not be kept: %s", type(error).__name__)


def _as_loud_as_myna(heard: Samples) -> Samples:
    """The same sound, so loud that nobody has to reach for the volume between two."""
    scaled = heard.astype(np.float32) / 32768.0
    gain_db = gain_to(scaled, SAMPLE_RATE_HZ, lufs=SPEECH_LUFS, ceiling_db=CEILING_DB)
    gained = 32768.0 * scaled * 10 ** (min(gain_db, MOST_GAIN_DB) / 20)
    levelled: Samples = np.clip(np.rint(gained), -32768, 32767).astype(np.int16)
    return levelled

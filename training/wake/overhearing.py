"""What the front end and the first stage would hand to the last word, and a good deal more."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from audio.ports import Attention, Samples, Woken
from audio.settings import WakeSettings
from core.errors import ModelError
from device.bench.hearing_listener import Listener, frames
from dialog.speech_ears import SpeechEars, shared, shared_near
from dialog.wake.confirm import candidate_share
from dialog.wake.head import NEAR, PLAIN, PhraseHead

CANDIDATE_FROM = 0.01
"""Score of the first stage from which something is a candidate here, well below its own bar."""
_log = logging.getLogger(__name__)


class Overhearer:
    """Myna asleep who wakes at nothing: everything that is at all like the phrase is kept."""

    def __init__(self, phrase: str) -> None:
        wake = WakeSettings(phrase=phrase, threshold=CANDIDATE_FROM / candidate_share(phrase))
        self._listener = Listener(Attention.WAKE, wake=wake)

    def hear(self, near: Samples, far: Samples) -> Iterator[Woken]:
        """Candidates of recordings of one length."""
        for frame in frames(near, far):
            for edge in self._listener.hear(*frame):
                if isinstance(edge, Woken):
                    yield edge
                    self._listener.front_end.refuse_wake()


def ears_of(name: str) -> SpeechEars:
    """Those that a head names as its own (`dialog.wake.head`), or those of a file."""
    shipped = {NEAR: shared_near, PLAIN: shared}.get(name)
    return SpeechEars(Path(name)) if shipped is None else shipped()


def make_way(path: Path, ears: str = NEAR) -> None:
    """Remove a head that this version cannot read: beside it no first stage would start.

    Args:
        path: Where a new one will be written.
        ears: Whose rows that will be given.
    """
    try:
        PhraseHead.load(path, ears)
    except ModelError as fault:
        if path.is_file():
            _log.info("removed: %s", fault)
            path.unlink()

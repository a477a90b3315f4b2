"""Chooses the child's voice: recordings where a table is given, else a synthesiser."""

from __future__ import annotations

from pathlib import Path

from audio.virtual_room.recordings import RecordedVoice
from audio.virtual_room.speech import ChildVoice, Spoken
from audio.virtual_room.synthesised import SynthesisedVoice

__all__ = ["ChildVoice", "RecordedVoice", "Spoken", "SynthesisedVoice", "make_voice"]


def make_voice(table: Path | None = None, *, seed: int = 0) -> ChildVoice:
    """The children's voice.

    Args:
        table: Of recordings, see `RecordedVoice`; None synthesises everything.
        seed: Chooses who speaks.

    Raises:
        AudioError: The table cannot be used.
    """
    return SynthesisedVoice(seed) if table is None else RecordedVoice(table, seed=seed)

"""Counters of the running daemon, written where `myna doctor` finds them. No speech, no names."""

from __future__ import annotations

import json
import os
from pathlib import Path

from audio.loop import AudioLoop
from audio.ports import AudioBackend

FILE_NAME = "telemetry.json"


def counters(loop: AudioLoop, backend: AudioBackend, scheduling: str) -> dict[str, object]:
    """The audio path's facts since start."""
    return {
        "frames": loop.counters.frames,
        "lost_frames": loop.counters.lost,
        "late_frames": loop.counters.late,
        "playback_underruns": loop.counters.underruns,
        "cards_lost": loop.counters.cards_lost,
        "overflow_frames": backend.counters.overflow_frames,
        "input_overflows": backend.counters.input_overflows,
        "output_underflows": backend.counters.output_underflows,
        "clipped_frames": loop.heard.clipped_frames,
        "dead_frames": loop.heard.dead_frames,
        "reopened": backend.counters.reopened,
        "frame_ms_p50": round(loop.times.quantile_ms(0.5), 3),
        "frame_ms_p999": round(loop.times.quantile_ms(0.999), 3),
        "scheduling": scheduling,
    }


def write(folder: Path, values: dict[str, object]) -> None:
    """Replace the telemetry file whole, so that a reader never sees half of one.

    It is not flushed to the card: it is stale after a power cut anyway, and written often.

    Raises:
        OSError: The folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = folder / (FILE_NAME + ".new")
    fresh.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    os.replace(fresh, folder / FILE_NAME)

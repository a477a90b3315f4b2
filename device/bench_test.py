"""A new box's first minute at the bench: every part that can be tried without a network, tried."""

from __future__ import annotations

import json
import os
import queue
import secrets
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ, AudioBackend, Samples
from core.errors import AudioError
from device.config import Settings
from device.doctor import Check, Finding, State, tried
from hal.ports import Board, Button, Mood

CHIRP_S, LISTEN_S = 0.5, 1.5
_CHIRP_HZ = (300.0, 4000.0)
_CHIRP_PEAK = 8000
HEARD_RATIO = 8.0
"""The chirp is heard when its correlation stands this far above the usual one."""
QUIET_DBFS = (-85.0, -25.0)
"""Below, the microphone is dead; above, it hums or the bench is too loud."""
HOT_C = 75.0
SLOWEST_MB_S = 5.0
_STORAGE_MIB = 32
PRESS_WITHIN_S = 20.0
_SHOWN = (Mood.LISTENING, Mood.THINKING, Mood.SPEAKING, Mood.FAULT)
_SHOW_EACH_S = 1.0
REPORT_FILE = "bench-test.json"


@dataclass(frozen=True, slots=True)
class Bench:
    """What is tried.

    Attributes:
        card: Makes the sound card, not open yet.
        board: Makes the board, not open yet.
        thermal: The processor's temperature in thousandths of a degree.
        storage: A folder on the card.
        wait: Lets seconds pass.
    """

    card: Callable[[], AudioBackend]
    board: Callable[[], Board]
    thermal: Path
    storage: Path
    wait: Callable[[float], None] = time.sleep


def try_box(bench: Bench, settings: Settings) -> list[Finding]:
    """Try all parts; lights and button last, since they need a hand."""
    checks = (
        Check("storage", lambda _: storage(bench.storage), "take another memory card"),
        Check("temperature", lambda _: temperature(bench.thermal), "see to the heat sink"),
        Check("microphone", lambda _: microphone(bench.card()), "see to its plug and its hole"),
        Check("sound_loop", lambda _: sound_loop(bench.card()), "see to the loudspeaker's wires"),
        Check("hand", lambda _: lights_and_button(bench.board(), bench.wait), "see to the wires"),
    )
    return [tried(check, settings) for check in checks]


def verdict(findings: list[Finding]) -> str:
    """One sentence to be said aloud."""
    failed = [each.name.replace("_", " ") for each in findings if each.state is State.FAILED]
    if not failed:
        return "This speaker is good."
    return f"This speaker is not good. Look at: {', '.join(failed)}."


def report(findings: list[Finding], *, serial: str, when: str) -> str:
    """One line of JSON for the card and the ledger."""
    value = {
        "serial": serial,
        "tested_at": when,
        "good": all(each.state is not State.FAILED for each in findings),
        "findings": {each.name: [each.state.value, each.sentence] for each in findings},
    }
    return json.dumps(value, ensure_ascii=False) + "\n"


_CLIPPED_AT = 32_700
MOST_CLIPPED = 0.002
"""Of the samples: more, and neither echo nor child can be told from it."""


def chirp() -> Samples:
    """A sweep with soft ends; it stands out from any room."""
    seconds = np.arange(int(CHIRP_S * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    low_hz, high_hz = _CHIRP_HZ
    phase = 2 * np.pi * (low_hz + (high_hz - low_hz) * seconds / CHIRP_S / 2) * seconds
    return np.asarray(_CHIRP_PEAK * np.hanning(seconds.size) * np.sin(phase), np.int16)


def sound_loop(card: AudioBackend) -> Finding:
    """What the loudspeaker plays is heard by the microphone."""
    sent = chirp()
    heard = _record(card, sent, LISTEN_S).astype(np.float64)
    strength = np.abs(np.correlate(heard, sent.astype(np.float64), mode="valid"))
    at = int(np.argmax(strength))
    usual = float(np.median(strength)) or 1.0
    ratio = float(strength[at]) / usual
    if strength[at] == 0 or ratio < HEARD_RATIO:
        raise AudioError(
            f"the microphone does not hear the loudspeaker ({ratio:.1f} times the noise)"
        )
    part = heard[at : at + sent.size]
    level = _dbfs(part)
    echo_db = level - _dbfs(sent.astype(np.float64))
    clipped = float(np.mean(np.abs(part) >= _CLIPPED_AT))
    sentence = (
        f"heard after {1000 * at // SAMPLE_RATE_HZ} ms at {level:.0f} dBFS,"
        f" {ratio:.0f} times the noise, {echo_db:+.0f} dB of what was played,"
        f" {100 * clipped:.1f} % clipped"
    )
    if clipped > MOST_CLIPPED:
        remedy = "turn the microphone's gain down (alsamixer), or the loudspeaker's"
        return Finding("sound_loop", State.FAILED, sentence, remedy)
    return Finding("sound_loop", State.OK, sentence)


def microphone(card: AudioBackend) -> Finding:
    """What it hears while nothing is played."""
    level = _dbfs(_record(card, np.zeros(0, np.int16), LISTEN_S).astype(np.float64))
    if not QUIET_DBFS[0] <= level <= QUIET_DBFS[1]:
        what = "hears nothing at all" if level < QUIET_DBFS[0] else "hums, or it is loud here"
        raise AudioError(f"the microphone {what} ({level:.0f} dBFS)")
    return Finding("microphone", State.OK, f"the room is at {level:.0f} dBFS")


def temperature(thermal: Path) -> Finding:
    """The processor's temperature; unknown on machines that do not say."""
    if not thermal.exists():
        return Finding("temperature", State.DEGRADED, "this machine does not say", "none needed")
    degrees = int(thermal.read_text(encoding="ascii")) / 1000
    state = State.OK if degrees < HOT_C else State.FAILED
    remedy = "" if state is State.OK else "see to the heat sink and the holes in the box"
    return Finding("temperature", state, f"{degrees:.0f} degrees Celsius", remedy)


def storage(folder: Path, now: Callable[[], float] = time.monotonic) -> Finding:
    """Writes a file through to the card."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ".bench-test"
    data = secrets.token_bytes(1 << 20)
    began = now()
    try:
        with path.open("wb") as file:
            for _ in range(_STORAGE_MIB):
                file.write(data)
            file.flush()
            os.fsync(file.fileno())
    finally:
        path.unlink(missing_ok=True)
    rate = _STORAGE_MIB * 1.048576 / max(now() - began, 1e-6)
    state = State.OK if rate >= SLOWEST_MB_S else State.FAILED
    remedy = "" if state is State.OK else "take another memory card"
    return Finding("storage", state, f"writes {rate:.0f} MB/s", remedy)


def lights_and_button(board: Board, wait: Callable[[float], None]) -> Finding:
    """Shows the lights; whoever has seen them presses the button, which tries both."""
    pressed: queue.Queue[Button] = queue.Queue()
    with closing(board):
        board.open(pressed.put)
        for mood in _SHOWN:
            board.ring.show(mood)
            wait(_SHOW_EACH_S)
        if board.troubles:
            raise AudioError("; ".join(trouble.sentence for trouble in board.troubles))
        try:
            while pressed.get(timeout=PRESS_WITHIN_S) is not Button.TALK:
                pass
        except queue.Empty:
            return Finding(
                "hand",
                State.FAILED,
                f"nobody pressed the button within {PRESS_WITHIN_S:.0f} s",
                "if the lights were right, see to the button's wires, and try again",
            )
    return Finding("hand", State.OK, "lights were seen and the button works")


class _Once:
    """Plays samples once, then silence. Honours `PlaybackSource`."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def pull(self, out: Samples) -> None:
        piece, self._samples = self._samples[: out.size], self._samples[out.size :]
        out[: piece.size] = piece
        out[piece.size :] = 0


def _record(card: AudioBackend, played: Samples, seconds: float) -> Samples:
    """What the microphone hears from the moment playing begins; int16 mono, 16 000 Hz."""
    frames = int(seconds * SAMPLE_RATE_HZ) // FRAME_SAMPLES
    heard = np.zeros((frames, FRAME_SAMPLES), np.int16)
    far = np.zeros(FRAME_SAMPLES, np.int16)
    with card:
        card.open(_Once(played))
        for frame in heard:
            if not card.read(frame, far, timeout_s=2.0).ok:
                raise AudioError("the sound card stands still")
    return heard.reshape(-1)


def _dbfs(samples: NDArray[np.float64]) -> float:
    rms = float(np.sqrt(np.mean(np.square(samples))))
    return float(20 * np.log10(max(rms, 1e-3) / 32768))

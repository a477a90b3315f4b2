"""``myna echo``: cancel the echo in a pair of recordings."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np

from audio.echo_factory import CANCELLERS, make_canceller
from audio.files import read_audio, write_wav
from audio.levels import mean_square
from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ, EchoCanceller, Samples
from audio.settings import AudioSettings
from core.errors import AudioError
from device.cli.output import print_json

_FAR_ACTIVE = 10.0 ** (-55.0 / 10.0)
_SETTLED_S = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the subcommand."""
    defaults = AudioSettings()
    parser.add_argument("--near", required=True, type=Path, help="what the microphone recorded")
    parser.add_argument("--far", required=True, type=Path, help="what was played")
    parser.add_argument("--out", required=True, type=Path, help="WAV file to write")
    parser.add_argument("--canceller", choices=CANCELLERS, default=defaults.canceller)
    parser.add_argument(
        "--tail-ms", type=_tail_ms, default=defaults.canceller_tail_ms, help="20 to 1000"
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON on stdout")


def run(args: argparse.Namespace) -> int:
    """Cancel, write, report.

    Raises:
        SpeakerError: A file cannot be read or written, or the canceller is missing.
    """
    near, far = read_audio(args.near), read_audio(args.far)
    if min(len(near), len(far)) < FRAME_SAMPLES:
        short = args.near if len(near) < len(far) else args.far
        raise AudioError(f"{short} holds less than 10 ms of sound: record it again")
    canceller = make_canceller(args.canceller, tail_ms=args.tail_ms)
    report = cancel(canceller, near, far)
    write_wav(args.out, report.out)
    delay_ms = getattr(canceller, "delay_ms", None)
    figures = {
        "near": str(args.near),
        "far": str(args.far),
        "out": str(args.out),
        "canceller": args.canceller,
        "seconds": round(len(near) / SAMPLE_RATE_HZ, 3),
        "erle_db": _rounded(report.erle_db),
        "erle_settled_db": _rounded(report.erle_settled_db),
        "delay_ms": _rounded(delay_ms),
    }
    if args.json:
        print_json(figures)
        return 0
    print(f"{args.out}: {figures['seconds']} s by {args.canceller}")
    print(f"taken out while the loudspeaker played: {_decibels(report.erle_db)}")
    print(f"the same after the first {_SETTLED_S:g} s: {_decibels(report.erle_settled_db)}")
    if delay_ms is not None:
        print(f"delay of the echo: {delay_ms:.1f} ms")
    return 0


class Cancelled:
    """A cancelled recording and how much was taken out.

    ERLE, the echo return loss enhancement, is the microphone's power over the output's while
    the far end is active; a voice over the echo lowers it, since it stays.

    Attributes:
        out: int16, as long as the microphone's recording.
        erle_db: Over the whole recording; None when the far end was never active.
        erle_settled_db: Without its first 5 s.
    """

    def __init__(self, near: Samples, far: Samples, out: Samples) -> None:
        self.out = out
        self.erle_db = _erle_db(near, far, out)
        start = int(_SETTLED_S * SAMPLE_RATE_HZ)
        self.erle_settled_db = _erle_db(near[start:], far[start:], out[start:])


def cancel(canceller: EchoCanceller, near: Samples, far: Samples) -> Cancelled:
    """Run a whole recording through a canceller, frame by frame.

    Args:
        near: int16, at least one sample; it decides the length.
        far: int16; filled with silence or cut to the microphone's length.
    """
    frames = -(-len(near) // FRAME_SAMPLES)
    padded = np.zeros((3, frames * FRAME_SAMPLES), np.int16)
    padded[0, : len(near)] = near
    known = min(len(near), len(far))
    padded[1, :known] = far[:known]
    for start in range(0, frames * FRAME_SAMPLES, FRAME_SAMPLES):
        end = start + FRAME_SAMPLES
        canceller.process(padded[0, start:end], padded[1, start:end], padded[2, start:end])
    length = len(near)
    return Cancelled(padded[0, :length], padded[1, :length], padded[2, :length])


def _erle_db(near: Samples, far: Samples, out: Samples) -> float | None:
    before = after = 0.0
    for start in range(0, len(near) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        frame = slice(start, start + FRAME_SAMPLES)
        if mean_square(far[frame]) > _FAR_ACTIVE:
            before += mean_square(near[frame])
            after += mean_square(out[frame])
    if before == 0.0:
        return None
    return 10 * math.log10(before / max(after, 1e-12))


def _tail_ms(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = 0
    if not 20 <= value <= 1000:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 20 to 1000")
    return value


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _decibels(value: float | None) -> str:
    return "not measured, the loudspeaker was silent" if value is None else f"{value:.1f} dB"

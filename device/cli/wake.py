"""``myna wake FILE…``: find the wake phrase in audio files."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from audio.files import read_audio
from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ, Samples, WakeHit, WakeWord
from audio.settings import WakeSettings
from core.errors import AudioError
from device.cli.output import complain, print_json
from device.wake_words import wake_words

TRAILING_SILENCE_S = 0.5
"""Added after a file, so that a phrase at its very end is judged whole."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="audio files")
    parser.add_argument("--phrase", default=WakeSettings().phrase, help="default: %(default)s")
    parser.add_argument(
        "--threshold",
        type=_share,
        default=WakeSettings().threshold,
        help="score of a hit, 0..1 (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON per file")


def run(args: argparse.Namespace) -> int:
    """Print the hits of every file; a file that cannot be read does not stop the others.

    Returns:
        0 when every file was read, 1 otherwise.
    """
    settings = WakeSettings(phrase=args.phrase, threshold=args.threshold)
    wake, _ = wake_words(settings)
    failed = False
    for path in args.files:
        try:
            hits = find_phrases(wake, read_audio(path), refractory_s=settings.refractory_s)
        except AudioError as error:
            complain(str(error))
            failed = True
            continue
        if args.json:
            print_json({"file": str(path), "hits": [_record(hit) for hit in hits]})
        elif hits:
            for hit in hits:
                print(f"{path}: {hit.phrase} at {hit.at_s:.2f} s, score {hit.score:.2f}")
        else:
            print(f"{path}: no wake phrase")
    return 1 if failed else 0


def find_phrases(wake: WakeWord, sound: Samples, *, refractory_s: float) -> list[WakeHit]:
    """Every wake phrase in a recording.

    Args:
        wake: The detector; reset first.
        sound: int16, 16 kHz mono, any length.
        refractory_s: Hits closer together than this count once.

    Returns:
        Hits with `at_s` counted from the recording's first sample.
    """
    wake.reset()
    padded = np.append(sound, np.zeros(int(TRAILING_SILENCE_S * SAMPLE_RATE_HZ), np.int16))
    hits: list[WakeHit] = []
    for index in range(len(padded) // FRAME_SAMPLES):
        hit = wake.process(padded[index * FRAME_SAMPLES :][:FRAME_SAMPLES])
        if hit is None:
            continue
        at_s = min((index + 1) * FRAME_SAMPLES, len(sound)) / SAMPLE_RATE_HZ
        if not hits or at_s - hits[-1].at_s >= refractory_s:
            hits.append(WakeHit(hit.phrase, hit.score, at_s))
    return hits


def _record(hit: WakeHit) -> dict[str, object]:
    return {"phrase": hit.phrase, "at_s": round(hit.at_s, 3), "score": round(hit.score, 4)}


def _share(text: str) -> float:
    value = float(text)
    if not 0.0 < value <= 1.0:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value

"""``myna wake FILE…``: find the wake phrase in audio files; teach it; train a head for one.

``myna wake teach`` listens to the microphone for five examples of a child, or takes them from
files; ``myna wake train PHRASE`` makes a head of the phrase for the engine of the configuration
(`training.wake`), on a computer, not on the speaker.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from audio.files import read_audio
from audio.playback import Playback
from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ, Samples, WakeHit, WakeWord
from core.errors import AudioError
from device.app import make_card
from device.cli.options import add_config, settings_of
from device.cli.output import complain, print_json
from device.wake_taught import taught
from device.wake_teaching import learn, record
from device.wake_words import OWN_ENGINE, whole_wake_word
from dialog.wake.teaching import EXAMPLES

TRAILING_SILENCE_S = 0.5
"""Added after a file, so that a phrase at its very end is judged whole."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="audio files; or `teach` and perhaps five files; or `train` and a phrase",
    )
    add_config(parser)
    parser.add_argument("--phrase", help="default: the one of the configuration")
    parser.add_argument("--child", metavar="NICKNAME", help="teach: whose voice it is")
    parser.add_argument(
        "--corpus", type=Path, metavar="FOLDER", help="train: real voices (speechocean762)"
    )
    parser.add_argument(
        "--threshold",
        type=_share,
        help="score of a hit, 0..1 (default: the one of the configuration)",
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON per file")


def run(args: argparse.Namespace) -> int:
    """Print the hits of every file; a file that cannot be read does not stop the others.

    Returns:
        0 when every file was read, 1 otherwise.
    """
    first, *others = args.files
    if str(first) == "teach":
        return _teach(args, others)
    if str(first) == "train":
        return _train(args, others)
    configured = settings_of(args)
    settings = replace(
        configured.wake,
        phrase=args.phrase or configured.wake.phrase,
        threshold=args.threshold or configured.wake.threshold,
    )
    wake = whole_wake_word(settings, taught(configured.device.state_path(), settings.phrase))
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


def _teach(args: argparse.Namespace, files: Sequence[Path]) -> int:
    settings = settings_of(args)
    phrase = args.phrase or settings.wake.phrase
    if files:
        examples = [read_audio(path) for path in files]
    else:
        print(f'Say "{phrase}" {EXAMPLES} times, with a pause after each.', flush=True)
        with make_card(settings) as card:
            card.open(Playback(duck_db=settings.turns.duck_db))
            examples = record(
                card, lambda n: print(f"{n} of {EXAMPLES}", flush=True), count=EXAMPLES
            )
    lesson = learn(phrase, examples, settings.device.state_path(), args.child)
    if args.json:
        print_json(
            {
                "examples": len(examples),
                "found": lesson.examples,
                "heard_before": lesson.before,
                "heard_after": lesson.after,
            }
        )
    else:
        print(
            f"{lesson.before} of {len(examples)} would have woken Myna before,"
            f" {lesson.after} now; it holds at once"
        )
    return 0


def _train(args: argparse.Namespace, words: Sequence[Path]) -> int:
    phrase = " ".join(map(str, words))
    own = settings_of(args).wake.engine == OWN_ENGINE
    recipe = "training.wake.calling" if own else "training.wake"
    command = [sys.executable, "-m", recipe, phrase]
    if args.corpus is not None:
        command += ["--corpus", str(args.corpus)]
    if not phrase or find_spec("torch") is None or find_spec("training") is None:
        complain(
            "training needs a phrase and the packages of training/requirements.txt, from a"
            " checkout: docs/wake.md says how; the speaker itself hears any phrase untrained"
        )
        return 1
    return subprocess.run(command, check=False).returncode


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

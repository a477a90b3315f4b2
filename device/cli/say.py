"""``myna say``: say a text aloud, or into a file."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from audio.files import write_wav
from audio.live import make_live_backend
from audio.playback import Playback
from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ, AudioBackend, Samples
from audio.settings import AudioSettings
from core.errors import AudioError, DeviceLost, SpeakerError
from device.cli.output import print_json
from dialog.factory import AUTO, VOICES, voice_name
from dialog.ports import Language, Line
from dialog.settings import VoiceSettings
from dialog.voice_service import VoiceService
from provisioning.models import speech_models

STALLED_S = 2.0
TAIL_FRAMES = 20
"""Played on after the last sample, so that the card's own buffer is heard to its end."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the subcommand."""
    parser.add_argument("text", metavar="TEXT", help="what to say")
    parser.add_argument(
        "--language", choices=[language.value for language in Language], default="en"
    )
    parser.add_argument("--voice", choices=(AUTO, *VOICES), default=AUTO)
    parser.add_argument("--rate", type=_rate, default=1.0, help="0.5 to 1.5, 1 the voice's own")
    parser.add_argument("--card", default="", help="stable id or part of the name of the card")
    parser.add_argument("--out", type=Path, metavar="FILE.wav", help="write instead of playing")
    parser.add_argument("--json", action="store_true", help="print what was said as JSON")


def run(args: argparse.Namespace) -> int:
    """Make the sound, then play or write it."""
    settings, models = VoiceSettings(engine=args.voice, rate=1.0), speech_models()
    line = Line(args.text, Language(args.language), args.rate)
    with VoiceService(settings, models) as service:
        speech = service.speak_sync(line)
    if speech.size == 0:
        raise SpeakerError("there is nothing in the text that can be said", code="say.empty")
    if args.out is not None:
        write_wav(args.out, speech)
    else:
        cards = AudioSettings(input_card=args.card, output_card=args.card)
        play(make_live_backend(cards), speech)
    if args.json:
        print_json(
            {
                "voice": voice_name(settings, models),
                "language": args.language,
                "seconds": round(speech.size / SAMPLE_RATE_HZ, 3),
                "out": None if args.out is None else str(args.out),
            }
        )
    return 0


def play(backend: AudioBackend, speech: Samples) -> None:
    """Play samples to their end through a backend that is not open yet.

    Raises:
        AudioError: There is no card, or it went away or stood still while playing.
    """
    playback = Playback(duck_db=0.0)
    playback.enqueue(speech, tag=1, last=True)
    near, far = np.zeros(FRAME_SAMPLES, np.int16), np.zeros(FRAME_SAMPLES, np.int16)
    with backend:
        try:
            backend.open(playback)
        except DeviceLost as error:
            raise AudioError(
                "there is no sound card to play through; connect one (myna devices lists them), "
                "or write a file with --out FILE.wav"
            ) from error
        left = TAIL_FRAMES
        while left > 0:
            if not backend.read(near, far, timeout_s=STALLED_S).ok:
                raise AudioError("the sound card stands still; unplug it and plug it in again")
            left = TAIL_FRAMES if playback.busy else left - 1


def _rate(text: str) -> float:
    rate = float(text)
    if not 0.5 <= rate <= 1.5:
        raise argparse.ArgumentTypeError("the rate goes from 0.5 to 1.5")
    return rate

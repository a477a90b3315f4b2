"""``myna bench-test``: a new box tried at the bench, with a verdict spoken and printed."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from core.errors import SpeakerError
from device.app import make_card
from device.bench_test import REPORT_FILE, Bench, report, try_box, verdict
from device.cli.options import add_config
from device.cli.output import complain
from device.cli.say import play
from device.config import Settings, load_settings
from device.doctor import Finding, State
from dialog.ports import Line
from hal.factory import make_board
from provisioning.identity import FOLDER, IDENTITY_FILE, parse_identity
from provisioning.private_files import write_private

FAILED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    parser.add_argument(
        "--report",
        type=Path,
        default=Path("/boot/myna", FOLDER),
        metavar="FOLDER",
        help="where the report goes, the boot partition or a network share, if it is there",
    )
    parser.add_argument(
        "--wanted",
        type=Path,
        metavar="FILE",
        help="only where this file is; it is removed afterwards (the unit does)",
    )


def run(args: argparse.Namespace) -> int:
    """Returns 0 for a good box and where no test is wanted, 1 otherwise."""
    if args.wanted and not args.wanted.exists():
        return 0
    settings = load_settings(args.config)
    bench = Bench(
        card=lambda: make_card(settings),
        board=lambda: make_board(settings.board),
        thermal=Path("/sys/class/thermal/thermal_zone0/temp"),
        storage=settings.device.state_path(),
    )
    if not args.json:
        print("look at the lights, then press the button", flush=True)
    findings = try_box(bench, settings)
    when = datetime.now(UTC).isoformat(timespec="seconds")
    text = report(findings, serial=_serial(args.report), when=when)
    if args.json:
        print(text, end="")
    else:
        for each in findings:
            print(_line(each))
        print(verdict(findings))
    _keep(args.report, text)
    if args.wanted:
        args.wanted.unlink()
    _speak(settings, verdict(findings))
    return FAILED if any(each.state is State.FAILED for each in findings) else 0


def _line(finding: Finding) -> str:
    line = f"{finding.state.value:<9} {finding.name:<12} {finding.sentence}"
    return f"{line}\n{'':22} do: {finding.remedy}" if finding.remedy else line


def _serial(folder: Path) -> str:
    try:
        return parse_identity((folder / IDENTITY_FILE).read_text(encoding="utf-8")).serial
    except (OSError, SpeakerError):
        return ""  # a box without an identity is tried all the same


def _keep(folder: Path, text: str) -> None:
    if not folder.is_dir():
        return
    try:
        write_private(folder / REPORT_FILE, text.encode("utf-8"))
    except OSError as error:
        complain(f"{folder}: the report cannot be written ({error.strerror}); note it by hand")


def _speak(settings: Settings, sentence: str) -> None:
    from dialog.voice_service import VoiceService
    from provisioning.models import speech_models

    try:
        with VoiceService(settings.voice, speech_models()) as service:
            play(make_card(settings), service.speak_sync(Line(sentence)))
    except SpeakerError as error:
        complain(f"the verdict cannot be said: {error}")

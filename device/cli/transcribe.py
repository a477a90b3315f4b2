"""``myna transcribe``: recognise speech in audio files."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from audio.files import read_audio
from core.errors import SpeakerError
from device.cli.output import complain, print_json
from dialog.factory import AUTO, RECOGNISERS
from dialog.ports import Hints, Recognition
from dialog.recognition_service import RecognitionService
from dialog.settings import RecognitionSettings
from provisioning.models import speech_models

COLUMNS = ("utterance", "path", "candidates")
LONGEST_S = 300.0


@dataclass(frozen=True, slots=True)
class Task:
    """One file to recognise.

    Attributes:
        key: ``file`` or ``utterance``: how its line of output is named.
        label: That name's value.
    """

    key: str
    label: str
    path: Path
    hints: Hints


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the subcommand."""
    parser.add_argument("files", nargs="*", metavar="FILE", help="sound files of any common format")
    parser.add_argument(
        "--manifest",
        type=Path,
        metavar="TSV",
        help="table with the columns utterance, path, candidates (separated by |); prints one "
        "JSON object per line",
    )
    parser.add_argument("--recogniser", choices=(AUTO, *RECOGNISERS), default=AUTO)
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    parser.set_defaults(usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    """Recognise every file; a bad one is complained about and the others still done."""
    if bool(args.files) == (args.manifest is not None):
        args.usage_error("give either files or --manifest TSV")
    tasks = (
        list(manifest_tasks(args.manifest))
        if args.manifest is not None
        else [Task("file", name, Path(name), Hints()) for name in args.files]
    )
    failed = 0
    # A file may be long and the machine busy: nobody waits for an answer here as a child does.
    settings = RecognitionSettings(engine=args.recogniser, timeout_s=LONGEST_S)
    with RecognitionService(settings, speech_models()) as service:
        service.worker.wait_ready(timeout_s=120.0)
        for task in tasks:
            try:
                heard = service.recognize_sync(
                    read_audio(task.path), task.hints, timeout_s=LONGEST_S
                )
            except SpeakerError as error:
                complain(str(error))
                failed += 1
                continue
            if args.json or args.manifest is not None:
                print_json(as_json(task, heard))
            else:
                print(as_line(task, heard))
    return 1 if failed else 0


def manifest_tasks(manifest: Path) -> Iterator[Task]:
    """Tasks of a table; relative paths start at the table's folder.

    Raises:
        SpeakerError: The table cannot be read or lacks a column.
    """
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
            header = rows[0].keys() if rows else COLUMNS
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise SpeakerError(
            f"the manifest {manifest} cannot be read; give a UTF-8 table with tabs",
            code="transcribe.manifest",
        ) from fault
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        raise SpeakerError(
            f"the manifest {manifest} has no column {', '.join(missing)}; its first line must "
            f"name the columns {', '.join(COLUMNS)}, separated by tabs",
            code="transcribe.manifest",
        )
    for row in rows:
        listed = (row["candidates"] or "").split("|")
        # Kept where they are, empty ones too: `matched` is an index into this very list.
        candidates = tuple(part.strip() for part in listed) if any(listed) else ()
        path = manifest.parent / (row["path"] or "")
        yield Task("utterance", row["utterance"] or "", path, Hints(candidates))


def as_json(task: Task, heard: Recognition) -> dict[str, object]:
    """One line of ``--json``."""
    return {
        task.key: task.label,
        "text": heard.text,
        "matched": heard.matched,
        "confidence": round(heard.confidence, 4),
    }


def as_line(task: Task, heard: Recognition) -> str:
    """One line for people."""
    matched = "-" if heard.matched is None else task.hints.candidates[heard.matched]
    text = heard.text or "(nothing understood)"
    answer = f"  = {matched}" if task.hints.candidates else ""
    return f"{task.label:<24} {heard.confidence:4.2f}  {text}{answer}"

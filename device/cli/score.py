"""``myna score``: how well an English text was said in audio files."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audio.files import read_audio
from audio.ports import Samples
from core.errors import SpeakerError
from device.cli.output import complain, print_json
from device.score_page import score_page
from dialog.scoring.factory import build_scorer
from dialog.scoring.result import Score

COLUMNS = ("utterance", "path", "text")


@dataclass(frozen=True, slots=True)
class Task:
    """One file to score.

    Attributes:
        key: ``file`` or ``utterance``: how its line of output is named.
        label: That name's value.
    """

    key: str
    label: str
    path: Path
    text: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the subcommand."""
    parser.add_argument("file", nargs="?", metavar="FILE", help="a sound file of any common format")
    parser.add_argument("--text", metavar="TEXT", help="what was to be said in it, in English")
    parser.add_argument(
        "--manifest",
        type=Path,
        metavar="TSV",
        help="table with the columns utterance, path, text; prints one JSON object per line",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    parser.add_argument(
        "--plot", type=Path, metavar="HTML", help="write a page with the sound and its scores"
    )
    parser.set_defaults(usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    """Score every file; a bad one is complained about and the others still done."""
    if bool(args.file) == (args.manifest is not None):
        args.usage_error("give either FILE with --text TEXT, or --manifest TSV")
    if args.file and args.text is None:
        args.usage_error("say with --text what was to be said in the file")
    if args.manifest is not None and (args.plot is not None or args.text is not None):
        args.usage_error("--text and --plot go with a single FILE, not with --manifest")
    tasks = (
        list(manifest_tasks(args.manifest))
        if args.manifest is not None
        else [Task("file", args.file, Path(args.file), args.text)]
    )
    scorer = build_scorer()
    failed = 0
    for task in tasks:
        try:
            samples = read_audio(task.path)
            score = scorer.score(samples, task.text)
            if args.plot is not None:
                write_page(args.plot, score, samples, task.text)
        except SpeakerError as error:
            complain(str(error))
            failed += 1
            continue
        if args.json or args.manifest is not None:
            print_json(as_json(task, score))
        else:
            print(as_lines(task, score))
    return 1 if failed else 0


def manifest_tasks(manifest: Path) -> Iterator[Task]:
    """Tasks of a table; relative paths start at the table's folder.

    Raises:
        SpeakerError: The table cannot be read or lacks a column.
    """
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as lines:
            table = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            header = list(table.fieldnames or ())
            rows = list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise SpeakerError(
            f"the manifest {manifest} cannot be read; give a UTF-8 table with tabs",
            code="score.manifest",
        ) from fault
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        raise SpeakerError(
            f"the manifest {manifest} has no column {', '.join(missing)}; its first line must "
            f"name the columns {', '.join(COLUMNS)}, separated by tabs",
            code="score.manifest",
        )
    for row in rows:
        path = manifest.parent / (row["path"] or "")
        yield Task("utterance", row["utterance"] or "", path, row["text"] or "")


def write_page(path: Path, score: Score, samples: Samples, text: str) -> None:
    """Write the page of ``--plot``.

    Raises:
        SpeakerError: It cannot be written.
    """
    try:
        path.write_text(score_page(score, samples, text), encoding="utf-8")
    except OSError as fault:
        raise SpeakerError(
            f"{path} cannot be written ({fault.strerror or fault}): name a file in a folder that "
            "exists and that you may write to",
            code="score.unwritable",
        ) from fault


def as_json(task: Task, score: Score) -> dict[str, Any]:
    """One line of ``--json``."""
    return {task.key: task.label, "text": task.text, **score.as_json()}


def as_lines(task: Task, score: Score) -> str:
    """Lines for people: the whole, then each word with its phones."""
    if score.accuracy_0_2 is None or score.fluency is None:
        return f"{task.label}: {score.outcome.value}"
    lines = [
        f"{task.label}: accuracy {score.accuracy_0_2:.2f} of 2 (sure {score.sure:.0%}), "
        f"completeness {score.completeness:.0%}, {score.fluency.phones_per_s:.1f} phones/s, "
        f"pauses {score.fluency.pauses}"
    ]
    for word in score.words:
        phones = " ".join(_phone(p.phone, p.score_0_2, p.heard, p.flagged) for p in word.phones)
        guessed = "  (not in the dictionary)" if word.guessed else ""
        lines.append(f"  {word.word:<14} {word.score_0_2:4.2f}  {phones}{guessed}")
    return "\n".join(lines)


def _phone(phone: str, score: float, heard: str | None, flagged: bool) -> str:
    instead = "" if heard is None or not flagged else f"→{heard or 'nothing'}"
    return f"{phone}{instead} {score:.1f}{'!' if flagged else ''}"

"""``myna lessons``: check packs, list packs, import lessons from elsewhere."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.errors import PackError
from device.cli.output import complain, print_json
from dialog.packs import load_pack, starter_path
from dialog.packs.check import check_pack
from dialog.packs.files import MANIFEST
from dialog.packs.importing import Header, import_pack
from dialog.packs.model import Kind, Level, Pack
from dialog.packs.source import Problem
from dialog.packs.update import update_problems


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommands and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("check", help="find every mistake of a pack")
    check.add_argument("packs", nargs="+", metavar="PACK", help="a folder or zip with pack.yaml")
    check.add_argument("--json", action="store_true", help="one line of JSON for each pack")
    check.add_argument(
        "--since", metavar="OLDER", help="also tell what children learnt in OLDER and would lose"
    )
    listing = actions.add_parser("list", help="show the starter pack and others")
    listing.add_argument("packs", nargs="*", metavar="PACK", help="further folders or zips")
    listing.add_argument("--json", action="store_true", help="one line of JSON for each pack")
    taking = actions.add_parser("import", help="make a pack from a CSV table or an Anki deck")
    taking.add_argument("file", metavar="FILE", help="a .csv, .tsv or .apkg file")
    taking.add_argument("--out", metavar="DIR", help="folder to make (default: named after FILE)")
    taking.add_argument("--id", default="", help="the pack's id (default: from FILE's name)")
    taking.add_argument("--title", default="", help="the pack's English title")
    taking.add_argument("--licence", default="", help="an SPDX identifier, like CC-BY-4.0")
    taking.add_argument("--json", action="store_true", help="one line of JSON")


def run(args: argparse.Namespace) -> int:
    """Returns 0 when every pack is good, 1 otherwise."""
    if args.action == "check":
        since = Path(args.since) if args.since else None
        return max([_check(Path(path), since, as_json=args.json) for path in args.packs])
    if args.action == "import":
        return _import(args)
    return _list([starter_path(), *map(Path, args.packs)], as_json=args.json)


def _import(args: argparse.Namespace) -> int:
    header = Header(args.id, args.title, args.licence)
    try:
        made = import_pack(Path(args.file), Path(args.out) if args.out else None, header)
    except PackError as error:
        complain(str(error))
        return 1
    problems = check_pack(made.folder)
    if args.json:
        print_json(
            {
                "pack": str(made.folder),
                "items": made.items,
                "left_out": [asdict(problem) for problem in made.left_out],
                "notes": made.notes,
                "problems": [asdict(problem) for problem in problems],
            }
        )
        return 1 if problems else 0
    for problem in (*made.left_out, *problems):
        print(problem)
    for note in made.notes:
        print(note)
    if not args.licence:
        print("the licence is not known: give it with --licence before you share the pack")
    left_out = f", {len(made.left_out)} left out" if made.left_out else ""
    print(f"{made.folder}: {made.items} items{left_out}; read it, then name it in [lessons] packs")
    return 1 if problems else 0


def _check(path: Path, since: Path | None, *, as_json: bool) -> int:
    problems = check_pack(path)
    if since is not None and not problems:
        try:
            problems = update_problems(load_pack(since), load_pack(path))
        except PackError as error:
            problems = [Problem(MANIFEST, 0, *_halves(error))]
    facts = {} if problems else _facts(load_pack(path))
    if as_json:
        print_json(
            {
                "pack": str(path),
                "ok": not problems,
                **facts,
                "problems": [asdict(problem) for problem in problems],
            }
        )
    elif problems:
        for problem in problems:
            print(f"{path}: {problem}")
        count = "one mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
        print(f"{path}: {count}")
    else:
        print(f"{path}: good, {_summary(facts)}")
    return 1 if problems else 0


def _halves(error: PackError) -> tuple[str, str]:
    message, _, remedy = str(error).rpartition("; ")
    return message or remedy, remedy


def _list(paths: Iterable[Path], *, as_json: bool) -> int:
    failed = 0
    for path in paths:
        try:
            pack = load_pack(path)
        except PackError as error:
            complain(str(error))
            failed = 1
            continue
        facts = _facts(pack)
        if as_json:
            print_json({"path": str(path), **facts})
            continue
        print(f"{pack.id} {pack.version}: {pack.title.en} ({pack.title.zh}), {pack.licence}")
        print(f"  {_summary(facts)}, in {path}")
        for unit in pack.units:
            plays = "".join(
                f", {'story' if play.story else 'role play'} “{play.title.en}”"
                for play in unit.plays
            )
            print(f"  {unit.id}: {unit.title.en} ({unit.title.zh}), {len(unit.items)} items{plays}")
    return failed


def _facts(pack: Pack) -> dict[str, Any]:
    items = list(pack.items())
    return {
        "id": pack.id,
        "version": pack.version,
        "title": asdict(pack.title),
        "licence": pack.licence,
        "units": [unit.id for unit in pack.units],
        "items": len(items),
        "kinds": {kind.value: sum(item.kind is kind for item in items) for kind in Kind},
        "levels": {level.value: sum(item.level is level for item in items) for level in Level},
        "plays": [play.id for play in pack.plays() if not play.story],
        "stories": [play.id for play in pack.plays() if play.story],
    }


def _summary(facts: dict[str, Any]) -> str:
    kinds = ", ".join(f"{count} {kind}" for kind, count in facts["kinds"].items() if count)
    told = f"{len(facts['plays'])} role plays, {len(facts['stories'])} stories"
    return f"{len(facts['units'])} units, {facts['items']} items ({kinds}), {told}"

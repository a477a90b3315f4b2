"""``myna lessons``: check packs, list packs."""

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
from dialog.packs.model import Kind, Level, Pack


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The two subcommands and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("check", help="find every mistake of a pack")
    check.add_argument("packs", nargs="+", metavar="PACK", help="a folder or zip with pack.yaml")
    check.add_argument("--json", action="store_true", help="one line of JSON for each pack")
    listing = actions.add_parser("list", help="show the starter pack and others")
    listing.add_argument("packs", nargs="*", metavar="PACK", help="further folders or zips")
    listing.add_argument("--json", action="store_true", help="one line of JSON for each pack")


def run(args: argparse.Namespace) -> int:
    """Returns 0 when every pack is good, 1 otherwise."""
    if args.action == "check":
        return max([_check(Path(path), as_json=args.json) for path in args.packs])
    return _list([starter_path(), *map(Path, args.packs)], as_json=args.json)


def _check(path: Path, *, as_json: bool) -> int:
    problems = check_pack(path)
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

"""``myna models``: what is installed, what may be fetched; fetch one, verify all."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from core.errors import ProvisioningError
from device.cli.output import complain, print_json
from provisioning.model_catalogue import catalogue, offered
from provisioning.model_fetch import Watch, damaged_files, fetch, from_folder, over_network
from provisioning.models import InstalledModel, installed_models, model_folders


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommands and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="what is installed and what may be fetched")
    fetching = actions.add_parser("fetch", help="bring models here, held against their hashes")
    fetching.add_argument("names", nargs="+", metavar="NAME", help="as `myna models list` names it")
    fetching.add_argument("--folder", type=Path, help="where models go (else the user's own)")
    fetching.add_argument(
        "--from", dest="source", type=Path, metavar="DIR", help="a folder that holds the files"
    )
    verifying = actions.add_parser("verify", help="hold what was fetched against its hashes")
    for each in (listing, fetching, verifying):
        each.add_argument("--json", action="store_true", help="one line of JSON for each model")


def run(args: argparse.Namespace) -> int:
    """Returns 0; 1 when a model could not be fetched or is damaged."""
    if args.action == "fetch":
        return _fetch(args)
    if args.action == "verify":
        return max((_verify(model, as_json=args.json) for model in installed_models()), default=0)
    return _list(as_json=args.json)


def _list(*, as_json: bool) -> int:
    here = installed_models()
    for model in here:
        _say(
            as_json,
            {"name": model.name, "kind": model.kind, "installed": True, "bytes": model.bytes}
            | {"path": str(model.path)},
            f"{model.name}  installed, {_mb(model.bytes)}  {model.path}",
        )
    names = {_folder(model).name for model in here} | {model.name for model in here}
    for each in catalogue():
        if each.name not in names:
            _say(
                as_json,
                {"name": each.name, "kind": each.kind, "installed": False, "bytes": each.bytes}
                | {"about": each.about, "licence": each.licence},
                f"{each.name}  {each.about}; {_mb(each.bytes)}, {each.licence}",
            )
    return 0


def _fetch(args: argparse.Namespace) -> int:
    models = [offered(name, catalogue()) for name in args.names]
    folder = args.folder or model_folders()[-1]
    opened = over_network if args.source is None else from_folder(args.source)
    failed = 0
    for model in models:
        try:
            path = fetch(model, folder, opened=opened, watch=_progress(model.name))
        except ProvisioningError as error:
            complain(str(error))
            failed = 1
        else:
            _say(
                args.json,
                {"name": model.name, "kind": model.kind, "installed": True, "path": str(path)},
                f"{model.name} is in {path}; a speaker that runs uses it after a restart",
            )
    return failed


def _verify(model: InstalledModel, *, as_json: bool) -> int:
    wrong = damaged_files(_folder(model))
    verdict = "unknown" if wrong is None else "damaged" if wrong else "good"
    words = {
        "unknown": "was not fetched by Myna, so nobody knows",
        "damaged": "is damaged; fetch it again",
        "good": "is as it was fetched",
    }
    _say(
        as_json,
        {"name": model.name, "kind": model.kind, "verdict": verdict, "damaged": wrong or []},
        f"{model.name} {words[verdict]}" + "".join(f"\n  {name}" for name in wrong or ()),
    )
    return int(verdict == "damaged")


def _folder(model: InstalledModel) -> Path:
    return model.path if model.path.is_dir() else model.path.parent


def _progress(name: str) -> Watch | None:
    """A line that counts up, where somebody watches."""
    if not sys.stderr.isatty():
        return None
    shown = -1

    def watch(come: int, whole: int) -> None:
        nonlocal shown
        if (percent := 100 * come // whole) != shown:
            shown = percent
            print(f"\r{name} {percent} %", end="" if percent < 100 else "\n", file=sys.stderr)

    return watch


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _say(as_json: bool, record: dict[str, Any], line: str) -> None:
    if as_json:
        print_json(record)
    else:
        print(line)

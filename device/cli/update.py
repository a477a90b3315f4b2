"""``myna update``: signed releases; fetch one, try it, keep it when it is well."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.errors import ProvisioningError
from device.cli.output import print_json
from provisioning.update_slots import ReleaseSlots
from provisioning.update_source import Release, UpdateSource

_ACTIONS = ("status", "list", "install", "before-start", "confirm")
FOLDER = Path("/var/lib/myna/application")
ROOT = Path("/usr/share/myna/updates/root.json")
APP = "app"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("action", nargs="?", choices=_ACTIONS, default="status")
    parser.add_argument("release", nargs="?", default="", help="with install: its path")
    parser.add_argument("--repository", default="", metavar="URL", help="https:// or file://")
    parser.add_argument(
        "--root", type=Path, default=ROOT, metavar="FILE", help="whom to trust, from the image"
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="holds a, b and current")
    parser.add_argument("--json", action="store_true", help="one line of JSON each")


def run(args: argparse.Namespace) -> int:
    """Returns 0; 1 by an error when nothing could be fetched, trusted or installed."""
    slots = ReleaseSlots(args.folder)
    if args.action == "list":
        for release in _source(args).releases():
            _say(args.json, _record(release))
        return 0
    record: dict[str, object] = {}
    if args.action == "install":
        record["installed"] = _install(args, slots).version
    elif args.action == "before-start":
        record["verdict"] = slots.before_start().value
    elif args.action == "confirm":
        slots.confirm()
    record.update(slot=slots.current, version=slots.version, trial=slots.trial is not None)
    _say(args.json, record)
    return 0


def _install(args: argparse.Namespace, slots: ReleaseSlots) -> Release:
    source = _source(args)
    apps = [each for each in source.releases() if each.kind == APP and each.path == args.release]
    if not apps:
        raise ProvisioningError(
            "no application of that path is published; see myna update list", code="update.gone"
        )
    try:
        slots.install(source.fetch(apps[0]), apps[0].version)
    except OSError as error:
        raise ProvisioningError(
            f"the release cannot be installed ({error.strerror}); free some space on that disk",
            code="update.disk",
        ) from error
    return apps[0]


def _source(args: argparse.Namespace) -> UpdateSource:
    if not args.repository:
        raise ProvisioningError("name the repository: --repository https://…")
    try:
        root = args.root.read_bytes()
    except OSError as error:
        raise ProvisioningError(
            f"{args.root}: whom to trust cannot be read ({error.strerror}); it comes with the image"
        ) from error
    return UpdateSource(args.folder / "source", args.repository, root)


def _record(release: Release) -> dict[str, object]:
    return {
        "kind": release.kind,
        "path": release.path,
        "version": release.version,
        "bytes": release.bytes,
    }


def _say(as_json: bool, record: dict[str, object]) -> None:
    if as_json:
        print_json(record)
    else:
        print("  ".join(f"{name} {value}" for name, value in record.items()))

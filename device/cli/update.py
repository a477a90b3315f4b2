"""``myna update``: signed releases; fetch one, try it, keep it when it is well."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.errors import ProvisioningError, SpeakerError
from device.app import firmware, pack_shelf
from device.cli.options import add_config, settings_of
from device.cli.output import complain, print_json
from device.updates import Updates
from provisioning.model_shelf import ModelShelf
from provisioning.models import DELIVERED
from provisioning.update_slots import APPLICATION, ReleaseSlots
from provisioning.update_source import Release, UpdateSource

_ACTIONS = ("status", "list", "install", "all", "before-start", "confirm")
ROOT = Path("/usr/share/myna/updates/root.json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("action", nargs="?", choices=_ACTIONS, default="status")
    parser.add_argument("release", nargs="?", default="", help="with install: its path")
    parser.add_argument(
        "--repository", default="", metavar="URL", help="https:// or file://; else [device] updates"
    )
    parser.add_argument(
        "--root", type=Path, default=ROOT, metavar="FILE", help="whom to trust, from the image"
    )
    parser.add_argument("--folder", type=Path, help="instead of the state folder")
    parser.add_argument("--json", action="store_true", help="one line of JSON each")
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Returns 0; 1 when nothing could be fetched, trusted or installed."""
    settings = settings_of(args)
    folder = args.folder or settings.device.state_path()
    slots = ReleaseSlots(folder / APPLICATION)
    if args.action in ("list", "install", "all"):
        args.repository = args.repository or settings.device.updates
        if args.action == "all" and not args.repository:
            complain("no repository is configured, so there are no updates: [device] updates")
            return 0
        source = _source(args, folder / APPLICATION)
        packs = pack_shelf(settings)
        models = ModelShelf(folder / DELIVERED)
        updates = Updates(source, slots, packs, models, own_version=firmware())
        if args.action == "list":
            for release in updates.releases():
                _say(args.json, _record(release))
            return 0
        if args.action == "all":
            return _all(updates, as_json=args.json)
        updates.install(_named(updates, args.release))
    record: dict[str, object] = {}
    if args.action == "before-start":
        record["verdict"] = slots.before_start().value
    elif args.action == "confirm":
        slots.confirm()
    record.update(slot=slots.current, version=slots.version, trial=slots.trial is not None)
    _say(args.json, record)
    return 0


def _all(updates: Updates, *, as_json: bool) -> int:
    """Everything that is newer; one that fails keeps none of the others away."""
    failed = 0
    for release in list(updates.newer()):
        try:
            updates.install(release)
        except SpeakerError as error:
            complain(f"{release.path}: {error}")
            failed = 1
        else:
            _say(as_json, {"installed": release.path, **_record(release)})
    return failed


def _named(updates: Updates, path: str) -> Release:
    for each in updates.releases():
        if each.path == path:
            return each
    raise ProvisioningError(
        "nothing of that path is published; see myna update list", code="update.gone"
    )


def _source(args: argparse.Namespace, folder: Path) -> UpdateSource:
    if not args.repository:
        raise ProvisioningError("name the repository: --repository https://…")
    try:
        root = args.root.read_bytes()
    except OSError as error:
        raise ProvisioningError(
            f"{args.root}: whom to trust cannot be read ({error.strerror}); it comes with the image"
        ) from error
    return UpdateSource(folder / "source", args.repository, root)


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

"""``myna export``: everything that is kept of a family, as one zip."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from core.errors import SpeakerError, StoreError
from device.cli.options import add_config, settings_of
from device.cli.output import print_json
from device.export import export_zip
from device.household_figures import reading
from device.recordings import FOLDER
from device.store_file import FILE_NAME
from provisioning.parents.family_file import FamilyFile
from provisioning.private_files import write_private


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("file", type=Path, metavar="FILE.zip", help="where it is written")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Returns 0; what cannot be read or written is an error with the remedy."""
    settings = settings_of(args)
    folder = settings.device.state_path()
    family = FamilyFile(folder, _now).family
    with reading(folder / FILE_NAME) as db:
        if db is None:
            raise StoreError(f"nobody has practised yet: there is no {folder / FILE_NAME}")
        data = export_zip(
            db,
            family,
            iri_base=settings.sync.iri_base.rstrip("/"),
            now=_now(),
            recordings=folder / FOLDER,
        )
    try:
        write_private(args.file.resolve(), data)
    except OSError as error:
        raise SpeakerError(
            f"{args.file} cannot be written ({error.strerror}); name a file in a folder of your own"
        ) from error
    if args.json:
        print_json({"file": str(args.file), "bytes": len(data)})
    else:
        print(f"{args.file}: everything that Myna keeps of your family, {len(data)} bytes")
    return 0


def _now() -> datetime:
    return datetime.now(UTC)

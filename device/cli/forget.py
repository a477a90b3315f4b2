"""``myna forget``: delete what is known of a child, or of everybody, for good."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from core.errors import StoreError
from device.cli.options import add_config, settings_of
from device.cli.output import print_json
from device.forgetting import forget_child, forget_everybody
from device.parent_notes import ParentNotes
from device.recordings import Recordings
from device.store import Store
from device.store_file import FILE_NAME
from device.sync.happenings import Reporter
from provisioning.pairing.file import FOLDER, Alone


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--child", metavar="NICKNAME", help="only this child")
    who.add_argument("--everybody", action="store_true", help="all children")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Delete, and tell the platform with the next connection.

    Returns:
        0 deleted, 1 not: nobody of that nickname, a speaker that runs, or a no.
    """
    folder = settings_of(args).device.state_path()
    if not (folder / FILE_NAME).exists():
        raise StoreError(f"nobody has practised yet: there is no {folder / FILE_NAME}")
    with Alone(folder / FOLDER) as alone:
        if not alone.held:
            raise StoreError(
                "the speaker runs; delete on the parents' pages, or stop it first:"
                " systemctl stop myna"
            )
        return _forget(args, folder)


def _forget(args: argparse.Namespace, folder: Path) -> int:
    nobody = Recordings(folder, lambda: False)
    with Store(folder) as store, nobody as recordings:
        store.also(Reporter())
        child = None if args.everybody else _named(store, args.child)
        if not args.yes and not _sure():
            print("nothing was deleted")
            return 1
        if child is None:
            rows = forget_everybody(store, recordings.forget, ParentNotes(folder))
        else:
            rows = forget_child(store, recordings.forget, child)
    if args.json:
        print_json({"rows": rows})
    else:
        print(f"deleted and overwritten: {rows} entries")
    return 0


def _named(store: Store, nickname: str) -> str:
    """A child's id.

    Raises:
        StoreError: There is none of that nickname.
    """
    with store.transaction() as db:
        row = db.execute(
            "SELECT id FROM children WHERE nickname = ? COLLATE NOCASE", (nickname,)
        ).fetchone()
    if row is None:
        raise StoreError("no child of that nickname has practised here; see myna progress")
    return str(row[0])


def _sure() -> bool:
    if not sys.stdin.isatty():
        raise StoreError("nobody is there to ask; say --yes if you are sure")
    return input("Delete for good? Type yes: ").strip().casefold() == "yes"

"""``myna progress``: a child's picture, in the terminal, as JSON, or as a page of its own."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from core.errors import SpeakerError, StoreError
from device.cli.options import add_config, settings_of
from device.cli.output import print_json
from device.progress import Picture, read_pictures
from device.progress_page import page
from device.progress_words import WORDS, Words, lines_of
from device.store_file import FILE_NAME
from dialog.packs import load_pack, starter_pack


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_config(parser)
    parser.add_argument("--child", metavar="NICKNAME", help="only this child")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each child")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page instead")


def run(args: argparse.Namespace) -> int:
    """Returns 0; a child or file that is not there is an error with the remedy."""
    settings = settings_of(args)
    packs = [starter_pack(), *(load_pack(path) for path in settings.lessons.packs)]
    now = datetime.now(UTC)
    pictures = read_pictures(settings.device.state_path() / FILE_NAME, packs, now)
    if args.child is not None:
        pictures = [_of(args.child, pictures)]
    words = WORDS[settings.device.language]
    if args.html is not None:
        _write(args.html, page(pictures, words, now))
    elif args.json:
        for picture in pictures:
            print_json({**asdict(picture), "days_this_week": picture.days_this_week})
    else:
        print("\n\n".join(_text(picture, words) for picture in pictures))
    return 0


def _of(nickname: str, pictures: list[Picture]) -> Picture:
    """The picture of the child of that nickname.

    Raises:
        StoreError: There is none.
    """
    wanted = nickname.casefold()
    found = [picture for picture in pictures if picture.nickname.casefold() == wanted]
    if not found:
        names = ", ".join(sorted(picture.nickname for picture in pictures if picture.nickname))
        remedy = f"use one of: {names}" if names else "leave --child out, no child has a nickname"
        raise StoreError(f"no child of that nickname has practised here; {remedy}")
    return found[0]


def _text(picture: Picture, words: Words) -> str:
    return "\n".join(lines_of(picture, words))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SpeakerError(
            f"{path} cannot be written ({error.strerror}); name a file in a folder of your own"
        ) from error

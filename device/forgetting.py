"""Deleting what is known of a child, or of a whole family: progress, sounds, notes, old copies.

One place, so that the parents' pages, the platform and the command line delete the same.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.errors import StoreError
from device import household_figures as figures
from device.parent_notes import ParentNotes
from device.store import Store
from device.store_file import FILE_NAME, explain

_COPIES = (f"{FILE_NAME}.damaged-*", "family.damaged")
"""Set aside when a file was found damaged: they hold the same children."""


def forget_child(store: Store, forget_sounds: Callable[[str], None], child: str) -> int:
    """Delete all there is of one child; the platform is told.

    Args:
        forget_sounds: Deletes a child's recordings.
        child: Its id.

    Returns:
        How many rows there were.

    Raises:
        StoreError: The disk refuses.
    """
    rows = store.forget(child)
    forget_sounds(child)
    return rows


def forget_everybody(
    store: Store,
    forget_sounds: Callable[[str], None],
    notes: ParentNotes,
    *,
    given_up: bool = False,
    tell: bool = True,
) -> int:
    """Delete everybody's data.

    Args:
        given_up: The family gives the speaker up with it.
        tell: The platform is told.

    Returns:
        How many rows there were.

    Raises:
        StoreError: The disk refuses.
    """
    with store.transaction() as db:
        known = figures.child_ids(db)
    rows = store.forget_everybody(given_up=given_up, tell=tell)
    for each in known:
        forget_sounds(each)
    notes.read()
    if store.folder is not None:
        _delete_copies(store.folder)
    return rows


def _delete_copies(folder: Path) -> None:
    try:
        for pattern in _COPIES:
            for copy in folder.glob(pattern):
                copy.unlink()
    except OSError as error:
        raise StoreError(explain(error, folder)) from error

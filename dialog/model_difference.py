"""A model as its difference from another one that ships.

A network that went on learning from another's weights, and is stored in the same eight-bit steps,
differs from it by a step or none in most of them: 1.6 bits a weight instead of eight. The file
(``.npz``) holds the whole model but for these weights, where they lie in both, and by how many
steps each differs.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError

Place = tuple[int, int, int]
"""Where the same weights lie in the new model and in the base, and how many they are, in bytes."""


def difference(base: bytes, made: bytes, places: Sequence[Place]) -> bytes:
    """What `applied` makes `made` of again.

    Args:
        base: The model that ships.
        made: The other one.
        places: Of weights in eight bits, the same in both; they do not overlap.
    """
    old, new = np.frombuffer(base, np.uint8), np.frombuffer(made, np.uint8)
    rest = new.copy()
    steps = [np.zeros(0, np.uint8)]
    for at, from_at, size in places:
        steps.append(new[at : at + size] - old[from_at : from_at + size])
        rest[at : at + size] = 0
    written = io.BytesIO()
    np.savez_compressed(
        written,
        base=np.array([zlib.crc32(base)], np.uint32),
        rest=rest,
        places=np.array(places, np.int64).reshape(-1, 3),
        steps=np.concatenate(steps),
    )
    return written.getvalue()


def applied(base: Path, path: Path) -> bytes:
    """The model, whole.

    Args:
        base: The model that ships.
        path: What `difference` made.

    Raises:
        ModelError: A file is missing or broken, or the two do not belong together.
    """
    try:
        known = base.read_bytes()
        with np.load(path) as kept:
            parts = dict(kept)
    except Exception as fault:  # of a broken archive any of four
        raise ModelError(f"the model {path} is missing or broken; install Myna again") from fault
    if not np.array_equal(parts["base"], [zlib.crc32(known)]):
        raise ModelError(f"the model {path} does not go with {base}; install Myna again")
    old = np.frombuffer(known, np.uint8)
    steps: NDArray[np.uint8] = parts["steps"]
    made: NDArray[np.uint8] = parts["rest"].copy()
    taken = 0
    for at, from_at, size in parts["places"]:
        made[at : at + size] = old[from_at : from_at + size] + steps[taken : taken + size]
        taken += size
    return made.tobytes()

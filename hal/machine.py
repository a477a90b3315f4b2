"""Which machine this is."""

from __future__ import annotations

from pathlib import Path

_MODEL = Path("/proc/device-tree/model")


def is_raspberry_pi(model: Path = _MODEL) -> bool:
    """Whether the device tree names a Raspberry Pi."""
    try:
        return b"Raspberry Pi" in model.read_bytes()
    except OSError:
        return False

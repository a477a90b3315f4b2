"""The virtual sound devices as a fixture."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from device.bench.sound_server import SoundServer, missing_programs, sound_server


@pytest.fixture(scope="module")
def soundserver() -> Iterator[SoundServer]:
    """A sound server at 16 kHz, shared by the tests of one module."""
    if missing := missing_programs():
        pytest.skip(f"needs {', '.join(missing)} (apt-get install pulseaudio pulseaudio-utils)")
    with sound_server() as server:
        yield server

"""`myna bench flash`: everybody writes the same image, and ours is compared besides."""

from __future__ import annotations

import shutil

import pytest

from device.bench import flash

pytestmark = pytest.mark.skipif(shutil.which("zstd") is None, reason="needs zstd")


def test_the_figures_are_of_one_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flash, "SHORT_MIB", 20)
    monkeypatch.setattr(flash, "CARDS", (1, 2))
    found = {each.metric: each.value for each in flash.run(long=False, seed=1)}
    assert {"flash.read", "flash.unpack", "flash.write", "flash.zstd_dd"} <= set(found)
    for name in ("read", "unpack", "write", "zstd_dd", "ours_written.cards_1"):
        value = found[f"flash.{name}"]
        assert value is not None
        assert value > 0
    written, whole = found["flash.written_over_slowest"], found["flash.whole_over_slowest"]
    assert written is not None
    assert whole is not None
    assert written < whole  # reading back is part of the whole


def test_the_image_is_what_an_image_is_like() -> None:
    with flash.bench(64, seed=1) as made:
        size = made.image.stat().st_size
        assert size == 64 << 20
        assert made.image.stat().st_blocks * 512 < 0.8 * size  # holes
        assert 0.1 * size < made.packed.stat().st_size < 0.8 * size

"""A model told by its difference from another is that model, byte for byte."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import ModelError
from dialog.model_difference import applied, difference
from dialog.speech_ears import MODEL_PATH, NEAR_MODEL_PATH

RNG = np.random.default_rng(6)
BASE = RNG.integers(0, 256, 5_000).astype(np.uint8).tobytes()


def fine_tuned() -> tuple[bytes, list[tuple[int, int, int]]]:
    """Another head, then weights of the base at other places, a few of them a step apart."""
    old = np.frombuffer(BASE, np.uint8)
    apart = RNG.integers(-1, 2, 3_000).astype(np.uint8)
    head = RNG.integers(0, 256, 70).astype(np.uint8)
    made = np.concatenate([head, old[500:2_500] + apart[:2_000], old[3_000:4_000] + apart[2_000:]])
    return made.tobytes(), [(70, 500, 2_000), (2_070, 3_000, 1_000)]


def test_it_comes_back_whole_and_is_stored_small(tmp_path: Path) -> None:
    made, places = fine_tuned()
    base, file = tmp_path / "base.onnx", tmp_path / "other.npz"
    base.write_bytes(BASE)
    file.write_bytes(difference(BASE, made, places))
    assert applied(base, file) == made
    assert file.stat().st_size < len(made) * 0.7


def test_without_a_place_everything_is_stored(tmp_path: Path) -> None:
    base, file = tmp_path / "base.onnx", tmp_path / "other.npz"
    base.write_bytes(BASE)
    file.write_bytes(difference(BASE, b"something else", []))
    assert applied(base, file) == b"something else"


def test_another_base_is_refused_in_a_sentence(tmp_path: Path) -> None:
    made, places = fine_tuned()
    base, file = tmp_path / "base.onnx", tmp_path / "other.npz"
    base.write_bytes(BASE[:-1] + b"!")
    file.write_bytes(difference(BASE, made, places))
    with pytest.raises(ModelError, match=r"does not go with .* install Myna again"):
        applied(base, file)


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_a_missing_or_broken_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "other.npz"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ModelError, match=r"other\.npz is missing or broken; install Myna again"):
        applied(MODEL_PATH, file)


def test_what_ships_belongs_together() -> None:
    whole = applied(MODEL_PATH, NEAR_MODEL_PATH)
    assert NEAR_MODEL_PATH.stat().st_size < len(whole) / 3

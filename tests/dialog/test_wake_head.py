"""A head of one phrase: what it computes, what it tells apart, and files that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audio.settings import WakeSettings
from audio.virtual_room.synthesised import SynthesisedVoice
from core.errors import ModelError
from device.wake_words import wake_question, wake_words
from dialog.factory import build_ears
from dialog.wake.head import (
    DILATIONS,
    HEADS_PATH,
    KERNEL,
    NEAR,
    PLAIN,
    SEEN_ROWS,
    Fusion,
    PhraseHead,
    head_of,
    head_over_playback,
)

Floats = np.typing.NDArray[np.float32]
ITSELF = Fusion(1.0, 0.0, 0.0, 0.0)
SHIPPED = HEADS_PATH / "hello_myna.npz"


def drawn_head(width: int = 3, rows: int = 4) -> dict[str, Floats]:
    """Weights of a network over rows of four figures."""
    rng = np.random.default_rng(5)

    def draw(*shape: int) -> Floats:
        return rng.normal(0.0, 0.5, shape).astype(np.float32)

    weights = {
        "norm.weight": draw(rows),
        "norm.bias": draw(rows),
        "first.weight": draw(rows, width),
        "first.bias": draw(width),
        "last.weight": draw(width, 1),
        "last.bias": draw(1),
    }
    for layer in range(len(DILATIONS)):
        weights[f"layers.{layer}.weight"] = draw(KERNEL * width, width)
        weights[f"layers.{layer}.bias"] = draw(width)
    return weights


def plainly(weights: dict[str, Floats], encoded: Floats) -> float:
    """The same network, one place and one tap at a time."""
    hidden = []
    for row in encoded:
        even = (row - row.mean()) / np.sqrt(row.var() + 1e-5)
        even = even * weights["norm.weight"] + weights["norm.bias"]
        hidden.append(np.maximum(even @ weights["first.weight"] + weights["first.bias"], 0.0))
    for layer, dilation in enumerate(DILATIONS):
        taps = weights[f"layers.{layer}.weight"].reshape(KERNEL, len(hidden[0]), -1)
        made = []
        for at, own in enumerate(hidden):
            total = weights[f"layers.{layer}.bias"].copy()
            for tap in range(KERNEL):
                place = at + (tap - KERNEL // 2) * dilation
                if 0 <= place < len(hidden):
                    total = total + hidden[place] @ taps[tap]
            made.append(own + np.maximum(total, 0.0))
        hidden = made
    return max(float((row @ weights["last.weight"] + weights["last.bias"])[0]) for row in hidden)


def test_a_head_computes_dilated_convolutions_over_normalised_rows() -> None:
    weights = drawn_head()
    encoded = np.random.default_rng(6).normal(2.0, 3.0, (30, 4)).astype(np.float32)
    found = PhraseHead("x", (weights,), ITSELF).score(encoded)
    assert found == pytest.approx(plainly(weights, encoded), abs=1e-4)


def test_weights_in_steps_are_read_with_the_size_of_each_columns(tmp_path: Path) -> None:
    weights = drawn_head()
    kept = {f"0.{name}": value for name, value in weights.items()}
    steps = np.linspace(0.01, 0.03, weights["first.weight"].shape[1]).astype(np.float32)
    whole = np.rint(weights["first.weight"] / steps).clip(-127, 127)
    kept |= {"0.first.weight": whole.astype(np.int8), "0.first.weight.steps": steps}
    others = {"phrase": "x", "ears": NEAR, "networks": 1, "fusion": np.ones(4)}
    path = tmp_path / "head.npz"
    np.savez(path, **kept, **others)
    encoded = np.random.default_rng(6).normal(2.0, 3.0, (30, 4)).astype(np.float32)
    plain = {**weights, "first.weight": whole * steps}
    assert PhraseHead.load(path).score(encoded) == pytest.approx(plainly(plain, encoded), abs=1e-4)
    del kept["0.first.weight.steps"]
    np.savez(path, **kept, **others)
    with pytest.raises(ModelError, match="missing or broken"):
        PhraseHead.load(path)


def test_several_networks_are_averaged() -> None:
    weights = drawn_head()
    other = {**weights, "last.bias": weights["last.bias"] + 2.0}
    encoded = np.ones((9, 4), np.float32) * np.arange(4)
    one = PhraseHead("x", (weights,), ITSELF).score(encoded.astype(np.float32))
    both = PhraseHead("x", (weights, other), ITSELF).score(encoded.astype(np.float32))
    assert both - one == pytest.approx(1.0, abs=1e-5)


def score_of(text: str, voice: int) -> float:
    """What the head that ships makes of a text by one of the virtual room's children."""
    head = head_of("hello myna")
    assert head is not None
    sound = SynthesisedVoice(voice).say(text).samples.astype(np.float32)
    sound = np.pad(sound * np.float32(0.3 / np.abs(sound).max()), (16_000, 6_000))
    return head.score(build_ears().encoded(sound[-41_600:])[-SEEN_ROWS:])


@pytest.mark.parametrize("voice", [0, 1, 2])
def test_the_head_that_ships_knows_its_phrase(voice: int) -> None:
    called = score_of("hello myna", voice)
    others = ("good morning teacher", "yellow banana", "hello my name is tom", "i like apples")
    assert called > 0.0
    for other in others:
        assert score_of(other, voice) < min(0.0, called - 2.0), other


def test_a_phrase_in_capitals_has_the_same_head() -> None:
    assert head_of("Hello  Myna!") is not None


def test_another_phrase_has_none() -> None:
    assert head_of("wake up mister bear") is None


def test_the_head_of_another_phrase_is_refused_at_start() -> None:
    wake = WakeSettings(phrase="wake up mister bear", head=str(SHIPPED))
    with pytest.raises(ModelError, match='the head of "hello myna", not of "wake up mister bear"'):
        wake_words(wake)


def test_a_configured_head_goes_with_its_phrase_only() -> None:
    wake = WakeSettings(phrase="hello myna", head=str(SHIPPED))
    own, other = (wake_question(wake, text, None) for text in ("hello myna", "good day robot"))
    assert own is not None
    assert own.head == str(SHIPPED)
    assert other is not None
    assert other.head == ""


def test_a_phrase_with_a_head_may_have_another_for_while_myna_talks() -> None:
    usual, talking = head_of("hello myna"), head_over_playback("Hello  Myna!")
    assert usual is not None
    assert talking is not None
    assert (usual.ears, talking.ears) == (NEAR, PLAIN)
    assert talking.phrase == usual.phrase
    # Not beside a head that somebody trained, nor for a phrase without any.
    assert head_over_playback("hello myna", str(SHIPPED)) is None
    assert head_over_playback("wake up mister bear") is None


def test_a_head_for_the_other_ears_is_no_head_of_these() -> None:
    with pytest.raises(ModelError, match="ears of another version"):
        PhraseHead.load(SHIPPED, PLAIN)


def shipped_without(part: str, folder: Path) -> Path:
    """A copy of the head that ships in which one array is missing."""
    path = folder / "head.npz"
    with np.load(SHIPPED) as kept:
        np.savez(path, **{name: kept[name] for name in kept.files if name != part})
    return path


def test_a_head_made_for_other_ears_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = shipped_without("ears", tmp_path)
    with pytest.raises(ModelError, match="ears of another version: make it anew with myna wake"):
        PhraseHead.load(path)


@pytest.mark.parametrize("content", [None, b"", b"no weights", b"PK\x03\x04broken"])
def test_a_file_that_is_no_head_is_said(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "head.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match="missing or broken"):
        PhraseHead.load(path)


def test_a_head_without_all_its_weights_is_said(tmp_path: Path) -> None:
    path = shipped_without("0.last.bias", tmp_path)
    with pytest.raises(ModelError, match="missing or broken"):
        PhraseHead.load(path)

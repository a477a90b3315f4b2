"""The stream of phones behind the wake phrase: nothing depends on how sound is cut into pieces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import ModelError
from dialog.phone_alignment import free_loop
from dialog.phone_graph import Graph, best_paths, likelihoods
from dialog.phone_model import PhoneModel
from dialog.wake.acoustics import Network, PhoneStream
from dialog.wake.bands import StreamBands
from dialog.wake.evidence import PHONE_SIZE, WHOLE_SIZE, evidence
from dialog.wake.following import best_logit, rows_of
from dialog.wake.phrase import from_ways, phrase
from dialog.wake.spotter import FreeLoop, Spotter
from dialog.wake.verifier import Verifier
from tests.audio.speech import espeak

HELLO_MYNA = "[[h@l'oU m'aIn@]]"


@pytest.fixture(scope="module")
def network() -> Network:
    return Network.load()


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    return Verifier.load()


def said(text: str, *options: str) -> NDArray[np.float32]:
    sound = espeak(text, *(options or ("-v", "en-us", "-s", "140"))).astype(np.float32) / 32768
    return np.pad(sound, (8_000, 12_800))


def test_a_row_at_a_time_gives_what_all_at_once_does(network: Network) -> None:
    rows = np.random.default_rng(1).normal(0.0, 1.0, (120, 40)).astype(np.float32)
    whole, one = PhoneStream(network), PhoneStream(network)
    at_once = whole.run(rows)
    singly = np.concatenate([one.run(row[None]) for row in rows])
    np.testing.assert_allclose(at_once, singly, atol=1e-3)
    # Numpy's products of another shape round otherwise; nothing else may differ.


def test_the_stream_says_what_the_model_says_of_the_same_bands(network: Network) -> None:
    """Past its beginning, and but for weights kept in half precision."""
    model = PhoneModel()
    bands = np.random.default_rng(2).normal(0.0, 1.0, (200, 40)).astype(np.float32)
    (posteriors,) = model._session.run(["log_posteriors"], {"bands": bands.T[None]})
    stream = PhoneStream(network)
    made = stream.run(bands)
    inner = posteriors[0].T - np.float32(0.6) * network.log_priors
    lag = network.latency_frames
    expected = np.maximum(inner, -12.0)
    np.testing.assert_allclose(made[2 * lag :], expected[: len(made) - 2 * lag], atol=0.15)


def test_bands_do_not_depend_on_the_level(network: Network) -> None:
    sound = said("hello there")[: 160 * 8 * 12]
    quiet, loud = (
        StreamBands(network.usual_bands).rows(sound * np.float32(gain)) for gain in (0.05, 0.9)
    )
    np.testing.assert_allclose(quiet[60:], loud[60:], atol=0.05)


def test_the_free_loop_is_the_one_of_the_alignment() -> None:
    rows = np.random.default_rng(3).normal(-4.0, 2.0, (80, 118)).astype(np.float32)
    loop = FreeLoop()
    gains = [loop.step(row) for row in rows]
    # They begin differently, this one as after silence; what is gained soon no longer shows it.
    np.testing.assert_allclose(gains[40:], free_loop(rows)[40:], atol=1e-3)


def test_a_path_is_the_best_one_of_the_whole_span(network: Network) -> None:
    """The spotter's ratio against the alignment's Viterbi over the frames that it chose."""
    frames = PhoneModel().frames(said("good morning teacher"))
    rows = likelihoods(frames)
    wanted = from_ways("good morning", [[("G", "UH", "D")], [("M", "AO", "R", "N", "IH", "NG")]])
    spotter = Spotter([wanted])
    best = None
    for row in rows:
        spotter.step(row)
        path = spotter.path(0, before=0)
        if path is not None and (best is None or path.ratio > best.ratio):
            best = path
    assert best is not None
    own = sum(
        float(best.rows[a:b, state.output].sum()) - float(best.gained[a:b].sum())
        for state, a, b in best.runs
    )
    assert own == pytest.approx(best.ratio, abs=0.01)
    graph = Graph()
    graph.add_sentence([[("G", "UH", "D")], [("M", "AO", "R", "N", "IH", "NG")]])
    aligned = float(best_paths(best.rows, graph).scores[0]) - float(best.gained.sum())
    assert best.ratio == pytest.approx(aligned, abs=0.01) or best.ratio > aligned
    seen = evidence(best)
    assert seen.phones.shape == (9, PHONE_SIZE)
    assert seen.whole.shape == (WHOLE_SIZE,)
    assert np.isfinite(seen.phones).all()


def test_the_right_phrase_scores_above_its_neighbours(network: Network, verifier: Verifier) -> None:
    sound = said(HELLO_MYNA)
    asked = [phrase(text) for text in ("hello myna", "hello kitty", "good morning", "yellow piano")]
    best = [best_logit(sound, each, network, verifier)[0] for each in asked]
    assert best[0] > 0.0
    assert best[0] > max(best[1:]) + 2.0


def test_a_phrase_is_found_where_it_was_said(network: Network, verifier: Verifier) -> None:
    sound = np.concatenate([np.zeros(16_000, np.float32), said(HELLO_MYNA)])
    end_frame = (16_000 + said(HELLO_MYNA).size - 12_800) / 160
    _, where = best_logit(sound, phrase("hello myna"), network, verifier)
    assert where is not None
    assert abs(where.end_frame - end_frame) <= 15
    assert [phone for _, phone in where.phones][-4:] == ["M", "AY", "N", "AH"]


def test_silence_is_no_phrase(network: Network, verifier: Verifier) -> None:
    silence = np.zeros(32_000, np.float32)
    assert np.isfinite(rows_of(silence, network)).all()
    assert best_logit(silence, phrase("hello myna"), network, verifier)[0] < -3.0


def test_a_broken_model_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "phones.npz"
    path.write_bytes(b"no model")
    for load in (Network.load, Verifier.load):
        with pytest.raises(ModelError, match="install Myna again"):
            load(path)
        with pytest.raises(ModelError, match="install Myna again"):
            load(tmp_path / "missing.npz")

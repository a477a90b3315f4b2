"""The acoustic model's weights in the form that the wake phrase streams through: half precision."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from training.onnx_half import HALF


def write(model: Path, usual_bands: NDArray[np.float32], path: Path) -> None:
    """Write what `dialog.wake.acoustics.Network` loads.

    Args:
        model: As `training.export_onnx` wrote it.
        usual_bands: Mean log mel bands of loud speech, shape (40,).
        path: Of the file.
    """
    graph = onnx.load(model)
    weights = {
        each.name.removesuffix(HALF): numpy_helper.to_array(each).astype(np.float32)
        for each in graph.graph.initializer
    }
    priors = next(p.value for p in graph.metadata_props if p.key == "log_priors")
    arrays: dict[str, NDArray[np.generic]] = {
        "log_priors": np.array(json.loads(priors), np.float32),
        "usual_bands": (usual_bands - usual_bands.mean()).astype(np.float32),
        "head.weight": weights["states.w"][:, :, 0].astype(np.float16),
        "head.bias": weights["states.b"],
    }
    dilations = []
    for node in graph.graph.node:
        name = node.input[1].removesuffix(".w") if node.op_type == "Conv" else ""
        if not name or name in ("states", "scores"):
            continue
        norm = "first_norm" if name == "first" else f"norms.{name.split('.')[1]}"
        place = len(dilations)
        arrays[f"{place}.weight"] = weights[f"{name}.w"].astype(np.float16)
        arrays[f"{place}.bias"] = weights[f"{name}.b"]
        arrays[f"{place}.gain"] = weights[f"{norm}.gain"][:, 0]
        arrays[f"{place}.shift"] = weights[f"{norm}.shift"][:, 0]
        dilations += [a.ints[0] for a in node.attribute if a.name == "dilations"]
    arrays["dilations"] = np.array(dilations, np.int16)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)

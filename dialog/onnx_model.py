"""Opening a model that ships with Myna by ONNX Runtime, on one thread."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError

Kept = TypeVar("Kept")


def open_model(
    path: Path, what: str, read: Callable[[Mapping[str, str]], Kept], made: bytes | None = None
) -> tuple[Any, Kept]:
    """A session, and what was written into the file beside the network.

    Args:
        path: The file.
        what: Which model it is, for people: ``the acoustic model``.
        read: Takes the file's own notes; what it raises means that the file is broken.
        made: The model, where the file tells it otherwise (`dialog.model_difference`).

    Raises:
        ModelError: The file is missing or broken.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    # Its own store of memory only grows, to what the longest utterance ever took.
    options.enable_cpu_mem_arena = False
    # A plan of memory for every length of utterance is kept for ever, 4 MB in a hundred of them.
    options.enable_mem_pattern = False
    try:
        session = onnxruntime.InferenceSession(
            made or str(path), options, providers=["CPUExecutionProvider"]
        )
        return session, read(session.get_modelmeta().custom_metadata_map)
    except Exception as fault:  # the runtime's errors share no base class
        raise ModelError(f"{what} {path} is missing or broken; install Myna again") from fault


def log_priors(notes: Mapping[str, str]) -> NDArray[np.float32]:
    """How common each output of an acoustic model was in training, as `dialog.phone_frames`."""
    return np.array(json.loads(notes["log_priors"]), np.float32)

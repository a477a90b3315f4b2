"""Large weights of a model in half the precision: half the file, made whole again when loaded."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HALF_FROM = 512
"""Weights of more numbers than this are stored with half the precision."""
HALF = ".half"


def halve(graph: onnx.GraphProto) -> None:
    """Store a graph's large weights so, each with a node that makes it whole under its own name."""
    whole: list[onnx.NodeProto] = []
    for index, constant in enumerate(list(graph.initializer)):
        weights = numpy_helper.to_array(constant)
        if constant.data_type != TensorProto.FLOAT or weights.size <= HALF_FROM:
            continue
        name, half = constant.name, f"{constant.name}{HALF}"
        graph.initializer[index].CopyFrom(numpy_helper.from_array(weights.astype(np.float16), half))
        whole.append(helper.make_node("Cast", [half], [name], name=name, to=TensorProto.FLOAT))
    nodes = [*whole, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)

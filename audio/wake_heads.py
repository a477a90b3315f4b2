"""Heads: what judges the shared embeddings of openWakeWord's kind, one phrase each."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError

Floats = NDArray[np.float32]

HEAD_EMBEDDINGS, EMBEDDING_SIZE = 16, 96


class Head(Protocol):
    """One phrase's network."""

    def score(self, embeddings: Floats) -> float:
        """How likely the phrase ends with the last embedding, 0..1.

        Args:
            embeddings: Shape (16, 96), one for every 80 ms, the newest last.
        """


class ReadyHead:
    """A head that comes in pyopen-wakeword's wheel, as TensorFlow Lite (0.05 ms a score).

    Args:
        phrase: As spoken: ``hey jarvis``.

    Raises:
        ModelError: There is no such head, or the package is missing.
    """

    def __init__(self, phrase: str) -> None:
        ready = _ready()
        if phrase not in ready:
            raise ModelError(
                f'there is no wake phrase "{phrase}": set [wake] phrase to one of '
                f"{', '.join(sorted(ready))}, or [wake] head to a head of your own",
                code="model.wake_phrase_unknown",
            )
        from pyopen_wakeword import OpenWakeWord

        self._model = OpenWakeWord.from_builtin(ready[phrase])

    def score(self, embeddings: Floats) -> float:
        """See `Head`."""
        self._model.reset()  # it is given all that it needs each time
        (score,) = self._model.process_streaming(embeddings[None, None])
        return float(score)


class OnnxHead:
    """A head in a file, as `training.wake`, openWakeWord and livekit-wakeword write them.

    Args:
        path: An ``.onnx`` that makes one score of an input of shape (1, 16, 96).

    Raises:
        ModelError: It is none, or ONNX Runtime is missing.
    """

    def __init__(self, path: Path) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise missing("onnxruntime") from error
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), one_thread(onnxruntime), providers=["CPUExecutionProvider"]
            )
            self._input = self._session.get_inputs()[0].name
            self.score(np.zeros((HEAD_EMBEDDINGS, EMBEDDING_SIZE), np.float32))
        except Exception as error:  # the runtime's errors share no base class
            raise ModelError(
                f"{path} is no head of a wake phrase: [wake] head takes an .onnx file that makes "
                f"a score of {HEAD_EMBEDDINGS} embeddings of {EMBEDDING_SIZE}",
                code="model.wake_head",
            ) from error

    def score(self, embeddings: Floats) -> float:
        """See `Head`."""
        return float(self._session.run(None, {self._input: embeddings[None]})[0].item())


def ready_phrases() -> tuple[str, ...]:
    """The phrases whose heads come with the package.

    Raises:
        ModelError: It is not installed.
    """
    return tuple(sorted(_ready()))


def make_head(phrase: str, path: str) -> Head:
    """The head in a file where one is named, else the ready one of a phrase.

    Raises:
        ModelError: It cannot be had.
    """
    return OnnxHead(Path(path)) if path else ReadyHead(phrase)


def one_thread(onnxruntime: Any) -> Any:  # noqa: ANN401 - the library has no types
    """Options for the small networks of an audio thread.

    KleidiAI's kernels on arm64 computed convolutions of a single window wrongly in ONNX Runtime
    1.27 (says livekit-wakeword 0.3, whose phrases all scored nothing there): never used.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("mlas.disable_kleidiai", "1")
    return options


def missing(package: str) -> ModelError:
    """A package is not there."""
    return ModelError(f"{package} is not installed: run `make setup`", code="model.wake")


def _ready() -> dict[str, Any]:
    try:
        from pyopen_wakeword import Model
    except ImportError as error:
        raise missing("pyopen-wakeword") from error
    return {model.value.replace("_", " "): model for model in Model}

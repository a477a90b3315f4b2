"""The network as a Kaldi nnet3 model that the unmodified Vosk library loads.

Written in Kaldi's text form. Each phone is one state here (the `phones` head), since Vosk hears
every third frame only. Vosk computes cepstra itself; a square cosine transform has its transpose
as inverse, so that the first layer undoes it and sees log mel energies as in training. What
training subtracts (`dialog.phone_features.loud_mean`) cannot be done there: the recogniser filters
the sound to `typical_bands` first, and the first layer subtracts those.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dialog.phone_features import BAND_COUNT, HIGHEST_HZ, LOWEST_HZ, SAMPLE_RATE_HZ
from dialog.phone_model import CONTEXT_FRAMES
from dialog.phone_set import PHONES
from training.export_onnx import batch_norm
from training.network import DILATIONS, STRIDE, WIDTH, Network

POSITIONS = {"B": "begin", "I": "internal", "E": "end", "S": "singleton"}
SILENCE_PHONE = "SIL"
KALDI_PHONES = (SILENCE_PHONE, *(f"{phone}_{place}" for phone in PHONES for place in POSITIONS))
"""Phone ids count from 1 in this order."""
LOG_HALF = -0.693147
STEPS = 10_000
"""Before a rectifier weights are whole ten-thousandths, some hundredth of a typical one: the file
is text. What they are larger by the scale behind the rectifier takes back."""

MODEL_CONF = f"""--min-active=200
--max-active=2500
--beam=12.0
--lattice-beam=4.0
--acoustic-scale=0.5
--frame-subsampling-factor={STRIDE}
--endpoint.silence-phones=1
--endpoint.rule2.min-trailing-silence=60
--endpoint.rule3.min-trailing-silence=60
--endpoint.rule4.min-trailing-silence=60
"""
MFCC_CONF = f"""--use-energy=false
--num-mel-bins={BAND_COUNT}
--num-ceps={BAND_COUNT}
--low-freq={LOWEST_HZ:g}
--high-freq={HIGHEST_HZ - SAMPLE_RATE_HZ / 2:g}
--cepstral-lifter=0
--dither=0
"""


def export(
    network: Network, priors: NDArray[np.float64], typical_bands: NDArray[np.float32], folder: Path
) -> None:
    """Write everything of the model but its graph (`training.kaldi_graph`).

    Args:
        network: Trained.
        priors: Of silence and the phones, shape (40,).
        typical_bands: Loud mean that the recogniser brings every utterance to, shape (40,).
        folder: Of the model.
    """
    for name in ("am", "conf", "graph/phones"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "conf" / "mfcc.conf").write_text(MFCC_CONF)
    (folder / "conf" / "model.conf").write_text(MODEL_CONF)
    bands = {"typical_bands": [round(float(value), 3) for value in typical_bands]}
    (folder / "conf" / "myna.json").write_text(json.dumps(bands) + "\n")
    (folder / "am" / "final.mdl").write_text(
        _transitions() + _network(network, typical_bands) + _tail(priors)
    )
    boundaries = [f"{KALDI_PHONES.index(SILENCE_PHONE) + 1} nonword"]
    boundaries += [
        f"{index} {POSITIONS[phone[-1]]}" for index, phone in enumerate(KALDI_PHONES[1:], 2)
    ]
    path = folder / "graph" / "phones" / "word_boundary.int"
    path.write_text("\n".join(boundaries) + "\n")


def _transitions() -> str:
    count = len(KALDI_PHONES)
    phones = " ".join(str(index + 1) for index in range(count))
    triples = "".join(f"{index + 1} 0 {_pdf(phone)} \n" for index, phone in enumerate(KALDI_PHONES))
    return (
        f"<TransitionModel> \n<Topology> \n<TopologyEntry> \n<ForPhones> \n{phones} \n"
        "</ForPhones> \n<State> 0 <PdfClass> 0 <Transition> 0 0.5 <Transition> 1 0.5 </State> \n"
        "<State> 1 </State> \n</TopologyEntry> \n</Topology> \n"
        f"<Triples> {count} \n{triples}</Triples> \n"
        f"<LogProbs> \n{_vector([0.0] + [LOG_HALF] * (2 * count))}</LogProbs> \n"
        "</TransitionModel> \n"
    )


def _pdf(phone: str) -> int:
    return 0 if phone == SILENCE_PHONE else PHONES.index(phone.split("_", 1)[0]) + 1


def _network(network: Network, typical_bands: NDArray[np.float32]) -> str:
    weights = {name: t.numpy().astype(np.float64) for name, t in network.state_dict().items()}
    lines = [f"input-node name=input dim={BAND_COUNT}"]
    parts: dict[str, str] = {}

    def node(name: str, component: str, source: str) -> None:
        lines.append(f"component-node name={name} component={component} input={source}")

    def affine(name: str, source: str, offsets: list[int], matrix: NDArray[np.float64],
               bias: NDArray[np.float64]) -> None:  # fmt: skip
        spliced = [source if o == 0 else f"Offset({source}, {o})" for o in offsets]
        node(name, name, spliced[0] if len(spliced) == 1 else f"Append({', '.join(spliced)})")
        parts[name] = (
            f"<FixedAffineComponent> <LinearParams> {_matrix(matrix)}"
            f"<BiasParams> {_vector(bias)}</FixedAffineComponent> "
        )

    def scaled(name: str, gain: NDArray[np.float64]) -> None:
        node(f"{name}-relu", "relu", name)
        node(f"{name}-scale", f"{name}-scale", f"{name}-relu")
        parts[f"{name}-scale"] = (
            f"<FixedScaleComponent> <Scales> {_vector(gain / STEPS)}</FixedScaleComponent> "
        )

    # (out, in, 5) on scaled log mel energies, made (out, 5 * 40) on cepstra.
    kernel = weights["first.weight"] / weights["scale"][None, :, None]
    bias = weights["first.bias"] - np.einsum("oik,i->o", kernel, typical_bands)
    kernel = np.einsum("oik,ci->ock", kernel, _cosines())
    gain, shift = batch_norm(weights, "first_norm")
    affine("first", "input", [-2, -1, 0, 1, 2], np.rint(STEPS * _spliced(kernel)), STEPS * bias)
    scaled("first", gain)
    hidden = "first-scale"
    for index, dilation in enumerate(DILATIONS):
        name = f"layer{index}"
        kernel = weights[f"layers.{index}.weight"]
        # The shifts of the normalisations so far are the same at every frame.
        bias = weights[f"layers.{index}.bias"] + kernel.sum(axis=2) @ shift
        reach = dilation * STRIDE
        gain, more = batch_norm(weights, f"norms.{index}")
        affine(name, hidden, [-reach, 0, reach], np.rint(STEPS * _spliced(kernel)), STEPS * bias)
        scaled(name, gain)
        shift = shift + more
        node(f"sum{index}", "sum", f"Sum({hidden}, {name}-scale)")
        hidden = f"sum{index}"
    kernel = weights["phones.weight"]
    affine("out", hidden, [0], kernel[:, :, 0], weights["phones.bias"] + kernel[:, :, 0] @ shift)
    lines.append("output-node name=output input=out objective=linear")
    parts["relu"] = (
        f"<RectifiedLinearComponent> <Dim> {WIDTH} <ValueAvg>  [ ]\n<DerivAvg>  [ ]\n<Count> 0 "
        "<NumDimsSelfRepaired> 0 <NumDimsProcessed> 0 <SelfRepairScale> 0 "
        "</RectifiedLinearComponent> "
    )
    parts["sum"] = f"<NoOpComponent> <Dim> {WIDTH} <BackpropScale> 1 </NoOpComponent> "
    components = "".join(f"<ComponentName> {name} {text}\n" for name, text in parts.items())
    config = "\n".join(lines)
    return f"<Nnet3> \n{config}\n\n<NumComponents> {len(parts)} \n{components}</Nnet3> "


def _tail(priors: NDArray[np.float64]) -> str:
    floored = np.maximum(priors, 1e-4)
    return (
        f"<LeftContext> {CONTEXT_FRAMES} <RightContext> {CONTEXT_FRAMES} "
        f"<Priors> {_vector(floored / floored.sum())}"
    )


def _spliced(kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """(out, in, taps) as (out, taps * in), the order in which Append joins."""
    return kernel.transpose(0, 2, 1).reshape(len(kernel), -1)


def _cosines() -> NDArray[np.float64]:
    """Kaldi's cosine transform, orthonormal, shape (cepstrum, band)."""
    band = np.arange(BAND_COUNT) + 0.5
    rows = np.cos(np.pi / BAND_COUNT * np.arange(BAND_COUNT)[:, None] * band[None, :])
    rows *= np.sqrt(2.0 / BAND_COUNT)
    rows[0] = np.sqrt(1.0 / BAND_COUNT)
    return np.asarray(rows)


def _vector(values: NDArray[np.float64] | list[float]) -> str:
    return " [ " + " ".join(f"{value:.6g}" for value in values) + " ]\n"


def _matrix(values: NDArray[np.float64]) -> str:
    rows = "\n".join("  " + " ".join(f"{value:.5g}" for value in row) for row in values)
    return f" [\n{rows} ]\n"

"""The decoding graph of the Vosk model, in the two halves that allow a grammar at run time.

Vosk composes a lexicon that looks ahead (``HCLr.fst``) with a grammar made while it runs;
``Gr.fst`` is the grammar for open speech. `fstcompile` and `fstconvert` come from Debian's
``libfst-tools``.
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from dialog.phone_set import PHONES
from training.export_kaldi import KALDI_PHONES, SILENCE_PHONE

UNKNOWN = "[unk]"
DISAMBIGUATION = "#0"
COST_HALF = 0.693
SILENCE_COST = 1.2
UNKNOWN_COST, UNKNOWN_PHONE_COST = 1.0, 1.5
"""Of leaving the lexicon, and of each phone then: an escape, not an invitation."""
OPEN_END_COST = 1.5

Arc = tuple[int, int, int, int, float]
"""From, to, input label, output label, cost."""


def build(
    lexicon: Mapping[str, Sequence[tuple[str, ...]]], commonness: Mapping[str, float], folder: Path
) -> None:
    """Write ``graph/`` of the model.

    Args:
        lexicon: Words with their pronunciations.
        commonness: Probability of every word in open speech.
        folder: Of the model.
    """
    if shutil.which("fstconvert") is None:
        raise SystemExit("OpenFst's tools are missing; install them with: apt install libfst-tools")
    words = ["<eps>", *sorted(lexicon), UNKNOWN, DISAMBIGUATION, "<s>", "</s>"]
    number = {word: index for index, word in enumerate(words)}
    with tempfile.TemporaryDirectory() as scratch:
        relabelled = _write_lexicon(lexicon, number, folder / "graph", Path(scratch))
        numbers = _renumbered(words, relabelled)
        ordered = sorted(words, key=numbers.__getitem__)
        (folder / "graph" / "words.txt").write_text(
            "".join(f"{word} {numbers[word]}\n" for word in ordered), encoding="utf-8"
        )
        arcs = "".join(
            f"0 0 {numbers[word]} {numbers[word]} {-math.log(commonness[word]):.3f}\n"
            for word in sorted(lexicon)
        )
        (Path(scratch) / "g.txt").write_text(f"{arcs}0 {OPEN_END_COST}\n")
        _run(
            "fstcompile g.txt | fstarcsort --sort_type=ilabel | fstconvert --fst_type=const"
            f" > {folder.resolve() / 'graph' / 'Gr.fst'}",
            Path(scratch),
        )
    disambiguation = 2 * len(KALDI_PHONES) + 1
    (folder / "graph" / "disambig_tid.int").write_text(f"{disambiguation}\n")


def _write_lexicon(
    lexicon: Mapping[str, Sequence[tuple[str, ...]]],
    number: Mapping[str, int],
    folder: Path,
    scratch: Path,
) -> dict[int, int]:
    """Write ``HCLr.fst``; returns the new number of every output label that changed."""
    arcs = sorted(_arcs(lexicon, number), key=lambda arc: arc[0])
    lines = "".join(f"{a} {b} {i} {o} {cost:.3f}\n" for a, b, i, o, cost in arcs)
    (scratch / "hcl.txt").write_text(f"{lines}0\n")
    _run("fstcompile hcl.txt | fstarcsort --sort_type=olabel > hcl.fst", scratch)
    _run(
        "fstconvert --fst_type=olabel_lookahead --save_relabel_opairs=relabel.txt hcl.fst"
        f" {folder.resolve() / 'HCLr.fst'}",
        scratch,
        LD_PRELOAD=_lookahead_library(),
    )
    pairs = (line.split() for line in (scratch / "relabel.txt").read_text().splitlines())
    return {int(old): int(new) for old, new in pairs}


def _arcs(lexicon: Mapping[str, Sequence[tuple[str, ...]]], number: Mapping[str, int]) -> list[Arc]:
    """State 0 is between words; transition ids of phone p are 2p - 1 (stay) and 2p (enter)."""
    arcs: list[Arc] = []
    last = 0

    def state() -> int:
        nonlocal last
        last += 1
        return last

    def phone(source: int, name: str, target: int, word: int, cost: float) -> None:
        number = KALDI_PHONES.index(name) + 1
        arcs.append((source, target, 2 * number, word, cost))
        arcs.append((target, target, 2 * number - 1, 0, COST_HALF))

    silence = state()
    phone(0, SILENCE_PHONE, silence, 0, SILENCE_COST)
    arcs.append((silence, 0, 0, 0, COST_HALF))
    for word in sorted(lexicon):
        for spelling in lexicon[word]:
            at = 0
            cost = 0.36 + math.log(len(lexicon[word]))
            for index, name in enumerate(spelling):
                following = state()
                output = number[word] if index == 0 else 0
                phone(at, f"{name}_{_place(index, len(spelling))}", following, output, cost)
                at, cost = following, COST_HALF
            arcs.append((at, 0, 0, 0, COST_HALF))
    start, inside, end = state(), state(), state()
    arcs.append((0, start, 0, number[UNKNOWN], UNKNOWN_COST))
    for name in PHONES:
        for place, source, target in (
            ("B", start, inside),
            ("I", inside, inside),
            ("E", inside, end),
            ("S", start, end),
        ):
            middle = state()
            phone(source, f"{name}_{place}", middle, 0, UNKNOWN_PHONE_COST + COST_HALF)
            arcs.append((middle, target, 0, 0, COST_HALF))
    arcs.append((end, 0, 0, 0, 0.0))
    return arcs


def _place(index: int, length: int) -> str:
    if length == 1:
        return "S"
    return "B" if index == 0 else "E" if index == length - 1 else "I"


def _renumbered(words: Sequence[str], relabelled: Mapping[int, int]) -> dict[str, int]:
    free = max(relabelled.values()) + 1
    numbers = {words[0]: 0}
    for index, word in enumerate(words[1:], 1):
        if index in relabelled:
            numbers[word] = relabelled[index]
        else:
            numbers[word] = free
            free += 1
    return numbers


def _lookahead_library() -> str:
    """Name of the library that knows the lookahead type, of the same release as the tools."""
    linked = subprocess.run(
        ["ldd", str(shutil.which("fstconvert"))], capture_output=True, text=True, check=True
    ).stdout
    path = next(line.split()[2] for line in linked.splitlines() if "libfst.so" in line)
    release = path.rsplit(".", 1)[1]
    for folder in (Path(path).parent, Path("/usr/lib/x86_64-linux-gnu")):
        library = folder / f"libfstlookahead.so.{release}"
        if library.is_file():
            return str(library)
    raise SystemExit("libfstlookahead is missing; install it with: apt install libfst-tools")


def _run(command: str, folder: Path, **environment: str) -> None:
    subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        env=os.environ | environment,
        check=True,
    )

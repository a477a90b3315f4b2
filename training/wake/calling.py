"""``python -m training.wake.calling "hello myna"``: a head and its card, after ``training.ears``.

A head knows one phrase by the whole of its sound (`dialog.wake.head`); without one the last word
has the verifiers alone, which know any. It learns from synthetic voices, from the phrase put
together of pieces of real people's speech, over Myna's own voice too, and from everything that is
not it: near-misses, people's talk, other languages, noise, music, her own lessons. How much it
counts beside the other witnesses is set by people and voices that it did not learn from
(`training.wake.fusing`). The corpus is speechocean762; alignments come from ``python -m training``.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from device.bench.hours_sound import Kind
from dialog.wake.head import (
    HEADS_PATH,
    NEAR,
    PLAIN,
    Fusion,
    PhraseHead,
    head_of,
    head_path,
)
from training import corpus
from training.ears import aligned
from training.kept import once
from training.realign import Aligned
from training.wake import call_network, call_windows, fusing
from training.wake.call_card import Card
from training.wake.call_jobs import Amounts
from training.wake.call_network import Network
from training.wake.call_windows import Windows
from training.wake.callers import fusing_speakers, held_out_speakers, makes
from training.wake.data import holds
from training.wake.overhearing import make_way

REPOSITORY = Path(__file__).parents[2]
DEFAULT = "hello myna"
NETWORKS = {NEAR: 4, PLAIN: 3}
"""Of the head by these ears."""
STEPS, SEED = 2000, 16
AMOUNTS = {
    NEAR: Amounts(),
    PLAIN: Amounts(
        synthetic=700, carried=150, cuts_per_speaker=8, near=300, echoed=700, echoed_near=700,
        met_per_speaker=12, met_read=600, asked_minutes=240,
        asked_more=((Kind.LESSON, 200),), called=240,
    ),
}  # fmt: skip
"""What the plain ears are taught lies more often over Myna's own voice: they listen while she
talks."""
FEW = Amounts(
    synthetic=60, carried=100, cuts_per_speaker=5, near=80, echoed=0, echoed_near=0,
    met_per_speaker=6, met_read=120, asked_minutes=40, asked_more=(), called=20,
)  # fmt: skip
FEW_STEPS = 500
Weights = Mapping[str, NDArray[np.float32]]
_log = logging.getLogger("training.wake.calling")


def main() -> None:
    """Make what is missing and write the head."""
    chosen = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    folder = corpus.corpus_folder(chosen.corpus)
    phrase = " ".join(chosen.phrase.lower().split())
    ears = PLAIN if chosen.over_playback else NEAR
    kept = chosen.work / ("calls_plain" if chosen.over_playback else "calls")
    hearing = ears
    if chosen.judged:
        kept, hearing = chosen.work / "calls_judged", str(chosen.judged)
    own = kept / phrase.replace(" ", "_") / f"draw{chosen.seed}"
    own.mkdir(parents=True, exist_ok=True)
    out = head_path(chosen.out, phrase, ears)
    make_way(out, ears)
    real = [pair for pair in aligned(chosen.work) if pair[0].scores is not None]
    setting = fusing_speakers([pair[0] for pair in real])
    apart = held_out_speakers() | setting
    everybody = [pair for pair in real if pair[0].speaker not in apart]
    sayers = {each.speaker for each, _ in real if holds(each.words, phrase.split())}
    teaching = [pair for pair in everybody if not chosen.judged or pair[0].speaker not in sayers]
    amounts = FEW if chosen.judged else AMOUNTS[ears]
    heard = _others(
        phrase, everybody, teaching, kept, processes=chosen.processes, ears=hearing
    ) | once(
        own / "windows.pickle",
        lambda: call_windows.of_phrase(
            phrase, teaching, amounts, seed=chosen.seed, processes=chosen.processes, ears=hearing
        ),
    )
    count = 1 if chosen.judged else NETWORKS[ears]
    fitted = _networks(
        heard,
        FEW_STEPS if chosen.judged else STEPS,
        [own / f"network{at}.pt" for at in range(count)],
        chosen.seed,
    )
    networks: list[Weights] = [each.weights() for each in fitted]
    if chosen.add:
        before = PhraseHead.load(out, ears).networks
        networks += [each for each in before if not any(_same(each, new) for new in networks)]
    set_by = DEFAULT if chosen.judged else phrase  # a judged phrase must not set anything
    candidates = fusing.gathered(
        set_by,
        real,
        work=chosen.work / "calls" / set_by.replace(" ", "_"),
        folder=folder,
        processes=chosen.processes,
    )
    alone = ears == NEAR and not head_path(chosen.out, phrase, PLAIN).is_file()
    asked = fusing.asked_of(candidates, ears, alone=alone or bool(chosen.judged))
    if chosen.judged:
        fusion = once(
            kept / "fusion_of_one.pickle",
            lambda: fusing.fit(asked, fusing.weigh(asked.candidates, _first_network())),
        )
    else:
        unweighed = PhraseHead(phrase, tuple(networks), Fusion(1.0, 0.0, 0.0, 0.0), ears)
        weighed = fusing.weigh(asked.candidates, unweighed)
        fusion = fusing.fit(asked, weighed)
        card = Card(
            phrase=phrase,
            command=f'python -m training.wake.calling "{phrase}"'
            + " --over-playback" * chosen.over_playback
            + " --add" * chosen.add,
            windows={kind: len(found) for kind, found in heard.items()},
            voices=makes(),
            people=(len({pair[0].speaker for pair in teaching}), len(setting)),
            networks=(len(networks), count),
            fusion=fusion,
            minutes=round(asked.minutes),
            calls=fusing.calls_made(phrase, real),
        )
        out.parent.mkdir(parents=True, exist_ok=True)
        told = card.text([each.about for each in asked.candidates], weighed)
        out.with_suffix(".md").write_text(told, encoding="utf-8")
    call_network.export(phrase, networks, fusion, out, ears)
    _log.info("wrote %s fusion=%s", out, fusion)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training.wake.calling",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("phrase", nargs="?", default=DEFAULT)
    parser.add_argument("--corpus", type=Path, help="speechocean762 (or set MYNA_CORPUS)")
    parser.add_argument("--work", type=Path, default=REPOSITORY / "build" / "training")
    parser.add_argument("--out", type=Path, default=HEADS_PATH)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--judged",
        type=Path,
        metavar="EARS",
        help="for training.wake.people: without anybody who says the phrase, from less, and by near"
        " ears that have not heard who judges (of training.near_ears --fold)",
    )
    parser.add_argument(
        "--over-playback",
        action="store_true",
        help="the head for while Myna talks, which hears by the plain ears",
    )
    parser.add_argument("--seed", type=int, default=SEED, help="of this draw of examples")
    parser.add_argument(
        "--add", action="store_true", help="keep the networks of the head that is there beside"
    )
    return parser.parse_args()


def _same(one: Weights, other: Weights) -> bool:
    """Whether two are one network; a head keeps weights in steps (`call_network.export`)."""
    return all(np.allclose(value, other[name], atol=0.01) for name, value in one.items())


def _first_network() -> PhraseHead:
    """The shipped head with one of its networks, as a judged phrase has one."""
    shipped = head_of(DEFAULT)
    if shipped is None:
        raise SystemExit(f'make the head of "{DEFAULT}" first')
    return replace(shipped, networks=shipped.networks[:1])


def _networks(
    heard: Mapping[str, Windows], steps: int, paths: Sequence[Path], seed: int
) -> list[Network]:
    """Several, each with its own draws, one process for each that is missing."""
    fitting = [
        multiprocessing.get_context("fork").Process(
            target=_fit, args=(heard, steps, seed + number, path)
        )
        for number, path in enumerate(paths)
        if not path.is_file()
    ]
    for process in fitting:
        process.start()
    for process in fitting:
        process.join()
    networks = []
    for path in paths:
        network = Network()
        network.load_state_dict(torch.load(path, weights_only=True))
        networks.append(network.eval())
    return networks


def _fit(heard: Mapping[str, Windows], steps: int, seed: int, path: Path) -> None:
    torch.save(call_network.fit(heard, steps=steps, seed=seed).state_dict(), path)


def _others(
    phrase: str,
    everybody: Sequence[Aligned],
    teaching: Sequence[Aligned],
    work: Path,
    *,
    processes: int,
    ears: str,
) -> dict[str, Windows]:
    """What is no call of any phrase, made once for all; of talk what these people read, where the
    phrase is not in it."""
    others = once(
        work / "others.pickle",
        lambda: call_windows.of_no_phrase(
            everybody, Amounts(), seed=SEED, processes=processes, ears=ears
        ),
    )
    talk, names = once(
        work / "talk.pickle",
        lambda: call_windows.of_talk(everybody, seed=SEED, processes=processes, ears=ears),
    )
    free = {each.name for each, _ in teaching if not holds(each.words, phrase.split())}
    return others | {"talk": talk[np.array([name in free for name in names])]}


if __name__ == "__main__":
    main()

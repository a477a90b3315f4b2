"""``python -m training.wake.people --corpus FOLDER``: the wake phrase's honest figure, on people.

Nobody in the corpus says "hello myna", so the same two stages listen for phrases that people do
say. Each fold of speakers is judged by networks, a verifier and ears that have not heard them, and
the verifier has not learnt from anybody's saying of these phrases. Whoever can be is taught, too,
with five more sayings of their own. What people read besides, one after the other, shows how often
the same thresholds wake by mistake. A fold that has been judged is kept in the work folder.

It needs what ``python -m training``, ``python -m training.ears`` and
``python -m training.wake.listening`` left in the work folder.
"""

from __future__ import annotations

import argparse
import logging
import pickle
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from device.bench.wake_scenes import LEAD_S, heard
from dialog.speech_ears import SpeechEars
from dialog.wake.acoustics import MODEL_PATH, Network
from dialog.wake.both import BothStages
from dialog.wake.teaching import teach
from dialog.wake.verifier import Verifier
from training import corpus
from training.corpus import FOLDS, OLDEST_CHILD
from training.realign import Aligned
from training.wake import verify
from training.wake.data import holds
from training.wake.gathering import Gathering, read
from training.wake.listening import COPIES, EPOCHS, LEARNT_FOLDS, REPOSITORY, SEED, networks
from training.wake.pairs import Pair
from training.wake.people_sayings import (
    EXAMPLES,
    PHRASES,
    RATE_HZ,
    Saying,
    Sound,
    by_speaker,
    examples,
    firsts,
    sayings,
)  # fmt: skip
from training.wake.people_stages import Asked, Stages, candidates, int16
from training.wake.people_table import Accepts, Judged, Result, table

_log = logging.getLogger(__name__)

SCENES: tuple[tuple[str, float | None], ...] = (("quiet", None), ("10 dB", 10.0))
LATEST_S = 1.5
"""After a phrase's end a wake still counts as its own."""
GAP_S = 0.4
TALK_EVERY, TAUGHT_TALK_EVERY = 5, 16
"""Of the speakers of a fold, those whose talk is listened to: for the phrases, and for the same as
they were taught."""


class People:
    """Judges one fold after the other.

    Args:
        aligned: The corpus with its alignments.
        weights: By fold.
        work: Where the folds' ears are, and fitted verifiers are kept.
    """

    def __init__(self, aligned: Sequence[Aligned], weights: Mapping[int, Path], work: Path) -> None:
        self._aligned, self._weights = aligned, weights
        self._work = work
        self._folds = corpus.folds([pair[0] for pair in self._aligned])
        self._said = {phrase: sayings(self._aligned, phrase) for phrase in PHRASES}

    def stages(self, fold: int, pairs: Sequence[Pair], verifier: Path | None) -> Stages:
        """Models that have not heard a fold's speakers.

        Args:
            fold: Which.
            pairs: Of the folds that anything is learnt from.
            verifier: Judge this one instead of one fitted to the other folds.
        """
        if verifier is None:
            verifier = self._work / f"verifier{fold}.npz"
            others = [
                pair for pair in pairs
                if self._folds[pair.speaker] != fold and pair.phrase.rstrip("~") not in PHRASES
            ]  # fmt: skip
            network = verify.fit(others, epochs=EPOCHS, seed=SEED)
            verify.write(network, verifier, offset=0.0, held_out=[])
        return Stages(
            Network.load(self._weights[fold]),
            Verifier.load(verifier),
            SpeechEars(self._work / f"ears{fold}.onnx"),
        )

    def judge(self, fold: int, stages: Stages) -> Result:
        """All phrases by all the fold's people, and their other talk."""
        own = [pair for pair in self._aligned if self._folds[pair[0].speaker] == fold]
        read = by_speaker(own)
        judged: list[Judged] = []
        taught: list[Asked] = []
        for phrase in PHRASES:
            for saying in firsts(self._said[phrase]):
                speaker = saying.utterance.speaker
                if self._folds[speaker] != fold:
                    continue
                found, asked = self._judge(saying, read[speaker], stages)
                judged += found
                taught += [asked] if asked else []
            _log.info("judged fold=%d phrase=%s", fold, phrase)
        plain = [Asked.of(phrase) for phrase in PHRASES]
        speakers = sorted(read)
        accepts = [
            each
            for speaker in speakers[::TALK_EVERY]
            for each in _talk(read[speaker], plain, stages, taught=False)
        ]
        _log.info("listened to talk fold=%d", fold)
        for speaker in speakers[::TAUGHT_TALK_EVERY]:
            accepts += _talk(read[speaker], taught, stages, taught=True)
        return Result(judged, accepts)

    def _judge(
        self, saying: Saying, own: Sequence[Aligned], stages: Stages
    ) -> tuple[list[Judged], Asked | None]:
        rng = _rng(saying.utterance.name, saying.phrase)
        lessons = examples(saying, own, self._said[saying.phrase], rng)
        taught: Asked | None = None
        source = "joined" if any(each.source == "joined" for each in lessons) else "said"
        if len(lessons) == EXAMPLES:
            sounds = [int16(heard(each.sound, snr_db=None, rng=rng)) for each in lessons]
            both = BothStages(stages.network, stages.verifier, stages.ears)
            lesson = teach(saying.phrase, sounds, both)
            taught = Asked.of(saying.phrase, lesson.taught if lesson else None)
        made = []
        for name, snr_db in SCENES:
            scene = _rng(saying.utterance.name, f"{saying.phrase} {name}")
            sound = heard(saying.utterance.samples(), snr_db=snr_db, rng=scene).astype(np.float32)
            for asked in (Asked.of(saying.phrase), *([taught] if taught else [])):
                inside = [
                    each for each in candidates(sound, [asked], stages)
                    if saying.start_s <= each.at_s - LEAD_S <= saying.end_s + LATEST_S
                ]  # fmt: skip
                made.append(
                    Judged(
                        saying.phrase, saying.utterance.speaker, saying.by_child, name,
                        source if asked is taught else "",
                        best=max(inside, key=lambda each: each.sure, default=None),
                    )
                )  # fmt: skip
        return made, taught


def _talk(
    own: Sequence[Aligned], asked: Sequence[Asked], stages: Stages, *, taught: bool
) -> Iterator[Accepts]:
    """What wakes by mistake in all that one person read, one after the other."""
    pieces: list[Sound] = []
    spans: list[tuple[tuple[str, ...], float, float]] = []
    at = 0
    gap = np.zeros(int(GAP_S * RATE_HZ), np.float32)
    for utterance, _ in own:
        sound = utterance.samples()
        spans.append((utterance.words, at / RATE_HZ, (at + sound.size) / RATE_HZ))
        pieces += [sound, gap]
        at += sound.size + gap.size
    speaker, age = own[0][0].speaker, own[0][0].age
    for name, snr_db in SCENES:
        scene = _rng(speaker, name)
        stream = heard(np.concatenate(pieces), snr_db=snr_db, rng=scene).astype(np.float32)
        found = candidates(stream, asked, stages)
        for index, each in enumerate(asked):
            words = each.question.text.split()
            free = [(a, b) for text, a, b in spans if not holds(text, words)]
            mine = [c for c in found if c.asked == index and _within(c.at_s - LEAD_S, free)]
            yield Accepts(
                each.question.text, name, age <= OLDEST_CHILD, taught,
                seconds=sum(b - a + GAP_S for a, b in free),
                candidates=tuple(mine),
            )  # fmt: skip


def _within(at_s: float, spans: Sequence[tuple[float, float]]) -> bool:
    return any(a <= at_s <= b + GAP_S for a, b in spans)


def _rng(name: str, what: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(f"{name} {what}".encode()))


def main() -> None:
    """Judge the folds and print the table."""
    parser = argparse.ArgumentParser(prog="python -m training.wake.people", description=__doc__)
    parser.add_argument("--corpus", type=Path, help="speechocean762 (or set MYNA_CORPUS)")
    parser.add_argument("--work", type=Path, default=REPOSITORY / "build" / "training")
    parser.add_argument("--model", type=Path, default=MODEL_PATH.parent.parent / "phones.onnx")
    parser.add_argument("--copies", type=int, default=COPIES)
    parser.add_argument("--fold", type=int, action="append", help="judge these only")
    parser.add_argument("--verifier", type=Path, help="judge this one, whatever it learnt from")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--name", default="people", help="of the kept results")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    known = read(chosen.work, corpus.corpus_folder(chosen.corpus))
    weights = networks(chosen.model, chosen.work, [utterance for utterance, _ in known])
    people = People(known, weights, chosen.work)
    pairs: list[Pair] = []
    if chosen.verifier is None:
        gathering = Gathering(known, weights, chosen.work, chosen.processes)
        pairs = gathering.pairs(LEARNT_FOLDS, chosen.copies)
    results = []
    for fold in chosen.fold or range(FOLDS):
        kept = chosen.work / f"{chosen.name}{fold}.pickle"
        if not kept.is_file():
            result = people.judge(fold, people.stages(fold, pairs, chosen.verifier))
            kept.write_bytes(pickle.dumps(result))
        results.append(pickle.loads(kept.read_bytes()))  # noqa: S301 - written above
    judged = [each for result in results for each in result.judged]
    accepts = [each for result in results for each in result.accepts]
    print(table(judged, accepts))


if __name__ == "__main__":
    main()

"""``python -m training.wake.people --corpus FOLDER``: the wake phrase's honest figure, on people.

Nobody in the corpus says "hello myna", so the same two stages listen for phrases that people do
say. Each fold of speakers is judged by networks, a verifier and ears that have not heard them, and
the verifier has not learnt from anybody's saying of these phrases. Whoever can be is taught, too,
with five more sayings of their own. What people read besides, one after the other, shows how often
the same thresholds wake by mistake. A fold that has been judged is kept in the work folder.

It needs what ``python -m training``, ``python -m training.near_ears --fold N`` for each fold,
``python -m training.wake.listening`` and ``training.wake.last_word`` left in the work folder. With
``--shipped`` the verifiers that ship are judged, on the fold of speakers that was kept from them:
of the others nothing is needed. With ``--heads`` the last word has heads of the phrases
(`training.wake.calling`, ``--judged``).
"""

from __future__ import annotations

import argparse
import itertools
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
from dialog.wake.confirm import LAST_WORD_PATH, LastWord
from dialog.wake.head import PhraseHead
from dialog.wake.question import WakeQuestion
from dialog.wake.teaching import teach
from dialog.wake.verifier import VERIFIER_PATH, Verifier
from training import corpus
from training.corpus import FOLDS, OLDEST_CHILD
from training.realign import Aligned
from training.wake.data import holds
from training.wake.gathering import read
from training.wake.listening import HELD_OUT_FOLD, REPOSITORY, networks
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

PARTS = ("said", "talk", "taught")
SCENES: tuple[tuple[str, float | None], ...] = (("quiet", None), ("10 dB", 10.0))
LATEST_S = 1.5
"""After a phrase's end a wake still counts as its own."""
GAP_S = 0.4
ROOMS = 3
"""In which each saying is heard, in every scene."""
TALK_EVERY, TAUGHT_TALK_EVERY = 4, 8
"""Of the speakers of a fold, those whose talk is listened to: for the phrases, and for the same as
they were taught."""


class People:
    """Judges one fold after the other.

    Args:
        aligned: The corpus with its alignments.
        weights: By fold.
        work: Where the folds' ears and verifiers are.
        phrases: Some of `PHRASES`.
        shipped: Judge the verifiers that ship; else those of the folds, which have not learnt from
            anybody's saying of these phrases either.
        heads: Folder with heads of them (`training.wake.calling`, with ``--judged``); None judges
            the verifiers alone.
    """

    def __init__(
        self,
        aligned: Sequence[Aligned],
        weights: Mapping[int, Path],
        work: Path,
        *,
        phrases: Sequence[str] = PHRASES,
        shipped: bool = False,
        heads: Path | None = None,
    ) -> None:
        self._aligned, self._weights = aligned, weights
        self._work, self._phrases, self._shipped = work, phrases, shipped
        self._heads = {} if heads is None else {text: _head(heads, text) for text in phrases}
        self._folds = corpus.folds([pair[0] for pair in self._aligned])

    def stages(self, fold: int) -> Stages:
        """Models that have not heard a fold's speakers."""
        first, last = VERIFIER_PATH, LAST_WORD_PATH
        if not self._shipped:
            first = self._work / f"verifier{fold}.npz"
            last = self._work / f"last_word{fold}.npz"
        return Stages(
            Network.load(self._weights[fold]),
            Verifier.load(first),
            LastWord(
                SpeechEars(self._work / f"near_ears{fold}.onnx"),
                Verifier.load(last),
                lambda text, _: self._heads.get(text),
            ),
        )

    def judge(self, part: str, fold: int, stages: Stages) -> Result:
        """A part of what is judged of a fold's people: `PARTS`."""
        own = [pair for pair in self._aligned if self._folds[pair[0].speaker] == fold]
        read = by_speaker(own)
        speakers = sorted(read)
        if part == "talk":
            plain = [Asked.of(phrase) for phrase in self._phrases]
            chosen = speakers[::TALK_EVERY]
            found = [each for name in chosen for each in _talk(read[name], plain, stages)]
            return Result([], found)
        judged: list[Judged] = []
        taught: list[Asked] = []
        for phrase in self._phrases:
            for saying in firsts(sayings(own, phrase)):
                if part == "said":
                    judged += _judge(saying, Asked.of(phrase), "", stages)
                    continue
                lesson = self._teach(saying, read[saying.utterance.speaker], stages)
                if lesson is not None:
                    asked, source = lesson
                    judged += _judge(saying, asked, source, stages)
                    # Who taught nothing new is waked by other talk as before.
                    taught += [asked] if asked.question != WakeQuestion(phrase) else []
            _log.info("judged part=%s fold=%d phrase=%s", part, fold, phrase)
        accepts: list[Accepts] = []
        for name in speakers[::TAUGHT_TALK_EVERY] if taught else ():
            accepts += _talk(read[name], taught, stages, taught=True)
        return Result(judged, accepts)

    def _teach(
        self, saying: Saying, own: Sequence[Aligned], stages: Stages
    ) -> tuple[Asked, str] | None:
        """What five more sayings taught, and how they were had; None where there are not five."""
        rng = _rng(saying.utterance.name, saying.phrase)
        lessons = examples(saying, own, sayings(own, saying.phrase), rng)
        if len(lessons) < EXAMPLES:
            return None
        sounds = [int16(heard(each.sound, snr_db=None, rng=rng)) for each in lessons]
        both = BothStages(stages.network, stages.verifier, stages.last_word)
        lesson = teach(saying.phrase, sounds, both)
        source = "joined" if any(each.source == "joined" for each in lessons) else "said"
        return Asked.of(saying.phrase, lesson.taught if lesson else None), source


def _head(folder: Path, text: str) -> PhraseHead:
    return PhraseHead.load(folder / f"{text.replace(' ', '_')}.npz")


def _judge(saying: Saying, asked: Asked, taught: str, stages: Stages) -> Iterator[Judged]:
    """A saying in all scenes, in several rooms."""
    for (name, snr_db), room in itertools.product(SCENES, range(ROOMS)):
        scene = _rng(saying.utterance.name, f"{saying.phrase} {name} {room}")
        sound = heard(saying.utterance.samples(), snr_db=snr_db, rng=scene).astype(np.float32)
        inside = [
            each for each in candidates(sound, [asked], stages)
            if saying.start_s <= each.at_s - LEAD_S <= saying.end_s + LATEST_S
        ]  # fmt: skip
        yield Judged(
            saying.phrase, saying.utterance.speaker, saying.by_child, name, taught,
            best=max(inside, key=lambda each: each.last, default=None),
        )  # fmt: skip


def _talk(
    own: Sequence[Aligned], asked: Sequence[Asked], stages: Stages, *, taught: bool = False
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
    parser.add_argument("--part", choices=PARTS, action="append", help="judge these only")
    parser.add_argument("--fold", type=int, action="append", help="judge these only")
    parser.add_argument(
        "--shipped", action="store_true", help="judge the verifiers that ship, on one fold"
    )
    parser.add_argument("--phrase", choices=PHRASES, action="append", help="judge these only")
    parser.add_argument("--heads", type=Path, help="a folder with heads of all these phrases")
    parser.add_argument("--name", default="people", help="of the kept results")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    known = read(chosen.work, corpus.corpus_folder(chosen.corpus))
    weights = networks(chosen.model, chosen.work, [utterance for utterance, _ in known])
    people = People(
        known,
        weights,
        chosen.work,
        phrases=chosen.phrase or PHRASES,
        shipped=chosen.shipped,
        heads=chosen.heads,
    )
    folds = [HELD_OUT_FOLD] if chosen.shipped else chosen.fold or range(FOLDS)
    results = []
    for part, fold in itertools.product(chosen.part or PARTS, folds):
        kept = chosen.work / f"{chosen.name}-{part}{fold}.pickle"
        if not kept.is_file():
            result = people.judge(part, fold, people.stages(fold))
            kept.write_bytes(pickle.dumps(result))
        results.append(pickle.loads(kept.read_bytes()))  # noqa: S301 - written above
    judged = [each for result in results for each in result.judged]
    accepts = [each for result in results for each in result.accepts]
    print(table(judged, accepts))


if __name__ == "__main__":
    main()

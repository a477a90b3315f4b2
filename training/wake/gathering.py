"""Listening to everybody for the verifiers, in parts that are kept: a run that was stopped goes on.

Each part is a file of pairs of some utterances of one fold in one copy; its folder is named after
the models that listened, so that other models listen anew.
"""

from __future__ import annotations

import functools
import itertools
import logging
import multiprocessing
import pickle
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from training import corpus
from training.corpus import Utterance
from training.ears import aligned
from training.realign import Aligned
from training.wake.pairs import Pair, Sound, Words, said

_log = logging.getLogger(__name__)

PART = 25
CLEAN_EVERY = 3
"""One copy in so many is as recorded, the others are in rooms and noise."""
OTHERS_EVERY = 42
"""One recording in so many is babble or television behind others."""
COMMON = frozenset(("a", "the", "to", "of", "and", "is", "in", "i"))

Some = tuple[tuple[int, Aligned], ...]
"""Utterances with their places."""
Part = tuple[Path, int, Some]
"""Its file, which copy, and whose it is."""


class Listening(Protocol):
    """Makes pairs of an utterance."""

    def listen(self, aligned: Aligned, scene_name: str, copy: int) -> list[Pair]:
        """In a scene; every copy draws phrases and noise of its own."""


Maker = Callable[
    [Mapping[int, Path], Mapping[str, int], Sequence[Sound], Sequence[Words]], Listening
]
"""Makes it from the models by fold, the folds of the speakers, background voices, and phrases that
are searched everywhere."""


def read(work: Path, folder: Path) -> list[Aligned]:
    """The corpus's recordings with the alignments that ``python -m training`` left, by name.

    Args:
        work: Where it left them.
        folder: Where the corpus is now.
    """
    return sorted(
        (
            (replace(utterance, path=folder / Path(*utterance.path.parts[-3:])), path)
            for utterance, path in aligned(work)
            if utterance.scores is not None
        ),
        key=lambda pair: pair[0].name,
    )


class Gathering:
    """Pairs of all utterances.

    Args:
        known: All of the corpus, by name.
        maker: Makes what listens, in each process anew.
        models: By fold what has not heard its speakers; -1 for any other.
        folder: Where the parts are kept, with a mark of the models added to its name.
        processes: How many processors to use.
    """

    def __init__(
        self,
        known: Sequence[Aligned],
        maker: Maker,
        models: Mapping[int, Path],
        folder: Path,
        processes: int,
    ) -> None:
        self._known, self._maker, self._models = known, maker, models
        self._processes = processes
        self._folds = corpus.folds([utterance for utterance, _ in known])
        heard = zlib.crc32(b"".join(models[fold].read_bytes() for fold in sorted(models)))
        self._folder = folder.with_name(f"{folder.name}_{heard:08x}")

    def pairs(self, folds: Sequence[int], copies: int) -> list[Pair]:
        """Those of the speakers of some folds, each utterance in so many copies."""
        parts = [
            part for copy in range(copies) for fold in folds for part in self._parts(fold, copy)
        ]
        missing = [part for part in parts if not part[0].is_file()]
        if missing:
            self._listen(missing)
        return [pair for path, _, _ in parts for pair in _read(path)]

    def _parts(self, fold: int, copy: int) -> Iterator[Part]:
        own = [
            (place, each)
            for place, each in enumerate(self._known)
            if self._folds[each[0].speaker] == fold
        ]
        for number, some in enumerate(_batched(own, PART)):
            yield self._folder / f"{copy}-{fold}-{number:03d}.pickle", copy, some

    def _listen(self, parts: Sequence[Part]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        pool = sorted({words for utterance, _ in self._known for words in said(utterance)})
        others = [utterance for utterance, _ in self._known[::OTHERS_EVERY]]
        prepare = functools.partial(_prepare, self._maker, self._models, self._folds, others, pool)
        _log.info("listening parts=%d", len(parts))
        with multiprocessing.get_context("spawn").Pool(self._processes, prepare) as workers:
            for number, _ in enumerate(workers.imap(_listen, parts), 1):
                if number % 10 == 0:
                    _log.info("listened parts=%d of=%d", number, len(parts))


def akin(pair: Pair, words: Sequence[str]) -> Pair:
    """A phrase that shares a word with what was said is a near-miss, not other talk."""
    shared = set(pair.phrase.split()) & set(words) - COMMON
    return replace(pair, kind="near") if pair.kind == "other" and shared else pair


def _batched(all_of_them: Sequence[tuple[int, Aligned]], size: int) -> Iterator[Some]:
    left = iter(all_of_them)
    while some := tuple(itertools.islice(left, size)):
        yield some


def _read(path: Path) -> list[Pair]:
    pairs: list[Pair] = pickle.loads(path.read_bytes())  # noqa: S301 - written below
    return pairs


_listener: Listening


def _prepare(
    maker: Maker,
    models: Mapping[int, Path],
    folds: Mapping[str, int],
    others: Sequence[Utterance],
    pool: Sequence[Words],
) -> None:
    global _listener  # noqa: PLW0603 - a worker process's own
    _listener = maker(models, folds, [each.samples() for each in others], pool)


def _listen(part: Part) -> None:
    path, copy, some = part
    found = []
    for place, each in some:
        scene = "clean" if (place + copy) % CLEAN_EVERY == 0 else "spoiled"
        pairs = _listener.listen(each, scene, copy)
        found += [akin(pair, each[0].words) for pair in pairs]
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_bytes(pickle.dumps(found))
    unfinished.rename(path)

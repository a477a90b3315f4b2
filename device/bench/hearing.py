"""``myna bench hearing``: how Myna hears a child, over herself, in noise and to the end of a turn.

The short form takes a minute or two of one core; the long one half an hour, and is what is quoted.
With ``--corpus`` the children are recorded ones, otherwise synthetic; the recogniser is the
device's. ``--part`` measures some of it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from core.errors import ConfigError
from device.bench import (
    hearing_cost,
    hearing_echo,
    hearing_gate,
    hearing_noise,
    hearing_peers,
    hearing_scene,
    hearing_turns,
    hearing_wake,
)
from device.bench.figures_page import Report
from device.bench.hearing_voices import Sentence, Words, children
from device.bench.metric import Metric
from dialog.recognizer_vosk import VoskRecognizer

EXTRA_OPTIONS = ("peers", "part")
PARTS = ("echo", "waking", "noise", "turns", "gate", "cost")
SHORT_SENTENCES, LONG_SENTENCES = 48, 600


def run(*, long: bool, seed: int, corpus: Path | None = None) -> list[Metric]:
    """All figures; see `measure`."""
    return measure(long=long, seed=seed, corpus=corpus).metrics


def measure(
    *,
    long: bool,
    seed: int,
    corpus: Path | None = None,
    peers: Path | None = None,
    part: Sequence[str] | None = None,
) -> Report:
    """All figures and plots.

    Args:
        long: More places, sentences, turns and hours.
        seed: Draws places and children; `audio` was tuned on other seeds than 1 and 2.
        corpus: A folder with ``train.tsv`` and ``train/``; None synthesises the children.
        peers: A folder with environments of others' programs, to be idle beside; None for none.
        part: Some of `PARTS`; None for all.

    Raises:
        ConfigError: There is no such part.
        ModelError: A library, a synthesiser or the corpus is missing.
    """
    chosen = part or PARTS
    for unknown in set(chosen) - set(PARTS):
        raise ConfigError([f"bench hearing has no part {unknown}; there are {', '.join(PARTS)}"])
    recogniser = VoskRecognizer()
    report = Report()
    try:
        makers = _makers(recogniser, long=long, seed=seed, corpus=corpus)
        for name in PARTS:
            if name in chosen:
                report.add(makers[name]())
    finally:
        recogniser.close()
    if peers is not None:
        report.add(hearing_peers.run(peers, seconds=60.0 if long else 15.0, seed=seed))
    return report


def _makers(
    recogniser: VoskRecognizer, *, long: bool, seed: int, corpus: Path | None
) -> Mapping[str, Callable[[], Report]]:
    """What measures each part, in the size of the form; children are read for those with any."""
    conditions = hearing_scene.grid(12 if long else 2, seed=seed)

    @functools.cache
    def sentences() -> list[Sentence]:
        return children(corpus, count=LONG_SENTENCES if long else SHORT_SENTENCES, seed=seed)

    @functools.cache
    def words() -> Words:
        return Words(recogniser, [sentence.text for sentence in sentences()])

    return {
        "echo": lambda: hearing_echo.run(
            sentences(),
            conditions=conditions,
            jumps=hearing_scene.jumps(9 if long else 2, seed=seed),
            per_scene=4 if long else 2,
            cancellers=("kalman", "aec3", "speex") if long else ("kalman",),
            words=words(),
        ),
        "waking": lambda: hearing_wake.run(
            conditions,
            says=36 if long else 3,
            minutes=30 if long else 2,
            seed=seed,
            corpus=corpus,
            # The short form is compared with kept figures: of voices that every machine has.
            programs=("espeak-ng", "flite", "festival") if long else ("espeak-ng",),
        ),
        "noise": lambda: hearing_noise.run(
            sentences(), words(), count=100 if long else 6, seed=seed
        ),
        "turns": lambda: hearing_turns.run(
            sentences(),
            conditions,
            recogniser,
            plain=120 if long else 6,
            joined=105 if long else 7,
            false_s=900.0 if long else 20.0,
            seed=seed,
        ),
        "gate": lambda: hearing_gate.run(says=36 if long else 2, seed=seed),
        "cost": lambda: hearing_cost.run(seconds=60.0 if long else 10.0, seed=seed),
    }

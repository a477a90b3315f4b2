"""Phrases followed through a whole recording: for teaching, for measuring, for training.

The same steps as `dialog.wake.detector` takes, for as many phrases as are asked about, without the
gate and without spreading the work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.ports import FRAME_MS, FRAME_SAMPLES
from dialog.phone_features import Waveform
from dialog.phone_graph import NO_WORD
from dialog.phone_set import PHONES, STATES_PER_PHONE
from dialog.wake.acoustics import Network, PhoneStream
from dialog.wake.bands import StreamBands
from dialog.wake.detector import CANDIDATE, CHUNK_FRAMES, FEWEST_FRAMES, MOST_FRAMES
from dialog.wake.evidence import BEFORE_FRAMES, Evidence, evidence
from dialog.wake.phrase import Phrase
from dialog.wake.spotter import Path, Spotter
from dialog.wake.verifier import Verifier

Floats = NDArray[np.float32]
CHUNK_S = CHUNK_FRAMES * FRAME_MS / 1000


@dataclass(frozen=True, slots=True)
class Sighting:
    """A path that a verifier would look at.

    Attributes:
        phrase: Index of the phrase.
        end_frame: Where it ends, in frames of the recording.
        frames: How long it is.
        ratio: Log likelihood ratio for each frame.
        phones: Index of its word and name of each phone on it.
        evidence: What speaks for it.
    """

    phrase: int
    end_frame: int
    frames: int
    ratio: float
    phones: tuple[tuple[int, str], ...]
    evidence: Evidence


def rows_of(sound: Waveform, network: Network) -> Floats:
    """Log likelihoods as they come on the device, shape (frames, 118).

    Args:
        sound: -1..1, 16 000 Hz; what does not fill 80 ms at its end is left out. Rows lag by
            `Network.latency_frames`.
        network: Weights.
    """
    bands, stream = StreamBands(network.usual_bands), PhoneStream(network)
    stream.reset(bands.quiet())
    chunk = CHUNK_FRAMES * FRAME_SAMPLES
    whole = sound[: sound.size // chunk * chunk]
    made = [bands.rows(whole[at : at + chunk]) for at in range(0, whole.size, chunk)]
    return stream.run(np.concatenate(made))


def sightings(rows: Floats, phrases: Sequence[Phrase], network: Network) -> Iterator[Sighting]:
    """Every candidate in the order of time.

    Args:
        rows: As `rows_of` gives them.
        phrases: What to listen for.
        network: Which made the rows.
    """
    spotter = Spotter(phrases)
    for begin in range(0, len(rows), CHUNK_FRAMES):
        for row in rows[begin : begin + CHUNK_FRAMES]:
            spotter.step(row)
        end = begin + CHUNK_FRAMES - network.latency_frames
        for at in range(len(phrases)):
            ratio, frames = spotter.ratio(at)
            if ratio < CANDIDATE * frames or not FEWEST_FRAMES <= frames <= MOST_FRAMES:
                continue
            path = spotter.path(at, before=BEFORE_FRAMES)
            if path is not None:
                yield Sighting(at, end, frames, ratio / frames, _phones(path), evidence(path))


def _phones(path: Path) -> tuple[tuple[int, str], ...]:
    spoken = [state for state, _, _ in path.runs if state.word != NO_WORD]
    return tuple(
        (state.word, PHONES[state.output // STATES_PER_PHONE])
        for state in spoken[::STATES_PER_PHONE]
    )


def best_logit(
    sound: Waveform, phrase: Phrase, network: Network, verifier: Verifier
) -> tuple[float, Sighting | None]:
    """The highest logit anywhere in a recording, and where; minus infinity without a candidate."""
    return best_of(rows_of(sound, network), phrase, network, verifier)


def best_of(
    rows: Floats, phrase: Phrase, network: Network, verifier: Verifier
) -> tuple[float, Sighting | None]:
    """The same for a recording whose rows are there already."""
    best, where = float("-inf"), None
    for seen in sightings(rows, [phrase], network):
        logit = verifier.logit(seen.evidence)
        if logit > best:
            best, where = logit, seen
    return best, where

"""Write an image to several cards at once, and leave none that looks good and is not.

A card is first made unusable: its beginning, with the partition table, is written last, after
everything else was read back and compared and the identity is in place. Whatever interrupts this, a
power cut included, leaves a card that no board starts from.
"""

from __future__ import annotations

import hashlib
import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from core.errors import ProvisioningError
from provisioning.factory.blockmap import Range, pieces
from provisioning.factory.boot_partition import first_partition, put_files
from provisioning.factory.capacity import check_capacity
from provisioning.factory.ports import MIB, Card
from provisioning.factory.progress import Phase, Progress
from provisioning.factory.source import Block

HEAD_BYTES = MIB
"""The card's beginning, written last: the partition table and nothing that is large."""

_QUEUED_BLOCKS = 8
_STALLED_AFTER_S = 90.0


class Interrupted(ProvisioningError):
    """The technician, or the system, ended it."""

    default_code = "provisioning.interrupted"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a card came out.

    Attributes:
        good: Written, read back, with its identity. False: not to be used.
        sentence: What happened.
        interrupted: It was ended rather than failed.
    """

    good: bool
    sentence: str
    interrupted: bool = False


@dataclass(slots=True)
class Job:
    """One card and what goes onto it.

    Attributes:
        name: The device file, for people.
        open: Opens the card; called in the card's own thread.
        files: What makes the card this box's, by path on the boot partition.
    """

    name: str
    open: Callable[[], Card]
    files: dict[str, bytes]
    progress: Progress = field(default_factory=Progress)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A mapped part of the image; the same object goes to every card."""

    offset: int
    data: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class _End:
    """The image is over: whether all of it is what was signed."""

    error: str | None


class _Lane:
    """What lies between the reader and one card."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.done = threading.Event()
        self._queue: queue.Queue[list[_Piece] | _End] = queue.Queue(_QUEUED_BLOCKS)

    def offer(self, item: list[_Piece] | _End) -> None:
        """Wait until there is room; a card that is done or takes nothing is left behind."""
        waited_s = 0.0
        while not self.done.is_set() and waited_s < _STALLED_AFTER_S:
            try:
                self._queue.put(item, timeout=0.2)
            except queue.Full:
                waited_s += 0.2
            else:
                return
        self.done.set()

    def take(self, cancelled: threading.Event) -> list[_Piece] | _End:
        while not self.done.is_set():
            _stop_if(cancelled)
            try:
                return self._queue.get(timeout=0.2)
            except queue.Empty:
                continue
        raise OSError("it took nothing for too long")


def flash_cards(
    jobs: list[Job],
    image: Iterable[Block],
    *,
    image_bytes: int,
    ranges: list[Range] | None = None,
    cancelled: threading.Event,
) -> list[Outcome]:
    """Write one image to all cards, each in a thread of its own, and compare what they hold.

    Args:
        jobs: One per card.
        image: The image's blocks; read once for all cards. Raises ProvisioningError when it turns
            out not to be the image that was signed, and then no card becomes usable.
        image_bytes: Its size.
        ranges: What of it has to be written, all of it when not given.
        cancelled: Set from anywhere to stop soon.

    Returns:
        One per job, in their order. Failures are values here.
    """
    ranges = [(0, image_bytes)] if ranges is None else ranges
    mapped_bytes = sum(end - start for start, end in ranges)
    seed = os.urandom(16)
    lanes = [_Lane(job) for job in jobs]
    for job in jobs:
        job.progress.expect(mapped_bytes)
    with ThreadPoolExecutor(max_workers=max(1, len(jobs)), thread_name_prefix="card") as threads:
        running = [threads.submit(_flash, lane, seed, cancelled) for lane in lanes]
        _feed(lanes, image, ranges, cancelled)
        return [future.result() for future in running]


def _feed(
    lanes: list[_Lane], image: Iterable[Block], ranges: list[Range], cancelled: threading.Event
) -> None:
    """Read the image and hand its mapped pieces to every card."""
    error = None
    try:
        for block in image:
            found = list(_mapped(block, ranges))
            for lane in lanes:
                lane.offer(found)
            if cancelled.is_set() or all(lane.done.is_set() for lane in lanes):
                return
    except (ProvisioningError, OSError) as raised:
        error = str(raised)
    for lane in lanes:
        lane.offer(_End(error))


def _mapped(block: Block, ranges: list[Range]) -> Iterator[_Piece]:
    for start, end in pieces(ranges, block.offset, block.offset + len(block.data)):
        # The head stands apart: it is written last.
        for first, after in ((start, min(end, HEAD_BYTES)), (max(start, HEAD_BYTES), end)):
            if first < after:
                data = block.data[first - block.offset : after - block.offset]
                yield _Piece(first, data, hashlib.sha256(data).digest())


def _flash(lane: _Lane, seed: bytes, cancelled: threading.Event) -> Outcome:
    """One card from beginning to end; whatever goes wrong becomes its outcome."""
    job = lane.job
    try:
        card = job.open()
        try:
            _on_card(card, lane, seed, cancelled)
        finally:
            card.close()
    except Interrupted:
        outcome = Outcome(False, "interrupted: do not use it, flash it again", interrupted=True)
    except ProvisioningError as error:
        outcome = Outcome(False, str(error))
    except OSError as error:
        why = error.strerror or str(error)
        sentence = f"the card failed or was pulled ({why}): do not use it, try it once more"
        outcome = Outcome(False, sentence)
    else:
        outcome = Outcome(True, "good: written, read back and compared")
    finally:
        lane.done.set()
    job.progress.enter(Phase.GOOD if outcome.good else Phase.FAILED)
    return outcome


def _on_card(card: Card, lane: _Lane, seed: bytes, cancelled: threading.Event) -> None:
    job = lane.job
    job.progress.enter(Phase.PROBING)
    card.write(0, bytes(HEAD_BYTES))
    card.flush()
    check_capacity(card, seed=seed)
    card.write(0, bytes(HEAD_BYTES))  # marks were there
    card.flush()

    job.progress.enter(Phase.WRITING)
    head, written = _write(card, lane, cancelled)
    card.flush()
    job.progress.enter(Phase.COMPARING)
    _compare(card, written, job.progress, cancelled)

    job.progress.enter(Phase.NAMING)
    if job.files:
        put_files(card, first_partition(head), job.files)
    _stop_if(cancelled)
    card.write(0, head)
    card.flush()
    if card.read(0, len(head)) != head:
        raise ProvisioningError("its beginning reads back differently: throw it away")


def _write(
    card: Card, lane: _Lane, cancelled: threading.Event
) -> tuple[bytes, list[tuple[int, int, bytes]]]:
    """The head, not yet written, and offset, length and hash of all that was."""
    head = b""
    written: list[tuple[int, int, bytes]] = []
    while True:
        item = lane.take(cancelled)
        if isinstance(item, _End):
            if item.error is not None:
                raise ProvisioningError(f"{item.error}; do not use this card")
            return head, written
        for piece in item:
            _stop_if(cancelled)
            if piece.offset < HEAD_BYTES:
                head = head.ljust(piece.offset, b"\0") + piece.data
            else:
                card.write(piece.offset, piece.data)
                written.append((piece.offset, len(piece.data), piece.digest))
            lane.job.progress.advance(len(piece.data))


def _compare(
    card: Card,
    written: list[tuple[int, int, bytes]],
    progress: Progress,
    cancelled: threading.Event,
) -> None:
    """Read back what was written; the card reads on while what it gave is hashed."""
    with ThreadPoolExecutor(1, "read-back") as reader:
        ahead: Future[bytes] | None = None
        for number, (offset, count, digest) in enumerate(written):
            _stop_if(cancelled)
            data = card.read(offset, count) if ahead is None else ahead.result()
            if number + 1 < len(written):
                ahead = reader.submit(card.read, *written[number + 1][:2])
            if hashlib.sha256(data).digest() != digest:
                raise ProvisioningError(
                    f"it reads back differently between {offset} and {offset + count}: do not"
                    " use it, throw it away if that happens again"
                )
            progress.advance(count)


def _stop_if(cancelled: threading.Event) -> None:
    if cancelled.is_set():
        raise Interrupted("interrupted")

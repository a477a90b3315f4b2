"""Writing cards: what is good is good to the byte, and what is not cannot be started from."""

from __future__ import annotations

import hashlib
import struct
import threading
from collections.abc import Iterator

import pytest

from core.errors import ProvisioningError
from provisioning.factory.fakes import FakeCard
from provisioning.factory.flasher import HEAD_BYTES, Job, Outcome, flash_cards
from provisioning.factory.ports import BLOCK_BYTES, MIB
from provisioning.factory.progress import Phase
from provisioning.factory.source import Block

CARD_BYTES = 64 * MIB
IMAGE_BYTES = 2 * BLOCK_BYTES + 3 * MIB


def image_bytes() -> bytes:
    """An image whose every page differs, with a partition table."""
    body = bytearray(hashlib.shake_256(b"image").digest(IMAGE_BYTES))
    body[446:512] = struct.pack("<4xB3xII", 0x0C, 2048, 2048) + bytes(48) + b"\x55\xaa"
    return bytes(body)


IMAGE = image_bytes()


def image_blocks() -> Iterator[Block]:
    for at in range(0, IMAGE_BYTES, BLOCK_BYTES):
        yield Block(at, IMAGE[at : at + BLOCK_BYTES])


def flash(*cards: FakeCard, cancelled: threading.Event | None = None) -> list[Outcome]:
    jobs = [Job(f"card{n}", lambda card=card: card, {}) for n, card in enumerate(cards)]
    return flash_cards(
        jobs,
        image_blocks(),
        image_bytes=IMAGE_BYTES,
        cancelled=cancelled or threading.Event(),
    )


def startable(card: FakeCard) -> bool:
    """Whether a board would find a partition table."""
    return card.read(510, 2) == b"\x55\xaa"


def test_a_good_card_holds_the_image_to_the_byte() -> None:
    card = FakeCard(CARD_BYTES)
    assert flash(card) == [Outcome(True, "good: written, read back and compared")]
    assert card.read(0, IMAGE_BYTES) == IMAGE
    assert card.closed


def test_eight_cards_at_once_and_a_bad_one_spoils_no_other() -> None:
    cards = [FakeCard(CARD_BYTES) for _ in range(7)]
    broken = FakeCard(CARD_BYTES, fails_at=BLOCK_BYTES + 17)
    outcomes = flash(*cards[:3], broken, *cards[3:])
    assert [each.good for each in outcomes] == [True] * 3 + [False] + [True] * 4
    assert "do not use it" in outcomes[3].sentence
    assert all(card.read(0, IMAGE_BYTES) == IMAGE for card in cards)


def test_one_flipped_bit_is_found_and_the_card_cannot_be_started_from() -> None:
    card = FakeCard(CARD_BYTES, flips_at=BLOCK_BYTES + 123_457)
    [outcome] = flash(card)
    assert not outcome.good
    assert f"between {BLOCK_BYTES} and {2 * BLOCK_BYTES}" in outcome.sentence
    assert not startable(card)


def test_a_flipped_bit_in_the_partition_table_is_found() -> None:
    [outcome] = flash(FakeCard(CARD_BYTES, flips_at=300))
    # A bit of zeros is flipped as well: what is noticed first is the mark at the same place.
    assert not outcome.good


@pytest.mark.parametrize("wraps", [True, False])
@pytest.mark.parametrize("holds_mib", [16, 24, 32])
def test_forged_cards_are_found_before_anything_else(wraps: bool, holds_mib: int) -> None:
    card = FakeCard(CARD_BYTES, holds_bytes=holds_mib * MIB, wraps=wraps)
    [outcome] = flash(card)
    assert not outcome.good
    assert "holds less" in outcome.sentence


def test_an_image_that_turns_out_wrong_makes_no_card_usable() -> None:
    def tampered() -> Iterator[Block]:
        yield from image_blocks()
        raise ProvisioningError("x.img is not what was signed")

    cards = [FakeCard(CARD_BYTES), FakeCard(CARD_BYTES)]
    jobs = [Job(f"card{n}", lambda card=card: card, {}) for n, card in enumerate(cards)]
    outcomes = flash_cards(jobs, tampered(), image_bytes=IMAGE_BYTES, cancelled=threading.Event())
    assert [each.sentence for each in outcomes] == [
        "x.img is not what was signed; do not use this card"
    ] * 2
    assert not any(startable(card) for card in cards)


def test_a_card_that_was_good_is_unusable_from_the_first_moment_on() -> None:
    card = FakeCard(CARD_BYTES)
    assert flash(card)[0].good
    cancelled = threading.Event()

    def interrupted() -> Iterator[Block]:
        yield next(image_blocks())
        cancelled.set()  # as Ctrl-C does
        yield from image_blocks()

    [outcome] = flash_cards(
        [Job("card", lambda: card, {})],
        interrupted(),
        image_bytes=IMAGE_BYTES,
        cancelled=cancelled,
    )
    assert outcome == Outcome(False, "interrupted: do not use it, flash it again", interrupted=True)
    assert not startable(card)
    assert flash(card) == [Outcome(True, "good: written, read back and compared")]
    assert card.read(0, IMAGE_BYTES) == IMAGE


class CutOff(FakeCard):
    """Loses its power after so many writes: what came later never arrives."""

    def __init__(self, writes: int) -> None:
        super().__init__(CARD_BYTES)
        self.left = writes

    def write(self, offset: int, data: bytes) -> None:
        if self.left == 0:
            raise OSError(5, "pulled")
        self.left -= 1
        super().write(offset, data)


def test_power_cut_at_any_write_leaves_no_startable_card() -> None:
    whole = CutOff(10_000)
    assert flash(whole)[0].good
    writes = 10_000 - whole.left
    for after in range(writes):
        card = CutOff(after)
        assert not flash(card)[0].good
        assert not startable(card), f"startable after {after} of {writes} writes"


def test_only_mapped_parts_are_written() -> None:
    card = FakeCard(CARD_BYTES)
    ranges = [(0, HEAD_BYTES), (BLOCK_BYTES - MIB, BLOCK_BYTES + MIB)]
    [outcome] = flash_cards(
        [Job("card", lambda: card, {})],
        image_blocks(),
        image_bytes=IMAGE_BYTES,
        ranges=ranges,
        cancelled=threading.Event(),
    )
    assert outcome.good
    for start, end in ranges:
        assert card.read(start, end - start) == IMAGE[start:end]
    # 1.5 MiB is no capacity mark's place: nothing was ever written there.
    assert card.read(HEAD_BYTES + MIB // 2, 4096) == bytes(4096)


def test_a_card_that_cannot_be_opened_is_an_outcome() -> None:
    def refuse() -> FakeCard:
        raise ProvisioningError("/dev/sdx: it was pulled; insert it and start again")

    job = Job("card", refuse, {})
    [outcome] = flash_cards(
        [job], image_blocks(), image_bytes=IMAGE_BYTES, cancelled=threading.Event()
    )
    assert outcome == Outcome(False, "/dev/sdx: it was pulled; insert it and start again")
    assert job.progress.phase is Phase.FAILED

"""Pairing without a card: the test writes what the card's threads would."""

import numpy as np

from audio.pairing import CATCH_UP_FRAMES, LEAD_FRAMES, LONG_FRAMES, WATCH_FRAMES, Pairing
from audio.ports import FRAME_SAMPLES, ReadStatus
from audio.ring import Ring


class Card:
    """Both streams of a card; every sample's value is the number of its 10 ms."""

    def __init__(self, seconds: float = 1.0) -> None:
        self.near, self.far = Ring(int(16_000 * seconds)), Ring(int(16_000 * seconds))
        self.pairing = Pairing(self.near, self.far, near_block=FRAME_SAMPLES)
        self.captured = self.handed = 0

    def capture(self, frames: int = 1) -> None:
        for _ in range(frames):
            self.near.write(np.full(FRAME_SAMPLES, self.captured, np.int16))
            self.captured += 1

    def hand_over(self, frames: int = 1) -> None:
        for _ in range(frames):
            self.far.write(np.full(FRAME_SAMPLES, self.handed, np.int16))
            self.handed += 1

    def take(self) -> tuple[int, int, ReadStatus] | None:
        near, far = np.zeros(FRAME_SAMPLES, np.int16), np.zeros(FRAME_SAMPLES, np.int16)
        status = ReadStatus()
        if not self.pairing.take(near, far, status):
            return None
        assert len(set(near.tolist())) == 1, "a frame is never put together from two"
        assert len(set(far.tolist())) == 1
        return int(near[0]), int(far[0]), status

    def run(self, frames: int) -> list[tuple[int, int, ReadStatus]]:
        taken = []
        for _ in range(frames):
            self.capture()
            self.hand_over()
            while pair := self.take():
                taken.append(pair)
        return taken


def started(card: Card) -> Card:
    card.hand_over(4)
    card.run(10)
    return card


def test_the_first_pair_lies_a_lead_behind_what_was_handed_over() -> None:
    card = Card()
    card.hand_over(8)
    card.capture()
    pair = card.take()
    assert pair is not None
    near, far, status = pair
    assert (near, far) == (0, 8 - 1 - LEAD_FRAMES)
    assert status == ReadStatus()


def test_without_enough_handed_over_the_microphone_waits() -> None:
    card = Card()
    card.capture()
    card.hand_over(LEAD_FRAMES)
    assert card.take() is None
    card.hand_over()
    assert card.take() == (0, 0, ReadStatus())


def test_bursts_do_not_move_the_pairing() -> None:
    card = started(Card())
    offsets = set()
    for burst in (1, 3, 2, 1, 4, 1) * 20:
        card.hand_over(burst)
        card.capture(burst)
        while pair := card.take():
            near, far, status = pair
            offsets.add(far - near)
            assert status == ReadStatus()
    assert len(offsets) == 1


def test_after_a_loss_the_pairing_is_made_anew_and_said_once() -> None:
    card = started(Card())
    card.hand_over(5)  # the card filled its buffer again after running dry
    card.pairing.unsettle()
    taken = card.run(20)
    assert [status.discontinuity for _, _, status in taken] == [True] + [False] * 19
    assert len({far - near for near, far, _ in taken}) == 1
    near, far, _ = taken[0]
    assert card.handed - 1 - far == LEAD_FRAMES + card.captured - 1 - near


def test_a_lead_that_grew_too_long_is_noticed_within_two_watches() -> None:
    card = started(Card())
    card.hand_over(LONG_FRAMES + 1)
    taken = card.run(2 * WATCH_FRAMES + 2)
    assert sum(status.discontinuity for _, _, status in taken) == 1
    assert card.far.available == LEAD_FRAMES * FRAME_SAMPLES


def test_a_loudspeaker_that_falls_behind_is_paired_with_older_sound_and_nothing_is_lost() -> None:
    card = started(Card())
    taken = []
    for _ in range(12):  # its clock is slower, grossly
        card.capture()
        while pair := card.take():
            taken.append(pair)
    assert sum(status.discontinuity for _, _, status in taken) >= 1
    assert [near for near, _, _ in taken] == list(range(taken[0][0], taken[0][0] + len(taken)))
    assert sum(status.lost_frames for _, _, status in taken) == 0


def test_a_reader_that_slept_hears_the_present_and_how_much_it_missed() -> None:
    card = started(Card())
    card.capture(95)
    card.hand_over(95)
    card.pairing.unsettle()
    pair = card.take()
    assert pair is not None
    assert pair[0] == card.captured - 1
    assert pair[2] == ReadStatus(lost_frames=94, discontinuity=True)
    assert CATCH_UP_FRAMES < 95


def test_an_overflow_loses_what_waited_and_counts_every_frame() -> None:
    card = started(Card())
    last = card.captured - 1
    card.capture(150)  # 1 s fits
    card.hand_over(150)
    taken = card.run(10)
    first, _, status = taken[0]
    assert status.discontinuity
    assert status.lost_frames == first - last - 1
    assert [near for near, _, _ in taken] == list(range(first, first + len(taken)))

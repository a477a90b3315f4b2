import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.ring import Ring


def ramp(start: int, count: int) -> np.ndarray:
    return (np.arange(start, start + count) % 30_000).astype(np.int16)


def test_what_goes_in_comes_out_across_the_end_of_the_buffer() -> None:
    ring, out = Ring(10), np.zeros(7, np.int16)
    for start in (0, 7, 14):
        assert ring.write(ramp(start, 7))
        assert ring.read_into(out)
        assert out.tolist() == list(range(start, start + 7))


def test_a_full_ring_refuses_what_is_new_and_counts_it() -> None:
    ring, out = Ring(10), np.zeros(10, np.int16)
    assert ring.write(ramp(0, 8))
    assert not ring.write(ramp(8, 3))
    assert ring.dropped == 3
    assert ring.available == 8
    assert ring.write(ramp(8, 2))
    assert ring.read_into(out)
    assert out.tolist() == list(range(10))


def test_too_little_is_not_read_in_part() -> None:
    ring, out = Ring(10), np.full(5, 99, np.int16)
    ring.write(ramp(0, 4))
    assert not ring.read_into(out)
    assert out.tolist() == [99] * 5
    assert ring.available == 4


def test_skipping_passes_over_the_oldest_and_never_over_what_is_not_there() -> None:
    ring, out = Ring(10), np.zeros(2, np.int16)
    ring.write(ramp(0, 6))
    ring.skip(4)
    assert ring.read_into(out)
    assert out.tolist() == [4, 5]
    ring.skip(4)
    assert ring.available == 0


def test_winding_back_gives_the_same_samples_again() -> None:
    ring, out = Ring(20), np.zeros(6, np.int16)
    ring.write(ramp(0, 6))
    ring.read_into(out)
    assert ring.wind_back(4)
    assert ring.available == 4
    again = np.zeros(4, np.int16)
    ring.read_into(again)
    assert again.tolist() == [2, 3, 4, 5]


def test_winding_back_leaves_half_of_the_ring_to_the_writer() -> None:
    ring, out = Ring(20), np.zeros(20, np.int16)
    ring.write(ramp(0, 20))
    ring.read_into(out)
    assert not ring.wind_back(11)
    assert ring.wind_back(10)
    assert not Ring(20).wind_back(1)


def test_a_ring_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        Ring(0)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 12)), max_size=60))
def test_any_order_of_writes_and_reads_keeps_the_order_of_samples(
    steps: list[tuple[bool, int]],
) -> None:
    ring, written, read = Ring(16), 0, 0
    for is_write, count in steps:
        if is_write:
            if ring.write(ramp(written, count)):
                written += count
        else:
            out = np.zeros(count, np.int16)
            if ring.read_into(out):
                assert out.tolist() == ramp(read, count).tolist()
                read += count
        assert ring.available == written - read
        assert 0 <= ring.available <= 16

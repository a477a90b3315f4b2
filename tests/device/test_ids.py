"""UUIDv7: the bits of RFC 9562 and the promise that each is greater than the one before."""

from __future__ import annotations

import threading
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.ids import IdSource, made_at_ms


def test_the_example_of_the_rfc():
    # RFC 9562, appendix A.6: 2022-02-22 19:22:22 UTC, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
    bits = {11: 0xCC3, 62: 0x18C4DC0C0C07398F}
    source = IdSource(lambda: 0x017F22E279B0, bits.__getitem__)
    assert source.make() == uuid.UUID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")


def test_version_variant_and_time():
    made = IdSource(lambda: 1_700_000_000_123).make()
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made_at_ms(made) == 1_700_000_000_123


def test_time_of_another_version_is_refused():
    with pytest.raises(ValueError, match="version 4"):
        made_at_ms(uuid.uuid4())


@given(st.lists(st.integers(min_value=-5, max_value=2**48 + 5), min_size=2, max_size=50))
def test_ids_grow_whatever_the_clock_does(times: list[int]):
    clock = iter(times)
    source = IdSource(lambda: next(clock))
    made = [source.make() for _ in times]
    if max(times) < 2**48 - 1:
        assert made == sorted(set(made))


def test_more_ids_in_a_millisecond_than_the_counter_holds():
    source = IdSource(lambda: 1000, lambda bits: (1 << bits) - 1)
    made = [source.make() for _ in range(10_000)]
    assert made == sorted(set(made))
    assert made_at_ms(made[0]) == 1000
    assert made_at_ms(made[-1]) > 1000
    assert {each.version for each in made} == {7}


def test_the_clock_s_return_is_taken_up_again():
    times = iter([5000, 10, 6000])
    source = IdSource(lambda: next(times))
    assert [made_at_ms(source.make()) for _ in range(3)] == [5000, 5000, 6000]


def test_threads_share_a_source():
    source = IdSource(lambda: 7)
    made: list[uuid.UUID] = []

    def many() -> None:
        made.extend([source.make() for _ in range(2000)])

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8000

"""How much of Myna's own voice is expected in the microphone."""

from __future__ import annotations

from audio.ear import SILENCE_DBFS, EchoExpectation

FAR_DBFS, LEFT_DBFS = -20.0, -50.0


def expected_after(expectation: EchoExpectation, seconds: float) -> float:
    """What is expected after so long an echo of one level that the canceller estimates well."""
    level = SILENCE_DBFS
    for _ in range(round(seconds * 100)):
        level = expectation.update(FAR_DBFS, LEFT_DBFS, LEFT_DBFS, near_voice=False)
    return level


def test_it_comes_down_to_what_is_left() -> None:
    assert abs(expected_after(EchoExpectation(), 10.0) - LEFT_DBFS) < 1.0


def test_each_mistake_raises_it_and_it_falls_back() -> None:
    expectation = EchoExpectation()
    settled = expected_after(expectation, 10.0)
    expectation.mistook()
    once = expected_after(expectation, 0.01)
    expectation.mistook()
    twice = expected_after(expectation, 0.01)
    assert 1.5 < once - settled < 2.5
    assert 1.5 < twice - once < 2.5
    assert abs(expected_after(expectation, 120.0) - settled) < 0.2


def test_many_mistakes_do_not_make_her_deaf() -> None:
    expectation = EchoExpectation()
    settled = expected_after(expectation, 10.0)
    for _ in range(100):
        expectation.mistook()
    assert expected_after(expectation, 0.01) - settled <= 10.1


def test_a_new_echo_path_forgets_the_mistakes() -> None:
    expectation = EchoExpectation()
    settled = expected_after(expectation, 10.0)
    expectation.mistook()
    expectation.reset()
    assert abs(expected_after(expectation, 10.0) - settled) < 1.0

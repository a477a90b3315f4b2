"""Pairing on the running speaker, with a platform that says what it is told to."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.errors import StoreError
from device.pairing import Acts, Pairer, line_of
from device.sync.deletions import Deletions
from device.sync.settings import SyncSettings
from dialog.ports import Line
from hal.layers import LayeredRing
from hal.ports import Mood
from hal.simulated import SimulatedRing
from provisioning.pairing.fakes import FakePlatform
from provisioning.pairing.file import PairingFolder, Phase, Record
from provisioning.pairing.flow import Pairing
from provisioning.pairing.ports import Allowed, Codes, PairingError, Pending, Welcome
from tests.platform_parts import until
from tests.provisioning.pairing.test_flow import sign

ADDRESS = "https://hub.example"
YES = Allowed("bearer-7", "The Lins", 600)


class Quick(FakePlatform):
    """Wants to be asked at once."""

    def begin(self, applicant: Any) -> Codes:  # noqa: ANN401 - as the fake has it
        codes = super().begin(applicant)
        return Codes(codes.device_code, codes.user_code, codes.address, 600, 0.01)


class Speaker:
    """What is around a pairer; the test is the event loop."""

    def __init__(self, folder: Path, settings: SyncSettings, usual: str) -> None:
        self.platform = Quick(sign)
        self.place = PairingFolder(folder / "pairing")
        self.shown = SimulatedRing(SystemClock())
        self.ring = LayeredRing(self.shown, SystemClock())
        self.queue: queue.Queue[Callable[[], None]] = queue.Queue()
        self.said: list[str] = []
        self.lines: list[str] = []
        self.applied: list[Mapping[str, Any]] = []
        self.welcomed: list[Welcome] = []
        self.wiped: list[bool] = []
        self.began_anew = 0
        self.idle = True
        self.full = False
        self.deleted = Deletions()
        self.refused = False
        pairing = Pairing(
            self.place, folder / "none", lambda _: self.platform, SystemClock(), "boot"
        )
        self.pairer = Pairer(
            pairing,
            self.place,
            settings,
            usual=usual,
            ring=self.ring,
            language="en",
            acts=Acts(
                say=self._say,
                idle=lambda: self.idle,
                follow=lambda sync: self.lines.append(sync.address),
                apply=self.applied.append,
                welcome=self.welcomed.append,
                wipe=self._wipe,
                begin_anew=self._begin_anew,
                deletions=lambda: self.deleted,
                refused=lambda: self.refused,
                hand_over=self.queue.put,
            ),
        )

    def _say(self, lines: tuple[Line, ...], _tag: int) -> None:
        self.said.append(lines[0].text)

    def _wipe(self, told: bool) -> None:
        if self.full:
            raise StoreError("the disk is full")
        self.wiped.append(told)

    def _begin_anew(self) -> None:
        self.began_anew += 1

    def until(self, true: Callable[[], object], what: str) -> None:
        """Be the event loop until something holds."""

        def turn() -> object:
            with suppress(queue.Empty):
                self.queue.get(timeout=0.01)()
            self.pairer.look()
            return true()

        until(turn, what)

    def pair(self) -> None:
        self.platform.answers = [Pending(), YES]
        assert self.pairer.held()
        self.until(lambda: self.pairer.asked, "the question")
        assert self.pairer.pressed()
        self.until(lambda: self.welcomed, "a welcome")


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Speaker]]:
    with ExitStack() as stack:

        def made(*, usual: str = ADDRESS, settings: SyncSettings | None = None) -> Speaker:
            speaker = Speaker(tmp_path, settings or SyncSettings(), usual)
            stack.enter_context(speaker.pairer)
            return speaker

        yield made


def test_code_question_button_hello(make: Callable[..., Speaker]) -> None:
    speaker = make()
    speaker.pair()
    assert "seven, K, M, X." in speaker.said[0]
    assert speaker.said[1] == "May I join the family The Lins? Press my button once to say yes."
    assert speaker.said[2] == "Hello Lily! I am Myna. Nice to meet you."
    assert speaker.lines == ["mqtts://hub.example:8883"]
    assert speaker.pairer.line.device == speaker.pairer.record.device
    assert not speaker.pairer.offers
    assert not speaker.pairer.held()


def test_a_press_before_the_question_or_in_a_talk_is_no_yes(make: Callable[..., Speaker]) -> None:
    speaker = make()
    speaker.platform.answers = [YES]
    speaker.idle = False
    speaker.pairer.held()
    speaker.until(lambda: speaker.pairer.record.phase is Phase.ALLOWED, "a parent's yes")
    assert speaker.said == []  # nobody is talked over
    assert not speaker.pairer.pressed()
    speaker.idle = True
    speaker.until(lambda: speaker.pairer.asked, "the question")
    speaker.idle = False
    assert not speaker.pairer.pressed()
    speaker.idle = True
    assert speaker.pairer.pressed()
    assert not speaker.pairer.pressed()


def test_held_again_while_it_waits_says_the_code_again(make: Callable[..., Speaker]) -> None:
    speaker = make()
    speaker.pairer.held()
    speaker.until(lambda: len(speaker.said) == 1, "the code")
    assert speaker.pairer.held()
    assert speaker.said[0] == speaker.said[1]
    assert speaker.platform.asked.count("begin") == 1
    assert speaker.shown.mood is Mood.PAIRING
    speaker.pairer.stop()
    speaker.until(lambda: "I stay as I am" in speaker.said[-1], "its end")
    assert speaker.pairer.record == Record()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("pairing.network", "I cannot reach the platform."),
        ("pairing.certificate", "I cannot trust"),
        ("pairing.address", "I cannot find that platform."),
        ("pairing.platform", "There is no platform for me"),
    ],
)
def test_what_keeps_it_from_beginning_is_said(
    make: Callable[..., Speaker], code: str, said: str
) -> None:
    speaker = make()
    speaker.platform.away = PairingError("no", code=code)
    speaker.pairer.begin(ADDRESS)
    speaker.until(lambda: speaker.said, "a word")
    assert speaker.said[0].startswith(said)
    assert speaker.pairer.trouble == code
    assert speaker.shown.mood is not Mood.PAIRING


@pytest.mark.parametrize(
    ("usual", "address", "said"),
    [("", "", "do not know any platform"), (ADDRESS, "mqtt://127.0.0.1", "A technician has set")],
)
def test_where_there_is_nothing_to_pair_that_is_said(
    make: Callable[..., Speaker], usual: str, address: str, said: str
) -> None:
    speaker = make(usual=usual, settings=SyncSettings(address=address))
    assert not speaker.pairer.held()  # the button is about the parents' pages
    speaker.pairer.begin(usual)
    speaker.until(lambda: speaker.said, "a word")
    assert said in speaker.said[0]


def test_giving_up_waits_for_the_platform_to_know(make: Callable[..., Speaker]) -> None:
    speaker = make()
    speaker.pair()
    speaker.full = True
    with pytest.raises(StoreError):
        speaker.pairer.give_up()
    assert speaker.pairer.record.phase is Phase.PAIRED
    speaker.full = False
    speaker.pairer.give_up()
    assert speaker.wiped == [True]
    assert speaker.pairer.record.phase is Phase.LEAVING
    assert speaker.pairer.line.address  # it has to be told
    speaker.deleted = Deletions(left=True)
    speaker.until(lambda: speaker.began_anew, "its freedom")
    assert speaker.lines[-1] == ""
    assert not speaker.place.key.exists()


def test_a_broker_that_turns_it_away_has_the_platform_asked_why(
    make: Callable[..., Speaker],
) -> None:
    speaker = make()
    speaker.pair()
    speaker.refused = True
    speaker.until(lambda: "standing" in speaker.platform.asked, "the question why")
    assert speaker.pairer.record.phase is Phase.PAIRED  # it is still its family's
    assert speaker.wiped == []
    speaker.pairer._why_again_s = 0.0
    speaker.platform.stands = "revoked"
    speaker.until(lambda: speaker.began_anew, "its freedom")
    assert speaker.wiped == [False]
    assert speaker.platform.asked.count("standing") == 2


def test_another_process_may_ask_for_it(make: Callable[..., Speaker]) -> None:
    speaker = make(usual="")
    speaker.place.want(ADDRESS)
    speaker.until(lambda: speaker.said, "the code")
    assert speaker.pairer.record.platform == ADDRESS


def test_the_configuration_goes_before_pairing(tmp_path: Path) -> None:
    place = PairingFolder(tmp_path)
    record = Record(Phase.PAIRED, device="myna-x", broker="mqtts://b", pack_key="RWpaired")
    found = line_of(SyncSettings(), place, record)
    assert (found.address, found.device, found.pack_key) == ("mqtts://b", "myna-x", "RWpaired")
    assert line_of(SyncSettings(pack_key="RWown"), place, record).pack_key == "RWown"
    by_hand = SyncSettings(address="mqtts://own")
    assert line_of(by_hand, place, record) == by_hand
    assert line_of(SyncSettings(), place, Record(Phase.WAITING)).address == ""

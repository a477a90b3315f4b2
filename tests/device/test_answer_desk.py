"""Questions put to the desk: who answers them, and what is kept of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from core.clock import VirtualClock
from device import effects as fx
from device import events as ev
from device.answer_desk import AnswerDesk, AnswerParts
from device.network import can_reach
from device.parent_notes import FILE_NAME, MOST_KEPT, Note, ParentNotes
from device.scheduling import Costs, VirtualScheduler
from device.store import Store
from device.sync import answers
from device.sync.happenings import Reporter
from device.teacher import EXPIRES, MOST_WAITING, Teacher
from dialog.cloud.engine import AnswerEngine
from dialog.cloud.fakes import FakeChat
from dialog.cloud.ledger import Ledger
from dialog.cloud.local import LocalAnswers
from dialog.cloud.play import plays_by_wording
from dialog.cloud.ports import Delta, Learner
from dialog.cloud.service import CloudService
from dialog.cloud.settings import CloudSettings
from dialog.packs import choose_pack
from dialog.ports import Attempt, Verdict
from dialog.safety.ports import Topic

SETTINGS = CloudSettings(
    consent=True, tell_parent=True, base_url="http://127.0.0.1", model="m", tokens_per_day=100_000
)
LEARNER = Learner()
PACK = choose_pack("starter", ())


@dataclass
class Counter:
    """A desk over a store in memory, and what it posts."""

    settings: CloudSettings = SETTINGS
    cloud: CloudService | None = None
    posted: list[ev.Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = VirtualClock()
        self.store = Store(None, self.clock)
        self.store.also(Reporter())
        self.local = LocalAnswers(PACK)
        self.notes = ParentNotes(None)
        self.scheduler = VirtualScheduler(self.clock, Costs({"cloud": 0.0}))
        parts = AnswerParts(
            engine=AnswerEngine(self.settings, self.local, plays_by_wording(PACK)),
            cloud=self.cloud,
            ledger=Ledger(None),
            notes=self.notes,
            teacher=Teacher(self.store),
            store=self.store,
            pack=PACK,
            clock=self.clock,
            online=lambda: True,
        )
        self.desk = AnswerDesk(parts, self.scheduler, self.posted.append)

    def close(self) -> None:
        self.local.close()
        self.store.close()

    def ask(self, question: str) -> list[str]:
        """The lines that came of it."""
        before = len(self.posted)
        self.desk.carry_out(fx.Ask(question, LEARNER))
        self.scheduler.run_due()
        fresh = [each for each in self.posted[before:] if isinstance(each, ev.Answered)]
        return [line.text for each in fresh for line in each.lines]

    def outbox(self) -> list[dict[str, object]]:
        with self.store.transaction() as db:
            rows = db.execute("SELECT body FROM outbox WHERE kind = 'asked'").fetchall()
        return [json.loads(body) for (body,) in rows]


@pytest.fixture
def counter() -> Iterator[Counter]:
    found = Counter()
    yield found
    found.close()


def test_a_question_that_nobody_can_answer_goes_to_the_teacher(counter: Counter) -> None:
    assert "teacher" in counter.ask("my name is amanda why is grass green")[0]
    assert "pass it on" in counter.ask("yes please")[0]
    (body,) = counter.outbox()
    assert "grass green" in str(body["words"])
    assert "amanda" not in json.dumps(body)


@pytest.mark.parametrize("refuses", ["setting", "page"])
def test_without_consent_the_teacher_hears_only_that_there_is_a_question(refuses: str) -> None:
    settings = replace(SETTINGS, consent=refuses != "setting")
    counter = Counter(settings)
    counter.desk.consent = lambda: refuses != "page"
    counter.ask("why is grass green")
    counter.ask("yes")
    (body,) = counter.outbox()
    assert "words" not in body
    counter.close()


def test_a_child_cannot_fill_the_disk(counter: Counter) -> None:
    for _ in range(MOST_WAITING + 1):
        counter.ask("why is grass green")
        said = counter.ask("yes")
    assert "many questions" in said[-1]
    assert len(counter.outbox()) == MOST_WAITING
    last = counter.posted[-1]
    assert isinstance(last, ev.Answered)
    assert last.over


def test_a_teachers_answer_is_read_aloud_when_the_child_asks_and_once(counter: Counter) -> None:
    assert "no answer yet" in counter.ask("what did my teacher say")[0]
    args = {"question": "q1", "text": "Because of the leaves.", "language": "en"}
    with counter.store.transaction() as db:
        answers.keep(db, args)
    said = counter.ask("did my teacher answer")
    assert said == ["Your teacher answered:", "Because of the leaves."]
    counter.desk.carry_out(fx.AnswerCut(1))  # it was not heard to its end
    assert counter.ask("what did my teacher say") == said
    counter.desk.carry_out(fx.AnswerSaid())
    assert "no answer yet" in counter.ask("what did my teacher say")[0]


def test_an_answer_that_nobody_heard_for_long_is_let_go() -> None:
    clock = VirtualClock()
    with Store(None, clock) as store:
        now = datetime(2026, 3, 2, tzinfo=UTC)
        asked_ms = int((now - EXPIRES - timedelta(days=1)).timestamp() * 1000)
        question = f"{asked_ms:012x}"
        old = f"{question[:8]}-{question[8:]}-7000-8000-000000000001"
        for each in (old, "q2"):
            with store.transaction() as db:
                answers.keep(db, {"question": each, "text": "Yes.", "language": "en"})
        assert [each.question for each in Teacher(store).waiting(now)] == ["q2"]
        with store.transaction() as db:
            assert db.execute("SELECT count(*) FROM answers").fetchone() == (1,)


def test_a_parent_is_told_without_a_word_of_it(tmp_path: Path) -> None:
    notes = ParentNotes(tmp_path)
    day = date(2026, 3, 2)
    notes.add(Topic.HURT_BY_OTHERS, day)
    notes.add(Topic.HURT_BY_OTHERS, day)
    assert ParentNotes(tmp_path).notes == (Note(day, Topic.HURT_BY_OTHERS),)
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o077 == 0
    for number in range(MOST_KEPT + 5):
        notes.add(Topic.SELF_HARM, day + timedelta(days=number))
    assert len(notes.notes) == MOST_KEPT
    notes.read()
    assert ParentNotes(tmp_path).notes == ()


def test_a_torn_file_of_notes_is_none(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('[{"day": 3}', encoding="utf-8")
    assert ParentNotes(tmp_path).notes == ()


def test_a_child_in_distress_leaves_a_note(counter: Counter) -> None:
    counter.ask("i want to die")
    assert [note.topic for note in counter.notes.notes] == [Topic.SELF_HARM]


def build_play() -> FakeChat:
    """One reply that ends the play, and one that asks how practice went."""
    return FakeChat(
        [Delta("Here you are. "), Delta(tool=0, name="end_play", arguments='{"reached": true}')],
        [Delta(tool=0, name="look_up_progress", arguments="{}")],
        [Delta("You did well. ")],
        [Delta(tool=0, name="set_volume", arguments='{"step": 1}')],
    )


def test_a_role_play_from_its_wish_to_its_scored_end_and_tools() -> None:
    with CloudService(SETTINGS, build=build_play) as cloud:
        counter = Counter(cloud=cloud)
        begun = counter.ask("let's play at the fruit shop")
        assert begun[1:] == [
            "I have a fruit shop. You are hungry.",
            "Welcome to my shop! An apple, or a banana?",
        ]
        last = counter.posted[-1]
        assert isinstance(last, ev.Answered)
        assert last.expect is not None
        assert "an apple please" in last.expect.answers
        assert counter.ask("an apple please")[0] == "Here you are."
        (attempt,) = counter.store.attempts(10)
        assert attempt == Attempt("starter", "food/fruit-shop/welcome", Verdict.RIGHT, 1, 1.0, 0.0)
        assert counter.ask("have i been a good pupil") == ["You did well."]
        counter.ask("speak up my friend i am far away")
        assert ev.ToolAsked("set_volume", {"step": 1}) in counter.posted
        assert counter.desk.trouble is None
        counter.close()


def test_a_play_that_cannot_be_held_now_is_declined_kindly(counter: Counter) -> None:
    counter.desk.consent = lambda: False
    said = counter.ask("let's play fruit shop")
    assert said == ["Not now, but there is a play at the end of many lessons."]


def test_what_is_degraded_has_a_sentence_and_what_was_chosen_has_none() -> None:
    cloud = CloudService(SETTINGS, build=build_play)  # never started: nothing is to be sent
    counter = Counter(replace(SETTINGS, tokens_per_day=10), cloud)
    counter.ask("why is grass green")
    trouble = counter.desk.trouble
    assert trouble is not None
    assert (trouble.name, "tokens_per_day" in trouble.sentence) == ("cloud", True)
    counter.desk.consent = lambda: False
    counter.ask("why is grass green")
    assert counter.desk.trouble is None
    counter.close()


HEADER = "Iface Destination Gateway Flags\n"


@pytest.mark.parametrize(
    ("routes", "routes_6", "url", "there"),
    [
        (HEADER, "", "https://cloud.example/v1", False),
        (HEADER + "wlan0 00000000 0100A8C0 0003\n", "", "https://cloud.example/v1", True),
        (HEADER, "fe80 40 0 0 wlan0\n0 80 0 0 lo\n", "https://cloud.example/v1", False),
        (HEADER, "0000 00 0 0 wlan0\n", "https://cloud.example/v1", True),
        (HEADER, "", "http://127.0.0.1:11434/v1", True),
        (HEADER, "", "http://localhost:11434/v1", True),
        (None, "", "https://cloud.example/v1", True),
    ],
)
def test_a_network_that_is_away_is_known_without_asking_anybody(
    tmp_path: Path, routes: str | None, routes_6: str, url: str, there: bool
) -> None:
    four, six = tmp_path / "route", tmp_path / "ipv6_route"
    if routes is not None:
        four.write_text(routes, encoding="ascii")
    six.write_text(routes_6, encoding="ascii")
    assert can_reach(url, routes=four, routes_6=six) is there

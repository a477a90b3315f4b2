"""One step of the tutor in the making: the state as it becomes, and the effects so far."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from dialog.commands import listened_for, plain_words
from dialog.phrases import Speech
from dialog.ports import (
    Attempt,
    Child,
    DialogState,
    Expectation,
    Heard,
    ItemMemory,
    Learned,
    Pronunciation,
    SessionEdge,
    SoundMemory,
    Step,
    Then,
    Verdict,
)
from dialog.teaching import memory, profile
from dialog.teaching.mood import Moment
from dialog.teaching.planner import Planned, Why
from dialog.tutor_demands import Demand
from dialog.tutor_hearing import introductions
from dialog.tutor_state import Asking, Rung, TutorState

if TYPE_CHECKING:
    from dialog.tutor import Tutor

LONGEST_STEP_S = 90.0
"""A step that seems to take longer is a pause, or a clock that was set: it counts as this."""
ECHO_AFTER = 4
"""An item that went wrong comes once more after so many others."""


class Turn:
    """What a step reads and changes.

    Attributes:
        tutor: The engine: pack, settings, planner.
        now: Wall time, UTC.
        state: As it becomes.
        speech: Lines to say.
        then: What follows them.
        volume_step: Volume to change by, in steps of 6 dB.
    """

    def __init__(self, tutor: Tutor, state: TutorState, now: datetime) -> None:
        self.tutor = tutor
        self.now = now
        passed_s = (now - state.last).total_seconds() if state.last is not None else 0.0
        self.state = replace(
            state,
            last=now,
            elapsed_s=state.elapsed_s + min(max(0.0, passed_s), LONGEST_STEP_S),
        )
        self.speech = Speech(tutor.language, seed=state.seed, counts=state.counts, rate=state.rate)
        self.then = Then.LISTEN
        self.volume_step = 0
        self._attempts: list[Attempt] = []
        self._memories: dict[str, ItemMemory] = {}
        self._sounds: dict[str, SoundMemory] = {}
        self._session: SessionEdge | None = None
        self._became = ""

    def result(self) -> Step:
        """The step."""
        self.set(counts=self.speech.counts)
        listening = self.then is Then.LISTEN
        return Step(
            state=DialogState(self.tutor.name, self.state),
            lines=tuple(self.speech.lines),
            then=self.then,
            expect=self.expectation if listening else None,
            attempts=tuple(self._attempts),
            learned=self._learned(),
            volume_step=self.volume_step,
        )

    def _learned(self) -> Learned | None:
        learned = Learned(
            child=self._became,
            memories=tuple(self._memories.values()),
            sounds=tuple(self._sounds.values()),
            session=self._session,
        )
        return learned if learned != Learned() else None

    # -------------------------------------------------------------- what is asked

    @property
    def asking(self) -> Asking:
        return self.state.asking

    @property
    def child(self) -> Child:
        return self.state.child

    @property
    def demand(self) -> Demand:
        """What is being asked."""
        asking = self.asking
        return self.tutor.demands.find(asking.id, stage=asking.stage, turn=asking.turn)

    @property
    def expectation(self) -> Expectation:
        """What to listen for."""
        demand = self.demand
        answers = demand.ask.answers
        names = (each for who, each in enumerate(self.names) if each and who != self.state.who)
        called = (form for name in names for form in introductions(name)[:2])
        asides = (*listened_for(answers, self.tutor.language), *called)
        return demand.expectation(asides, easier=self.asking.rung is Rung.EASIER)

    @property
    def names(self) -> tuple[str, ...]:
        """The children's nicknames as plain words; empty for one that cannot be spelled so."""
        return tuple(plain_words(child.nickname) for child in self.state.children)

    def set(self, **changes: object) -> None:
        """Change the state."""
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]

    def ask(self, **changes: object) -> None:
        """Change how the present demand stands."""
        self.set(asking=replace(self.asking, **changes))  # type: ignore[arg-type]

    def aside(self) -> int:
        """Count something said beside the lesson; returns how often that was at this demand."""
        self.ask(asides=self.asking.asides + 1)
        return self.asking.asides

    # ------------------------------------------------------------ what is remembered

    def begin_session(self) -> None:
        """A session begins, perhaps another child's than before."""
        self._session = SessionEdge.BEGUN
        self._became = self.child.id

    def end_session(self) -> None:
        """The session has come to its goodbye."""
        self._session = SessionEdge.ENDED

    def attempt(self, verdict: Verdict, event: Heard | None = None) -> None:
        """Remember an attempt at what is asked, and what it tells of the child's sounds."""
        asking = self.asking
        tries = asking.tries + 1
        hesitation_s = event.hesitation_s if event is not None else 0.0
        first = asking.hesitation_s
        self.ask(
            tries=tries,
            most_tries=max(asking.most_tries, tries),
            hesitation_s=hesitation_s if first is None else first,
        )
        self.set(fails=self.state.fails + 1 if verdict is Verdict.WRONG else 0)
        pronunciation = event.pronunciation if event is not None else None
        self._attempts.append(
            Attempt(
                pack=self.tutor.pack.id,
                item=asking.id,
                verdict=verdict,
                try_number=tries,
                confidence=event.recognition.confidence if event is not None else 0.0,
                duration_s=event.duration_s if event is not None else 0.0,
                hesitation_s=hesitation_s,
                pronunciation=pronunciation,
            )
        )
        if pronunciation is not None:
            self._hear_sounds(pronunciation)

    def _hear_sounds(self, pronunciation: Pronunciation) -> None:
        known = {sound.phone: sound for sound in self.child.sounds}
        changed = profile.after(known, pronunciation, self.now)
        self._sounds |= changed
        self._know(sounds=tuple((known | changed).values()))

    def close(self, verdict: Verdict) -> None:
        """The present item is done: grade it, and let one that was not known come once more."""
        asking, demand = self.asking, self.demand
        if demand.item is None:
            return
        answer = memory.Answer(
            verdict=verdict,
            tries=max(1, asking.most_tries),
            pronunciation=asking.pronunciation,
            hesitation_s=asking.hesitation_s or 0.0,
            recall=self.tutor.course.facts[asking.id].recall,
            met=asking.turn,
        )
        struggled = verdict is not Verdict.RIGHT and verdict is not Verdict.SKIPPED
        moment = Moment(struggled, self.state.silences > 0, answer.hesitation_s)
        self.set(struggled=struggled, moments=(*self.state.moments, moment))
        grade = memory.grade(answer)
        if grade is None:
            return
        self.review(asking.id, grade)
        once_more = grade is memory.Grade.AGAIN and asking.why is not Why.ECHO
        comes_anyway = any(planned.item == asking.id for planned in self.state.queue)
        if once_more and not comes_anyway and self.room_for_more():
            queue = list(self.state.queue)
            queue.insert(ECHO_AFTER, Planned(asking.id, Why.ECHO))
            self.set(queue=tuple(queue))

    def review(self, item: str, grade: memory.Grade) -> None:
        """Take a review of an item, or of a play by its opening step, into the child's memory."""
        pack = self.tutor.pack.id
        known = {(each.pack, each.item): each for each in self.child.memories}
        fresh = memory.reviewed(known.get((pack, item)), pack, item, grade, self.now)
        self._memories[item] = fresh
        self._know(memories=tuple((known | {(pack, item): fresh}).values()))

    def room_for_more(self) -> bool:
        """Whether more items may be asked than were planned."""
        most = self.tutor.settings.session_items
        return most == 0 or self.state.asked_count + len(self.state.queue) < most

    def _know(self, **changes: object) -> None:
        children = list(self.state.children)
        children[self.state.who] = replace(self.child, **changes)  # type: ignore[arg-type]
        self.set(children=tuple(children))

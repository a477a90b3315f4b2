"""The tutor: leads a child through a session, kindly and to its end. Pure.

A demand has three rungs. Asked plainly; after a wrong answer the model is said slowly; after
another one only the key word is asked for, or the child says it together with Myna, and then
anything is enough to go on. So nobody fails three times in a row at one thing, and every
session ends: each rung, each silence, each aside is bounded.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from dialog.commands import Command
from dialog.packs.model import Pack
from dialog.phrases import MIN_RATE, Speech
from dialog.ports import (
    Attempt,
    Begin,
    DialogEvent,
    DialogState,
    Failed,
    Heard,
    HeardNothing,
    Language,
    Recognition,
    Resume,
    Step,
    Then,
    Trouble,
    Verdict,
)
from dialog.settings import LessonSettings
from dialog.tutor_demands import Demand, demands_of
from dialog.tutor_hearing import Answered, Asked, Tried, meaning_of
from dialog.tutor_plan import choose_play, plan_session
from dialog.tutor_state import Rung, TutorState

MAX_SILENCES = 3
"""The third silence in a row is a goodbye."""
MAX_MISSES = 3
"""After so many times not understood, another item comes."""
MAX_MISSES_IN_A_ROW = 6
"""After so many across items it is too noisy to go on."""
MAX_CRASHES = 3
MAX_ASIDES = 6
"""Repeats, pauses and the like at one demand, before another one comes."""
SLOWER_BY = 0.15
SLOWEST = 0.6
NAMED_AT_THE_END = 3
"""How many things said right Myna names: more would be a list."""


class Tutor:
    """A `DialogEngine` that needs no network.

    Args:
        pack: What to practise.
        settings: Language of instruction and length of a session.
    """

    name = "tutor"

    def __init__(self, pack: Pack, settings: LessonSettings) -> None:
        self.pack = pack
        self.settings = settings
        self.language = Language(settings.prompts)
        self.demands = demands_of(pack)
        self.units = {unit.id: unit for unit in pack.units}

    def start(self, *, history: tuple[Attempt, ...], seed: int) -> DialogState:
        return DialogState(self.name, TutorState(seed=seed, history=history))

    def step(self, state: DialogState, event: DialogEvent, now: datetime) -> Step:
        """What to do about an event.

        Raises:
            ValueError: The state belongs to another engine.
        """
        if not isinstance(state.data, TutorState):
            raise ValueError(f"a state of {state.engine!r} was given to {self.name!r}")
        turn = _Turn(self, state.data)
        turn.take(event)
        return turn.result()


class _Turn:
    """One step in the making: the state as it becomes, and the effects so far."""

    def __init__(self, tutor: Tutor, state: TutorState) -> None:
        self._tutor = tutor
        self._state = state
        self._speech = Speech(tutor.language, seed=state.seed, counts=state.counts, rate=state.rate)
        self._attempts: list[Attempt] = []
        self._then = Then.LISTEN
        self._volume_step = 0

    def take(self, event: DialogEvent) -> None:
        """Apply an event."""
        if isinstance(event, Begin):
            self._begin()
        elif self._state.finished:
            self._then = Then.SLEEP  # a late event after the goodbye
        elif not self._state.asked:
            self._begin()
        elif isinstance(event, Heard):
            self._hear(event)
        elif isinstance(event, HeardNothing):
            self._hear_nothing()
        elif isinstance(event, Failed):
            self._fail(event.trouble)
        elif isinstance(event, Resume):
            self._aside("back")

    def result(self) -> Step:
        """The step."""
        state = replace(
            self._state,
            counts=self._speech.counts,
            history=self._state.history + tuple(self._attempts),
        )
        listening = self._then is Then.LISTEN
        return Step(
            state=DialogState(self._tutor.name, state),
            lines=tuple(self._speech.lines),
            then=self._then,
            expect=self._demand.expectation(easier=state.rung is Rung.EASIER)
            if listening
            else None,
            attempts=tuple(self._attempts),
            volume_step=self._volume_step,
        )

    # ------------------------------------------------------------- beginning

    def _begin(self) -> None:
        state = self._state
        if state.asked and not state.finished:
            self._set(silences=0, misses=0, crashes=0)
            self._speech.phrase("greeting_back")
            self._ask()
            return
        seed = state.seed + 1 if state.finished else state.seed
        queue = plan_session(
            self._tutor.pack,
            state.history,
            seed=seed,
            items=self._tutor.settings.session_items,
        )
        self._state = TutorState(
            seed=seed, history=state.history, queue=queue, rate=state.rate, counts=state.counts
        )
        self._speech.phrase("greeting")
        self._go_on()

    # --------------------------------------------------------------- hearing

    def _hear(self, event: Heard) -> None:
        demand = self._demand
        expectation = demand.expectation(easier=self._state.rung is Rung.EASIER)
        meaning = meaning_of(event.recognition, expectation, demand.confusions)
        self._set(silences=0, crashes=0)
        if isinstance(meaning, Asked):
            self._set(misses=0)
            self._obey(meaning.command)
        elif isinstance(meaning, Answered):
            self._set(misses=0, spoke=True)
            self._hear_answer(meaning.answer, event)
        elif isinstance(meaning, Tried):
            self._set(misses=0, spoke=True)
            self._hear_try(event)
        else:
            self._miss()

    def _hear_answer(self, answer: str, event: Heard) -> None:
        demand, rung = self._demand, self._state.rung
        whole = answer in demand.answers or demand.open_speech
        if not whole and answer != demand.key:
            self._encourage_effort()
            return
        if whole:
            self._remember(Verdict.RIGHT, event.recognition, event.duration_s)
        self._learn(demand, answer)
        if not whole:
            self._speech.phrase("praise_key")
        else:
            self._speech.phrase("praise_first" if rung is Rung.ASK else "praise_again")
            if demand.reply:
                self._speech.english(demand.reply)
        self._set(struggled=not whole)
        self._go_on(answer)

    def _hear_try(self, event: Heard) -> None:
        """Words that are not the answer: help, and one rung down."""
        if self._state.rung is Rung.EASIER:
            self._encourage_effort()
            return
        self._remember(Verdict.WRONG, event.recognition, event.duration_s)
        if self._state.rung is Rung.ASK:
            self._set(rung=Rung.MODEL)
            self._speech.phrase("model", self._demand.model)
        else:
            self._set(rung=Rung.EASIER)
            self._ask_easier()

    def _encourage_effort(self) -> None:
        self._speech.phrase("praise_effort")
        self._set(struggled=True, spoke=True)
        self._go_on()

    def _hear_nothing(self) -> None:
        silences = self._state.silences + 1
        self._set(silences=silences)
        if silences >= MAX_SILENCES:
            self._sleep("silent_goodbye")
        elif silences == 1:
            self._speech.phrase("encourage")
            self._ask()
        else:
            self._help("silent_help")

    def _fail(self, trouble: Trouble) -> None:
        self._set(silences=0)
        if trouble is Trouble.NOT_UNDERSTOOD:
            self._miss()
            return
        crashes = self._state.crashes + 1
        self._set(crashes=crashes)
        if crashes >= MAX_CRASHES:
            self._sleep("resting")
        else:
            self._speech.phrase("try_again")
            self._ask()

    def _miss(self) -> None:
        """Somebody spoke and was not understood: that is Myna's fault, not the child's."""
        if self._state.rung is Rung.EASIER:
            self._encourage_effort()
            return
        misses = self._state.misses + 1
        self._set(misses=misses, spoke=True)
        if misses >= MAX_MISSES_IN_A_ROW:
            self._sleep("noisy_goodbye")
        elif misses % MAX_MISSES == 0:
            self._speech.phrase("misheard_on")
            self._go_on()
        elif misses % MAX_MISSES == 1:
            self._speech.phrase("misheard")
            self._ask()
        else:
            self._help("misheard_model")

    # -------------------------------------------------------------- commands

    def _obey(self, command: Command) -> None:
        if command is Command.STOP:
            self._goodbye()
        elif command is Command.SKIP:
            self._remember(Verdict.SKIPPED, None, 0.0)
            self._speech.phrase("skip")
            self._set(struggled=False)
            self._go_on()
        elif command is Command.WAIT:
            self._set(asides=self._state.asides + 1)
            self._speech.phrase("wait")
            self._then = Then.PAUSE
        elif command is Command.SLOWER:
            rate = max(SLOWEST, self._state.rate - SLOWER_BY)
            self._set(rate=rate)
            self._speech.rate = max(MIN_RATE, rate)
            self._aside("slower")
        elif command in (Command.LOUDER, Command.QUIETER):
            self._volume_step = 1 if command is Command.LOUDER else -1
            self._aside(command.value)
        elif command is Command.PROGRESS:
            self._praise_so_far("progress_some", "progress_none")
            self._aside("")
        elif command is Command.HELP and self._state.asides < MAX_ASIDES:
            self._set(asides=self._state.asides + 1)
            self._help("help")
        else:
            self._aside(command.value)

    def _aside(self, key: str) -> None:
        """Say `key` and ask again; when it happens too often, ask something else."""
        asides = self._state.asides + 1
        self._set(asides=asides, silences=0)
        if asides > MAX_ASIDES:
            self._speech.phrase("skip")
            self._go_on()
            return
        if key:
            self._speech.phrase(key)
        self._ask()

    # ---------------------------------------------------------------- asking

    def _ask(self) -> None:
        """The present demand, with the help that it stands at."""
        demand, rung = self._demand, self._state.rung
        if rung is Rung.EASIER:
            self._ask_easier()
        elif demand.in_play:
            self._speech.english(demand.english)
            self._prompt(demand)
        else:
            self._prompt(demand, demand.english)

    def _prompt(self, demand: Demand, english: str = "") -> None:
        prompt = demand.prompt.in_language(self._tutor.language)
        if english and self._tutor.language is Language.ENGLISH:
            # One breath: "Say: a red apple." is one line for the voice.
            self._speech.english(f"{prompt} {english}")
            return
        self._speech.text(prompt)
        if english:
            self._speech.english(english)

    def _ask_easier(self) -> None:
        demand = self._demand
        self._speech.phrase("key_step" if demand.key else "together", demand.easier)

    def _help(self, key: str) -> None:
        """Say what could be said here, slowly."""
        if self._state.rung is Rung.ASK:
            self._set(rung=Rung.MODEL)
        demand = self._demand
        easier = self._state.rung is Rung.EASIER
        self._speech.phrase(key, demand.easier if easier else demand.model)

    # -------------------------------------------------------------- going on

    def _go_on(self, answer: str = "") -> None:
        """To the next demand; to the role play when the items are done; to the goodbye."""
        demand = self._tutor.demands.get(self._state.asked)
        following = self._following(demand, answer) if demand is not None else ""
        while following:
            demand = self._present(following)
            if demand.wants_answer:
                self._ask()
                return
            self._speech.english(demand.english)
            following = ""
        queue = self._state.queue
        if queue:
            chosen = self._choose(queue)
            self._set(queue=tuple(item for item in queue if item != chosen))
            self._present(chosen)
            self._introduce(chosen.partition("/")[0])
            self._ask()
            return
        opening = "" if self._state.play_done else self._opening()
        self._set(play_done=True)
        if opening:
            self._present(opening)
            self._speech.phrase("play_invite")
            self._speech.text(self._scene(opening))
            self._ask()
            return
        self._goodbye()

    def _following(self, demand: Demand, answer: str) -> str:
        """Where a role play goes on: as answered, else along its first branch."""
        if not demand.ways:
            return ""
        if answer in demand.answers:
            return demand.ways[demand.answers.index(answer)]
        return demand.ways[0]

    def _present(self, demand_id: str) -> Demand:
        self._set(asked=demand_id, rung=Rung.ASK, tries=0, asides=0)
        return self._demand

    def _choose(self, queue: tuple[str, ...]) -> str:
        """The next item; after a struggle the first easy one."""
        if self._state.struggled:
            self._set(struggled=False)
            return next((item for item in queue if self._tutor.demands[item].easy), queue[0])
        return queue[0]

    def _introduce(self, unit_id: str) -> None:
        if unit_id != self._state.unit:
            self._set(unit=unit_id)
            unit = self._tutor.units[unit_id]
            self._speech.text(unit.intro.in_language(self._tutor.language))

    def _opening(self) -> str:
        return choose_play(
            self._tutor.pack,
            self._state.history + tuple(self._attempts),
            seed=self._state.seed,
            items=self._tutor.settings.session_items,
        )

    def _scene(self, opening: str) -> str:
        play_id = opening.rpartition("/")[0]
        play = next(play for play in self._tutor.pack.plays() if play.id == play_id)
        return play.scene.in_language(self._tutor.language)

    # ---------------------------------------------------------------- ending

    def _goodbye(self) -> None:
        self._praise_so_far("goodbye_some", "goodbye_tried" if self._state.spoke else "")
        self._sleep("goodbye")

    def _praise_so_far(self, some: str, none: str) -> None:
        learnt = self._state.learnt
        if learnt:
            named = sorted(dict.fromkeys(reversed(learnt)), key=lambda model: len(model.split()))
            chosen = [model.rstrip(".!?") for model in reversed(named[:NAMED_AT_THE_END])]
            english = _listed(chosen)
            if self._tutor.language is Language.CHINESE:
                english += "."
            self._speech.phrase(some, english)
        elif none:
            self._speech.phrase(none)

    def _sleep(self, key: str) -> None:
        self._speech.phrase(key)
        self._set(finished=True)
        self._then = Then.SLEEP

    # ------------------------------------------------------------------ state

    @property
    def _demand(self) -> Demand:
        return self._tutor.demands[self._state.asked]

    def _set(self, **changes: object) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]

    def _learn(self, demand: Demand, answer: str) -> None:
        said = demand.model if not answer or answer == demand.answers[0] else answer
        model = said if said == demand.model else said[:1].upper() + said[1:]
        self._set(learnt=(*self._state.learnt, model))

    def _remember(
        self, verdict: Verdict, recognition: Recognition | None, duration_s: float
    ) -> None:
        tries = self._state.tries + 1
        self._set(tries=tries)
        self._attempts.append(
            Attempt(
                pack=self._tutor.pack.id,
                item=self._state.asked,
                verdict=verdict,
                try_number=tries,
                confidence=recognition.confidence if recognition is not None else 0.0,
                duration_s=duration_s,
            )
        )


def _listed(parts: list[str]) -> str:
    """``red``, ``red and blue``, ``red, blue and green``."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)

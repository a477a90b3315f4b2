"""Answers what a child asks. Pure: events in, steps out; see `dialog.cloud.ports`.

One policy: what the device knows for certain it says itself; an open question goes to the cloud
where `dialog.cloud.policy` lets it; whatever keeps the cloud from answering, the device answers in
the same turn. Nothing is sent or said that has not passed `dialog.safety`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from dialog.cloud import phrases, ports
from dialog.cloud.errors import CloudError
from dialog.cloud.follow_ups import AGAIN, GO_ON, NO, STOP, YES
from dialog.cloud.local import LocalAnswers
from dialog.cloud.play import used_in
from dialog.cloud.policy import reason_against
from dialog.cloud.ports import AnswerEvent, AnswerStep, Call, Message, Play, Reason, Timer
from dialog.cloud.prompts import harmless, prompt_file, request_for
from dialog.cloud.settings import CloudSettings
from dialog.cloud.state import REMEMBERED, AnswerState, Phase
from dialog.cloud.tools import GROWN_UP, PLAY, TALK, estimated_tokens, validated, wants_result
from dialog.commands import Command, command_in
from dialog.ports import Expectation, Language, Line, Then
from dialog.safety.lists import fixed_answers
from dialog.safety.ports import DISTRESS, Flaw, Topic
from dialog.safety.screen import Wanted, flaw_in, prepare, screen

MOST_SENTENCES = 3
MOST_ROUNDS = 2
MOST_WITHHELD = 4
PATIENCE_S = 7.0
"""Silence after a question of Myna's before the lesson goes on."""
SHORT_PATIENCE_S = 3.0
"""The same after an answer that asks nothing back."""
PLAY_PATIENCE_S = 10.0
RATE_SLOW = 0.75

_GRAVE = frozenset({Flaw.UNSAFE, Flaw.GROOMING, Flaw.NOT_FOR_SPEECH})
_HAN = re.compile("[\u3400-\u9fff]")


class AnswerEngine:
    """Decides what is sent, what is said, and who answers.

    Args:
        settings: Times and limits.
        local: What the device can answer.
        plays: Role plays by how a child asks for one, as `plain` spells it.
    """

    def __init__(
        self,
        settings: CloudSettings,
        local: LocalAnswers,
        plays: Mapping[str, Play] = MappingProxyType({}),
    ) -> None:
        self.settings = settings
        self.local = local
        self.plays = plays
        prepare()

    def start(self, *, after: AnswerState | None = None) -> AnswerState:
        """A fresh state.

        Args:
            after: The conversation before: how the cloud did lately outlives it, the talk does not.
        """
        if after is None:
            return AnswerState()
        return AnswerState(job=after.job, spoken=after.spoken, breaker=after.breaker)

    def step(
        self, state: AnswerState, event: AnswerEvent, now: datetime, now_s: float
    ) -> AnswerStep:
        """What to do about an event.

        Args:
            now: Local wall time.
            now_s: Monotonic time in seconds.
        """
        turn = _Turn(self, state, now, now_s)
        turn.take(event)
        return turn.result()


class _Turn:
    """One step in the making."""

    def __init__(
        self, engine: AnswerEngine, state: AnswerState, now: datetime, now_s: float
    ) -> None:
        self._settings = engine.settings
        self._local = engine.local
        self._plays = engine.plays
        self._state = state
        self._now = now
        self._now_s = now_s
        self._lines: list[Line] = []
        self._calls: list[Call] = []
        self._then: Then | None = None

    def take(self, event: AnswerEvent) -> None:
        """Apply an event. What belongs to a request that is over means nothing any more."""
        match event:
            case ports.Asked():
                self._asked(event)
            case ports.Interrupted(lines_said):
                self._interrupted(lines_said)
            case ports.SaidAll():
                self._said_all()
            case _ if event.job != self._state.job or not self._state.open:
                return
            case ports.Arrived(_, ports.Sentence(text)):
                self._sentence(text)
            case ports.Arrived(_, ports.Wish() as wish):
                self._wish(wish)
            case ports.Arrived(_, ports.Used(prompt, reply)):
                self._spend(prompt + reply)
            case ports.Ended(_, error):
                self._ended(error)
            case ports.TimeUp(_, timer):
                self._time_up(timer)
            case ports.Looked(_, text):
                self._looked(text)

    def result(self) -> AnswerStep:
        """The step."""
        return AnswerStep(
            self._state,
            tuple(self._lines),
            tuple(self._calls),
            self._then,
            self._expectation() if self._then is Then.LISTEN else None,
        )

    def _expectation(self) -> Expectation:
        """Open speech, for as long as what was said last makes sense of."""
        play, lines = self._state.play, self._state.lines
        if play is not None:
            return Expectation(play.replies, open_speech=True, patience_s=PLAY_PATIENCE_S)
        asked_back = bool(lines) and lines[-1].text.rstrip().endswith(("?", "？"))
        patience_s = PATIENCE_S if asked_back else SHORT_PATIENCE_S
        return Expectation((), open_speech=True, patience_s=patience_s)

    # ------------------------------------------------------------------- asking

    def _asked(self, event: ports.Asked) -> None:
        if self._state.open:
            self._cancel()
        self._remember_heard(len(self._state.lines))
        language = Language.CHINESE if _HAN.search(event.question) else event.learner.language
        self._set(
            phase=Phase.IDLE,
            lines=(),
            mine=(),
            rounds=0,
            learner=replace(event.learner, language=language),
            tell_parent=event.standing.tell_parent,
        )
        screened = screen(event.question)
        followed = self._follows_up(event, screened.text)  # first: "I want to stop" ends a play
        if not followed and screened.topic is not None:
            self._answer_kindly(screened.topic)
        elif not followed:
            self._set(question=screened.text, unsaid=(), cut=False, offered="")
            self._answer(event.standing, doubt=screened.doubt)

    def _answer_kindly(self, topic: Topic) -> None:
        """The fixed answer about a topic; a parent who asked for it is told of distress."""
        if topic in DISTRESS and self._state.tell_parent:
            self._calls.append(ports.TellParent(topic))
        self._set(unsaid=(), cut=False, offered="")
        self._answer_fixed(fixed_answers()[topic][self._state.learner.language])

    def _follows_up(self, event: ports.Asked, said: str) -> bool:
        """Whether it was about the answer before: go on, stop, yes, no."""
        plain = said.lower().strip(" .!?。！？")
        command = command_in(plain)
        offered = self._state.offered
        if offered and plain in YES:
            self._set(offered="")
            self._calls.append(ports.AskTeacher(offered))
            self._own("asked_teacher")
        elif offered and plain in NO:
            self._set(offered="")
            self._own("not_asked")
        elif self._state.play is not None and (command is Command.STOP or plain in STOP):
            self._end_play(reached=False)
        elif command is Command.GO_ON or plain in GO_ON:
            self._go_on(event.standing)
            return True
        elif command in AGAIN and self._last_said():
            self._repeat(slowly=command is Command.SLOWER)
        elif (play := self._plays.get(plain)) is not None:
            self._begin_play(play, event.standing)
        else:
            return False
        self._finish()
        return True

    def _begin_play(self, play: Play, standing: ports.Standing) -> None:
        """Set the scene; a free role play needs a model, so there is none without the cloud."""
        reason = reason_against(standing, self._state.breaker, self._now_s)
        if reason is not None:
            self._calls.append(ports.Degraded(reason))
            self._own("no_play")
            return
        opening = Message("assistant", play.opening)
        self._set(play=play, used=(), talk=(opening,), unsaid=(), cut=False, offered="")
        self._own("play_begin")
        for text in (play.scene, play.opening):
            self._say(Line(text), mine=False)

    def _go_on(self, standing: ports.Standing) -> None:
        unsaid = self._state.unsaid
        if unsaid:
            self._set(unsaid=())
            for sentence in unsaid:
                self._say_theirs(sentence)
            self._finish()
        elif self._state.cut:
            self._set(question=prompt_file()["go_on"].strip(), cut=False)
            self._answer(standing)
        else:
            self._own("nothing_left")
            self._finish()

    def _answer(self, standing: ports.Standing, *, doubt: bool = False) -> None:
        """From what the device knows, or by the cloud; what is in doubt never goes there."""
        state = self._state
        if state.play is not None:
            used = used_in(state.question, state.play.targets)
            self._set(used=tuple(dict.fromkeys((*state.used, *used))))
        certain = self._local.certain(state.question, self._now, state.learner.language)
        if certain is not None:
            self._answer_fixed(certain)
            return
        against = reason_against(standing, state.breaker, self._now_s)
        if (reason := Reason.IN_DOUBT if doubt else against) is not None:
            self._answer_here(reason)
            return
        self._set(talk=self._with(Message("user", state.question)))
        self._send(standing.tokens_left)

    def _send(self, tokens_left: int) -> None:
        state = self._state
        request = request_for(
            state.learner,
            state.talk,
            play=state.play,
            max_tokens=min(self._settings.reply_tokens, tokens_left),
        )
        job = state.job + 1
        self._set(
            phase=Phase.ASKING, job=job, open=True, rounds=state.rounds + 1, reply_characters=0,
            spent=0, estimate=estimated_tokens(request), wished=False, withheld=0,
        )  # fmt: skip
        self._calls += [
            ports.Send(job, request),
            ports.SetTimer(job, Timer.FILLER, self._settings.filler_after_s),
            ports.SetTimer(job, Timer.GIVE_UP, self._settings.give_up_after_s),
        ]

    # ----------------------------------------------------------------- arriving

    def _sentence(self, text: str) -> None:
        self._set(reply_characters=self._state.reply_characters + len(text))
        flaw = flaw_in(text, self._wanted())
        if flaw in _GRAVE:
            # Not a word more of a reply that has shown what it is; the cloud itself is well.
            self._cancel()
            self._calls.append(ports.Degraded(Reason.UNSAFE_REPLY))
            self._forget_unanswered()
            self._own("steer")
            self._finish()
            return
        if flaw is not None:
            self._set(withheld=self._state.withheld + 1)
            if self._state.withheld >= MOST_WITHHELD:
                self._cancel()
                self._over()
            return
        self._say_theirs(text)
        self._set(phase=Phase.ANSWERING)
        self._calls += [ports.ClearTimer(Timer.FILLER), ports.ClearTimer(Timer.GIVE_UP)]
        if sum(self._state.mine) >= MOST_SENTENCES:
            self._cancel()
            self._over()
            return
        self._calls.append(
            ports.SetTimer(self._state.job, Timer.STALL, self._settings.stall_after_s)
        )

    def _wanted(self) -> Wanted:
        learner = self._state.learner
        known = frozenset(word for text in learner.words for word in text.lower().split())
        language = Language.ENGLISH if self._state.play is not None else learner.language
        return Wanted(language, learner.level, known)

    def _wish(self, wish: ports.Wish) -> None:
        state = self._state
        name = wish.name if wish.name in PLAY else "unknown"
        arguments = validated(wish, PLAY if state.play is not None else TALK)
        if isinstance(arguments, str):
            self._calls.append(ports.Refused(name, arguments))
            return
        result = wants_result(name)
        if result and state.rounds >= MOST_ROUNDS:
            self._calls.append(ports.Refused(name, "it was asked for too often"))
            return
        self._set(wished=True)
        if name == "ask_teacher":
            self._calls.append(ports.AskTeacher(state.question))
            self._own("asked_teacher")
        elif name == GROWN_UP:
            # It understands what no list of words can; what it would say besides is not wanted.
            self._cancel()
            self._forget_unanswered()
            self._answer_kindly(Topic(str(arguments["about"])))
        elif name == "repeat":
            self._repeat(slowly=bool(arguments.get("slowly")))
        elif name == "end_play":
            self._end_play(reached=bool(arguments["reached"]))
        elif result:
            # Whoever asks for a tool's result has nothing more to say before it is there.
            self._cancel()
            self._set(open=True)
            self._calls += [
                ports.SetTimer(state.job, Timer.GIVE_UP, self._settings.give_up_after_s),
                ports.Act(state.job, name, arguments, wants_result=True),
            ]
        else:
            self._calls.append(ports.Act(state.job, name, arguments))
            if not any(state.mine):
                self._own("obeyed")

    def _repeat(self, *, slowly: bool) -> None:
        last = self._last_said()
        if last:
            language = Language.CHINESE if _HAN.search(last) else Language.ENGLISH
            self._say(Line(last, language, RATE_SLOW if slowly else 1.0), mine=False)
        else:
            self._own("nothing_left")

    def _last_said(self) -> str:
        """The last answer that the child heard; empty for none."""
        return next((m.text for m in reversed(self._state.talk) if m.role == "assistant"), "")

    def _looked(self, text: str) -> None:
        """Show the model what a tool found, screened like anything else that it is shown."""
        result = prompt_file()["result"].format(tool="look_up_progress", text=harmless(text))
        self._set(talk=self._with(Message("user", result)))
        self._send(self._settings.reply_tokens)

    def _ended(self, error: CloudError | None) -> None:
        state = self._state
        if error is None:
            self._set(breaker=state.breaker.succeeded())
        else:
            self._set(breaker=state.breaker.failed(self._now_s, error))
        self._close(cancelled=False)
        if error is not None and not any(state.mine):
            self._answer_here(Reason.FAILED)
        else:
            self._over()

    def _time_up(self, timer: Timer) -> None:
        if timer is Timer.FILLER and self._state.phase is Phase.ASKING:
            self._own("filler")
        elif timer is Timer.GIVE_UP and self._state.phase is Phase.ASKING:
            self._fail(Reason.TOO_SLOW)
        elif timer is Timer.STALL and self._state.phase is Phase.ANSWERING:
            self._set(breaker=self._state.breaker.failed(self._now_s, None))
            self._cancel()
            self._over()

    def _fail(self, reason: Reason) -> None:
        self._set(breaker=self._state.breaker.failed(self._now_s, None))
        self._cancel()
        self._answer_here(reason)

    # ------------------------------------------------------------------- ending

    def _over(self) -> None:
        """The reply is over: what there was to say has been handed to the voice."""
        if not any(self._state.mine) and not self._state.wished:
            self._answer_here(Reason.NOTHING_SAYABLE)
            return
        self._finish()

    def _answer_here(self, reason: Reason) -> None:
        """The device's own answer, in the same turn."""
        self._calls.append(ports.Degraded(reason))
        question = self._state.question
        self._forget_unanswered()
        found = self._local.retrieved(question)
        if found is not None:
            self._say(Line(found, Language.ENGLISH), mine=False)
        else:
            self._set(offered=question)
            self._own("unknown")
        self._finish()

    def _answer_fixed(self, text: str) -> None:
        language = Language.CHINESE if _HAN.search(text) else Language.ENGLISH
        self._say(Line(text, language), mine=False)
        self._finish()

    def _end_play(self, *, reached: bool) -> None:
        play = self._state.play
        if play is None:
            return
        self._calls.append(ports.PlayEnded(play.id, reached, self._state.used))
        self._set(play=None, used=())
        self._own("play_over")

    def _finish(self) -> None:
        self._set(phase=Phase.IDLE)
        self._then = Then.LISTEN

    def _interrupted(self, lines_said: int) -> None:
        state = self._state
        cut = state.open
        if state.open:
            self._cancel()
        heard = min(lines_said, len(state.lines))
        self._remember_heard(heard)
        unsaid = tuple(
            line.text
            for line, mine in zip(state.lines[heard:], state.mine[heard:], strict=True)
            if mine
        )
        self._set(phase=Phase.IDLE, lines=(), mine=(), unsaid=unsaid, cut=cut)

    def _said_all(self) -> None:
        if self._state.phase is Phase.IDLE:
            self._remember_heard(len(self._state.lines))
            self._set(lines=(), mine=())

    # -------------------------------------------------------------------- small

    def _remember_heard(self, lines: int) -> None:
        """Keep of the model's words only what the child has heard."""
        heard = [
            line.text
            for line, mine in zip(self._state.lines[:lines], self._state.mine[:lines], strict=True)
            if mine
        ]
        if heard:
            self._set(talk=self._with(Message("assistant", " ".join(heard))))

    def _with(self, message: Message) -> tuple[Message, ...]:
        return (*self._state.talk, message)[-REMEMBERED:]

    def _say_theirs(self, text: str) -> None:
        language = Language.CHINESE if _HAN.search(text) else Language.ENGLISH
        self._say(Line(text, language), mine=True)

    def _own(self, key: str) -> None:
        spoken = self._state.spoken
        self._say(phrases.line(key, self._state.learner.language, count=spoken), mine=False)
        self._set(spoken=spoken + 1)

    def _say(self, line: Line, *, mine: bool) -> None:
        self._lines.append(line)
        self._set(lines=(*self._state.lines, line), mine=(*self._state.mine, mine))

    def _cancel(self) -> None:
        self._calls.append(ports.Cancel(self._state.job))
        self._close(cancelled=True)

    def _close(self, *, cancelled: bool) -> None:
        """The request is over; what nobody counted is estimated, so that nothing is free."""
        state = self._state
        if not cancelled:
            self._calls += [ports.ClearTimer(timer) for timer in Timer]
        if not state.spent:
            self._spend(state.estimate + state.reply_characters // 3)
        self._set(open=False)

    def _spend(self, total: int) -> None:
        """Count what the present request costs so far; some services say it again and again."""
        more = max(0, total - self._state.spent)
        if more:
            self._calls.append(ports.Spend(more))
            self._set(spent=total)

    def _forget_unanswered(self) -> None:
        """A question that the cloud did not answer is no part of the talk with it."""
        talk = self._state.talk
        if talk and talk[-1].role == "user" and not any(self._state.mine):
            self._set(talk=talk[:-1])

    def _set(self, **changes: object) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]

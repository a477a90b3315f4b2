"""The scripted child: listens, watches the lights, and acts when its script says so."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Protocol

from audio.virtual_room.ear import Ear
from audio.virtual_room.steps import (
    Answer,
    Burst,
    ChildStep,
    Interrupt,
    Repeat,
    Say,
    Wait,
    WaitChime,
    WaitPromptEnd,
    WaitState,
    Wake,
)

_REACTION_S = (0.3, 1.2)
_NO_ANSWER_TO_WAKE_S = 4.0
_LONGEST_WAIT_S = 60.0
_SHORT_QUIET_S = 0.03  # with the lights on "listening", a moment of quiet ends a prompt
_LONG_QUIET_S = 0.8  # by ear alone it takes longer to be sure
_UNASKED = "what is that"
_WRONG = ("banana", "i do not know", "purple monkey", "good night", "seven elephants")

Script = Iterator[None]  # one `next` per 10 ms


class Mouth(Protocol):
    """How the child makes sounds in the room. Both return seconds until the last sound."""

    def speak(self, text: str, say: Say) -> float: ...

    def burst(self, sound: str, level_db: float) -> float: ...


class ScriptedChild:
    """Interprets a script, one call of `live` per 10 ms.

    Args:
        steps: The script.
        ear: What the child hears and sees.
        mouth: How it makes sounds.
        wake_phrase: What wakes Myna.
        seed: Of reaction times and wrong answers.
    """

    def __init__(
        self, steps: tuple[ChildStep, ...], ear: Ear, mouth: Mouth, *, wake_phrase: str, seed: int
    ) -> None:
        self._ear = ear
        self._mouth = mouth
        self._wake_phrase = wake_phrase
        self._random = random.Random(seed)  # noqa: S311 - reaction times, not secrets
        self._script = self._all(steps)
        self.done = False
        """Whether the script came to its end."""

    def live(self) -> None:
        """Ten milliseconds of the child's life, after the ear heard them."""
        if not self.done:
            self.done = next(self._script, True) is True

    def _all(self, steps: tuple[ChildStep, ...]) -> Script:
        for step in steps:
            yield from self._do(step)

    def _do(self, step: ChildStep) -> Script:  # noqa: PLR0912 - one branch per kind of step
        match step:
            case Wait(seconds):
                yield from self._until(self._ear.now_s + seconds)
            case Wake(tries):
                yield from self._wake(tries)
            case WaitChime(most_s):
                yield from self._wait_chime(most_s)
            case WaitPromptEnd(most_s):
                yield from self._wait_prompt_end(most_s)
            case WaitState(state, most_s):
                yield from self._wait_state(state, most_s)
            case Say():
                yield from self._say(step)
            case Answer(say):
                yield from self._answer(say)
            case Interrupt(after_s, say):
                yield from self._into_sentence(after_s)
                if self._awake():
                    yield from self._say(say)
            case Burst(sound, after_s, level_db):
                if after_s is not None:
                    yield from self._into_sentence(after_s)
                yield from self._until(self._ear.now_s + self._mouth.burst(sound, level_db))
            case Repeat(steps, until, most):
                for _ in range(most):
                    yield from self._all(steps)
                    if self._ear.state == until:
                        return
                    yield

    def _until(self, at_s: float) -> Script:
        while self._ear.now_s < at_s - 1e-9:
            yield

    def _awake(self) -> bool:
        """Nobody talks to a sleeping box; by ear alone one cannot know."""
        return self._ear.state != "asleep"

    def _wake(self, tries: int) -> Script:
        for _ in range(tries):
            yield from self._say(Say(self._wake_phrase))
            said_s = self._ear.now_s
            while self._ear.now_s < said_s + _NO_ANSWER_TO_WAKE_S:
                if self._ear.heard_since(said_s) or self._ear.state not in (None, "asleep"):
                    return
                yield

    def _wait_chime(self, most_s: float) -> Script:
        # The chime often begins while the phrase's last sound dies away: it counts.
        start_s = self._ear.now_s
        while self._ear.now_s < start_s + most_s:
            if self._ear.sounding or self._ear.heard_since(start_s - 0.5):
                return
            yield

    def _wait_prompt_end(self, most_s: float) -> Script:
        start_s = self._ear.now_s
        while self._ear.now_s < start_s + most_s:
            if self._ear.state == "asleep":
                return
            if self._ear.heard_since(start_s) and self._prompt_is_over():
                return
            yield

    def _prompt_is_over(self) -> bool:
        if self._ear.state is None:
            return self._ear.quiet_for_s() >= _LONG_QUIET_S
        return self._ear.state == "listening" and self._ear.quiet_for_s() >= _SHORT_QUIET_S

    def _wait_state(self, state: str, most_s: float) -> Script:
        end_s = self._ear.now_s + most_s
        while self._ear.state != state and self._ear.now_s < end_s:
            yield

    def _answer(self, say: Say) -> Script:
        yield from self._wait_prompt_end(_LONGEST_WAIT_S)
        if self._awake():
            heard_s = self._ear.now_s if self._ear.sound_end_s is None else self._ear.sound_end_s
            yield from self._until(heard_s + self._random.uniform(*_REACTION_S))
            yield from self._say(say)

    def _into_sentence(self, after_s: float) -> Script:
        """Wait for a sentence of Myna's that is still going on after `after_s`."""
        end_s = self._ear.now_s + _LONGEST_WAIT_S
        while self._ear.now_s < end_s and self._awake():
            begun_s = self._ear.speech_start_s
            if begun_s is not None and self._ear.now_s >= begun_s + after_s - 1e-9:
                return
            yield

    def _say(self, say: Say) -> Script:
        right = self._ear.expected[0] if self._ear.expected else _UNASKED
        wrong = self._random.choice([w for w in _WRONG if w not in self._ear.expected])
        text = say.text.format(right=right, wrong=wrong)
        yield from self._until(self._ear.now_s + self._mouth.speak(text, say))

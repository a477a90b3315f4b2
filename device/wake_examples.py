"""The sounds of a lesson on the wake phrase, kept in memory while it lasts and no longer."""

from __future__ import annotations

from dataclasses import replace

from audio.ports import Samples
from dialog.ports import Hints


class WakeExamples:
    """Gives each example those before it, for the recogniser's process keeps nothing for long."""

    def __init__(self) -> None:
        self._sounds: dict[int, Samples] = {}

    def with_earlier(self, hints: Hints, sound: Samples) -> Hints:
        """The hints for a sound, with the examples before it; the sound is kept for those after.

        A sound that is listened to again, or that was none, gives way to the next of its number.
        """
        example = hints.example
        if example is None:
            self.forget()
            return hints
        earlier = {n: kept for n, kept in self._sounds.items() if n < example.number}
        self._sounds = {**earlier, example.number: sound}
        sounds = tuple(earlier[number] for number in sorted(earlier))
        return replace(hints, example=replace(example, earlier=sounds))

    def forget(self) -> None:
        """The lesson is over, or the child has gone."""
        self._sounds.clear()

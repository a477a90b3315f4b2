"""Makes what parents decided hold in the running speaker, at its start and at each change.

What is slow (a pack, a wake phrase's model, a voice) is read in the thread that changed it; the
rest is done in the event loop's. A choice that cannot be had leaves the usual, and is told.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from datetime import datetime, time

from audio.ports import WakeWord
from core.errors import SpeakerError
from device.health import Degraded
from device.house_rules import HouseRules, up_to
from device.lessons import Lessons, Rules
from device.store import Store
from dialog.packs.model import Pack
from dialog.ports import Language
from provisioning.parents.family_file import Family, FamilyFile
from provisioning.parents.limits import Limits

log = logging.getLogger(__name__)

TROUBLE = "choices"
_NAMES = {"pack": "lesson pack", "wake_phrase": "wake phrase", "voice": "voice"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """What a change acts on.

    Attributes:
        find_pack: A pack by its id; `PackError` where there is none.
        make_wake: Detectors of a phrase, for microphone and loudspeaker; `ModelError` for none.
        hear_phrase: Takes them.
        check_voice: Has a voice loaded; waits; `SpeakerError` where it cannot be had.
        use_voice: Lets Myna speak with it; empty is the usual one.
        show_voice: Lets it be heard at once, now that somebody has chosen it.
        allow_volume: Lets Myna be as loud as a share, 0..1.
        rules_changed: Ends a talk that must not go on.
        now: Wall time, UTC.
    """

    find_pack: Callable[[str], Pack]
    make_wake: Callable[[str], tuple[WakeWord, WakeWord | None]]
    hear_phrase: Callable[[WakeWord, WakeWord | None], None]
    check_voice: Callable[[str], None]
    use_voice: Callable[[str], None]
    show_voice: Callable[[], None]
    allow_volume: Callable[[float], object]
    rules_changed: Callable[[], None]
    now: Callable[[], datetime]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """What the configuration says where parents say nothing."""

    pack: str
    prompts: str
    wake_phrase: str
    children: tuple[str, ...]
    child: str


class House:
    """Keeps the speaker to what the family decided.

    Args:
        family: Where that is kept.
        rules: The conversation's engine.
        lessons: Inside it.
        store: Knows the children.
        usual: From the configuration.
        acts: What it acts on.
        hand_over: Runs something in the event loop's thread; does not wait.
    """

    def __init__(
        self,
        family: FamilyFile,
        rules: HouseRules,
        lessons: Lessons,
        store: Store,
        *,
        usual: Usual,
        acts: Acts,
        hand_over: Callable[[Callable[[], None]], None],
    ) -> None:
        self._family = family
        self._rules = rules
        self._lessons = lessons
        self._store = store
        self._usual = usual
        self._acts = acts
        self._hand_over = hand_over
        self._pack = (usual.pack, "")
        self._phrase = usual.wake_phrase
        self._voice = ""
        self._lacking: dict[str, str] = {}
        self._children: tuple[tuple[str, ...], str] = ((), "")
        self._loudness: float | None = None

    def start(self) -> None:
        """Let hold what was decided before, and from now on each change."""
        self._prepare(self._family.family)()
        self._family.when_changed(lambda family: self._hand_over(self._prepare(family, heard=True)))

    def trouble(self) -> Degraded | None:
        """What parents chose and this speaker does not have; None when all is as they want."""
        if not self._lacking:
            return None
        what = ", ".join(_NAMES[each] for each in sorted(self._lacking))
        return Degraded(TROUBLE, f"chosen by the parents and not here any more: {what}")

    def look(self) -> None:
        """Follow the hour: softer before bedtime."""
        loudness = self._rules.loudness(self._acts.now())
        if loudness != self._loudness:
            self._loudness = loudness
            self._acts.allow_volume(loudness)

    def _prepare(self, family: Family, *, heard: bool = False) -> Callable[[], None]:
        """Read what is slow; returns what is left to be done in the event loop's thread.

        Args:
            heard: A voice that was chosen just now is to be heard.
        """
        limits = family.limits
        pack = self._changed_pack(limits)
        wake = self._changed_phrase(limits)
        voice = self._changed_voice(limits)

        def apply() -> None:
            self._rules.limits = limits
            self._lessons.parents = _rules(limits)
            self._lessons.instruction = Language(limits.prompts or self._usual.prompts)
            if pack is not None:
                self._lessons.choose(pack)
            if wake is not None:
                self._acts.hear_phrase(*wake)
            if voice is not None:
                self._acts.use_voice(voice)
                if heard:
                    self._acts.show_voice()
            self._know(family)
            self.look()
            if self._lessons.must_end(self._acts.now()) is not None:
                self._acts.rules_changed()

        return apply

    def _changed_pack(self, limits: Limits) -> Pack | None:
        wanted = (limits.pack or self._usual.pack, limits.level)
        if wanted == self._pack:
            self._lacking.pop("pack", None)
            return None
        try:
            found = up_to(self._acts.find_pack(wanted[0]), limits.level)
        except SpeakerError as error:
            self._lacks("pack", error)
            return None
        self._lacking.pop("pack", None)
        self._pack = wanted
        return found

    def _changed_phrase(self, limits: Limits) -> tuple[WakeWord, WakeWord | None] | None:
        wanted = limits.wake_phrase or self._usual.wake_phrase
        if wanted == self._phrase:
            self._lacking.pop("wake_phrase", None)
            return None
        try:
            made = self._acts.make_wake(wanted)
        except SpeakerError as error:
            self._lacks("wake_phrase", error)
            return None
        self._lacking.pop("wake_phrase", None)
        self._phrase = wanted
        return made

    def _changed_voice(self, limits: Limits) -> str | None:
        if limits.voice == self._voice:
            self._lacking.pop("voice", None)
            return None
        try:
            self._acts.check_voice(limits.voice)
        except SpeakerError as error:
            self._lacks("voice", error)
            return None
        self._lacking.pop("voice", None)
        self._voice = limits.voice
        return limits.voice

    def _lacks(self, what: str, error: SpeakerError) -> None:
        """What was in use goes on."""
        log.warning("what parents chose cannot be used: what=%s code=%s", what, error.code)
        self._lacking[what] = error.code

    def _know(self, family: Family) -> None:
        names, present = family.children, family.present
        if not names:
            names, present = self._usual.children, self._usual.child
        if (names, present) == self._children:
            return
        try:
            self._store.know(names, present=present)
        except SpeakerError as error:
            log.warning("the children could not be named: code=%s", error.code)
            return
        self._children = (names, present)


def _rules(limits: Limits) -> Rules:
    return Rules(
        minutes_per_day=limits.minutes_per_day,
        quiet_from=time.fromisoformat(limits.quiet_from) if limits.quiet_from else None,
        quiet_until=time.fromisoformat(limits.quiet_until) if limits.quiet_until else None,
    )

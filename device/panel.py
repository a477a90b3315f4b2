"""What the box's buttons and switch do beside talking, and what its lights say beside the talk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from core.clock import Clock
from device.announcements import Announcement, line
from device.mute import Mute
from device.volume import Volume
from dialog.ports import Line
from hal.layers import LayeredRing
from hal.ports import Button, Mood

FIRST_TAG = 2_000_000
"""Tags of what is announced; conversations count up from 1."""
VOLUME_SHOWN_S = 1.5
EARLIEST_CREDIBLE = 2025
"""A Pi without a network believes in 1970, or in the day it was switched off: no night then."""

_COUNTED = {
    Button.RESET_IN_5: Announcement.RESET_IN_5,
    Button.RESET_IN_4: Announcement.RESET_IN_4,
    Button.RESET_IN_3: Announcement.RESET_IN_3,
    Button.RESET_IN_2: Announcement.RESET_IN_2,
    Button.RESET_IN_1: Announcement.RESET_IN_1,
}


class Panel:
    """The box's front. Called from the event loop's thread only.

    Args:
        ring: The lights, with notices over the conversation's mood.
        volume: How loud Myna is.
        mute: Who has closed the microphone.
        press: The talk button, to the conversation.
        mute_conversation: Whether the microphone is closed, to the conversation.
        say: Says lines outside any conversation, tagged from the number on.
        language: ``en`` or ``zh``, of what is announced; may be replaced at any time.
        pair: Begins pairing; None where there is none, then holding does nothing.
        reset: Forgets everything, as above.
    """

    def __init__(
        self,
        *,
        ring: LayeredRing,
        volume: Volume,
        mute: Mute,
        press: Callable[[], None],
        mute_conversation: Callable[[bool], None],
        say: Callable[[tuple[Line, ...], int], None],
        language: str,
        pair: Callable[[], None] | None = None,
        reset: Callable[[], None] | None = None,
    ) -> None:
        self._ring = ring
        self._volume = volume
        self._mute = mute
        self._press = press
        self._mute_conversation = mute_conversation
        self._say = say
        self.language = language
        self._pair = pair
        self._reset = reset
        self._tag = FIRST_TAG

    def start(self) -> None:
        """Bring conversation and lights to where switch and parents stand."""
        self._show_mute()
        if self._mute.muted:
            self._mute_conversation(True)

    def pressed(self, button: Button) -> None:
        """What a person did."""
        match button:
            case Button.TALK | Button.DOUBLE:
                self._press()
            case Button.MUTE_ON | Button.MUTE_OFF:
                before = self._mute.muted
                self._mute.by_switch = button is Button.MUTE_ON
                self._muted(before)
            case Button.VOLUME_UP | Button.VOLUME_DOWN:
                self.change_volume(1 if button is Button.VOLUME_UP else -1)
            case Button.PAIR_OFFERED if self._pair:
                self._ring.put_up(Mood.PAIRING)
                self._announce(Announcement.PAIR_OFFERED)
            case Button.PAIR if self._pair:
                self._pair()
            case Button.RESET if self._reset:
                self._ring.take_down(Mood.PAIRING)
                self._reset()
            case Button.RESET_CALLED_OFF if self._reset:
                self._announce(Announcement.RESET_CALLED_OFF)
            case _ if button in _COUNTED and self._reset:
                self._ring.take_down(Mood.PAIRING)
                self._announce(_COUNTED[button])
            case _:
                pass

    def mute_by_parents(self, muted: bool) -> None:
        """What the parents' page wants.

        Raises:
            StoreError: It holds, but would be forgotten by a restart.
        """
        before = self._mute.muted
        try:
            self._mute.wish(muted)
        finally:
            self._muted(before)

    def change_volume(self, steps: int) -> None:
        """Louder or quieter, and show how loud."""
        self._volume.change(steps)
        self._show_volume()

    def set_volume(self, share: float) -> None:
        """As loud as a share of what is allowed, 0..1, and show how loud."""
        self._volume.set_share(share)
        self._show_volume()

    def allow_volume(self, share: float) -> float:
        """Let Myna be as loud as a share of all steps, 0..1; returns that in dB."""
        return self._volume.allow_share(share)

    @property
    def volume_share(self) -> float:
        """How loud Myna is, 0..1 of what is allowed."""
        return self._volume.share

    @property
    def muted(self) -> bool:
        """Whether the microphone is to be closed, by switch or parents."""
        return self._mute.muted

    def _show_volume(self) -> None:
        self._ring.amount(self._volume.share)
        self._ring.put_up(Mood.VOLUME, for_s=VOLUME_SHOWN_S)

    def _muted(self, before: bool) -> None:
        self._show_mute()
        if self._mute.muted is before:
            return
        self._mute_conversation(self._mute.muted)
        if not self._mute.muted:
            self._announce(Announcement.UNMUTED)

    def _show_mute(self) -> None:
        if self._mute.by_switch:
            self._ring.put_up(Mood.MUTED_BY_SWITCH)
        else:
            self._ring.take_down(Mood.MUTED_BY_SWITCH)

    def _announce(self, what: Announcement) -> None:
        self._tag += 1
        self._say((line(what, self.language),), self._tag)


class NightLight:
    """Dims the lights at night.

    Args:
        ring: Whose lights.
        clock: Tells the local hour.
        share: What is left of their light.
        hours: From which hour to which it is night; the same twice is never.
    """

    def __init__(
        self, ring: LayeredRing, clock: Clock, *, share: float, hours: tuple[int, int]
    ) -> None:
        self._ring = ring
        self._clock = clock
        self._share = share
        self._hours = hours
        self._night: bool | None = None

    def look(self) -> None:
        """Bring the lights to the hour."""
        night = is_night(self._clock.wall().astimezone(), self._hours)
        if night is self._night:
            return
        self._night = night
        self._ring.dim(self._share if night else 1.0)
        if night:
            self._ring.put_up(Mood.NIGHT)
        else:
            self._ring.take_down(Mood.NIGHT)


def is_night(local: datetime, hours: tuple[int, int]) -> bool:
    """Whether a local time lies in the night; never before the clock is set."""
    start, end = hours
    if local.year < EARLIEST_CREDIBLE or start == end:
        return False
    if start < end:
        return start <= local.hour < end
    return local.hour >= start or local.hour < end

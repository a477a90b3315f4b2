"""What a contact means over time: bouncing, pressed, held, stuck. Told the level and the time.

A contact is looked at every few milliseconds, so no edge can be lost and a burst of them costs
nothing. Times are seconds of a clock that never goes back.
"""

from __future__ import annotations

from hal.ports import Button

DOUBLE_S = 0.4
"""A second press within this time after the first one's begin makes it double."""
PAIR_HOLD_S, RESET_HOLD_S = 3.0, 10.0
COUNT_FROM = 5
"""The reset is counted down from here, in seconds."""
STUCK_S = 30.0
"""Nobody presses a button for so long: it is jammed, and means nothing until it is let go."""
BOUNCING_S = 1.0
"""A contact that has not come to rest for so long is worn or badly wired."""
UNMUTE_SETTLE_S = 0.3
"""A mute switch has to rest this long before it counts as open; closing counts at once."""

_COUNTDOWN = (
    Button.RESET_IN_5,
    Button.RESET_IN_4,
    Button.RESET_IN_3,
    Button.RESET_IN_2,
    Button.RESET_IN_1,
)


class Debounced:
    """A contact's level once it has come to rest.

    Args:
        settle_s: How long a changed level has to last.
        closed: The level at the start.
        close_at_once: Closing counts with its first sign; only opening has to settle.
    """

    def __init__(
        self, settle_s: float, *, closed: bool = False, close_at_once: bool = False
    ) -> None:
        self._settle_s = settle_s
        self._close_at_once = close_at_once
        self.closed = closed
        self._raw = closed
        self._changed_s: float | None = None
        self._unrest_s: float | None = None

    def look(self, closed: bool, now_s: float) -> bool:
        """Take in the level of this moment; returns the level that counts."""
        if closed is not self._raw:
            self._raw = closed
            self._changed_s = now_s
            if self._unrest_s is None:
                self._unrest_s = now_s
        settled = self._changed_s is None or now_s - self._changed_s >= self._settle_s
        if settled:
            self.closed = self._raw
            self._unrest_s = None
        elif self._raw and self._close_at_once:
            self.closed = True
        return self.closed

    def bouncing(self, now_s: float) -> bool:
        """Whether it has been changing for longer than any sound contact does."""
        return self._unrest_s is not None and now_s - self._unrest_s >= BOUNCING_S


class TalkButton:
    """The one button: press, double press, held for pairing, held for a reset."""

    def __init__(self) -> None:
        self._pressed_s: float | None = None
        self._earlier_s: float | None = None
        self._said = 0
        self.stuck = False

    def look(self, closed: bool, now_s: float) -> list[Button]:
        """Take in the debounced level of this moment; returns what the person did, in order."""
        if not closed:
            return self._let_go()
        if self._pressed_s is None:
            return self._press(now_s)
        held_s = now_s - self._pressed_s
        self.stuck = held_s >= STUCK_S
        due = [event for after_s, event in _WHILE_HELD if held_s >= after_s]
        fresh = due[self._said :]
        self._said = len(due)
        return fresh

    def _press(self, now_s: float) -> list[Button]:
        earlier_s, self._earlier_s = self._earlier_s, now_s
        self._pressed_s = now_s
        self._said = 0
        if earlier_s is not None and now_s - earlier_s <= DOUBLE_S:
            self._earlier_s = None  # a third press is a new first one
            return [Button.DOUBLE]
        return [Button.TALK]

    def _let_go(self) -> list[Button]:
        if self._pressed_s is None:
            return []
        self._pressed_s = None
        self.stuck = False
        last = _WHILE_HELD[self._said - 1][1] if self._said else None
        self._said = 0
        if last is Button.PAIR_OFFERED:
            return [Button.PAIR]
        return [Button.RESET_CALLED_OFF] if last in _COUNTDOWN else []


_WHILE_HELD: tuple[tuple[float, Button], ...] = (
    (PAIR_HOLD_S, Button.PAIR_OFFERED),
    *((RESET_HOLD_S - COUNT_FROM + n, event) for n, event in enumerate(_COUNTDOWN)),
    (RESET_HOLD_S, Button.RESET),
)


class Stepper:
    """A volume button: once when pressed, and again and again while held."""

    FIRST_S, NEXT_S = 0.5, 0.2

    def __init__(self, event: Button) -> None:
        self._event = event
        self._pressed_s: float | None = None
        self._next_s = 0.0
        self.stuck = False

    def look(self, closed: bool, now_s: float) -> list[Button]:
        """As `TalkButton.look`."""
        if not closed:
            self._pressed_s = None
            self.stuck = False
            return []
        if self._pressed_s is None:
            self._pressed_s = now_s
            self._next_s = now_s + self.FIRST_S
            return [self._event]
        self.stuck = now_s - self._pressed_s >= STUCK_S
        if self.stuck or now_s < self._next_s:
            return []
        self._next_s = now_s + self.NEXT_S
        return [self._event]

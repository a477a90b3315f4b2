"""The board part by part, with a person: find it, then press, look and listen."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

from audio.ports import AudioBackend
from core.errors import SpeakerError
from device.bench_test import sound_loop
from device.doctor import Finding, State
from hal.ports import Board, Button, Mood
from hal.profile import Profile

HAT_PRODUCT = Path("/proc/device-tree/hat/product")
PRESS_WITHIN_S = 20.0
SHOWN = (Mood.LISTENING, Mood.MUTED_BY_SWITCH, Mood.THINKING)
"""All lights still, half of them still, and one that goes round."""
_BY_SWITCH = (Button.MUTE_ON, Button.MUTE_OFF)
_LOUDER, _QUIETER = (Button.VOLUME_UP,), (Button.VOLUME_DOWN,)

Ask = Callable[[str], bool]


def hat_product(path: Path = HAT_PRODUCT) -> str:
    """What the HAT's own memory says it is; empty when there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0\n ")
    except OSError:
        return ""


def propose(profiles: Iterable[Profile], cards: Iterable[str], hat: str) -> list[Profile]:
    """Profiles whose signs are there, a HAT's own word first.

    Args:
        profiles: All there are.
        cards: Names and ids of the sound cards.
        hat: As `hat_product` tells.
    """
    names = [card.casefold() for card in cards]

    def told(profile: Profile) -> bool:
        return bool(profile.signs.hat) and profile.signs.hat.casefold() in hat.casefold()

    def seen(profile: Profile) -> bool:
        return any(sign.casefold() in name for sign in profile.signs.cards for name in names)

    everyone = sorted(profiles, key=lambda profile: profile.id)
    by_hat = [profile for profile in everyone if told(profile)]
    return by_hat + [each for each in everyone if seen(each) and each not in by_hat]


def prove(
    board: Board,
    profile: Profile,
    card: Callable[[], AudioBackend],
    *,
    ask: Ask,
    tell: Callable[[str], None],
    within_s: float = PRESS_WITHIN_S,
) -> Iterator[Finding]:
    """Try each part that the profile names; the board is closed in the end.

    Args:
        board: Not yet open.
        profile: What it has.
        card: Makes the sound card's backend.
        ask: Puts a question to the person; whether it was answered with yes.
        tell: Says what to do now.
        within_s: How long a press is waited for.
    """
    done: queue.Queue[Button] = queue.Queue()
    with closing(board):
        board.open(done.put)
        for trouble in board.troubles:
            yield Finding(f"board.{trouble.part}", State.FAILED, trouble.sentence, "see there")
        for name, what, wanted in _contacts(profile):
            tell(what)
            yield _pressed(name, done, wanted, within_s)
        if profile.lights.kind != "none":
            yield _lights(board, ask)
    tell("be quiet for a few seconds: the loudspeaker plays a sweep")
    try:
        yield sound_loop(card())
    except SpeakerError as error:
        yield Finding("sound", State.FAILED, str(error), "see myna devices")


def _contacts(profile: Profile) -> Iterator[tuple[str, str, tuple[Button, ...]]]:
    volume = profile.volume
    if profile.talk:
        yield "talk", "press the talk button once", (Button.TALK, Button.DOUBLE)
    if profile.mute:
        yield "mute", "move the mute switch", _BY_SWITCH
    if volume.up or volume.encoder_a:
        yield "volume_up", "make it louder by one step", _LOUDER
        yield "volume_down", "make it quieter by one step", _QUIETER


def _pressed(
    name: str, done: queue.Queue[Button], wanted: tuple[Button, ...], within_s: float
) -> Finding:
    seen: list[str] = []
    while True:
        try:
            button = done.get(timeout=within_s)
        except queue.Empty:
            heard = f"only {', '.join(seen)}" if seen else "nothing"
            remedy = f"check its wires, and [{name.partition('_')[0]}] in the profile"
            return Finding(name, State.FAILED, f"{heard} came within {within_s:g} s", remedy)
        if button in wanted:
            return Finding(name, State.OK, f"it reports {button.value}")
        seen.append(button.value)


def _lights(board: Board, ask: Ask) -> Finding:
    questions = dict(
        zip(
            SHOWN,
            (
                "is every light on and still?",
                "is the half at the back on, the front dark?",
                "does one light go round, clockwise?",
            ),
            strict=True,
        )
    )
    if board.ring.count == 1:
        questions = {Mood.LISTENING: "is the light on?"}
    for mood, question in questions.items():
        board.ring.show(mood)
        if not ask(question):
            remedy = "check count, first, clockwise and order of [lights] in the profile"
            return Finding("lights", State.FAILED, f"{mood.value} does not look right", remedy)
    return Finding("lights", State.OK, f"ring of {board.ring.count} seen")

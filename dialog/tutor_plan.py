"""Which items a session practises, from what was practised before."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from dialog.packs.model import Item, Pack, RolePlay
from dialog.ports import Attempt, Verdict
from dialog.tutor_demands import step_id


def plan_session(
    pack: Pack, history: Sequence[Attempt], *, seed: int, items: int
) -> tuple[str, ...]:
    """Ids of the items of one session, in the order of the pack.

    What went wrong last time comes first, for up to half of the session; then what was never
    tried, unit by unit; then the rest of what went wrong or was skipped; then what has been
    known for longest.
    """
    latest = _latest(pack, history)
    wanted = max(1, items)
    order = {item.id: place for place, item in enumerate(pack.items())}
    shaky = [item for item in pack.items() if latest.get(item.id, _KNOWN)[0] is Verdict.WRONG]
    fresh = [item for item in pack.items() if item.id not in latest]
    skipped = [item for item in pack.items() if latest.get(item.id, _KNOWN)[0] is Verdict.SKIPPED]
    known = sorted(
        (item for item in pack.items() if latest.get(item.id, _FRESH)[0] is Verdict.RIGHT),
        key=lambda item: (latest[item.id][1] // wanted, _shuffled(seed, item)),
    )
    half = max(1, wanted // 2)
    ranked = [*shaky[:half], *fresh, *shaky[half:], *skipped, *known]
    chosen = list(dict.fromkeys(item.id for item in ranked))[:wanted]
    return tuple(sorted(chosen, key=order.__getitem__))


def choose_play(pack: Pack, history: Sequence[Attempt], *, seed: int, items: int) -> str:
    """First step of the role play that ends a session; empty when none fits yet.

    A play fits when every item of its unit has been right once. Plays never begun come first,
    in the pack's order; when all have been played, one by `seed`, and only when no item of the
    pack is new any more.
    """
    ours = [attempt for attempt in history if attempt.pack == pack.id]
    right = {attempt.item for attempt in ours if attempt.verdict is Verdict.RIGHT}
    tried = {attempt.item for attempt in ours}
    ready = [
        play
        for unit in pack.units
        if all(item.id in right for item in unit.items)
        for play in unit.plays
    ]
    new = [play for play in ready if not any(step_id(play, step) in tried for step in play.steps)]
    if new:
        return _opening(new[0])
    if ready and all(item.id in tried for item in pack.items()):
        return _opening(
            ready[zlib.crc32(f"{seed}:{len(ours) // max(1, items)}".encode()) % len(ready)]
        )
    return ""


_KNOWN = (Verdict.RIGHT, 0)
_FRESH = (Verdict.SKIPPED, 0)


def _latest(pack: Pack, history: Sequence[Attempt]) -> dict[str, tuple[Verdict, int]]:
    """Of every item tried: how it went last, and the number of that attempt."""
    return {
        attempt.item: (attempt.verdict, number)
        for number, attempt in enumerate(history)
        if attempt.pack == pack.id
    }


def _opening(play: RolePlay) -> str:
    return step_id(play, play.steps[0])


def _shuffled(seed: int, item: Item) -> int:
    return zlib.crc32(f"{seed}:{item.id}".encode())

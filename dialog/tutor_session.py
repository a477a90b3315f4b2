"""A session's course: its beginning, from one demand to the next, the play, and the goodbye."""

from __future__ import annotations

from datetime import timedelta

from dialog.packs.model import RolePlay
from dialog.ports import Language, Then
from dialog.teaching import memory
from dialog.teaching.mood import is_tired
from dialog.teaching.planner import HELLO_S, PLAY_S, Planned, Why, choose_play
from dialog.tutor_asking import ask
from dialog.tutor_demands import step_id
from dialog.tutor_state import Asking, Rung, TutorState
from dialog.tutor_turn import Turn

NAMED_AT_THE_END = 3
"""How many things said right Myna names: more would be a list."""
RESUMED_WITHIN = timedelta(hours=3)
"""A session broken off longer ago than this is not gone on with: a new one begins."""
SHORTEST_REST_MIN = 3.0
LOOK_AHEAD = 8
"""After a struggle the easiest of so many coming items is next."""
FAILS_IN_A_ROW = 2
"""After so many wrong answers in a row nothing is asked that could go wrong."""


def begin(turn: Turn) -> None:
    """Wake up: go on where a demand stands, else begin a session."""
    state = turn.state
    if state.asking.id and not state.finished:
        turn.set(silences=0, misses=0, crashes=0)
        turn.speech.phrase("greeting_back")
        ask(turn)
        return
    begin_session(turn, seed=state.seed + 1 if state.finished else state.seed)


def begin_session(turn: Turn, *, seed: int, who: int | None = None) -> None:
    """Greet the child, plan, and ask the first thing.

    Args:
        who: Number of the child who says it is there; None for the present one.
    """
    state = turn.state
    minutes = float(turn.tutor.settings.session_minutes)
    turn.state = TutorState(
        seed=seed,
        children=state.children,
        who=state.who if who is None else who,
        minutes=minutes,
        last=turn.now,
        rate=state.rate,
        counts=state.counts,
    )
    turn.begin_session()
    child = turn.child
    named = len(state.children) > 1 and child.nickname
    turn.speech.phrase("greeting_named" if named else "greeting", child.nickname)
    if child.left_off is not None and turn.now - child.left_off < RESUMED_WITHIN:
        turn.speech.phrase("resume_session")
        rest_min = minutes - child.left_off_after_s / 60
        turn.set(minutes=max(SHORTEST_REST_MIN, rest_min))
    plan(turn)
    go_on(turn)


def plan(turn: Turn) -> None:
    """Plan what is left of the session's time."""
    queue = turn.tutor.planner(
        turn.child,
        turn.tutor.course,
        now=turn.now,
        minutes=max(0.0, turn.state.minutes - turn.state.elapsed_s / 60),
        seed=turn.state.seed,
    )
    most = turn.tutor.settings.session_items
    turn.set(queue=queue[:most] if most else queue)


def go_on(turn: Turn, answer: str = "") -> None:
    """To the next demand; to the play when the items are done; to the goodbye."""
    demand_id = turn.asking.id
    following = _following(turn, answer) if demand_id else ""
    if following:
        _present(turn, following)
        if turn.demand.wants_answer:
            ask(turn)
            return
        turn.speech.english(turn.demand.ask.english)
    _mind_the_time(turn)
    if turn.state.queue:
        _next_item(turn)
        return
    play = None if turn.state.play_done else _play(turn)
    turn.set(play_done=True)
    if play is not None:
        opening = step_id(play, play.steps[0])
        _present(turn, opening)
        turn.review(opening, memory.Grade.GOOD)
        turn.speech.phrase("story_invite" if play.story else "play_invite")
        turn.speech.text(play.scene.in_language(turn.tutor.language))
        ask(turn)
        return
    goodbye(turn)


def something_else(turn: Turn) -> None:
    """Leave the present unit for others' items; near the end of the session, for the goodbye."""
    unit = turn.asking.id.partition("/")[0]
    turn.speech.phrase("other")
    if turn.demand.in_play:
        turn.ask(id="")  # a play is left as a whole
        go_on(turn)
        return
    others = tuple(each for each in turn.state.queue if each.item.partition("/")[0] != unit)
    if not others and not turn.state.winding_down:
        others = _elsewhere(turn, unit)
    turn.set(queue=others, struggled=False)
    turn.ask(id="")
    go_on(turn)


def goodbye(turn: Turn) -> None:
    """Name what was said well, and end the session."""
    praise_so_far(turn, "goodbye_some", "goodbye_tried" if turn.state.spoke else "")
    turn.end_session()
    sleep(turn, "goodbye")


def praise_so_far(turn: Turn, some: str, none: str) -> bool:
    """Name some of what was said right in this session; returns whether there was anything."""
    learnt = turn.state.learnt
    if learnt:
        _name(turn, some, list(dict.fromkeys(reversed(learnt))))
    elif none:
        turn.speech.phrase(none)
    return bool(learnt)


def praise_known(turn: Turn) -> bool:
    """Name what the child knows best from earlier sessions; returns whether there was anything."""
    today = set(turn.state.learnt)
    best = sorted(
        (
            (-each.stability_days, item.model)
            for each in turn.child.memories
            if each.pack == turn.tutor.pack.id
            and memory.known(each)
            and (item := turn.tutor.demands.item(each.item)) is not None
            and item.model not in today
        ),
    )
    if best:
        _name(turn, "known_some", [model for _, model in best])
    return bool(best)


def sleep(turn: Turn, key: str) -> None:
    """Say a last phrase and go to sleep. Without the goodbye the session counts as broken off."""
    turn.speech.phrase(key)
    turn.set(finished=True)
    turn.then = Then.SLEEP


# ------------------------------------------------------------------------- inside


def _following(turn: Turn, answer: str) -> str:
    """Where a play goes on: as answered, else along its first branch."""
    demand = turn.demand
    if not demand.ways:
        return ""
    if answer in demand.ask.answers:
        return demand.ways[demand.ask.answers.index(answer)]
    return demand.ways[0]


def _present(turn: Turn, demand_id: str, why: Why | None = None) -> None:
    rung = Rung.EASIER if turn.state.fails >= FAILS_IN_A_ROW else Rung.ASK
    met = next((each.reviews for each in turn.child.memories if each.item == demand_id), 0)
    turn.set(asking=Asking(id=demand_id, why=why, turn=met, rung=rung))


def _mind_the_time(turn: Turn) -> None:
    """End with something easy when the time is over, or when it is no fun any more."""
    state = turn.state
    if state.winding_down or not state.queue:
        return
    left_s = state.minutes * 60 - state.elapsed_s
    play_s = PLAY_S if not state.play_done and _play(turn) is not None else 0.0
    if left_s < HELLO_S / 2 + play_s:
        turn.set(queue=(), winding_down=True)
    elif is_tired(state.moments, elapsed_s=state.elapsed_s, minutes=state.minutes):
        turn.speech.phrase("enough_for_today")
        turn.set(queue=_easy_last(turn), winding_down=True, struggled=False)


def _easy_last(turn: Turn) -> tuple[Planned, ...]:
    """The item that the child knows best; of items never known none."""
    pack, facts = turn.tutor.pack.id, turn.tutor.course.facts
    best = max(
        (
            each
            for each in turn.child.memories
            if each.pack == pack and each.item in facts and memory.known(each)
        ),
        key=lambda each: (-facts[each.item].difficulty, each.stability_days),
        default=None,
    )
    return (Planned(best.item, Why.SOON),) if best is not None else ()


def _next_item(turn: Turn) -> None:
    state = turn.state
    chosen = state.queue[0]
    if state.struggled:
        facts = turn.tutor.course.facts
        coming = [each for each in state.queue[:LOOK_AHEAD] if each.why is not Why.ECHO]
        chosen = min(coming or [chosen], key=lambda each: facts[each.item].difficulty)
    at = state.queue.index(chosen)
    turn.set(
        queue=state.queue[:at] + state.queue[at + 1 :],
        struggled=False,
        asked_count=state.asked_count + 1,
    )
    _present(turn, chosen.item, chosen.why)
    _introduce(turn, chosen)
    ask(turn)


def _introduce(turn: Turn, planned: Planned) -> None:
    """Say which unit begins; what is reviewed comes from everywhere and is announced once."""
    state = turn.state
    if planned.why is Why.NEW:
        unit_id = planned.item.partition("/")[0]
        if unit_id != state.unit:
            turn.set(unit=unit_id)
            unit = turn.tutor.units[unit_id]
            turn.speech.text(unit.intro.in_language(turn.tutor.language))
    elif state.asked_count == 0 and planned.why in (Why.DUE, Why.SOON):
        turn.speech.phrase("reviews")


def _play(turn: Turn) -> RolePlay | None:
    play_id = choose_play(turn.child, turn.tutor.course, now=turn.now, seed=turn.state.seed)
    return next((play for play in turn.tutor.pack.plays() if play.id == play_id), None)


def _elsewhere(turn: Turn, unit: str) -> tuple[Planned, ...]:
    """A few items of other units, those met least first."""
    met = {each.item: each.reviews for each in turn.child.memories}
    others = [
        facts for facts in turn.tutor.course.facts.values() if facts.id.partition("/")[0] != unit
    ]
    others.sort(key=lambda facts: (met.get(facts.id, 0), facts.place))
    return tuple(
        Planned(facts.id, Why.SOON if facts.id in met else Why.NEW) for facts in others[:LOOK_AHEAD]
    )


def _name(turn: Turn, key: str, models: list[str]) -> None:
    """Say a phrase with up to three things in it, the shortest of them."""
    named = sorted(models[: 2 * NAMED_AT_THE_END], key=lambda model: len(model.split()))
    chosen = [model.rstrip(".!?") for model in reversed(named[:NAMED_AT_THE_END])]
    english = " and ".join([", ".join(chosen[:-1]), chosen[-1]] if len(chosen) > 1 else chosen)
    if turn.tutor.language is Language.CHINESE:
        english += "."
    turn.speech.phrase(key, english)

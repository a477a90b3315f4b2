"""Role plays held freely: briefed from a lesson pack, their language targets scored."""

from __future__ import annotations

from dialog.cloud.ports import Play
from dialog.matching import match, words
from dialog.packs.model import Pack, RolePlay
from dialog.ports import Language

MOST_TARGETS = 8


def play_of(pack: Pack, play_id: str) -> Play:
    """A pack's role play as a brief for a model.

    Raises:
        LookupError: The pack has no such play.
    """
    found = next((play for play in pack.plays() if play.id == play_id), None)
    if found is None:
        raise LookupError(f"the lesson pack {pack.id} has no role play {play_id}")
    return Play(
        id=found.id,
        scene=found.scene.in_language(Language.ENGLISH),
        goal=_goal(found),
        targets=_targets(found),
    )


def used_in(said: str, targets: tuple[str, ...]) -> tuple[str, ...]:
    """The targets that a child's utterance holds, in the targets' order."""
    heard = words(said)
    found = []
    for target in targets:
        wanted = words(target)
        size = len(wanted)
        windows = [heard[at : at + size] for at in range(max(1, len(heard) - size + 1))]
        if any(match(window, [wanted]).complete for window in windows):
            found.append(target)
    return tuple(found)


def _goal(play: RolePlay) -> str:
    """To come to the play's end: its last line is said to a child who got there."""
    endings = [step.says for step in play.steps if not step.branches]
    return f'to bring the scene to its end, where you say: "{endings[0]}"' if endings else "to talk"


def _targets(play: RolePlay) -> tuple[str, ...]:
    models = dict.fromkeys(
        branch.answers[0] for step in play.steps for branch in step.branches if branch.answers
    )
    return tuple(models)[:MOST_TARGETS]

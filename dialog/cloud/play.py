"""Role plays held freely: briefed from a lesson pack, their language targets scored."""

from __future__ import annotations

from collections.abc import Mapping

from dialog.cloud.ports import Play
from dialog.matching import match, words
from dialog.packs.model import Pack, RolePlay
from dialog.packs.wording import plain
from dialog.ports import Language

MOST_TARGETS = 8
_FORMS = ("let's play {play}", "can we play {play}")
_SMALL = ("at the ", "a ", "the ")


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
        opening=found.steps[0].says,
        replies=tuple(
            dict.fromkeys(
                answer
                for step in found.steps
                for branch in step.branches
                for answer in branch.answers
            )
        ),
    )


def plays_by_wording(pack: Pack) -> Mapping[str, Play]:
    """The pack's role plays by how a child asks for one. Stories are the tutor's to tell."""
    return {
        wording: play_of(pack, play.id) for play in pack.plays() for wording in wordings_of(play)
    }


def wordings_of(play: RolePlay) -> tuple[str, ...]:
    """How a child asks for a role play: by its title, with or without its first small word."""
    if play.story:
        return ()
    title = plain(play.title.en)
    titles = [title, *(title.removeprefix(small) for small in _SMALL if title.startswith(small))]
    return tuple(form.format(play=each) for form in _FORMS for each in titles)


def steps_with(pack: Pack, play_id: str, used: tuple[str, ...]) -> tuple[str, ...]:
    """The steps, as attempts name them, whose model replies a child used."""
    return tuple(
        f"{play.id}/{step.id}"
        for play in pack.plays()
        if play.id == play_id
        for step in play.steps
        if any(branch.answers[0] in used for branch in step.branches)
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

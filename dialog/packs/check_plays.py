"""Whether every way through a play leads forward to its end."""

from __future__ import annotations

from collections.abc import Iterator

from dialog.packs.build import STORY_END
from dialog.packs.check_answers import answer_problems
from dialog.packs.parts import Raw, Where, problem, wordings
from dialog.packs.source import Problem, Source


def play_problems(source: Source, where: Where, play: Raw) -> Iterator[Problem]:
    """Mistakes in the steps of a role play and their branches."""
    steps: dict[str, Raw] = {}
    at: dict[str, Where] = {}
    for n, step in enumerate(play["steps"]):
        place = (*where, "steps", n)
        if step["id"] in steps:
            yield problem(
                source, (*place, "id"), f"the step {step['id']!r} is there twice", "rename one"
            )
            continue
        steps[step["id"]], at[step["id"]] = step, place
    for step_id, step in steps.items():
        taken: set[str] = set()
        for n, branch in enumerate(step.get("branches", [])):
            place = (*at[step_id], "branches", n)
            yield from answer_problems(source, place, branch)
            if branch["next"] not in steps:
                yield problem(
                    source,
                    (*place, "next"),
                    f"the step {branch['next']!r} is not in this play",
                    f"use one of: {', '.join(steps)}",
                )
            for answer in sorted(taken.intersection(wordings(branch))):
                yield problem(source, place, f"{answer!r} leads two ways", "leave it in one branch")
            taken.update(wordings(branch))
    yield from _walk_problems(source, at, steps, play["steps"][0]["id"])


def _walk_problems(
    source: Source, at: dict[str, Where], steps: dict[str, Raw], first: str
) -> Iterator[Problem]:
    """Loops, and steps that no way leads to."""
    done: set[str] = set()
    on_the_way: set[str] = set()
    loops: list[str] = []

    def walk(step_id: str) -> None:
        on_the_way.add(step_id)
        for branch in steps[step_id].get("branches", []):
            following = branch["next"]
            if following in on_the_way:
                loops.append(step_id)
            elif following in steps and following not in done:
                walk(following)
        on_the_way.discard(step_id)
        done.add(step_id)

    walk(first)
    for step_id in dict.fromkeys(loops):
        yield problem(
            source,
            at[step_id],
            f"the play goes round in circles after {step_id!r}",
            "lead every branch forward, to a step that ends",
        )
    for step_id, place in at.items():
        if step_id not in done:
            yield problem(
                source,
                place,
                f"no answer leads to the step {step_id!r}",
                "name it as the next of a branch, or remove it",
            )


def story_problems(source: Source, where: Where, story: Raw) -> Iterator[Problem]:
    """Mistakes in the gaps of a story."""
    seen = {STORY_END}
    for n, gap in enumerate(story["gaps"]):
        place = (*where, "gaps", n)
        if gap["id"] in seen:
            yield problem(
                source,
                (*place, "id"),
                f"the id {gap['id']!r} is taken in this story",
                f"give the gap another one ({STORY_END!r} is the story's end)",
            )
        seen.add(gap["id"])
        yield from answer_problems(source, place, gap)

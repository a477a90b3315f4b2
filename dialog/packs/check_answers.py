"""Whether right answers are right ones, wrong ones wrong, and slots filled."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from dialog.packs.parts import Raw, Where, problem
from dialog.packs.said import answers_of
from dialog.packs.source import Problem, Source
from dialog.packs.wording import MAX_EXPANDED, fill, goes_on, slot_names


def answer_problems(source: Source, where: Where, raw: Raw) -> Iterator[Problem]:
    """Mistakes in the answers of one item or branch."""
    slot_problems = list(_slot_problems(source, where, raw))
    yield from slot_problems
    if slot_problems:
        return  # nothing can be said about wordings that cannot be made
    if raw.get("open") and "model" not in raw:
        yield problem(source, where, "an open question has no model", 'add model: "I am Li."')
    answers = answers_of(raw)
    if not answers:
        yield problem(source, where, "there is no right answer", "add answers: [ … ]")
    yield from _repeated(source, where, raw)
    for n, template in enumerate(raw.get("confusions", [])):
        for wrong in fill([template], raw.get("slots", {})):
            if wrong in answers:
                yield problem(
                    source,
                    (*where, "confusions", n),
                    f"{wrong!r} is both right and wrong",
                    "take it out of answers or out of confusions",
                )
    yield from _prefixes(source, where, raw, answers)


def _slot_problems(source: Source, where: Where, raw: Raw) -> Iterator[Problem]:
    slots = raw.get("slots", {})
    for key in ("answers", "short", "confusions"):
        for n, template in enumerate(raw.get(key, [])):
            names = slot_names(template)
            unknown = [name for name in names if name not in slots]
            if unknown:
                yield problem(
                    source,
                    (*where, key, n),
                    f"{template!r} names the slot {unknown[0]!r}, which is not there",
                    f"add slots: with {unknown[0]}: and its words",
                )
            elif template.count("{") != len(names) or template.count("}") != len(names):
                yield problem(
                    source,
                    (*where, key, n),
                    f"{template!r} has a stray brace",
                    "write a slot as {name}, in lower-case letters",
                )
    used = {
        name
        for key in ("answers", "short", "confusions")
        for template in raw.get(key, [])
        for name in slot_names(template)
    }
    for name, values in slots.items():
        place = (*where, "slots", name)
        if name not in used:
            yield problem(source, place, f"no answer uses the slot {name!r}", "remove it")
        for n, value in enumerate(values):
            if "{" in value or "}" in value:
                yield problem(
                    source, (*place, n), f"{value!r} is a slot in a slot", "write plain words"
                )
    try:
        if all(name in slots for name in used):
            answers_of(raw)
            fill(raw.get("confusions", []), slots)
    except OverflowError:
        yield problem(
            source,
            (*where, "slots"),
            f"the slots make more than {MAX_EXPANDED} wordings",
            "use fewer words in them",
        )


def _repeated(source: Source, where: Where, raw: Raw) -> Iterator[Problem]:
    """Wordings written twice, named once each however many slots they have."""
    slots = raw.get("slots", {})
    seen: dict[str, str] = {}
    for key in ("answers", "short"):
        for n, template in enumerate(raw.get(key, [])):
            wordings = fill([template], slots)
            again = next((wording for wording in wordings if wording in seen), None)
            if again is not None:
                other = seen[again]
                yield problem(
                    source,
                    (*where, key, n),
                    f"the answer {again!r} is there twice"
                    + (f", in {other} and in {key}" if other != key else ""),
                    "keep it in one place",
                )
            seen.update((wording, key) for wording in wordings if wording not in seen)


def _prefixes(
    source: Source, where: Where, raw: Raw, everything: tuple[str, ...]
) -> Iterator[Problem]:
    """Answers that begin longer ones without being marked as short forms.

    A turn ends 300 ms after a complete answer. One that begins another is not complete: the
    turn waits a whole second after it, which is right for a short form and a nuisance for
    the answer that most children give.
    """
    slots = raw.get("slots", {})
    short = set(fill(raw.get("short", []), slots))
    told = False
    for n, template in enumerate(raw.get("answers", [])):
        found = _goes_on(fill([template], slots), everything, short)
        if found:
            told = told or everything[0] == found[0]
            yield _prefix_problem(source, (*where, "answers", n), found)
    model = _goes_on(everything[:1], everything, short)
    if model and not told:
        yield _prefix_problem(source, where, model)


def _goes_on(
    wordings: Collection[str], everything: tuple[str, ...], short: Collection[str]
) -> tuple[str, str] | None:
    for wording in wordings:
        if wording not in short:
            for longer in everything:
                if goes_on(wording, longer):
                    return wording, longer
    return None


def _prefix_problem(source: Source, where: Where, found: tuple[str, str]) -> Problem:
    answer, longer = found
    return problem(
        source,
        where,
        f"the answer {answer!r} begins {longer!r}, so Myna waits a second for the rest",
        "move it to short: if that is meant, or remove one of them",
    )

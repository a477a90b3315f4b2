"""Every mistake of a pack at once, each with file, line and remedy.

`form_problems` is what a speaker insists on before it uses a pack. `check_pack` adds what a
teacher wants to know before giving it to children: words that the recogniser cannot pronounce,
items too long for their level, texts that a voice cannot say well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from core.errors import PackError
from dialog.packs.files import MANIFEST
from dialog.packs.loader import PackSources, read_sources
from dialog.packs.pronunciations import known_words
from dialog.packs.said import answers_of, model_of
from dialog.packs.source import Problem, Source
from dialog.packs.speech import speech_faults
from dialog.packs.wording import MAX_EXPANDED, fill, goes_on, slot_names

Raw = Any  # plain data that the schema has been held against
Where = tuple[str | int, ...]

MAX_WORDS = {"pre-a1": 5, "a1": 9}
"""Words of a model answer: what a child of that level holds in mind and says in one breath."""
MAX_WORDS_ASKED = {"pre-a1": 10, "a1": 16}
"""Words that Myna says in English before the child's turn."""


def check_pack(path: Path, dictionary: Collection[str] | None = None) -> list[Problem]:
    """All mistakes of the pack at `path`; empty when it is good.

    Args:
        path: Folder or zip.
        dictionary: Words that the recogniser can pronounce; the shipped one when None.
    """
    try:
        sources = read_sources(path)
    except PackError as error:
        message, _, remedy = str(error).rpartition("; ")
        return [Problem(MANIFEST, 0, message.removeprefix(f"{path}: ") or remedy, remedy)]
    problems = form_problems(sources)
    words = known_words() if dictionary is None else dictionary
    for source in _sound_units(sources):
        problems += _teaching_problems(source, words)
    if not any(problem.file == sources.manifest.file for problem in problems):
        problems += _text_problems(sources.manifest, sources.manifest.data, ())
    return sorted(set(problems), key=lambda p: (p.file, p.line, p.message))


def form_problems(sources: PackSources) -> list[Problem]:
    """What keeps a pack from being used: its form, its ids, its answers, its branches."""
    problems = list(sources.problems)
    problems += _twice(sources)
    for source in _sound_units(sources):
        for where, item in _items(source):
            problems += _answer_problems(source, where, item)
        for where, play in _plays(source):
            problems += _play_problems(source, where, play)
    return sorted(set(problems), key=lambda p: (p.file, p.line, p.message))


def _sound_units(sources: PackSources) -> list[Source]:
    """Units whose form is right: only those can be looked into further."""
    broken = {problem.file for problem in sources.problems}
    return [source for source in sources.units if source.file not in broken]


def _items(source: Source) -> Iterator[tuple[Where, Raw]]:
    raw: Raw = source.data
    yield from ((("items", n), item) for n, item in enumerate(raw["items"]))


def _plays(source: Source) -> Iterator[tuple[Where, Raw]]:
    raw: Raw = source.data
    yield from ((("plays", n), play) for n, play in enumerate(raw.get("plays", [])))


def _problem(source: Source, where: Where, message: str, remedy: str) -> Problem:
    return Problem(source.file, source.line(where), message, remedy)


# --------------------------------------------------------------------- ids


def _twice(sources: PackSources) -> Iterator[Problem]:
    units: set[str] = set()
    for source in _sound_units(sources):
        raw: Raw = source.data
        if raw["id"] in units:
            yield _problem(
                source, ("id",), f"the unit {raw['id']!r} is there twice", "give it another id"
            )
        units.add(raw["id"])
        seen: set[str] = set()
        for where, part in [*_items(source), *_plays(source)]:
            if part["id"] in seen:
                yield _problem(
                    source,
                    (*where, "id"),
                    f"the id {part['id']!r} is there twice in this unit",
                    "give the second one another id",
                )
            seen.add(part["id"])


# ----------------------------------------------------------------- answers


def _answer_problems(source: Source, where: Where, raw: Raw) -> Iterator[Problem]:
    """Mistakes in the answers of one item or branch."""
    slot_problems = list(_slot_problems(source, where, raw))
    yield from slot_problems
    if slot_problems:
        return  # nothing can be said about wordings that cannot be made
    if raw.get("open") and "model" not in raw:
        yield _problem(source, where, "an open question has no model", 'add model: "I am Li."')
    answers = answers_of(raw)
    if not answers:
        yield _problem(source, where, "there is no right answer", "add answers: [ … ]")
    yield from _repeated(source, where, raw)
    for n, template in enumerate(raw.get("confusions", [])):
        for wrong in fill([template], raw.get("slots", {})):
            if wrong in answers:
                yield _problem(
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
                yield _problem(
                    source,
                    (*where, key, n),
                    f"{template!r} names the slot {unknown[0]!r}, which is not there",
                    f"add slots: with {unknown[0]}: and its words",
                )
            elif template.count("{") != len(names) or template.count("}") != len(names):
                yield _problem(
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
            yield _problem(source, place, f"no answer uses the slot {name!r}", "remove it")
        for n, value in enumerate(values):
            if "{" in value or "}" in value:
                yield _problem(
                    source, (*place, n), f"{value!r} is a slot in a slot", "write plain words"
                )
    try:
        if all(name in slots for name in used):
            answers_of(raw)
            fill(raw.get("confusions", []), slots)
    except OverflowError:
        yield _problem(
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
                yield _problem(
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
    return _problem(
        source,
        where,
        f"the answer {answer!r} begins {longer!r}, so Myna waits a second for the rest",
        "move it to short: if that is meant, or remove one of them",
    )


# --------------------------------------------------------------- role plays


def _play_problems(source: Source, where: Where, play: Raw) -> Iterator[Problem]:
    steps: dict[str, Raw] = {}
    at: dict[str, Where] = {}
    for n, step in enumerate(play["steps"]):
        place = (*where, "steps", n)
        if step["id"] in steps:
            yield _problem(
                source, (*place, "id"), f"the step {step['id']!r} is there twice", "rename one"
            )
            continue
        steps[step["id"]], at[step["id"]] = step, place
    for step_id, step in steps.items():
        taken: set[str] = set()
        for n, branch in enumerate(step.get("branches", [])):
            place = (*at[step_id], "branches", n)
            yield from _answer_problems(source, place, branch)
            if branch["next"] not in steps:
                yield _problem(
                    source,
                    (*place, "next"),
                    f"the step {branch['next']!r} is not in this play",
                    f"use one of: {', '.join(steps)}",
                )
            for answer in sorted(taken.intersection(_wordings(branch))):
                yield _problem(
                    source, place, f"{answer!r} leads two ways", "leave it in one branch"
                )
            taken.update(_wordings(branch))
    yield from _walk_problems(source, at, steps, play["steps"][0]["id"])


def _wordings(raw: Raw) -> tuple[str, ...]:
    """The answers of an item or branch; none when its slots are wrong, which is told elsewhere."""
    try:
        return answers_of(raw)
    except (KeyError, OverflowError):
        return ()


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
        yield _problem(
            source,
            at[step_id],
            f"the play goes round in circles after {step_id!r}",
            "lead every branch forward, to a step that ends",
        )
    for step_id, place in at.items():
        if step_id not in done:
            yield _problem(
                source,
                place,
                f"no answer leads to the step {step_id!r}",
                "name it as the next of a branch, or remove it",
            )


# ----------------------------------------------------------------- teaching


def _teaching_problems(source: Source, words: Collection[str]) -> Iterator[Problem]:
    raw: Raw = source.data
    yield from _text_problems(source, raw, ())
    for where, item in _items(source):
        yield from _word_problems(source, where, item, words)
        yield from _length_problems(source, where, item, item["level"], item["english"])
    for where, play in _plays(source):
        for n, step in enumerate(play["steps"]):
            place = (*where, "steps", n)
            yield from _length_problems(source, place, {}, play["level"], step["says"])
            for m, branch in enumerate(step.get("branches", [])):
                branch_place = (*place, "branches", m)
                yield from _word_problems(source, branch_place, branch, words)
                yield from _length_problems(source, branch_place, branch, play["level"], "")


def _word_problems(
    source: Source, where: Where, raw: Raw, words: Collection[str]
) -> Iterator[Problem]:
    spoken = [*_wordings(raw), raw.get("key", ""), *raw.get("confusions", [])]
    heard = dict.fromkeys(word for answer in spoken for word in answer.split() if "{" not in word)
    for word in heard:
        if word not in words:
            yield _problem(
                source,
                where,
                f"the recogniser does not know the word {word!r}",
                "check its spelling or use a more common word",
            )


def _length_problems(
    source: Source, where: Where, raw: Raw, level: str, asked: str
) -> Iterator[Problem]:
    model = model_of(raw) if _wordings(raw) else ""
    longest = MAX_WORDS[level]
    if len(model.split()) > longest:
        yield _problem(
            source,
            where,
            f"the model answer has {len(model.split())} words, too many for {level}",
            f"keep it to {longest} words or raise the level",
        )
    if len(asked.split()) > MAX_WORDS_ASKED[level]:
        yield _problem(
            source,
            where,
            f"Myna says {len(asked.split())} English words at once, too many for {level}",
            f"keep it to {MAX_WORDS_ASKED[level]} words",
        )


_ENGLISH_KEYS = ("english", "model", "reply", "says")


def _text_problems(source: Source, value: Raw, where: Where) -> Iterator[Problem]:
    """Texts anywhere in a file that a voice cannot say well, or that wake Myna herself."""
    if isinstance(value, list):
        for n, part in enumerate(value):
            yield from _text_problems(source, part, (*where, n))
    elif isinstance(value, dict):
        spoken_pair = set(value) == {"en", "zh"}
        for key, part in value.items():
            place = (*where, key)
            if isinstance(part, str) and (spoken_pair or key in _ENGLISH_KEYS):
                language = "zh" if spoken_pair and key == "zh" else "en"
                for message, remedy in speech_faults(part, language):
                    yield _problem(source, place, message, remedy)
            else:
                yield from _text_problems(source, part, place)

"""From sound sources to a `Pack`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dialog.packs.loader import PackSources
from dialog.packs.model import (
    NO_TEXT,
    Branch,
    Building,
    Chant,
    ChantLine,
    Description,
    Detail,
    Idea,
    Item,
    Kind,
    Level,
    Number,
    Pack,
    Pair,
    PlayStep,
    RolePlay,
    Spelling,
    Text,
    Unit,
)
from dialog.packs.said import answers_of, confusions_of, english_of, model_of

Raw = Any  # plain data that the schema has been held against

PATIENCE_S = {
    Kind.WORD: 7.0,
    Kind.PHRASE: 8.0,
    Kind.QUESTION: 10.0,
    Kind.PAIR: 8.0,
    Kind.DESCRIBE: 12.0,
    Kind.BUILD: 12.0,
    Kind.CHANT: 8.0,
    Kind.SPELL: 12.0,
    Kind.NUMBER: 9.0,
}
"""How long a child may stay silent by default: what wants thinking gets time."""
STORY_END = "end"
"""Id of a story's last step."""


def build(sources: PackSources) -> Pack:
    """The pack that sound sources describe."""
    head: Raw = sources.manifest.data
    return Pack(
        id=head["id"],
        version=head["version"],
        licence=head["licence"],
        title=_text(head["title"]),
        units=tuple(_unit(source.data) for source in sources.units),
    )


def _unit(raw: Raw) -> Unit:
    plays = [_play(raw["id"], play) for play in raw.get("plays", [])]
    stories = [_story(raw["id"], story) for story in raw.get("stories", [])]
    return Unit(
        id=raw["id"],
        title=_text(raw["title"]),
        intro=_text(raw["intro"]),
        items=tuple(_item(raw["id"], item) for item in raw["items"]),
        plays=(*plays, *stories),
    )


def _item(unit_id: str, raw: Raw) -> Item:
    kind = Kind(raw["kind"])
    return Item(
        id=f"{unit_id}/{raw['id']}",
        kind=kind,
        level=Level(raw["level"]),
        prompt=_text(raw["prompt"]),
        english=english_of(raw),
        model=model_of(raw),
        answers=answers_of(raw),
        confusions=confusions_of(raw),
        key=raw.get("key", ""),
        reply=raw.get("reply", ""),
        hint=_text(raw["hint"]) if "hint" in raw else NO_TEXT,
        sound=raw.get("sound", ""),
        open_speech=raw.get("open", False),
        patience_s=float(raw.get("patience_s", PATIENCE_S[kind])),
        detail=_DETAILS[kind](raw) if kind in _DETAILS else None,
    )


def _description(raw: Raw) -> Description:
    ideas = [Idea(tuple(idea["words"]), _text(idea["ask"]), idea["model"]) for idea in raw["ideas"]]
    return Description(tuple(ideas), raw["enough"])


def _chant(raw: Raw) -> Chant:
    lines = [ChantLine(line["text"], line["beats"]) for line in raw["chant"]["lines"]]
    return Chant(raw["chant"]["beats_per_minute"], tuple(lines))


def _pair(raw: Raw) -> Pair:
    pair = raw["pair"]
    return Pair(pair["say"], pair["not"], pair.get("against", ""))


_DETAILS: dict[Kind, Callable[[Raw], Detail]] = {
    Kind.PAIR: _pair,
    Kind.DESCRIBE: _description,
    Kind.BUILD: lambda raw: Building(tuple(raw["parts"])),
    Kind.CHANT: _chant,
    Kind.SPELL: lambda raw: Spelling(raw["spell"]),
    Kind.NUMBER: lambda raw: Number(raw["number"]),
}


def _play(unit_id: str, raw: Raw) -> RolePlay:
    return RolePlay(
        id=f"{unit_id}/{raw['id']}",
        level=Level(raw["level"]),
        title=_text(raw["title"]),
        scene=_text(raw["scene"]),
        steps=tuple(
            PlayStep(
                id=step["id"],
                says=step["says"],
                cue=_text(step["cue"]) if "cue" in step else NO_TEXT,
                branches=tuple(
                    Branch(model_of(branch), answers_of(branch), branch["next"])
                    for branch in step.get("branches", [])
                ),
            )
            for step in raw["steps"]
        ),
    )


def _story(unit_id: str, raw: Raw) -> RolePlay:
    """A story as a play with one way through it."""
    gaps = raw["gaps"]
    following = [*(gap["id"] for gap in gaps[1:]), STORY_END]
    steps = [
        PlayStep(
            gap["id"], gap["says"], _text(gap["cue"]), (Branch(model_of(gap), answers_of(gap), to),)
        )
        for gap, to in zip(gaps, following, strict=True)
    ]
    return RolePlay(
        id=f"{unit_id}/{raw['id']}",
        level=Level(raw["level"]),
        title=_text(raw["title"]),
        scene=_text(raw["scene"]),
        steps=(*steps, PlayStep(STORY_END, raw["end"], NO_TEXT, ())),
        story=True,
    )


def _text(raw: Raw) -> Text:
    return Text(raw["en"], raw["zh"])

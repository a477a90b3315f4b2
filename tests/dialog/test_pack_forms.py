"""The form of each kind of item and of stories: a good one of each, and one mistake at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialog.packs import load_pack
from dialog.packs.check import check_pack
from dialog.packs.model import (
    Building,
    Chant,
    ChantLine,
    Description,
    Idea,
    Number,
    Pair,
    Spelling,
    Text,
)

HEAD = """\
format: 1
id: kinds
version: 1.0.0
licence: CC-BY-SA-4.0
title: {en: "Kinds", zh: "种类"}
units: [unit.yaml]
"""
UNIT = """\
id: kinds
title: {en: "Kinds", zh: "种类"}
intro: {en: "One of each.", zh: "每种一个。"}
items:
  - id: pair
    kind: pair
    level: a1
    prompt: {en: "Use your head. Say:", zh: "想一想，说："}
    pair: {say: think, not: sink, against: S}
    hint: {en: "Tongue out.", zh: "舌头伸出来。"}
    sound: TH
  - id: describe
    kind: describe
    level: a1
    prompt: {en: "Tell me.", zh: "说一说。"}
    english: "What is a banana like?"
    model: "It is long and yellow."
    enough: 2
    ideas:
      - words: [long, very long]
        ask: {en: "How long?", zh: "多长？"}
        model: "It is long."
      - words: [yellow]
        ask: {en: "What colour?", zh: "什么颜色？"}
        model: "It is yellow."
  - id: build
    kind: build
    level: pre-a1
    prompt: {en: "Make a sentence:", zh: "排成句子："}
    model: "I like my new dog."
    parts: [i like, my, new, dog]
  - id: chant
    kind: chant
    level: pre-a1
    prompt: {en: "With the beat:", zh: "跟着节拍："}
    chant:
      beats_per_minute: 90
      lines:
        - {text: "One, two, three.", beats: 4}
        - {text: "You and me.", beats: 3}
  - id: spell
    kind: spell
    level: pre-a1
    prompt: {en: "Spell it:", zh: "拼一拼："}
    spell: dog
  - id: number
    kind: number
    level: a1
    prompt: {en: "Say:", zh: "跟我说："}
    number: 13
stories:
  - id: story
    level: a1
    title: {en: "A story", zh: "故事"}
    scene: {en: "Listen.", zh: "听。"}
    gaps:
      - id: dog
        says: "There was a little..."
        cue: {en: "It says woof.", zh: "汪汪叫。"}
        answers: [dog, a dog]
      - id: cat
        says: "It ran after the..."
        cue: {en: "It says meow.", zh: "喵喵叫。"}
        answers: [cat]
    end: "The end."
"""


def pack(tmp_path: Path, unit: str) -> Path:
    (tmp_path / "pack.yaml").write_text(HEAD, encoding="utf-8")
    (tmp_path / "unit.yaml").write_text(unit, encoding="utf-8")
    return tmp_path


def test_each_kind_becomes_values(tmp_path: Path) -> None:
    path = pack(tmp_path, UNIT)
    assert check_pack(path) == []
    items = {item.id.partition("/")[2]: item for item in load_pack(path).items()}
    assert {name: item.detail for name, item in items.items()} == {
        "pair": Pair("think", "sink", "S"),
        "describe": Description(
            (
                Idea(("long", "very long"), Text("How long?", "多长？"), "It is long."),
                Idea(("yellow",), Text("What colour?", "什么颜色？"), "It is yellow."),
            ),
            2,
        ),
        "build": Building(("i like", "my", "new", "dog")),
        "chant": Chant(90, (ChantLine("One, two, three.", 4), ChantLine("You and me.", 3))),
        "spell": Spelling("dog"),
        "number": Number(13),
    }
    said = {name: (item.english, item.model, item.answers[0]) for name, item in items.items()}
    assert said == {
        "pair": ("Think.", "Think.", "think"),
        "describe": (
            "What is a banana like?", "It is long and yellow.", "it is long and yellow"
        ),
        "build": ("My, dog, I like, new.", "I like my new dog.", "i like my new dog"),
        "chant": (*["One, two, three. You and me."] * 2, "one two three you and me"),
        "spell": ("Dog.", "D, O, G.", "d o g"),
        "number": ("Thirteen.", "Thirteen.", "thirteen"),
    }  # fmt: skip
    assert items["pair"].confusions == ("sink",)
    assert items["spell"].confusions == ("dog",)
    assert items["number"].confusions == ("thirty",)
    assert items["pair"].hint == Text("Tongue out.", "舌头伸出来。")


def test_a_story_becomes_a_play_with_one_way(tmp_path: Path) -> None:
    (story,) = load_pack(pack(tmp_path, UNIT)).plays()
    assert (story.id, story.story) == ("kinds/story", True)
    assert [(step.id, [branch.next for branch in step.branches]) for step in story.steps] == [
        ("dog", ["cat"]),
        ("cat", ["end"]),
        ("end", []),
    ]
    assert story.steps[0].branches[0].answers == ("dog", "a dog")


MISTAKES = [
    ("against: S}", "against: TH}", "TH is set against itself"),
    ("not: sink", "not: think", "both words of the pair are the same"),
    ("not: sink", "not: sinkk", "the recogniser does not know the word 'sinkk'"),
    ("    sound: TH\n", "", "items.1 lacks 'sound'"),
    ("    pair: {", "    spell: cat\n    pair: {",
     "'spell' belongs to the kind 'spell', and this is 'pair'"),
    ("enough: 2", "enough: 3", "3 ideas are wanted and 2 are there"),
    ("long and yellow", "long and green", "the model names fewer than 2 ideas"),
    ('"It is yellow."', '"It is green."', "'It is green.' holds none of its idea's words"),
    ("    enough: 2\n", "", "items.2 lacks 'enough'"),
    ("new, dog]", "dog]", "the parts make 'i like my dog', and the model is 'i like my new dog'"),
    ("beats: 3", "beats: 99", "items.4.chant.lines.2.beats is 99"),
    ("beats_per_minute: 90", "beats_per_minute: 9", "items.4.chant.beats_per_minute is 9"),
    ("spell: dog", "spell: Dog", "items.5.spell is 'Dog'"),
    ("spell: dog", "spell: rhinoceros", "the word 'rhinoceros' is not one of pre-a1"),
    ("number: 13", "number: thirteen",
     "items.6.number should be a whole number and is text"),
    ("number: 13", "number: 1300", "items.6.number is 1300"),
    ("id: cat", "id: dog", "the id 'dog' is taken in this story"),
    ("id: cat", "id: end", "the id 'end' is taken in this story"),
    ('    end: "The end."\n', "", "stories.1 lacks 'end'"),
    ("answers: [dog, a dog]", "answers: [dog, dog house]",
     "the answer 'dog' begins 'dog house', so Myna waits a second for the rest"),
    ("after the...", "after the enormous...", "the word 'enormous' is not one of a2"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES)
def test_each_mistake_is_told(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert UNIT.count(old) == 1
    told = check_pack(pack(tmp_path, UNIT.replace(old, new)))
    assert message in [problem.message for problem in told]
    assert all(problem.line > 0 and problem.remedy for problem in told)

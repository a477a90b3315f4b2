"""Description without a picture: judged by the ideas that are named."""

from __future__ import annotations

from dialog.kinds.values import RIGHT, Ask, Judgement, Outcome
from dialog.packs.model import Description, Idea, Item
from dialog.packs.wording import plain


def ask_description(item: Item, description: Description) -> tuple[Ask, ...]:
    """One open question; the ideas' own sentences help the recogniser."""
    single = (plain(idea.model) for idea in description.ideas)
    keywords = (word for idea in description.ideas for word in idea.words)
    others = dict.fromkeys(text for text in (*single, *keywords) if text not in item.answers)
    ask = Ask(
        "ask",
        item.prompt,
        item.english,
        item.model,
        item.answers,
        tuple(others),
        open_speech=True,
    )
    return (ask,)


def judge_description(description: Description, said: str) -> Judgement:
    """Right with enough ideas; with some, the first one left out is asked for."""
    named = [idea for idea in description.ideas if names(said, idea)]
    if len(named) >= description.enough:
        return RIGHT
    missing = next(idea for idea in description.ideas if idea not in named)
    outcome = Outcome.NEARLY if named else Outcome.WRONG
    return Judgement(outcome, missing.ask, missing.model)


def names(said: str, idea: Idea) -> bool:
    """Whether one of an idea's words or phrases is among what was said, as whole words."""
    return any(f" {word} " in f" {said} " for word in idea.words)

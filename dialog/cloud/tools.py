"""The tools that a model may ask for, and what it takes for a call to be one."""

from __future__ import annotations

import functools
import importlib.resources
import json
from collections.abc import Mapping, Sequence
from typing import Any

import jsonschema
import yaml

from dialog.cloud.ports import Request, Wish

MOST_ARGUMENT_CHARACTERS = 500

GROWN_UP = "grown_up"
"""The model noticed what the safety lists did not."""
TALK = (
    *("start_lesson", "repeat", "set_volume", "sleep_timer", "look_up_progress", "ask_teacher"),
    GROWN_UP,
)
PLAY = (*TALK, "end_play")


def described(names: Sequence[str]) -> list[dict[str, Any]]:
    """Tools in the form of the chat API."""
    return [
        {
            "type": "function",
            "function": {
                "name": name,
                "description": _tools()[name]["description"],
                "parameters": _tools()[name]["parameters"],
            },
        }
        for name in names
    ]


def wants_result(name: str) -> bool:
    """Whether the model is to be told what came of the tool."""
    return bool(_tools()[name].get("result"))


def estimated_tokens(request: Request) -> int:
    """What a request costs where the service does not say: three characters a token, on the safe
    side for English and Chinese alike."""
    characters = sum(len(message.text) for message in request.messages)
    return (characters + len(json.dumps(described(request.tools)))) // 3


def validated(wish: Wish, offered: Sequence[str]) -> Mapping[str, object] | str:
    """The arguments of a call; a text that says what is wrong with a call that is none.

    The text names no argument's value: it goes to the log.
    """
    if wish.name not in offered:
        return "it was not offered"
    if len(wish.arguments) > MOST_ARGUMENT_CHARACTERS:
        return "its arguments are too long"
    try:
        arguments = json.loads(wish.arguments or "{}")
    except (ValueError, RecursionError):
        return "its arguments are no JSON"
    if not isinstance(arguments, dict):
        return "its arguments are no object"
    error = next(_validator(wish.name).iter_errors(arguments), None)
    if error is not None:
        return f"its arguments break the rule {error.validator}"
    return arguments


@functools.cache
def _tools() -> dict[str, dict[str, Any]]:
    text = importlib.resources.files("dialog.cloud").joinpath("tools.yaml").read_text("utf-8")
    tools: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return tools


@functools.cache
def _validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(_tools()[name]["parameters"])

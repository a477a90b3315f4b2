"""Messages as bytes: written in one form, read with every rule of their schema held."""

from __future__ import annotations

import json
import math
from functools import cache
from importlib import resources
from typing import Any

from contract.topics import PAYLOAD_LIMIT_BYTES, Channel

EVENT_KINDS = ("learning", "telemetry", "dropped", "forget", "unpair", "voice")


class BadMessage(ValueError):
    """A payload that breaks the contract.

    Args:
        kind: Stable word for counters and replies: ``too_large``, ``not_json`` or ``off_schema``.
        place: Where in the message, without any of its content.
    """

    def __init__(self, kind: str, place: str = "") -> None:
        super().__init__(f"{kind} {place}".rstrip())
        self.kind = kind
        self.place = place


def encode(value: dict[str, Any]) -> bytes:
    """A message as UTF-8 JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def decode(channel: Channel, payload: bytes) -> dict[str, Any]:
    """Read a message and hold it to its channel's schema.

    Raises:
        BadMessage: It is too large, no JSON, or off the schema.
    """
    value = parse(payload)
    check(channel, value)
    return value


def parse(payload: bytes) -> dict[str, Any]:
    """Read a JSON object, whatever it holds; repeated keys and NaN are refused.

    Raises:
        BadMessage: It is too large or no JSON object.
    """
    if len(payload) > PAYLOAD_LIMIT_BYTES:
        raise BadMessage("too_large")
    try:
        value = json.loads(
            payload.decode("utf-8"),
            object_pairs_hook=_once,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
        # A lone surrogate or a zero is no text that a database or another program could take.
        if b"\\u0000" in json.dumps(value, ensure_ascii=False).encode("utf-8"):
            raise ValueError("a zero in a text")
    except (ValueError, RecursionError) as error:
        raise BadMessage("not_json") from error
    if not isinstance(value, dict):
        raise BadMessage("off_schema")
    return value


def check(channel: Channel, value: object) -> None:
    """Hold a value to its channel's schema.

    Raises:
        BadMessage: It is off the schema.
    """
    _hold(_validator(channel, ""), value)


def check_event(value: object) -> None:
    """Hold one event of a batch to the schema.

    Raises:
        BadMessage: It is off the schema.
    """
    kind = value.get("kind") if isinstance(value, dict) else None
    if kind not in EVENT_KINDS:
        raise BadMessage("off_schema", "kind")
    _hold(_validator(Channel.EVENTS, str(kind)), value)


def schema(channel: Channel) -> dict[str, Any]:
    """The JSON Schema (draft 7) of a channel's messages."""
    text = resources.files("contract").joinpath(f"schemas/{channel.value}.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _hold(validator: Any, value: object) -> None:  # noqa: ANN401 - jsonschema has no name for it
    try:
        error = next(iter(validator.iter_errors(value)), None)
    except RecursionError as deep:
        raise BadMessage("off_schema") from deep
    if error is not None:
        place = "/".join(str(part)[:40] for part in list(error.absolute_path)[:6])
        raise BadMessage("off_schema", place)


@cache
def _validator(channel: Channel, definition: str) -> Any:  # noqa: ANN401 - as above
    from jsonschema import Draft7Validator

    whole = schema(channel)
    if definition:
        whole = {"definitions": whole["definitions"], "$ref": f"#/definitions/{definition}"}
    return Draft7Validator(whole)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key appears twice")
    return value


def _no_constant(text: str) -> float:
    raise ValueError(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number without end")
    return value

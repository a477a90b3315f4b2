"""Messages of any content that the contract allows, and what bad lines make of them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from contract.messages import encode, schema
from contract.topics import Channel


def payloads(channel: Channel) -> st.SearchStrategy[bytes]:
    """Payloads for a channel: as the schema has them, or with bytes cut out, put in or changed."""
    whole = schema(channel)
    return st.composite(_payload)(_values(whole, whole.get("definitions", {})))


def _payload(draw: Any, values: st.SearchStrategy[Any]) -> bytes:  # noqa: ANN401 - hypothesis' own
    payload = encode(draw(values))
    for _ in range(draw(st.integers(0, 3))):
        at, cut = draw(st.integers(0, len(payload))), draw(st.integers(0, 8))
        payload = payload[:at] + draw(st.binary(max_size=6)) + payload[at + cut :]
    return payload


def _values(part: dict[str, Any], definitions: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values for the part of JSON Schema that the contract uses."""
    if "$ref" in part:
        return _values(definitions[part["$ref"].rpartition("/")[2]], definitions)
    if "oneOf" in part:
        rest = {key: value for key, value in part.items() if key != "oneOf"}
        return st.one_of(*(_values(_merged(rest, each), definitions) for each in part["oneOf"]))
    if "const" in part:
        return st.just(part["const"])
    if "enum" in part:
        return st.sampled_from(part["enum"])
    kinds = part.get("type", "object")
    if isinstance(kinds, list):
        return st.one_of(*(_values({**part, "type": kind}, definitions) for kind in kinds))
    return _KINDS[kinds](part, definitions)


def _merged(outer: dict[str, Any], inner: dict[str, Any]) -> dict[str, Any]:
    properties = {**outer.get("properties", {}), **inner.get("properties", {})}
    return {**outer, **inner, **({"properties": properties} if properties else {})}


def _object(part: dict[str, Any], definitions: dict[str, Any]) -> st.SearchStrategy[Any]:
    known = {key: _values(each, definitions) for key, each in part.get("properties", {}).items()}
    required = {key: known[key] for key in part.get("required", ()) if key in known}
    optional = {key: each for key, each in known.items() if key not in required}
    fixed = st.fixed_dictionaries(required, optional=optional)
    more = part.get("additionalProperties")
    if not isinstance(more, dict):
        return fixed
    names = _values({"type": "string", **part.get("propertyNames", {})}, definitions)
    others = st.dictionaries(names, _values(more, definitions), max_size=3)
    return st.tuples(others, fixed).map(lambda both: {**both[0], **both[1]})


def _array(part: dict[str, Any], definitions: dict[str, Any]) -> st.SearchStrategy[Any]:
    items = part.get("items", {"type": "integer"})
    least = part.get("minItems", 0)
    most = min(part.get("maxItems", 3), least + 3)
    if isinstance(items, list):
        return st.tuples(*(_values(each, definitions) for each in items)).map(list)
    return st.lists(_values(items, definitions), min_size=least, max_size=most)


def _string(part: dict[str, Any], _definitions: dict[str, Any]) -> st.SearchStrategy[Any]:
    longest = part.get("maxLength", 60)
    if "pattern" in part:
        return st.from_regex(part["pattern"], fullmatch=True).map(lambda text: text[:longest])
    return st.text(min_size=part.get("minLength", 0), max_size=min(longest, 60))


def _number(part: dict[str, Any], _definitions: dict[str, Any]) -> st.SearchStrategy[Any]:
    least, most = part.get("minimum", -(10**6)), part.get("maximum", 10**6)
    if part["type"] == "integer":
        return st.integers(int(least), int(most))
    return st.floats(least, most, allow_nan=False, allow_infinity=False)


_KINDS = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": _number,
    "number": _number,
    "boolean": lambda _part, _definitions: st.booleans(),
    "null": lambda _part, _definitions: st.none(),
}

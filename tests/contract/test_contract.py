"""The document, the schemas and the code say the same, and the statements are xAPI."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from contract import topics
from contract.faults import EVERY_S, Faults
from contract.messages import (
    EVENT_KINDS,
    BadMessage,
    check,
    check_event,
    decode,
    encode,
    parse,
    schema,
)
from contract.topics import FROM_SPEAKER, RETAINED, TO_SPEAKER, Channel, topic
from device.sync.statements import statement
from tests.platform_parts import PEERS, ROOT, needs_peers

DOCUMENT = ROOT / "docs/asyncapi.yaml"
PARSER = ROOT / ".cache/asyncapi/check.mjs"
CHILD = "019ab1f0-0000-7000-8000-0000000000c1"
EVENT = "019ab1f2-3c4d-7e5f-8a9b-0c1d2e3f4a5b"


def document() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    return loaded


def examples() -> Iterator[tuple[Channel, str, dict[str, Any]]]:
    for name, message in document()["components"]["messages"].items():
        for example in message["examples"]:
            yield Channel(name), example["name"], example["payload"]


def test_the_document_holds_to_asyncapi_s_own_parser():
    if shutil.which("node") is None or not PARSER.exists():
        pytest.skip("node or the parser is not installed: install npm, then make setup FOR=test")
    done = subprocess.run(
        ["node", str(PARSER), str(DOCUMENT)],
        cwd=PARSER.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "7 channels, 7 operations\n")


def test_the_document_and_the_code_name_the_same_channels():
    said = document()
    assert {name: each["address"] for name, each in said["channels"].items()} == {
        each.value: f"{topics.PREFIX}/{{device}}/{each.value}" for each in Channel
    }
    assert {
        name: each["payload"]["$ref"] for name, each in said["components"]["messages"].items()
    } == {each.value: f"../contract/schemas/{each.value}.json" for each in Channel}


def test_the_document_and_the_code_agree_on_who_says_what_and_what_is_kept():
    sent, received, kept = set(), set(), set()
    for each in document()["operations"].values():
        channel = Channel(each["channel"]["$ref"].rpartition("/")[2])
        (sent if each["action"] == "send" else received).add(channel)
        if each["bindings"]["mqtt"]["retain"]:
            kept.add(channel)
        assert each["bindings"]["mqtt"]["qos"] == 1
    assert (sent, received) == (set(FROM_SPEAKER), set(TO_SPEAKER))
    assert kept == RETAINED


def test_the_document_and_the_code_agree_on_limits():
    binding = document()["servers"]["household"]["bindings"]["mqtt"]
    assert binding["sessionExpiryInterval"] == topics.SESSION_EXPIRY_S
    assert binding["maximumPacketSize"] == topics.PAYLOAD_LIMIT_BYTES + 4096
    check(Channel.STATE, json.loads(binding["lastWill"]["message"]))


@pytest.mark.parametrize(("channel", "name", "payload"), list(examples()))
def test_every_example_goes_through_the_code(channel: Channel, name: str, payload: dict[str, Any]):
    assert name
    assert decode(channel, encode(payload)) == payload


def test_every_command_and_every_kind_of_event_has_an_example():
    commands = {each["name"] for channel, _, each in examples() if channel is Channel.COMMANDS}
    assert commands == set(schema(Channel.COMMANDS)["properties"]["name"]["enum"])
    events = [each for channel, _, each in examples() if channel is Channel.EVENTS]
    kinds = {event["kind"] for each in events for event in each["events"]}
    assert kinds == set(EVENT_KINDS)


@pytest.mark.parametrize(("channel", "name", "payload"), list(examples()))
def test_an_unknown_key_is_refused_everywhere(channel: Channel, name: str, payload: dict[str, Any]):
    assert name
    with pytest.raises(BadMessage):
        check(channel, {**payload, "surplus": 1})


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b"x" * (topics.PAYLOAD_LIMIT_BYTES + 1), "too_large"),
        (b"", "not_json"),
        (b"\xff{}", "not_json"),
        (b'{"a":NaN}', "not_json"),
        (b'{"a":1e999}', "not_json"),
        (b'{"a":1,"a":2}', "not_json"),
        (b'{"a":"\\u0000"}', "not_json"),
        (b'{"a":"\\ud800"}', "not_json"),
        (b'{"a":' * 30_000 + b"1" + b"}" * 30_000, "not_json"),
        (b'{"a":' + b"9" * 5000 + b"}", "not_json"),
        (b"[]", "off_schema"),
    ],
    ids=[
        "large",
        "empty",
        "latin",
        "nan",
        "infinite",
        "twice",
        "zero",
        "half",
        "deep",
        "long",
        "list",
    ],
)
def test_what_is_no_message_has_a_name(payload: bytes, kind: str):
    with pytest.raises(BadMessage) as caught:
        parse(payload)
    assert caught.value.kind == kind


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(payload: bytes):
    for channel in Channel:
        try:
            decode(channel, payload)
        except BadMessage:
            continue


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_no_value_breaks_the_check_of_an_event(value: object):
    with pytest.raises(BadMessage):
        check_event(value)


def test_topics_are_made_and_taken_apart():
    assert topic("myna-1", Channel.ACKS) == "myna/v1/myna-1/acks"
    assert topics.parse("myna/v1/myna-1/acks") == ("myna-1", Channel.ACKS)
    assert topics.every(Channel.EVENTS, group="g") == "$share/g/myna/v1/+/events"
    for wrong in ("myna/v1/x/acks", "myna/v2/myna-1/acks", "myna/v1/myna-1/other", "", "a/b/c/d/e"):
        assert topics.parse(wrong) is None
    for wrong in ("", "ab", "UPPER", "a/b", "a#", "-ab", "a" * 64, "abc\n"):
        with pytest.raises(ValueError, match="not a device id"):
            topic(wrong, Channel.ACKS)


def test_bad_messages_are_one_line_a_kind(caplog: pytest.LogCaptureFixture):
    import logging

    faults = Faults(logging.getLogger("faults"), "message refused")
    for n in range(1000):
        faults.note("acks.off_schema", n * 0.1)
    faults.note("acks.off_schema", EVERY_S + 1)
    for n in range(100):
        faults.note(f"kind-{n}", 0.0)
    lines = [each for each in caplog.messages if "acks.off_schema" in each]
    assert lines == [
        "message refused kind=acks.off_schema count=1",
        "message refused kind=acks.off_schema count=1001",
    ]
    assert len(caplog.messages) <= 2 + 32
    assert len(faults.counts) <= 33


# --------------------------------------------------------------------- xAPI

_VALIDATE = """
import json, sys
from pydantic import ValidationError
from ralph.models.xapi.base.statements import BaseXapiStatement
for line in sys.stdin:
    try:
        BaseXapiStatement.model_validate(json.loads(line))
    except ValidationError as error:
        print("no", error.errors()[0]["loc"])
    else:
        print("yes")
"""


def validated(statements: list[dict[str, Any]]) -> list[str]:
    """What Ralph, a learning record store by others, says of each."""
    done = subprocess.run(
        [str(PEERS), "-c", _VALIDATE],
        input="\n".join(map(json.dumps, statements)),
        capture_output=True,
        text=True,
        check=True,
        cwd=Path("/"),
    )
    return done.stdout.splitlines()


def made_statements() -> list[dict[str, Any]]:
    facts = {
        "session": "019ab1f1-0000-7000-8000-0000000000d2",
        "pack": "starter",
        "item": "a/b ü 好",
        "try_number": 2,
        "confidence": 0.123456,
        "duration_s": 61.5,
    }
    base = "https://xapi.myna.example"
    return [
        statement("attempt", EVENT, CHILD, 5, {**facts, "verdict": verdict}, iri_base=base)
        for verdict in ("right", "partly", "wrong", "skipped")
    ] + [
        *(
            statement(kind, EVENT, CHILD, 5, {"session": facts["session"], **more}, iri_base=base)
            for kind, more in (
                ("session", {}),
                ("ended", {"attempts": 3, "duration_s": 310.257}),
                ("ended", {"attempts": 0}),
                ("asked", {}),
                ("asked", {"words": "why is the sky blue?" * 40}),
            )
        ),
        statement(
            "attempt",
            EVENT,
            CHILD,
            5,
            {**facts, "session": None, "verdict": "right"},
            iri_base=base,
        ),
    ]


def test_our_statements_keep_to_our_contract():
    for each in made_statements():
        event = {
            "seq": 1,
            "id": EVENT,
            "kind": "learning",
            "boot": "b",
            "mono_s": 0,
            "clock": "set",
        }
        check_event({**event, "statement": each})


@needs_peers
def test_our_statements_are_valid_xapi_to_others():
    statements = made_statements()
    written = [
        event["statement"]
        for channel, _, each in examples()
        if channel is Channel.EVENTS
        for event in each["events"]
        if event["kind"] == "learning"
    ]
    assert validated(statements + written) == ["yes"] * (len(statements) + len(written))


@needs_peers
@pytest.mark.parametrize(
    "change",
    [
        {"actor": {"name": "no identifier"}},
        {"verb": {"display": {"en": "answered"}}},
        {"version": "2.0.0"},
        {"id": "seven"},
        {"result": {"score": {"scaled": 2}}},
        {"result": {"duration": "a minute"}},
        {"surplus": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_validator_of_others_can_say_no(change: dict[str, Any]):
    assert validated([made_statements()[0] | change])[0].startswith("no")

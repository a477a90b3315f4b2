"""Learning events as xAPI 1.0.3 statements, made from the facts in the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from device.sync.timing import rfc3339

ANSWERED = ("http://adlnet.gov/expapi/verbs/answered", "answered")
SKIPPED = ("http://id.tincanapi.com/verb/skipped", "skipped")
INITIALIZED = ("http://adlnet.gov/expapi/verbs/initialized", "initialized")
QUESTION = "http://adlnet.gov/expapi/activities/question"
TERMINATED = ("http://adlnet.gov/expapi/verbs/terminated", "terminated")
ASKED = ("http://adlnet.gov/expapi/verbs/asked", "asked")
LESSON = "http://adlnet.gov/expapi/activities/lesson"
SCORES = {"right": 1.0, "partly": 0.5, "wrong": 0.0}
RESPONSE_LIMIT = 500
"""Characters of what a child said, as in the contract."""


def statement(
    kind: str, event_id: str, child: str, wall_ms: int, facts: Mapping[str, Any], *, iri_base: str
) -> dict[str, Any]:
    """One statement.

    Args:
        kind: ``attempt``, ``session`` (its beginning), ``ended`` or ``asked``, as in the outbox.
        event_id: UUIDv7 of the event; becomes the statement's id.
        child: The child's pseudonym.
        wall_ms: When it happened, corrected.
        facts: The body of the outbox's row.
        iri_base: What all names of ours begin with, without a slash at its end.
    """
    said = _MAKERS[kind](facts, iri_base)
    context: dict[str, Any] = {"platform": "Myna"}
    if facts.get("session"):
        context["registration"] = facts["session"]
    return {
        "id": event_id,
        "version": "1.0.3",
        "actor": {
            "objectType": "Agent",
            "account": {"homePage": f"{iri_base}/children", "name": child},
        },
        **said,
        "context": context,
        "timestamp": rfc3339(wall_ms),
    }


def _attempt(facts: Mapping[str, Any], iri_base: str) -> dict[str, Any]:
    verdict = facts["verdict"]
    result: dict[str, Any] = {
        "duration": _duration(facts["duration_s"]),
        "extensions": {
            f"{iri_base}/try": int(facts["try_number"]),
            f"{iri_base}/confidence": round(float(facts["confidence"]), 3),
        },
    }
    if verdict in SCORES:
        result["success"] = verdict == "right"
        result["score"] = {"scaled": SCORES[verdict]}
    return {
        "verb": _verb(ANSWERED if verdict in SCORES else SKIPPED),
        "object": _activity(
            f"{iri_base}/packs/{quote(facts['pack'], safe='')}"
            f"/items/{quote(facts['item'], safe='')}",
            QUESTION,
        ),
        "result": result,
    }


def _begun(_facts: Mapping[str, Any], iri_base: str) -> dict[str, Any]:
    return {"verb": _verb(INITIALIZED), "object": _activity(f"{iri_base}/practice", LESSON)}


def _ended(facts: Mapping[str, Any], iri_base: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "extensions": {f"{iri_base}/attempts": int(facts["attempts"])},
    }
    if "duration_s" in facts:
        result["duration"] = _duration(facts["duration_s"])
    return {
        "verb": _verb(TERMINATED),
        "object": _activity(f"{iri_base}/practice", LESSON),
        "result": result,
    }


def _asked(facts: Mapping[str, Any], iri_base: str) -> dict[str, Any]:
    said = {"verb": _verb(ASKED), "object": _activity(f"{iri_base}/questions", QUESTION)}
    if "words" in facts:
        said["result"] = {"response": str(facts["words"])[:RESPONSE_LIMIT]}
    return said


def _activity(iri: str, kind: str) -> dict[str, Any]:
    return {"objectType": "Activity", "id": iri, "definition": {"type": kind}}


def _duration(seconds: float) -> str:
    return f"PT{max(0.0, float(seconds)):.2f}S"


def _verb(verb: tuple[str, str]) -> dict[str, Any]:
    iri, name = verb
    return {"id": iri, "display": {"en": name}}


_MAKERS = {"attempt": _attempt, "session": _begun, "ended": _ended, "asked": _asked}

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
LESSON = "http://adlnet.gov/expapi/activities/lesson"
SCORES = {"right": 1.0, "partly": 0.5, "wrong": 0.0}


def statement(
    kind: str, event_id: str, child: str, wall_ms: int, facts: Mapping[str, Any], *, iri_base: str
) -> dict[str, Any]:
    """One statement.

    Args:
        kind: ``attempt`` or ``session``, as in the outbox.
        event_id: UUIDv7 of the event; becomes the statement's id.
        child: The child's pseudonym.
        wall_ms: When it happened, corrected.
        facts: The body of the outbox's row.
        iri_base: What all names of ours begin with, without a slash at its end.
    """
    said = _attempt(facts, iri_base) if kind == "attempt" else _session(iri_base)
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
        "duration": f"PT{max(0.0, float(facts['duration_s'])):.2f}S",
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
        "object": {
            "objectType": "Activity",
            "id": f"{iri_base}/packs/{quote(facts['pack'], safe='')}"
            f"/items/{quote(facts['item'], safe='')}",
            "definition": {"type": QUESTION},
        },
        "result": result,
    }


def _session(iri_base: str) -> dict[str, Any]:
    activity = {
        "objectType": "Activity",
        "id": f"{iri_base}/practice",
        "definition": {"type": LESSON},
    }
    return {"verb": _verb(INITIALIZED), "object": activity}


def _verb(verb: tuple[str, str]) -> dict[str, Any]:
    iri, name = verb
    return {"id": iri, "display": {"en": name}}

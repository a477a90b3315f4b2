"""The pages' forms as an OpenAPI document, made from the very values that read them."""

from __future__ import annotations

import typing
from dataclasses import fields
from typing import Annotated, Any

from core.bounds import Between, OneOf
from provisioning.parents.family_file import Purpose
from provisioning.parents.limits import Limits

SHOWN = ("today", "practice", "limits", "consent", "children", "data", "device")
HOUR = r"^(([01]\d|2[0-3]):[0-5]\d)?$"
_TEXT: dict[str, Any] = {"type": "string", "maxLength": 64}


def describe() -> dict[str, Any]:
    """The document, OpenAPI 3.1."""
    paths: dict[str, Any] = {
        "/": {"get": answers("The way in", redirect=True)},
        "/sign-in": {
            "get": answers("Where a code is typed", page=True),
            "post": {
                **answers("Sign in with the code that Myna said", redirect=True, refused=True),
                **form_body({"code": {"type": "string", "maxLength": 16}}, ["code"]),
            },
        },
    }
    for name in SHOWN:
        paths[f"/{name}"] = {"get": answers(f"The page {name}", page=True, redirect=True)}
    paths["/recordings/{child}/{key}"] = {"get": _recording()}
    paths["/voice/{child}/{number}"] = {"get": _model_voice()}
    paths["/voices"] = {"get": answers("The voices there are", page=True, redirect=True)}
    paths["/voices/{voice}"] = {"get": _voice_sample()}
    paths["/openapi.json"] = {"get": answers("This document", page=True, redirect=True)}
    for path, (summary, form, needed) in _FORMS.items():
        kept = path not in ("/sign-out", "/notes", "/pair", "/pair/stop", "/give-up")
        paths.setdefault(path, {})["post"] = {
            **answers(summary, page=kept, redirect=not kept, refused=True),
            **form_body({"csrf": _TEXT, **form}, ["csrf", *needed]),
        }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Myna, the parents' pages", "version": "1"},
        "paths": paths,
    }


def _recording() -> dict[str, Any]:
    told = answers("The sound of an answer", page=True, redirect=True)
    told["responses"] |= {
        "206": {"description": "A part of it"},
        "404": {"description": "There is none"},
        "414": {"description": "An address that is too long"},
        "416": {"description": "No such part"},
    }
    return {
        **told,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": _TEXT}
            for name in ("child", "key")
        ],
    }


def _model_voice() -> dict[str, Any]:
    told = answers("Myna's own voice for an answer", page=True, redirect=True)
    told["responses"] |= {
        "404": {"description": "There is none"},
        "409": {"description": "The voice fails just now"},
        "414": {"description": "An address that is too long"},
        "503": {"description": "The disk cannot be read"},
    }
    return {
        **told,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": _TEXT}
            for name in ("child", "number")
        ],
    }


def _voice_sample() -> dict[str, Any]:
    told = answers("A few words in a voice", page=True, redirect=True)
    told["responses"] |= {
        "404": {"description": "There is no such voice"},
        "409": {"description": "The voice fails just now"},
        "414": {"description": "An address that is too long"},
    }
    return {
        **told,
        "parameters": [{"name": "voice", "in": "path", "required": True, "schema": _TEXT}],
    }


def _limit_fields() -> dict[str, Any]:
    hints = typing.get_type_hints(Limits, include_extras=True)
    return {each.name: _schema(each.name, hints[each.name]) for each in fields(Limits)}


def _schema(name: str, hint: Any) -> dict[str, Any]:  # noqa: ANN401 - a type's own form
    if typing.get_origin(hint) is Annotated:
        _, bound = typing.get_args(hint)
        if isinstance(bound, Between):
            return {"type": "integer", "minimum": bound.least, "maximum": bound.most}
        if isinstance(bound, OneOf):
            return {"enum": list(bound.choices)}
    return {"type": "string", "pattern": HOUR} if name.startswith("quiet_") else _TEXT


def form_body(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    """The body of a form."""
    schema = {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    return {
        "requestBody": {
            "required": True,
            "content": {"application/x-www-form-urlencoded": {"schema": schema}},
        }
    }


def answers(
    summary: str, *, page: bool = False, redirect: bool = False, refused: bool = False
) -> dict[str, Any]:
    """What may come back: a page, a redirect, a refusal of a form."""
    told: dict[str, str] = {"429": "Too often"}
    if page:
        told["200"] = "A page, or the file asked for"
    if redirect:
        told["303"] = "On to another page; without a session, to the one to sign in"
    if refused:
        told |= {
            "403": "No session, or not a form of ours, or not the code",
            "409": "Not possible just now",
            "413": "Too large",
            "415": "No form",
            "422": "A value is not allowed; nothing has changed",
            "503": "The disk refuses it; nothing has changed",
        }
    return {
        "summary": summary,
        "responses": {code: {"description": text} for code, text in sorted(told.items())},
    }


_FORMS: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "/sign-out": ("Sign out", {}, []),
    "/limits": ("Set limits; those left out stay", _limit_fields(), []),
    "/voices": ("Choose a voice; empty is the one of the set-up", {"voice": _TEXT}, ["voice"]),
    "/consent": (
        "Give or take back a consent",
        {"purpose": {"enum": [each.value for each in Purpose]}, "given": {"enum": ["yes", "no"]}},
        ["purpose", "given"],
    ),
    "/children": (
        "Say who practises here",
        {"names": {"type": "string", "maxLength": 400}, "present": _TEXT},
        ["names"],
    ),
    "/notes": ("The notes have been read: they go", {}, []),
    "/export": ("Everything as a zip", {}, []),
    "/forget": (
        "Delete a child, or all",
        {"child": _TEXT, "sure": {"enum": ["yes"]}},
        ["child", "sure"],
    ),
    "/teach-wake": ("Have Myna learn a child's voice", {}, []),
    "/sound-check": ("Play and listen", {}, []),
    "/pair": (
        "Ask a platform to take the speaker in",
        {"platform": {"type": "string", "maxLength": 200}},
        ["platform"],
    ),
    "/pair/stop": ("Let pairing be", {}, []),
    "/give-up": ("Leave the platform and delete everything", {"sure": {"enum": ["yes"]}}, ["sure"]),
}

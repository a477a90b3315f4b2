"""The portal's pages and forms as an OpenAPI document; for tests, the portal does not serve it."""

from __future__ import annotations

from typing import Any

from provisioning.parents.description import answers, form_body
from provisioning.parents.words import LANGUAGES
from provisioning.portal.countries import choices
from provisioning.portal.pages import CAN_BE_HIDDEN, SSID_BYTES

PASSWORD_LETTERS = 64
"""As hexadecimal digits; as plain characters it is one less (IEEE 802.11, J.4.1)."""
TOKEN: dict[str, Any] = {"type": "string", "maxLength": 64}
HEX_NAME: dict[str, Any] = {"type": "string", "pattern": "^([0-9a-f]{2}){1,32}$"}
_NOT_HERE = {"description": "No network of that name was heard"}
_TOO_LONG = {"description": "An address that is too long"}


def describe() -> dict[str, Any]:
    """The document, OpenAPI 3.1."""
    pages = {
        "/": "What fits the moment",
        "/all": "The networks nearby",
        "/hidden": "The form for a network that hides its name",
    }
    paths: dict[str, Any] = {
        path: {"get": answers(summary, page=True)} for path, summary in pages.items()
    }
    network = answers("The form for one network", page=True)
    # What can be no part of an address leads to the front, like everything unknown.
    network["responses"] |= {
        "303": {"description": "To the front"},
        "404": _NOT_HERE,
        "414": _TOO_LONG,
    }
    network["parameters"] = [{"name": "ssid", "in": "path", "required": True, "schema": HEX_NAME}]
    paths["/network/{ssid}"] = {"get": network}
    for path, (summary, form, needed) in _FORMS.items():
        told = answers(summary, page=True, refused=True)
        told["responses"]["404"] = _NOT_HERE
        body = form_body({"csrf": TOKEN, **form}, ["csrf", *needed])
        paths[path] = {"get": answers("To the front", redirect=True), "post": {**told, **body}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Myna, the set-up portal", "version": "1"},
        "paths": paths,
    }


_FORMS: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "/join": (
        "Try a network, with a password where it wants one",
        {
            "network": HEX_NAME,
            "hidden": {"enum": ["yes"]},
            "ssid": {"type": "string", "maxLength": SSID_BYTES},
            "kind": {"enum": [each.value for each in CAN_BE_HIDDEN]},
            "password": {"type": "string", "maxLength": PASSWORD_LETTERS},
            "country": {"enum": ["", *(code for code, _ in choices("en"))]},
            "language": {"enum": list(LANGUAGES)},
        },
        ["country", "language"],
    ),
    "/look": ("Look around for networks again", {}, []),
}

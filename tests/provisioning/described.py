"""What the speaker's own pages do, held against what they say of themselves in OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import schemathesis
from starlette.applications import Starlette
from starlette.routing import Route


def hold_to_description(
    described: Mapping[str, Any], case: schemathesis.Case, answer: httpx.Response
) -> None:
    """An answer that is described; to a method that is not, a refusal or the way to the sign-in."""
    assert answer.status_code < 500
    told = described["paths"][case.operation.path]
    if case.method.lower() not in told:
        assert answer.status_code in (303, 405)
    else:
        assert str(answer.status_code) in told[case.method.lower()]["responses"]


def hold_to_routes(described: Mapping[str, Any], app: Starlette) -> None:
    """Every route is described, and nothing else is."""
    served = {
        (route.path, method)
        for route in app.routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }
    paths = described["paths"].items()
    assert {(path, method.upper()) for path, ways in paths for method in ways} == served

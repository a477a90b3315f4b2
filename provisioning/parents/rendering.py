"""Pages from templates: a package's own, and these pages' where it has none of the name."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from provisioning.parents.guard import NONCE
from provisioning.parents.words import HERE, Words

LANGUAGE_COOKIE = "myna-language"


def rendered(
    package: str,
    template: str,
    request: Request,
    words: Words,
    *,
    status: int,
    asked: str,
    values: Mapping[str, object],
) -> Response:
    """A page.

    Args:
        package: Whose templates.
        template: Its name without ``.html``.
        asked: The language that was asked for just now; kept by the browser when it is one.
        values: Of the template; `heading` and `csrf` among them.
    """
    found = _templates(package).get_template(f"{template}.html")
    response = HTMLResponse(found.render(w=words, nonce=request.scope[NONCE], **values), status)
    if asked == words.language:
        response.set_cookie(LANGUAGE_COOKIE, asked, httponly=True, samesite="strict")
    return response


@functools.cache
def _templates(package: str) -> Any:  # noqa: ANN401 - an environment
    packages = dict.fromkeys((package, HERE))
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(each) for each in packages]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

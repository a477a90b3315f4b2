"""Hostile requests to the portal and what becomes of each; docs/security.md is held to this one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from provisioning.parents.guard import AT_ONCE
from provisioning.parents.sessions import Sessions
from provisioning.portal.description import describe
from provisioning.portal.pages import Portal
from tests.provisioning.described import hold_to_description, hold_to_routes
from tests.provisioning.portal.phone_at import ADDRESS, Booth

PAGE = Path(__file__).parents[3] / "docs" / "security.md"
FORM = {"content-type": "application/x-www-form-urlencoded"}
HOME = "Müller & <Söhne>".encode().hex()
WISH = {"network": HOME, "password": "correct horse", "country": "DE", "language": "en"}

Attack = Callable[[Booth], int]


def _get(path: str, **headers: str) -> Attack:
    return lambda booth: booth.phone.get(path, headers=headers).status_code


def _join(**headers: str) -> Attack:
    """A form with the right token and with headers that give it away."""

    def attack(booth: Booth) -> int:
        form = {"csrf": booth.token(), **WISH}
        return booth.phone.post("/join", data=form, headers=headers).status_code

    return attack


def _raw(body: bytes) -> Attack:
    return lambda booth: booth.phone.post("/join", content=body, headers=FORM).status_code


def _other_browser(booth: Booth) -> int:
    token = booth.token()
    return booth.browser("10.42.0.99").post("/join", data={"csrf": token, **WISH}).status_code


def _often(booth: Booth) -> int:
    return [booth.phone.get("/all").status_code for _ in range(int(AT_ONCE) + 1)][-1]


ATTACKS: dict[str, tuple[Attack, int]] = {
    "a form without a token": (
        lambda booth: booth.phone.post("/join", data=WISH).status_code,
        403,
    ),
    "a form with another browser's token": (_other_browser, 403),
    "a form from another site": (_join(origin="http://evil.example"), 403),
    "a form that the browser calls cross-site": (_join(**{"sec-fetch-site": "cross-site"}), 403),
    "a form of no origin": (_join(origin="null"), 403),
    "a form to a foreign name": (
        lambda booth: booth.phone.post("http://captive.apple.com/join", data=WISH).status_code,
        421,
    ),
    "a form as JSON": (_join(**{"content-type": "application/json"}), 415),
    "a form with a field twice": (_raw(b"csrf=a&csrf=b"), 422),
    "a form that is too large": (_raw(b"csrf=" + b"a" * 9000), 413),
    "a form of a thousand fields": (_raw(b"&".join(b"a%d=" % n for n in range(1000))), 422),
    "a form that is no UTF-8": (_raw(b"csrf=%ff%fe"), 422),
    "a page of a foreign name": (_get("/hidden", host="evil.example"), 302),
    "a page of a name with a port that is none": (_get("/hidden", host="10.42.0.1:80@evil"), 302),
    "a caller from the internet": (
        lambda booth: booth.browser("8.8.8.8").get("/").status_code,
        403,
    ),
    "a path upwards": (_get("/../../etc/passwd"), 303),
    "a path upwards, encoded": (_get("/network/%2e%2e%2f%2e%2e%2fetc%2fpasswd"), 303),
    "a network that is no number": (_get("/network/..%00"), 404),
    "a path that is too long": (_get("/network/" + "a" * 2000), 414),
    "the parents' pages": (_get("/today"), 303),
    "a method that there is not": (lambda booth: booth.phone.put("/join").status_code, 405),
    "tracing": (lambda booth: booth.phone.request("TRACE", "/").status_code, 405),
    "too many requests": (_often, 429),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_hostile_request(name: str) -> None:
    booth = Booth()
    attack, outcome = ATTACKS[name]
    assert attack(booth) == outcome
    assert (booth.set_up.wishes, booth.set_up.looks) == ([], 0)


def test_the_form_that_they_imitate_is_a_good_one() -> None:
    booth = Booth()
    assert booth.send("/join", WISH).status_code == 200
    assert len(booth.set_up.wishes) == 1


def test_the_table_in_the_documents_is_this_one() -> None:
    _, _, section = PAGE.read_text(encoding="utf-8").partition("### Hostile requests to the portal")
    own = section.partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+?) \| (\d{3}) \|", own, re.MULTILINE)
    assert dict(rows) == {name: str(outcome) for name, (_, outcome) in ATTACKS.items()}


def test_redirects_and_refusals_bear_the_same_headers_as_pages() -> None:
    booth = Booth()
    for answer in (
        booth.phone.get("http://captive.apple.com/hotspot-detect.html"),
        booth.phone.get("/"),
        booth.phone.post("/join"),
    ):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'nonce-")
        assert "script" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers


def test_a_redirect_leads_nowhere_else_whatever_is_asked() -> None:
    booth = Booth()
    for host in ("evil.example", "10.42.0.1.evil.example", "evil.example:80"):
        answer = booth.phone.get("/?next=http://evil.example/", headers={"host": host})
        assert answer.headers["location"] == f"{ADDRESS}/"


# -------------------------------------------------------------------------- the description

schema = schemathesis.openapi.from_dict(describe())


@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_the_portal_keeps_to_its_own_description(case: schemathesis.Case) -> None:
    booth = Booth()
    form = dict(case.body) if isinstance(case.body, dict) else {}
    form["csrf"] = booth.token()
    answer = booth.phone.request(case.method, case.formatted_path, params=case.query, data=form)
    hold_to_description(schema.raw_schema, case, answer)


def test_what_is_made_from_the_description_reaches_the_radio() -> None:
    """Else the test before this one would hold whatever the forms do."""
    wishes: list[object] = []

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(case=schema["/join"]["POST"].as_strategy())
    def tries(case: schemathesis.Case) -> None:
        booth = Booth()
        form = dict(case.body) if isinstance(case.body, dict) else {}
        form |= {"network": HOME, "password": "correct horse", "csrf": booth.token()}
        booth.phone.post("/join", data=form)
        wishes.extend(booth.set_up.wishes)

    tries()
    assert len(wishes) >= 10


def test_every_page_and_form_is_described() -> None:
    booth = Booth()
    portal = Portal(booth.set_up, Sessions(booth.clock.now_s), ADDRESS)
    hold_to_routes(describe(), portal.app)

"""Hostile requests and what becomes of each; the table in docs/security.md is held to this one."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from core.clock import SystemClock
from provisioning.parents.codes import OneTimeCode
from provisioning.parents.description import describe
from provisioning.parents.fakes import FakeHousehold
from provisioning.parents.family_file import FamilyFile
from provisioning.parents.guard import AT_ONCE, is_local
from provisioning.parents.pages import Pages
from provisioning.parents.server import DeadlineProtocol
from provisioning.parents.service import ParentsPages
from provisioning.parents.sessions import Sessions
from provisioning.parents.settings import ParentsSettings
from tests.provisioning.described import hold_to_description, hold_to_routes
from tests.provisioning.parents.site import HOST, Site

PAGE = Path(__file__).parents[3] / "docs" / "security.md"
FORM = {"content-type": "application/x-www-form-urlencoded"}
LIMIT = {"minutes_per_day": "5"}

Attack = Callable[[Site], int]


def _get(path: str, **headers: str) -> Attack:
    return lambda site: site.phone.get(path, headers=headers).status_code


def _limit(**headers: str) -> Attack:
    """A form with the right token and with headers that give it away."""

    def attack(site: Site) -> int:
        form = {"csrf": site.csrf(), **LIMIT}
        return site.phone.post("/limits", data=form, headers=headers).status_code

    return attack


def _raw(body: bytes, **headers: str) -> Attack:
    return lambda site: site.phone.post("/limits", content=body, headers=FORM | headers).status_code


def _from(address: str) -> Attack:
    return lambda site: site.browser(address).get("/sign-in").status_code


def _often(site: Site) -> int:
    return [site.phone.get("/sign-in").status_code for _ in range(int(AT_ONCE) + 1)][-1]


def _brute(site: Site) -> int:
    site.pages.new_code()
    tries = [site.phone.post("/sign-in", data={"code": f"{number}"}) for number in range(5)]
    return tries[-1].status_code


def _fixation(site: Site) -> int:
    victim = site.browser()
    victim.cookies.set("myna", "chosen-by-somebody-else")
    site.sign_in(victim)
    thief = site.browser()
    thief.cookies.set("myna", "chosen-by-somebody-else")
    return thief.get("/today").status_code


ATTACKS: dict[str, tuple[Attack, int]] = {
    "a form without a token": (
        lambda site: site.phone.post("/limits", data=LIMIT).status_code,
        403,
    ),
    "a form with a foreign token": (
        lambda site: site.phone.post("/limits", data={**LIMIT, "csrf": "x" * 43}).status_code,
        403,
    ),
    "a form from another site": (_limit(origin="http://evil.example"), 403),
    "a form that the browser calls cross-site": (_limit(**{"sec-fetch-site": "cross-site"}), 403),
    "a form of no origin": (_limit(origin="null"), 403),
    "a form as JSON": (_limit(**{"content-type": "application/json"}), 415),
    "a form with a field twice": (_raw(b"csrf=a&csrf=b"), 422),
    "a form that is too large": (_raw(b"csrf=" + b"a" * 9000), 413),
    "a form of a thousand fields": (_raw(b"&".join(b"a%d=" % n for n in range(1000))), 422),
    "a form that is no UTF-8": (_raw(b"csrf=%ff%fe"), 422),
    "a foreign host name (DNS rebinding)": (_get("/sign-in", host="evil.example"), 421),
    "a host name that begins like ours": (_get("/sign-in", host=f"{HOST}.evil.example"), 421),
    "a host name with a port that is none": (_get("/sign-in", host=f"{HOST}:80@evil"), 421),
    "a caller from the internet": (_from("8.8.8.8"), 403),
    "a caller from the internet as IPv6": (_from("2001:4860:4860::8888"), 403),
    "a caller who says that it is local": (
        lambda site: (
            site.browser("8.8.8.8").get("/", headers={"x-forwarded-for": "127.0.0.1"}).status_code
        ),
        403,
    ),
    "a path upwards": (_get("/../../etc/passwd"), 404),
    "a path upwards, encoded": (_get("/%2e%2e/%2e%2e/etc/passwd"), 404),
    "a path upwards, encoded twice": (_get("/%252e%252e%252fetc%252fpasswd"), 404),
    "a path with a null byte": (_get("/today%00.html"), 404),
    "a path that is too long": (_get("/" + "a" * 2000), 414),
    "a method that there is not": (lambda site: site.phone.delete("/today").status_code, 405),
    "tracing": (lambda site: site.phone.request("TRACE", "/").status_code, 405),
    "brute force on the code": (_brute, 429),
    "a session chosen beforehand": (_fixation, 303),
    "a cookie that is none": (
        lambda site: (
            site.browser().get("/today", headers={"cookie": "myna=" + "A" * 3000}).status_code
        ),
        303,
    ),
    "another family's child": (
        lambda site: (
            (
                site.send("/forget", child="0193b3f0-0000-7000-8000-00000000ffff", sure="yes")
            ).status_code
        ),
        422,
    ),
    "too many requests": (_often, 429),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_hostile_request(name: str) -> None:
    site = Site()
    site.sign_in()
    before = site.family.family
    attack, outcome = ATTACKS[name]
    assert attack(site) == outcome
    assert site.family.family == before
    assert site.household.forgotten == []


def test_the_table_in_the_documents_is_this_one() -> None:
    _, _, section = PAGE.read_text(encoding="utf-8").partition("### Hostile requests\n")
    own = section.partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+?) \| (\d{3}) \|", own, re.MULTILINE)
    assert dict(rows) == {name: str(outcome) for name, (_, outcome) in ATTACKS.items()}


def test_refusals_bear_the_same_headers_as_pages() -> None:
    site = Site()
    for answer in (site.phone.get("/", headers={"host": "evil"}), site.phone.get("/sign-in")):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("192.168.0.3", True),
        ("10.42.0.1", True),
        ("172.16.3.4", True),
        ("169.254.1.1", True),
        ("127.0.0.1", True),
        ("fe80::1", True),
        ("fd12::1", True),
        ("::ffff:192.168.1.2", True),
        ("::ffff:8.8.8.8", False),
        ("172.32.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - refused
        ("224.0.0.251", False),
        ("testclient", False),
        ("", False),
    ],
)
def test_what_counts_as_the_home_network(address: str, local: bool) -> None:
    assert is_local(address) is local


# ------------------------------------------------------------------------ the real server


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(DeadlineProtocol, "receive_within_s", 0.2)
    clock = SystemClock()
    with socket.create_server(("127.0.0.1", 0)) as free:
        wanted = free.getsockname()[1]
    pages = ParentsPages(
        FakeHousehold(),
        FamilyFile(None, clock.wall),
        ParentsSettings(port=wanted, listen="127.0.0.1"),
        clock,
    )
    with pages:
        assert pages.port == wanted
        yield wanted


def _talk(port: int, *parts: bytes) -> bytes:
    """Send parts and read until the server closes."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        for part in parts:
            line.sendall(part)
        while chunk := _received(line):
            answer += chunk
    return answer


def _received(line: socket.socket) -> bytes:
    try:
        return line.recv(65536)
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"GET /sign-in HT",
        b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\ncode=",
    ],
)
def test_a_slow_loris_is_cut_off(port: int, beginning: bytes) -> None:
    assert b"200 OK" not in _talk(port, beginning)  # returns at all: the server closed


def test_a_head_that_is_too_large_is_refused(port: int) -> None:
    answer = _talk(port, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 20_000)
    assert answer.startswith(b"HTTP/1.1 400")


def test_two_host_names_are_refused(port: int) -> None:
    head = b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\nConnection: close\r\n\r\n"
    assert _talk(port, head).split()[1] in (b"400", b"421")


def test_a_taken_port_leaves_the_speaker_without_pages_but_talking() -> None:
    clock = SystemClock()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wanted = ParentsSettings(port=taken.getsockname()[1], listen="127.0.0.1")
        with ParentsPages(FakeHousehold(), FamilyFile(None, clock.wall), wanted, clock) as pages:
            assert pages.port is None


# -------------------------------------------------------------------------- the description

schema = schemathesis.openapi.from_dict(describe())


@schema.parametrize()
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_the_pages_keep_to_their_own_description(case: schemathesis.Case) -> None:
    site = Site()
    form = dict(case.body) if isinstance(case.body, dict) else {}
    if not case.path.startswith("/sign-in"):
        site.sign_in()
        form["csrf"] = site.csrf()
    answer = site.phone.request(case.method, case.formatted_path, params=case.query, data=form)
    hold_to_description(schema.raw_schema, case, answer)


def test_every_page_and_form_is_described() -> None:
    site = Site()
    wall = site.clock.wall
    pages = Pages(
        site.household, site.family, OneTimeCode(site.clock.now_s), Sessions(site.clock.now_s), wall
    )
    hold_to_routes(describe(), pages.app)

"""The API against its own description, and one family against another."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings
from schemathesis.core import NOT_SET
from schemathesis.specs.openapi.checks import response_schema_conformance
from sqlalchemy import Engine, select

from hub import tables
from hub.access import make_token
from hub.api import make_api
from hub.database import open_database, upgrade
from hub.limits import MOST_BODY_BYTES
from hub.settings import HubSettings
from tests.hub.test_ingest import CHILD, DEVICE, event, put

OTHER_DEVICE = "myna-other"
FORM = "application/x-www-form-urlencoded"
TOKENS: dict[str, str] = {}
FOR_ALL = ("/health", "/oauth/device_authorization", "/oauth/token", "/v1/pairing/standing")
"""What a speaker without a family has to be answered."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    made = open_database(f"sqlite:///{tmp_path_factory.mktemp('api') / 'hub.db'}")
    upgrade(made)
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def client(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    authority = str(tmp_path_factory.mktemp("authority"))
    settings = HubSettings(authority=authority, public="https://hub.example")
    api = TestClient(make_api(engine, settings), raise_server_exceptions=False)
    TOKENS["admin"] = make_token(engine, None)
    for name, device in (("ours", DEVICE), ("theirs", OTHER_DEVICE)):
        family = api.post("/v1/families", json={"name": name}, headers=bearing("admin")).json()
        TOKENS[name] = family["token"]
        body = {"id": device, "family": family["id"]}
        assert api.post("/v1/devices", json=body, headers=bearing("admin")).status_code == 201
        put(engine, [event(1), event(2)], device)
    yield api
    api.close()


def bearing(who: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS[who]}"}


schema = schemathesis.openapi.from_asgi(
    "/openapi.json", make_api(open_database("sqlite:///:memory:"))
)


@schema.parametrize()
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
def test_the_api_keeps_to_its_own_description(case: schemathesis.Case, client: TestClient):
    for who in ("admin", "ours"):
        content = b"" if case.body is NOT_SET else json.dumps(case.body, default=str).encode()
        headers = bearing(who)
        if case.media_type == FORM and isinstance(case.body, dict):
            content = urlencode(case.body, errors="replace").encode()
            headers["Content-Type"] = FORM
        elif content:
            headers["Content-Type"] = "application/json"  # else no body is looked at
        response = client.request(
            case.method,
            case.formatted_path,
            params=case.query,
            headers=headers,
            content=content,
        )
        assert response.status_code < 500
        if case.method.lower() not in schema.raw_schema["paths"][case.operation.path]:
            assert response.status_code == 405
            continue
        operation = schema.raw_schema["paths"][case.operation.path][case.method.lower()]
        assert str(response.status_code) in operation["responses"]
        assert response.headers["content-type"] == "application/json"
        case.validate_response(response, checks=[response_schema_conformance])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"name":"\\ud800"}', 422),
        (b'{"\\ud800":1}', 422),
        (b"{", 422),
        (b'{"name":"\xff"}', 400),
        (b"[" * 100_000, 400),
        (b'{"name":' + b"9" * 5000 + b"}", 400),
        (b'{"name":"' + b"x" * MOST_BODY_BYTES + b'"}', 413),
    ],
    ids=["half", "half key", "torn", "latin", "deep", "long number", "large"],
)
def test_what_cannot_be_read_is_said_so_without_its_words(
    client: TestClient, body: bytes, status: int
):
    for content in (body, iter([body[:7], body[7:]])):  # its length announced, and not
        headers = {**bearing("admin"), "Content-Type": "application/json"}
        answer = client.post("/v1/families", content=content, headers=headers)
        assert answer.status_code == status
        assert "input" not in json.dumps(answer.json())
        assert "\\ud800" not in answer.text or "name" not in answer.text


def test_a_large_body_is_refused_before_anybody_is_known(client: TestClient):
    large = b"x" * (MOST_BODY_BYTES + 1)
    for path in ("/v1/families", "/oauth/token", "/login"):
        assert client.post(path, content=large).status_code == 413


def test_the_api_s_page_is_made_from_its_document_and_needs_no_internet(client: TestClient):
    page = client.get("/docs")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert not re.search(r'(?:src|href)="https?:', page.text)
    document = client.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in page.text
    assert "<code>within_s</code><dd>body, may be left out, type integer" in page.text


def test_without_a_token_nothing_is_told(client: TestClient):
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        if path in FOR_ALL:
            continue
        for method in methods:
            names = ("child", "command", "question", "family", "parent")
            place = path.format(device=DEVICE, **dict.fromkeys(names, CHILD))
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}):
                response = client.request(method, place, headers=headers, json={})
                assert response.status_code == 401, (method, path)


def test_a_family_sees_and_changes_its_own_alone(client: TestClient, engine: Engine):
    ours, theirs = bearing("ours"), bearing("theirs")
    (mine,) = client.get("/v1/devices", headers=ours).json()
    assert mine["id"] == DEVICE
    assert [each["device"] for each in client.get("/v1/children", headers=ours).json()] == [DEVICE]
    assert [each["name"] for each in client.get("/v1/families", headers=ours).json()] == ["ours"]
    order = {"name": "set_volume", "args": {"volume_percent": 3}}
    for method, path, body in (
        ("GET", f"/v1/devices/{OTHER_DEVICE}", None),
        ("PUT", f"/v1/devices/{OTHER_DEVICE}/settings", {"volume_percent": 1}),
        ("POST", f"/v1/devices/{OTHER_DEVICE}/commands", order),
    ):
        assert client.request(method, path, headers=ours, json=body).status_code == 404
    for path, body in (
        ("/v1/families", {"name": "x"}),
        ("/v1/devices", {"id": OTHER_DEVICE, "family": CHILD}),
    ):
        assert client.post(path, headers=ours, json=body).status_code == 403
    made = client.post(f"/v1/devices/{OTHER_DEVICE}/commands", headers=theirs, json=order).json()
    assert client.get(f"/v1/commands/{made['id']}", headers=ours).status_code == 404
    assert client.get(f"/v1/commands/{made['id']}", headers=theirs).json()["status"] == "waiting"
    # Both families' speakers know this child's pseudonym: each sees its own speaker's events.
    progress = client.get(f"/v1/children/{CHILD}/progress", headers=ours).json()
    with engine.connect() as connection:
        mine_ids = connection.execute(
            select(tables.events.c.id).where(tables.events.c.device == DEVICE)
        ).scalars()
        assert sorted(each["statement"]["id"] for each in progress) == sorted(mine_ids)


def test_a_question_is_answered_once(client: TestClient, engine: Engine):
    asked = event(50)
    asked["statement"]["verb"]["id"] = "http://adlnet.gov/expapi/verbs/asked"
    asked["statement"]["result"] = {"response": "Why?"}
    put(engine, [asked])
    place = f"/v1/questions/{asked['id']}/answer"
    body = {"text": "Because.", "language": "en"}
    assert client.get("/v1/questions", headers=bearing("theirs")).json() == []
    assert client.get("/v1/questions", headers=bearing("ours")).json()[0]["text"] == "Why?"
    assert client.post(place, headers=bearing("theirs"), json=body).status_code == 404
    command = client.post(place, headers=bearing("ours"), json=body)
    assert (command.status_code, command.json()["name"]) == (202, "answer")
    assert client.post(place, headers=bearing("ours"), json=body).status_code == 404


def test_forgetting_a_child_leaves_numbers_alone(client: TestClient, engine: Engine):
    assert client.delete(f"/v1/children/{CHILD}", headers=bearing("ours")).json() == {
        "speakers": [DEVICE]
    }
    with engine.connect() as connection:
        rows = connection.execute(
            select(tables.events).where(tables.events.c.device == DEVICE)
        ).all()
        told = connection.execute(
            select(tables.commands.c.args).where(tables.commands.c.name == "answer")
        ).scalars()
        assert list(told) == []  # what a teacher wrote to the child
    assert {(row.kind, row.child, row.body) for row in rows} == {("dropped", None, "{}")}
    assert client.delete(f"/v1/children/{CHILD}", headers=bearing("ours")).status_code == 404
    assert len(client.get("/v1/children", headers=bearing("theirs")).json()) == 1


def test_the_page_shows_a_family_its_speakers(client: TestClient):
    assert "Your family" in client.get("/").text
    assert client.post("/login", data={"token": "wrong"}).status_code == 401
    for broken in (b"token=\xff%00\xfe", b"token=%00"):
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert client.post("/login", content=broken, headers=form).status_code == 422
    page = client.post("/login", data={"token": TOKENS["ours"]})
    assert DEVICE in page.text
    assert OTHER_DEVICE not in page.text
    client.cookies.clear()


def test_a_store_that_is_away_is_said_so(tmp_path: Path):
    away = TestClient(make_api(open_database(f"sqlite:///{tmp_path / 'no' / 'hub.db'}")),
                      raise_server_exceptions=False)  # fmt: skip
    assert away.get("/health").status_code == 503
    away.close()

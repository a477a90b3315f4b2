"""Speakers and parents meet at the hub: RFC 8628 over TLS, the code's page, the certificate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select

from hub import grants, guesses, leaving, tables
from hub.database import now_ms
from provisioning.factory.certificates import make_factory_key
from provisioning.identity import CERTIFICATE_FILE, IDENTITY_FILE, KEY_FILE, new_identity
from provisioning.pairing.flow import CodeReady, Failed, MayI, Paired
from provisioning.pairing.keys import DeviceKey
from tests.hub.house import BROKER, Box, House, Parent, serve

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with serve(tmp_path_factory.mktemp("hub")) as made:
        yield made


@pytest.fixture(autouse=True)
def nothing_before(house: House) -> None:
    with house.engine.begin() as connection:
        for table in tables.metadata.sorted_tables:
            connection.execute(table.delete())


@pytest.fixture
def family(house: House) -> str:
    return house.family("The Lins")


@pytest.fixture
def parent(house: House, family: str) -> Parent:
    return house.parent(family)


@pytest.fixture
def box(house: House, tmp_path: Path) -> Box:
    return Box(house, tmp_path)


def pair(box: Box, parent: Parent, **wishes: str) -> Paired:
    code = box.begin()
    assert parent.decides(code, **wishes).status_code == 303
    assert isinstance(box.wait(), MayI)
    assert box.pairing.say_yes()
    done = box.wait()
    assert isinstance(done, Paired), done
    return done


def device(house: House, name: str) -> dict[str, object]:
    with house.engine.connect() as connection:
        row = connection.execute(select(tables.devices).where(tables.devices.c.id == name)).first()
    return {} if row is None else dict(row._mapping)


def test_the_whole_way_from_code_to_certificate(
    house: House, family: str, parent: Parent, box: Box
) -> None:
    assert isinstance(box.pairing.begin(house.url), CodeReady)
    code = box.pairing.record.user_code
    assert box.pairing.record.address == f"{house.url}/pair"
    assert box.wait() is None  # nobody has typed it
    assert parent.browser.get("/pair").status_code == 200
    answer = parent.decides(
        code.lower().replace("-", " "),
        nicknames="Lily\n小明",
        language="zh",
        minutes_per_day="20",
        quiet_from="20:00",
        quiet_until="07:00",
    )
    waiting = parent.browser.get(answer.headers["location"])
    assert "Now press Myna" in waiting.text
    assert waiting.headers["refresh"] == "3"
    assert box.wait() == MayI("The Lins")
    assert device(house, box.pairing.record.device) == {}  # not without the button
    assert box.pairing.say_yes()
    done = box.wait()
    assert isinstance(done, Paired)
    settings = {
        "language": "zh",
        "minutes_per_day": 20,
        "quiet_from": "20:00",
        "quiet_until": "07:00",
    }
    assert (done.welcome.nicknames, done.welcome.settings) == (("Lily", "小明"), settings)
    assert done.welcome.broker == box.pairing.record.broker == BROKER
    assert "says hello" in parent.browser.get(answer.headers["location"]).text
    name = box.pairing.record.device
    known = device(house, name)
    assert known["family"] == family
    assert json.loads(str(known["desired"])) == settings
    shown = x509.load_pem_x509_certificate(box.folder.certificate.read_bytes())
    assert shown.subject.rfc4514_string() == f"CN={name}"
    authority = x509.load_pem_x509_certificate(box.folder.ca.read_bytes())
    shown.verify_directly_issued_by(authority)
    assert box.folder.key.stat().st_mode & 0o777 == 0o600
    assert box.pairing.provisional
    assert not box.pairing.revoked()


def test_polling_too_fast_has_to_be_slower_and_unknown_codes_are_refused(
    house: House, box: Box
) -> None:
    box.begin()
    platform = house.platform()
    secret = box.pairing.record.device_code
    assert not platform.poll(secret).slower  # type: ignore[union-attr]
    assert platform.poll(secret).slower  # type: ignore[union-attr]
    with house.engine.connect() as connection:
        assert connection.execute(select(tables.grants.c.interval_s)).scalar() == 10
    raw = house.raw()
    for form, error in (
        ({"grant_type": GRANT, "client_id": "myna-speaker", "device_code": "x"}, "invalid_request"),
        ({"grant_type": GRANT, "client_id": "other", "device_code": secret}, "invalid_client"),
        ({"grant_type": "password", "client_id": "myna-speaker"}, "unsupported_grant_type"),
        ({"grant_type": GRANT, "client_id": "myna-speaker"}, "invalid_request"),
        ({}, "unsupported_grant_type"),
    ):
        answer = raw.post("/oauth/token", data=form)
        assert answer.status_code in (400, 401)
        assert answer.json()["error"] == error
        assert answer.headers["cache-control"] == "no-store"


def test_a_code_that_nobody_types_expires_on_both_sides(house: House, box: Box) -> None:
    code = box.begin()
    house.later(guesses.LIFE_S + 1)
    assert box.wait() == Failed("pairing.expired")
    assert box.pairing.record.user_code == ""
    box.begin()
    house.later(guesses.LIFE_S + 1)
    parent = house.parent(house.family("late"))
    assert parent.types(code).status_code == 403
    box.clock.advance_to(box.clock.now_s() + guesses.LIFE_S)
    assert box.pairing.step() == Failed("pairing.expired")


def test_a_button_that_nobody_presses_is_a_no(house: House, parent: Parent, box: Box) -> None:
    parent.decides(box.begin())
    assert isinstance(box.wait(), MayI)
    box.clock.advance_to(box.clock.now_s() + grants.TOKEN_LIFE_S)
    house.later(grants.TOKEN_LIFE_S * 2)
    assert box.pairing.step() == Failed("pairing.expired")
    assert not box.pairing.say_yes()
    assert "in time" in parent.browser.get(f"/pair/{parent.grant}").text
    assert device(house, box.pairing.record.device or "x") == {}


def test_a_parent_s_no_is_heard(parent: Parent, box: Box) -> None:
    assert parent.decides(box.begin(), answer="no").status_code == 303
    assert box.wait() == Failed("pairing.denied")


def test_of_two_parents_the_first_decides(house: House, family: str, box: Box) -> None:
    mother, father = house.parent(family, "mother"), house.parent(family, "father")
    code = box.begin()
    page = mother.types(code)
    assert father.decides(code, nicknames="Lily").status_code == 303
    grant = page.text.split('name="grant" value="')[1].split('"')[0]
    late = mother.send("/pair/decide", grant=grant, answer="no")
    assert late.status_code == 409
    assert box.wait() == MayI("The Lins")
    # Both see the same, a stranger nothing.
    assert mother.browser.get(f"/pair/{grant}").status_code == 200
    stranger = house.parent(house.family("stranger"))
    assert stranger.browser.get(f"/pair/{grant}").status_code == 404


def test_wrong_codes_lock_a_family_and_not_the_others(
    house: House, family: str, parent: Parent, box: Box
) -> None:
    code = box.begin()
    other = house.parent(family)  # of the same family: counted together
    for _ in range(guesses.TRIES_OF_ONE - 1):
        assert parent.types("FFFF-FFFF").status_code == 403
    assert other.types("nonsense").status_code == 429
    assert parent.types(code).status_code == 429
    neighbour = house.parent(house.family("neighbour"))
    assert neighbour.types("FFFF-FFFF").status_code == 403
    assert 'name="grant"' in neighbour.types(code).text
    house.later(guesses.WINDOW_MS / 1000 + 1)
    assert parent.types("FFFF-FFFF").status_code == 403


def test_all_families_together_are_bounded_too(house: House, box: Box) -> None:
    code = box.begin()
    with house.engine.begin() as connection:
        for number in range(guesses.TRIES_OF_ALL):
            guesses.wrong(house.engine, connection, f"family-{number}")
    assert house.parent(house.family("last")).types(code).status_code == 429


def test_blind_guessing_is_below_one_in_a_million() -> None:
    assert guesses.BLIND_GUESS < 1e-6
    codes = {guesses.new_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(guesses.plain(code) == code for code in codes)
    assert set("".join(codes)) - {"-"} == set(guesses.ALPHABET)
    assert not set("019IOSZBDTCGVNAEU") & set(guesses.ALPHABET)
    for none in ("", "FFFF", "FFFF-FFF0", "FFFF-FFFF-F", "é" * 8, "x" * 1000):
        assert guesses.plain(none) == ""


def test_power_cuts_at_every_step_lose_nothing(parent: Parent, box: Box, house: House) -> None:
    code = box.begin()
    box.start("boot-2")
    assert box.pairing.resumed() == CodeReady(code, f"{house.url}/pair")
    parent.decides(code)
    # The platform has made the token, the speaker went out before it had it.
    house.platform().poll(box.pairing.record.device_code)
    assert isinstance(box.wait(), MayI)
    box.start("boot-3")
    assert box.pairing.resumed() == MayI("The Lins")
    assert box.pairing.say_yes()
    # The certificate was made, the speaker went out before it had it.
    key = DeviceKey(box.folder.folder)
    first = house.platform().certify(
        box.pairing.record.token, key.request(box.pairing.record.device)
    )
    box.start("boot-4")
    assert box.pairing.resumed() is None
    done = box.wait()
    assert isinstance(done, Paired)
    assert done.welcome.certificate == first.certificate
    box.start("boot-5")
    assert box.pairing.record.family == "The Lins"
    assert box.pairing.due_in_s is None
    with house.engine.connect() as connection:
        assert len(connection.execute(select(tables.certificates)).all()) == 1


def test_a_speaker_of_others_cannot_be_claimed_until_it_is_freed(
    house: House, family: str, parent: Parent, box: Box, tmp_path: Path
) -> None:
    pair(box, parent)
    name = box.pairing.record.device
    # Its memory was wiped, but not by its owner: the key is still its own.
    (box.folder.folder / "pairing.json").unlink()
    box.start()
    stranger = house.parent(house.family("stranger"))
    assert "another family" not in stranger.browser.get("/pair").text
    answer = stranger.decides(box.begin())
    assert "belongs to another family" in stranger.browser.get(answer.headers["location"]).text
    assert box.wait() == Failed("pairing.taken")
    assert device(house, name)["family"] == family
    # Its own family may, as often as it likes; the old certificate is worth nothing then.
    old = box.folder.certificate.read_text()
    pair(box, parent)
    with house.engine.connect() as connection:
        revoked = connection.execute(select(tables.certificates.c.revoked_ms)).scalars().all()
    assert sorted(each is None for each in revoked) == [False, True]
    assert box.folder.certificate.read_text() != old
    with house.engine.begin() as connection:
        leaving.free(connection, name)
    (box.folder.folder / "pairing.json").unlink()
    box.start()
    pair(box, stranger)
    assert device(house, name)["freed_ms"] is None


def test_a_race_for_one_speaker_has_one_winner(
    house: House, family: str, parent: Parent, box: Box
) -> None:
    parent.decides(box.begin())
    assert isinstance(box.wait(), MayI)
    rival = house.family("rival")
    with house.engine.begin() as connection:
        from hub.ingest import see

        see(house.engine, connection, box.pairing.record.device, now_ms())
        connection.execute(tables.devices.update().values(family=rival))
    box.pairing.say_yes()
    assert box.wait() == Failed("pairing.taken")


def test_a_token_makes_no_certificate_for_another_key(
    house: House, parent: Parent, box: Box, tmp_path: Path
) -> None:
    parent.decides(box.begin())
    box.wait()
    raw = house.raw()
    bearing = {"Authorization": f"Bearer {box.pairing.record.token}"}
    thief = DeviceKey(tmp_path / "thief")
    for csr in (
        thief.request(box.pairing.record.device),
        "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        box.folder.key.read_text(),
        "\0",
    ):
        answer = raw.post("/v1/pairing/certificate", json={"csr": csr}, headers=bearing)
        assert answer.status_code == 422
    good = DeviceKey(box.folder.folder).request("myna-someone-else")
    answer = raw.post("/v1/pairing/certificate", json={"csr": good}, headers=bearing)
    shown = x509.load_pem_x509_certificate(answer.json()["certificate"].encode())
    assert shown.subject.rfc4514_string() == f"CN={box.pairing.record.device}"
    # The token opens nothing else.
    for path in ("/v1/devices", "/v1/families", "/v1/children"):
        assert raw.get(path, headers=bearing).status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        {"key": "0" * 64},
        {"key": "xyz"},
        {"device": "Not A Device"},
        {"device": "myna-k" + "0" * 20},
        {"scope": "everything"},
        {"client_id": "somebody"},
    ],
)
def test_who_asks_wrongly_gets_no_code(house: House, box: Box, change: dict[str, str]) -> None:
    key = DeviceKey(box.folder.folder).digest
    good = {"client_id": "myna-speaker", "device": f"myna-k{key[:20]}", "key": key}
    raw = house.raw()
    path = "/oauth/device_authorization"
    assert raw.post(path, data=good).status_code == 200
    assert raw.post(path, data={**good, **change}).status_code in (400, 401)
    twice = "&".join(f"{name}={value}" for name, value in [*good.items(), ("key", key)])
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert raw.post(path, content=twice, headers=form).status_code == 400
    assert raw.post(path, content=b"\xff" * 40_000, headers=form).status_code in (400, 401)


def test_nobody_fills_the_table_of_codes(house: House, tmp_path: Path) -> None:
    boxes = [Box(house, tmp_path / str(number)) for number in range(grants.OF_ONE_ADDRESS + 1)]
    for each in boxes[:-1]:
        each.begin()
    assert boxes[-1].pairing.begin(house.url) == Failed("pairing.busy")
    # A speaker that begins again takes no second place.
    boxes[0].begin()
    house.later(guesses.LIFE_S + 1)
    boxes[-1].begin()


def test_the_factory_vouches_for_serial_numbers(tmp_path: Path) -> None:
    factory = make_factory_key(tmp_path / "factory")
    identity = new_identity()
    kept = tmp_path / "identity"
    kept.mkdir()
    (kept / IDENTITY_FILE).write_text(identity.to_json())
    with serve(tmp_path / "hub", factory_ca=str(factory.certificate)) as house:
        bare = Box(house, tmp_path / "bare", kept)
        assert bare.pairing.begin(house.url) == Failed("pairing.platform")
        credentials = factory.issue(identity.serial)
        (kept / KEY_FILE).write_bytes(credentials.key)
        (kept / CERTIFICATE_FILE).write_bytes(credentials.certificate)
        box = Box(house, tmp_path / "box", kept)
        code = box.begin()
        assert box.pairing.record.device == identity.hostname
        assert not box.pairing.provisional
        parent = house.parent(house.family("owner"))
        assert "factory vouches" in parent.types(code).text
        # Another serial's certificate does not do.
        (kept / CERTIFICATE_FILE).write_bytes(factory.issue("MY-0000-0000").certificate)
        assert Box(house, tmp_path / "b3", kept).pairing.begin(house.url) == Failed(
            "pairing.platform"
        )


def test_a_hub_without_an_authority_pairs_nobody(tmp_path: Path) -> None:
    with serve(tmp_path / "hub", authority="") as house:
        assert Box(house, tmp_path).pairing.begin(house.url) == Failed("pairing.platform")


def test_standing_is_told_to_whoever_knows_the_certificate(
    house: House, parent: Parent, box: Box
) -> None:
    pair(box, parent)
    name = box.pairing.record.device
    assert parent.send("/remove", device=name).status_code == 422
    assert parent.send("/remove", device=name, sure="yes", lost="yes").status_code == 200
    assert box.pairing.revoked()
    with house.engine.connect() as connection:
        (print_,) = connection.execute(select(tables.certificates.c.fingerprint)).one()
    assert house.platform().standing(name, print_) == "revoked"
    assert house.platform().standing("myna-other", print_) == "unknown"
    assert house.platform().standing(name, "0" * 64) == "unknown"


def test_a_speaker_that_is_asked_to_leave_is_free_when_it_says_so(
    house: House, parent: Parent, box: Box
) -> None:
    from hub.ingest import see_reply

    pair(box, parent)
    name = box.pairing.record.device
    assert parent.send("/remove", device=name, sure="yes").status_code == 200
    assert "leaves as soon as" in parent.browser.get("/").text
    with house.engine.connect() as connection:
        (order,) = connection.execute(select(tables.commands.c.id)).one()
    wrong = {"id": str(order), "name": "unpair", "status": "done", "code": "ok"}
    see_reply(house.engine, "myna-other", wrong)
    see_reply(house.engine, name, {**wrong, "name": "restart"})
    assert device(house, name)["family"] is not None
    see_reply(house.engine, name, wrong)
    assert device(house, name)["family"] is None
    assert name not in parent.browser.get("/").text


def test_a_speaker_that_never_answers_has_left_after_a_week(
    house: House, parent: Parent, box: Box
) -> None:
    pair(box, parent)
    name = box.pairing.record.device
    parent.send("/remove", device=name, sure="yes")
    leaving.overdue(house.engine)
    assert device(house, name)["family"] is not None
    with house.engine.begin() as connection:
        late_ms = now_ms() - leaving.PATIENCE_MS - 1
        connection.execute(tables.devices.update().values(leaving_ms=late_ms))
    leaving.overdue(house.engine)
    assert device(house, name)["family"] is None


def test_nicknames_go_with_a_pairing_that_is_over(house: House, parent: Parent, box: Box) -> None:
    pair(box, parent, nicknames="Lily")
    for seconds, left in ((guesses.LIFE_S, 1), (grants.KEPT_MS / 1000 + 1, 0)):
        house.later(seconds)
        grants.purge(house.engine)
        with house.engine.connect() as connection:
            wishes = connection.execute(select(tables.grants.c.wishes)).scalars().all()
        assert len(wishes) == left
        assert all("Lily" in each for each in wishes)


def test_one_family_cannot_give_up_another_s(house: House, parent: Parent, box: Box) -> None:
    pair(box, parent)
    name = box.pairing.record.device
    stranger = house.parent(house.family("stranger"))
    assert stranger.send("/remove", device=name, sure="yes", lost="yes").status_code == 404
    assert device(house, name)["family"] is not None


def test_a_key_that_is_no_p_256_key_is_not_certified(house: House, box: Box) -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    pem = request.public_bytes(serialization.Encoding.PEM).decode()
    with pytest.raises(ValueError, match="another key"):
        house.authority.certify(pem, "myna-x", "0" * 64)

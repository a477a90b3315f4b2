"""The portal's pages, as a phone in the access point gets them."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
from starlette.testclient import TestClient

from core.clock import VirtualClock
from provisioning.portal.countries import countries, is_country
from provisioning.portal.fakes import FakeSetUp
from provisioning.portal.ports import Phase, Tried, Wish
from provisioning.portal.probes import PROBES
from provisioning.portal.service import PortalPages
from provisioning.wifi.ports import Band, Credentials, Network, Refusal, Security, bad_password
from tests.provisioning.portal.phone_at import ADDRESS, Booth

HOME = "Müller & <Söhne>".encode()


@pytest.fixture
def booth() -> Booth:
    return Booth()


@pytest.mark.parametrize("probe", PROBES, ids=list(PROBES.values()))
def test_every_maker_s_probe_leads_to_the_front_door(booth: Booth, probe: str) -> None:
    for method in ("GET", "HEAD"):
        answer = booth.phone.request(method, probe)
        assert (answer.status_code, answer.headers["location"]) == (302, f"{ADDRESS}/")
        # What the maker waits for must not be there by chance.
        assert "Success" not in answer.text
        assert "success" not in answer.text
        assert "Microsoft" not in answer.text


def test_a_probe_under_our_own_address_leads_to_the_front_door_as_well(booth: Booth) -> None:
    answer = booth.phone.get("/generate_204")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_the_list_says_strength_lock_and_what_does_not_work(booth: Booth) -> None:
    text = booth.phone.get("/", headers={"accept-language": "en"}).text
    assert "Müller &amp; &lt;Söhne&gt;" in text
    assert "very strong · password (WPA2)" in text
    assert "strong · password (WPA3)" in text
    assert "fair · no password" in text
    assert "5 GHz alone" in text
    assert "schools and offices" in text
    assert "(WEP) is so old" in text
    assert text.count('href="/network/') == 3  # what cannot be joined is no link


def test_a_radio_of_both_bands_hears_no_word_of_24_ghz(booth: Booth) -> None:
    booth.set_up.now = replace(booth.set_up.now, bands=frozenset(Band))
    text = booth.phone.get("/").text
    assert "2.4 GHz" not in text
    assert text.count('href="/network/') == 4


def test_joining_takes_one_form(booth: Booth) -> None:
    page = booth.phone.get(f"/network/{HOME.hex()}")
    assert page.status_code == 200
    answer = booth.send(
        "/join", {"network": HOME.hex(), "password": "correct horse"}, country="DE", language="zh"
    )
    assert answer.status_code == 200
    assert "Her own network goes away now" in answer.text
    assert "“Myna-AB12” comes back" in answer.text
    assert "correct horse" not in answer.text
    assert booth.set_up.wishes == [Wish(Credentials(HOME, "correct horse"), "DE", "zh")]


def test_an_open_network_is_asked_no_password_and_is_given_none(booth: Booth) -> None:
    assert 'name="password"' not in booth.phone.get(f"/network/{b'Cafe'.hex()}").text
    booth.send(
        "/join", {"network": b"Cafe".hex(), "password": "typed anyway"}, country="", language="en"
    )
    assert booth.set_up.wishes == [Wish(Credentials(b"Cafe", "", Security.OPEN), "", "en")]


def test_a_hidden_network_is_named(booth: Booth) -> None:
    form = {"hidden": "yes", "ssid": "客厅", "kind": "wpa3", "password": "under the roof"}
    booth.send("/join", **form, country="CN", language="zh")
    wanted = Credentials("客厅".encode(), "under the roof", Security.WPA3, hidden=True)
    assert booth.set_up.wishes == [Wish(wanted, "CN", "zh")]


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"network": HOME.hex(), "password": "short"}, 422),
        ({"network": HOME.hex(), "password": "pässwörter"}, 422),
        ({"network": HOME.hex(), "password": "g" * 64}, 422),
        ({"network": b"Fast-5G".hex(), "password": "correct horse"}, 404),
        ({"network": b"School".hex(), "password": "correct horse"}, 404),
        ({"network": b"Nowhere".hex(), "password": "correct horse"}, 404),
        ({"hidden": "yes", "ssid": "", "kind": "open"}, 422),
        ({"hidden": "yes", "ssid": "中" * 11, "kind": "open"}, 422),
        ({"hidden": "yes", "ssid": "x", "kind": "wep"}, 422),
        ({"network": HOME.hex(), "password": "correct horse", "country": "XX"}, 422),
        ({"network": HOME.hex(), "password": "correct horse", "language": "fr"}, 422),
    ],
)
def test_what_no_network_could_take_is_told_at_once(
    booth: Booth, form: dict[str, str], status: int
) -> None:
    answer = booth.send("/join", **{"country": "", "language": "en", **form})
    assert answer.status_code == status
    assert booth.set_up.wishes == []
    assert form.get("password", "no such text") not in answer.text


@pytest.mark.parametrize("why", list(Refusal))
def test_after_a_failure_the_same_network_is_asked_again(booth: Booth, why: Refusal) -> None:
    tried = Tried(Credentials(HOME, "", Security.WPA2), why)
    booth.set_up.now = replace(booth.set_up.now, tried=tried, country="DE")
    for language in ("en", "zh"):
        page = booth.phone.get(f"/?lang={language}").text
        assert 'role="alert"' in page
        assert f'value="{HOME.hex()}"' in page
        assert '<option value="DE" selected' in page
    assert "Müller" in page
    booth.send(
        "/join", {"network": HOME.hex(), "password": "battery staple"}, country="DE", language="en"
    )
    assert [wish.credentials.password for wish in booth.set_up.wishes] == ["battery staple"]


def test_a_network_that_failed_can_be_tried_again_though_it_is_no_longer_heard(
    booth: Booth,
) -> None:
    tried = Tried(Credentials(b"Gone", "", Security.WPA3), Refusal.NOT_FOUND)
    booth.set_up.now = replace(booth.set_up.now, tried=tried)
    booth.send(
        "/join", {"network": b"Gone".hex(), "password": "battery staple"}, country="", language="en"
    )
    assert booth.set_up.wishes[0].credentials == Credentials(
        b"Gone", "battery staple", Security.WPA3
    )


def test_only_one_thing_happens_at_a_time(booth: Booth) -> None:
    token = booth.token()
    booth.set_up.now = replace(booth.set_up.now, phase=Phase.TRYING)
    form = {"network": HOME.hex(), "password": "correct horse", "country": "", "language": "en"}
    assert booth.phone.post("/join", data={"csrf": token, **form}).status_code == 409
    assert booth.phone.post("/look", data={"csrf": token}).status_code == 409
    assert "goes away now" in booth.phone.get("/").text


def test_looking_again_is_said_to_take_the_network_away(booth: Booth) -> None:
    answer = booth.send("/look")
    assert "back in some seconds" in answer.text
    assert booth.set_up.looks == 1


def test_when_it_is_done_there_is_nothing_left_to_choose(booth: Booth) -> None:
    booth.set_up.now = replace(booth.set_up.now, phase=Phase.DONE)
    for path in ("/", "/all", "/hidden", f"/network/{HOME.hex()}"):
        assert "Myna is on your Wi-Fi" in booth.phone.get(path).text


def test_pages_are_small_whatever_is_on_the_air(booth: Booth) -> None:
    many = tuple(
        Network(f"Network {n:03} {'长' * 6}".encode(), 50, Security.WPA2, frozenset({Band.LOW}))
        for n in range(120)
    )
    booth.set_up.now = replace(booth.set_up.now, networks=many)
    for path in ("/", "/hidden", f"/network/{many[0].ssid.hex()}"):
        assert len(booth.phone.get(path).content) < 150_000


def test_the_language_is_kept_and_the_phone_s_own_comes_first() -> None:
    booth = Booth()
    assert "附近的网络" in booth.phone.get("/", headers={"accept-language": "zh-CN,zh;q=0.9"}).text
    booth.phone.get("/?lang=en")
    assert "Networks nearby" in booth.phone.get("/", headers={"accept-language": "zh-CN"}).text


def test_countries_have_names_in_both_languages() -> None:
    assert all(set(names) == {"en", "zh"} for names in countries().values())
    assert "NO" in countries()
    assert [is_country(code) for code in ("DE", "", "de", "ZZ")] == [True, True, False, False]


def test_the_portal_is_served_again_and_again() -> None:
    pages = PortalPages(FakeSetUp(), VirtualClock(), "127.0.0.1", 0)
    for _ in range(2):
        with pages:
            answer = httpx.get(f"http://127.0.0.1:{pages.port}/all")
            assert "Networks nearby" in answer.text
        assert pages.port is None


def test_which_passwords_no_network_has() -> None:
    def bad(password: str, security: Security = Security.WPA2) -> bool:
        return bad_password(Credentials(b"x", password, security))

    assert [bad(each) for each in ("1234567", "12345678", "x" * 63, "f" * 64, "x" * 64)] == [
        *(True, False, False, False, True)
    ]
    assert not bad("", Security.OPEN)


def test_a_browser_without_cookies_is_told_to_come_again() -> None:
    booth = Booth()
    token = booth.token()
    stranger = TestClient(booth.app, base_url=ADDRESS, client=("10.42.0.9", 1))
    form = {"csrf": token, "network": HOME.hex(), "password": "correct horse"}
    answer = stranger.post("/join", data=form)
    assert answer.status_code == 403
    assert "try once more" in answer.text

"""From a phone's probe to a joined network in a real browser; pictures are kept in build/.

The browser takes every name for this machine, as a phone does in the access point.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest
from selenium.webdriver.support.ui import Select

from core.clock import VirtualClock
from provisioning.portal.fakes import FakeSetUp
from provisioning.portal.ports import Phase, SetUpView, Tried
from provisioning.portal.service import PortalPages
from provisioning.wifi.ports import Credentials, Refusal, Security
from tests.provisioning.phone import Phone, needs_browser

HOME = "Müller & <Söhne>".encode()
pytestmark = needs_browser


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    everything_is_here = "--host-resolver-rules=MAP * 127.0.0.1"
    made = Phone(tmp_path_factory.mktemp("phone"), "portal", (everything_is_here,))
    yield made
    made.driver.quit()


class Speaker:
    """The portal over a real socket, before a fake speaker."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.set_up = FakeSetUp()
        self.pages = PortalPages(self.set_up, VirtualClock(), "127.0.0.1", self.port)
        self.url = f"http://127.0.0.1:{self.port}"

    def fails(self, what: Credentials, why: Refusal) -> None:
        """The access point is back, with the result."""
        self.now(phase=Phase.OPEN, tried=Tried(what, why))

    def now(self, **changed: object) -> None:
        view: SetUpView = replace(self.set_up.now, **changed)  # type: ignore[arg-type]
        self.set_up.now = view


@pytest.fixture
def speaker(phone: Phone) -> Iterator[Speaker]:
    made = Speaker()
    with made.pages:
        phone.driver.get(f"{made.url}/all")
        phone.driver.delete_all_cookies()
        yield made


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_can_be_used_by_everybody(phone: Phone, speaker: Speaker, language: str) -> None:
    def look(name: str, path: str) -> None:
        phone.goes(f"{speaker.url}{path}")
        assert phone.troubles() == [], name
        assert bool(re.search("[一-鿿]", phone.text)) is (language == "zh") or name == "networks"
        phone.picture(f"{name}-{language}")

    phone.goes(f"{speaker.url}/?lang={language}")
    look("networks", "/all")
    look("network", f"/network/{HOME.hex()}")
    look("hidden", "/hidden")
    speaker.fails(Credentials(HOME, "", Security.WPA2), Refusal.WRONG_PASSWORD)
    look("wrong-password", "/")
    speaker.now(phase=Phase.TRYING)
    look("trying", "/")
    speaker.now(phase=Phase.LOOKING)
    look("looking", "/")
    speaker.now(phase=Phase.DONE)
    look("done", "/")
    speaker.now(phase=Phase.OPEN, tried=None, networks=())
    look("nothing-heard", "/")


def test_from_a_probe_to_a_joined_network_with_a_wrong_password_between(
    phone: Phone, speaker: Speaker
) -> None:
    phone.goes(f"http://captive.apple.com:{speaker.port}/hotspot-detect.html")
    assert phone.driver.current_url == f"{speaker.url}/"
    phone.goes(f"{speaker.url}/?lang=en")
    phone.presses(f"a[href='/network/{HOME.hex()}']")
    phone.types("password", "battery staple")
    country = phone.driver.find_element("name", "country")
    Select(country).select_by_value("DE")
    phone.presses("main button")
    assert "goes away now" in phone.text
    wish = speaker.set_up.wishes[-1]
    assert (wish.credentials.password, wish.country) == ("battery staple", "DE")

    # The access point comes back, the phone joins it again and looks for its maker's page.
    speaker.now(country="DE")
    speaker.fails(replace(wish.credentials, password=""), Refusal.WRONG_PASSWORD)
    phone.goes(f"http://connectivitycheck.gstatic.com:{speaker.port}/generate_204")
    assert "did not take that password" in phone.text
    assert "Müller & <Söhne>" in phone.text
    kept = Select(phone.driver.find_element("name", "country")).first_selected_option
    assert kept.get_attribute("value") == "DE"
    phone.types("password", "correct horse")
    phone.presses("main button")
    assert speaker.set_up.wishes[-1].credentials == Credentials(HOME, "correct horse")
    speaker.now(phase=Phase.DONE)
    phone.presses("main a.wide")
    assert phone.heading == "Myna is on your Wi-Fi"


def test_a_password_that_none_could_be_is_told_before_anything_is_tried(
    phone: Phone, speaker: Speaker
) -> None:
    phone.goes(f"{speaker.url}/network/{HOME.hex()}?lang=en")
    phone.types("password", "short")
    phone.presses("main button")
    assert "8 to 63 letters" in phone.text
    assert phone.troubles() == []
    assert speaker.set_up.wishes == []

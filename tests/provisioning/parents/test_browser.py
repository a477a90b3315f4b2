"""The parents' pages in a real browser of a phone's size; pictures of each are kept in build/."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from core.clock import VirtualClock
from provisioning.parents import codes
from provisioning.parents.fakes import FakeHousehold
from provisioning.parents.family_file import FamilyFile, Purpose
from provisioning.parents.service import ParentsPages
from provisioning.parents.settings import ParentsSettings
from tests.provisioning.phone import Phone, needs_browser

PAGES = ("today", "practice", "limits", "voices", "consent", "children", "data", "device")

pytestmark = needs_browser


@pytest.fixture(scope="module")
def phones(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], Phone]]:
    """Phones by number, each with a profile of its own, started when first wanted."""
    made: dict[int, Phone] = {}

    def phone(number: int) -> Phone:
        if number not in made:
            made[number] = Phone(tmp_path_factory.mktemp("phone"), "parents")
        return made[number]

    phone(1)
    phone(2)
    yield phone
    for each in made.values():
        each.driver.quit()


class Speaker:
    """The pages over a real socket, before a fake household."""

    def __init__(self, folder: Path, port: int) -> None:
        self.clock = VirtualClock()
        self.household = FakeHousehold()
        self.family = FamilyFile(folder, self.clock.wall)
        settings = ParentsSettings(port=port, listen="127.0.0.1")
        self.pages = ParentsPages(self.household, self.family, settings, self.clock)
        self.url = f"http://127.0.0.1:{port}"

    def lets_in(self, phone: Phone) -> None:
        phone.driver.delete_all_cookies()
        phone.goes(f"{self.url}/sign-in?lang=en")
        phone.types("code", self.pages.new_code())
        phone.presses("main button")
        assert phone.heading == "Today"


@pytest.fixture
def speaker(tmp_path: Path) -> Iterator[Speaker]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    made = Speaker(tmp_path, port)
    with made.pages:
        yield made


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_can_be_used_by_everybody(
    phones: Callable[[int], Phone], speaker: Speaker, language: str
) -> None:
    phone = phones(1)
    phone.driver.delete_all_cookies()
    phone.goes(f"{speaker.url}/sign-in?lang={language}")
    assert phone.troubles() == []
    phone.picture(f"sign-in-{language}")
    speaker.lets_in(phone)
    phone.goes(f"{speaker.url}/today?lang={language}")
    for page in PAGES:
        phone.goes(f"{speaker.url}/{page}")
        assert phone.troubles() == [], page
        assert bool(re.search("[一-鿿]", phone.heading)) is (language == "zh")
        phone.picture(f"{page}-{language}")


def test_an_expired_code_is_told_and_a_new_one_lets_in(
    phones: Callable[[int], Phone], speaker: Speaker
) -> None:
    phone = phones(1)
    phone.driver.delete_all_cookies()
    phone.goes(f"{speaker.url}/?lang=en")
    old = speaker.pages.new_code()
    speaker.clock.advance_to(codes.LIFE_S)
    phone.types("code", old)
    phone.presses("main button")
    assert "Hold the button for a new one" in phone.text
    assert phone.troubles() == []
    phone.picture("expired-code")
    phone.types("code", speaker.pages.new_code())
    phone.presses("main button")
    assert phone.heading == "Today"


def test_limits_are_set_with_a_thumb(phones: Callable[[int], Phone], speaker: Speaker) -> None:
    phone = phones(1)
    speaker.lets_in(phone)
    phone.presses("nav a[href='/limits']")
    phone.types("minutes_per_day", "20")
    Select(phone.driver.find_element(By.NAME, "prompts")).select_by_value("zh")
    phone.presses("main button")
    assert "It holds from now on" in phone.text
    phone.picture("limits-saved")
    limits = speaker.family.family.limits
    assert (limits.minutes_per_day, limits.prompts) == (20, "zh")


def test_a_voice_is_listened_to_and_taken(phones: Callable[[int], Phone], speaker: Speaker) -> None:
    phone = phones(1)
    speaker.lets_in(phone)
    phone.goes(f"{speaker.url}/limits")
    phone.presses("a[href='/voices']")
    assert phone.heading == "Voice"
    samples = phone.driver.find_elements(By.CSS_SELECTOR, "audio")
    assert [each.get_attribute("src").rpartition("/")[2] for each in samples] == list(
        speaker.household.choices().voices
    )
    phone.presses("#v3 ~ form button")
    assert speaker.family.family.limits.voice == "espeak:m2"
    assert "Myna speaks with this one" in phone.text
    phone.picture("voice-taken")


def test_the_speaker_is_paired_from_its_own_page(
    phones: Callable[[int], Phone], speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioning.parents.pages.LOOKS_EVERY_S", 600)  # not while looked at
    phone, desk = phones(1), speaker.household.platform
    speaker.lets_in(phone)
    phone.presses("nav a[href='/device']")
    phone.types("platform", "no address")
    phone.presses("#platform ~ form button")
    assert "It is of the form https://hub.example" in phone.text
    phone.types("platform", "https://hub.example")
    phone.presses("#platform ~ form button")
    for language, waits in (("en", "type this code"), ("zh", "输入这个代码")):
        phone.goes(f"{speaker.url}/device?lang={language}")
        assert waits in phone.text
        assert "7KMX-2QHP" in phone.text
        assert phone.troubles() == []
        phone.picture(f"pairing-code-{language}")
    desk.shown = replace(desk.shown, phase="allowed", family="The Lins")
    phone.goes(f"{speaker.url}/device?lang=en")
    assert "press Myna's button once" in phone.text
    phone.picture("pairing-button")
    desk.shown = replace(desk.shown, phase="alone", code="", trouble="pairing.expired")
    phone.goes(f"{speaker.url}/device")
    assert "That took too long" in phone.text  # and it can be begun again at once
    phone.types("platform", "https://hub.example")
    phone.presses("#platform ~ form button")
    desk.shown = replace(desk.shown, phase="paired", family="The Lins", trouble="", code="")
    for language in ("en", "zh"):
        phone.goes(f"{speaker.url}/device?lang={language}")
        assert "The Lins" in phone.text
        assert phone.troubles() == []
        phone.picture(f"paired-{language}")
    assert desk.asked == ["pair https://hub.example"] * 2


def test_what_is_degraded_can_be_read_by_everybody(
    phones: Callable[[int], Phone], speaker: Speaker
) -> None:
    phone = phones(1)
    speaker.lets_in(phone)
    speaker.household.busy = True
    for language in ("en", "zh"):
        phone.goes(f"{speaker.url}/device?lang={language}")
        assert phone.troubles() == []
        phone.picture(f"degraded-{language}")


def test_two_parents_see_the_same_and_one_signs_out(
    phones: Callable[[int], Phone], speaker: Speaker
) -> None:
    mother, father = phones(1), phones(2)
    speaker.lets_in(mother)
    speaker.lets_in(father)
    mother.goes(f"{speaker.url}/consent")
    mother.presses("#recordings ~ form button")
    assert speaker.family.family.consents(Purpose.RECORDINGS)
    father.goes(f"{speaker.url}/consent")
    assert "Allowed since" in father.text
    father.presses("#recordings ~ form button")
    assert not speaker.family.family.consents(Purpose.RECORDINGS)
    father.picture("consent-taken-back")
    mother.presses("header button")
    mother.goes(f"{speaker.url}/today")
    assert mother.heading == "Sign in"
    father.goes(f"{speaker.url}/today")
    assert father.heading == "Today"


def test_everything_is_deleted_by_two_touches_and_not_by_one(
    phones: Callable[[int], Phone], speaker: Speaker
) -> None:
    phone = phones(1)
    speaker.lets_in(phone)
    phone.goes(f"{speaker.url}/data")
    phone.presses("#all ~ form button")
    assert speaker.household.forgotten == []
    assert "Nothing was deleted" in phone.text
    phone.driver.find_element(By.CSS_SELECTOR, "#all ~ form input[type=checkbox]").click()
    phone.presses("#all ~ form button")
    assert speaker.household.forgotten == [None]
    assert "Deleted on this speaker" in phone.text
    phone.picture("everything-deleted")

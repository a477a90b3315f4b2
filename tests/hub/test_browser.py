"""A parent's phone at the hub: the link, the code, the yes; pictures are kept in build/."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub import guesses, sessions
from provisioning.pairing.flow import MayI, Paired
from tests.hub.house import Box, House, serve
from tests.provisioning.phone import Phone, needs_browser

pytestmark = needs_browser

TRUSTING = ("--ignore-certificate-errors",)
"""The house's own authority is not in the browser's list; this is about pages."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with serve(tmp_path_factory.mktemp("hub")) as made:
        yield made


@pytest.fixture(scope="module")
def phones(tmp_path_factory: pytest.TempPathFactory, house: House) -> Iterator[list[Phone]]:
    """A mother's and a father's, who uses his in Chinese."""
    languages = ("en", "zh-CN")
    made = [
        Phone(tmp_path_factory.mktemp("phone"), "hub", (*TRUSTING, f"--accept-lang={language}"))
        for language in languages
    ]
    for each in made:
        each.goes(house.url)  # threads of the server and the browser are there from now on
    yield made
    for each in made:
        each.driver.quit()


def sees(phone: Phone, heading: str, picture: str) -> None:
    """A page that everybody can use."""
    assert phone.heading == heading
    assert phone.troubles() == [], heading
    phone.picture(picture)


@pytest.mark.slow
def test_the_whole_way_with_a_thumb(
    house: House, phones: list[Phone], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.pair_pages.LOOKS_EVERY_S", 600)  # not while it is looked at here
    mother, father = phones
    family = house.family("The Lins")
    made = sessions.add_parent(house.engine, family, "Mother")
    assert made is not None
    box = Box(house, tmp_path)
    code = box.begin()

    mother.goes(f"{house.url}/pair?user_code={code}")
    sees(mother, "Sign in", "sign-in-en")
    mother.goes(f"{house.url}/in?link={made[1]}")
    sees(mother, "Welcome", "link-en")
    mother.presses("main button")
    sees(mother, "Pair a speaker", "pair-en")  # where she wanted to go before
    mother.types("code", "FFFF FFFF")
    mother.presses("main button")
    assert "No speaker has this code now" in mother.text
    sees(mother, "Pair a speaker", "pair-wrong-en")
    mother.types("code", code.replace("-", " ").lower())
    mother.presses("main button")
    sees(mother, "Is this your speaker?", "confirm-en")
    mother.types("nicknames", "Lily")
    mother.types("minutes_per_day", "4")
    mother.presses("main button[value=yes]")
    assert "“Minutes a day" in mother.text
    mother.types("minutes_per_day", "20")
    mother.presses("main button[value=yes]")
    sees(mother, "Now press Myna's button", "waiting-en")
    assert isinstance(box.wait(), MayI)
    assert box.pairing.say_yes()
    done = box.wait()
    assert isinstance(done, Paired)
    assert (done.welcome.nicknames, done.welcome.settings["minutes_per_day"]) == (("Lily",), 20)
    mother.goes(mother.driver.current_url)
    sees(mother, "Paired", "paired-en")

    # The other parent: invited from her phone, sees the same, gives the speaker up.
    mother.goes(house.url)
    mother.types("name", "Father")
    mother.presses("#parents ~ form button")
    sees(mother, "Your family", "family-en")
    link = mother.driver.find_element("css selector", ".link").text
    father.goes(link)
    sees(father, "欢迎", "link-zh")
    father.presses("main button")
    assert box.pairing.record.device in father.text
    sees(father, "我的家庭", "family-zh")
    father.driver.find_element("css selector", "summary").click()
    father.presses("details button")
    assert "请先勾选确认" in father.text
    father.driver.find_element("css selector", "summary").click()
    father.driver.find_element("css selector", "input[name=sure]").click()
    father.driver.find_element("css selector", "input[name=lost]").click()
    father.presses("details button")
    sees(father, "我的家庭", "given-up-zh")
    assert box.pairing.revoked()
    father.goes(link)
    father.presses("main button")
    assert "已用过" in father.text  # a link works once


def test_an_expired_code_and_a_lock_are_told(
    house: House, phones: list[Phone], tmp_path: Path
) -> None:
    father = phones[1]
    made = sessions.add_parent(house.engine, house.family("others"), "F")
    assert made is not None
    father.goes(f"{house.url}/in?link={made[1]}")
    father.presses("main button")
    code = Box(house, tmp_path).begin()
    house.later(guesses.LIFE_S + 1)
    for wrong in range(guesses.TRIES_OF_ONE):
        father.goes(f"{house.url}/pair")
        father.types("code", code)
        father.presses("main button")
        assert ("填错太多次" in father.text) is (wrong == guesses.TRIES_OF_ONE - 1)
    sees(father, "配对音箱", "locked-zh")

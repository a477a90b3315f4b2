"""The page of ``myna score --plot`` in a real browser: what a click plays, and how it looks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from audio.files import read_audio
from audio.ports import SAMPLE_RATE_HZ
from device.cli import main
from tests.provisioning.phone import LIMIT_S, Phone, needs_browser

pytestmark = needs_browser
TEXT = "I think it is three led birds"
LISTEN = """
window.played = [];
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (when, from, length) {
  const span = {from, length, whole: this.buffer.duration, ended: false};
  window.played.push(span);
  this.addEventListener('ended', () => { span.ended = true; });
  return start.call(this, when, from, length);
};
"""
"""Tells what the page hands to the loudspeaker; the page itself is as it is written."""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("score") / "birds.wav"
    said = "I think it is three red birds."
    assert main(["say", said, "--voice", "espeak", "--out", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def phone(sound: Path) -> Iterator[Phone]:
    page = sound.with_suffix(".html")
    assert main(["score", str(sound), "--text", TEXT, "--plot", str(page)]) == 0
    browser = Phone(sound.parent / "profile", "score")
    browser.goes(page.as_uri())
    browser.driver.execute_script(LISTEN)
    yield browser
    browser.driver.quit()


def played(phone: Phone, count: int) -> list[dict[str, Any]]:
    """What was played once so many spans have come to their end."""
    waiting = WebDriverWait(phone.driver, LIMIT_S)
    ended = "return window.played.filter(span => span.ended).length"
    waiting.until(lambda driver: driver.execute_script(ended) >= count)
    spans: list[dict[str, Any]] = phone.driver.execute_script("return window.played")
    return spans


def test_a_click_plays_the_sound_of_that_phone_and_no_more(phone: Phone, sound: Path) -> None:
    phones = phone.driver.find_elements(By.CSS_SELECTOR, ".p")
    assert len(phones) == 19
    third, last = phones[2], phones[-1]
    third.click()
    played(phone, 1)
    last.send_keys(Keys.ENTER)
    spans = played(phone, 2)
    whole_s = read_audio(sound).size / SAMPLE_RATE_HZ
    assert len(spans) == 2
    for each, span in zip((third, last), spans, strict=True):
        start_s, end_s = (float(str(each.get_attribute(f"data-{key}"))) for key in "se")
        assert 0.0 <= start_s < end_s <= whole_s + 0.02
        assert span["from"] == start_s
        assert span["length"] == pytest.approx(end_s - start_s)
        assert span["whole"] == pytest.approx(whole_s, abs=0.001)
    line = phone.driver.find_element(By.ID, "now").get_attribute("transform")
    assert line is not None
    at = float(line.removeprefix("translate(").split()[0].rstrip(","))
    scale = float(phone.driver.execute_script("return SCALE"))
    assert at / scale == pytest.approx(end_s, abs=0.001)


def test_the_page_fits_a_phone_and_can_be_read_by_everybody(phone: Phone) -> None:
    phone.picture("phones")
    assert phone.troubles() == []
    assert phone.heading == TEXT
    assert "θ" in phone.text
    said = phone.driver.find_elements(By.CSS_SELECTOR, "svg .p text:first-of-type")
    assert "".join(each.text for each in said[:5]) == "aɪθɪŋk"


def test_letters_and_numbers_of_neighbours_do_not_touch(phone: Phone) -> None:
    """Of all that stands on one line of the drawing."""
    touching = phone.driver.execute_script(
        """
        const lines = {};
        for (const each of document.querySelectorAll('svg .p text')) {
          const box = each.getBoundingClientRect();
          if (box.width) (lines[Math.round(box.bottom / 12)] ||= []).push(box);
        }
        let found = 0;
        for (const boxes of Object.values(lines)) {
          boxes.sort((one, other) => one.left - other.left);
          boxes.slice(1).forEach((box, at) => { if (boxes[at].right > box.left) found += 1; });
        }
        return found;
        """
    )
    assert touching == 0


def test_what_got_no_scores_says_why_and_can_be_heard(phone: Phone, sound: Path) -> None:
    page = sound.with_name("other.html")
    assert main(["score", str(sound), "--text", "seven purple monkeys", "--plot", str(page)]) == 0
    phone.goes(page.as_uri())
    phone.picture("not-scored")
    assert "Not scored: other sound" in phone.text
    assert "I heard something else" in phone.text
    assert phone.driver.find_elements(By.CSS_SELECTOR, ".p, table") == []
    assert phone.troubles() == []
    loaded = "return document.querySelector('audio').duration"
    waiting = WebDriverWait(phone.driver, LIMIT_S)
    seconds = waiting.until(lambda driver: driver.execute_script(loaded))
    assert seconds == pytest.approx(read_audio(sound).size / SAMPLE_RATE_HZ, abs=0.01)

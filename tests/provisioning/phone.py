"""A real browser of a phone's size; pictures of what it shows are kept in build/."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path

import pytest
from axe_core_python.selenium import Axe
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

PICTURES = Path(__file__).parents[2] / "build" / "screenshots"
WIDTH, HEIGHT = 390, 844
LIMIT_S = 30
"""Longest wait for anything: a limit against hanging, not a measurement."""

needs_browser = pytest.mark.skipif(
    not (shutil.which("chromium") and shutil.which("chromedriver")),
    reason="chromium and chromium-driver are not installed",
)


class Phone:
    """A browser of a phone's size and what a person does with it.

    Args:
        profile: Where the browser keeps its things.
        album: How the names of its pictures begin.
        flags: Further flags of Chromium.
    """

    def __init__(self, profile: Path, album: str, flags: tuple[str, ...] = ()) -> None:
        self._album = album
        options = ChromeOptions()
        options.binary_location = str(shutil.which("chromium"))
        for flag in (
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            f"--window-size={WIDTH},{HEIGHT}",
            f"--user-data-dir={profile}",
            *flags,
        ):
            options.add_argument(flag)
        options.add_experimental_option(
            "mobileEmulation",
            {"deviceMetrics": {"width": WIDTH, "height": HEIGHT, "pixelRatio": 2}},
        )
        service = Service(executable_path=str(shutil.which("chromedriver")))
        self.driver = Chrome(options=options, service=service)

    def goes(self, url: str) -> None:
        self.driver.get(url)

    def types(self, name: str, text: str) -> None:
        field = self.driver.find_element(By.NAME, name)
        field.clear()
        field.send_keys(text)

    def presses(self, css: str) -> None:
        """Press something, and wait for the page that follows."""
        self.driver.execute_script("window.before = true")
        self.driver.find_element(By.CSS_SELECTOR, css).click()
        arrived = "return !window.before && document.readyState === 'complete'"
        waiting = WebDriverWait(self.driver, LIMIT_S, ignored_exceptions=[WebDriverException])
        waiting.until(lambda driver: driver.execute_script(arrived))

    @property
    def heading(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "h1").text

    @property
    def text(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "main").text

    def picture(self, name: str) -> None:
        """Keep what the page shows, all of it, also below the screen."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        high = self.driver.execute_script("return document.documentElement.scrollHeight")
        clip = {"x": 0, "y": 0, "width": WIDTH, "height": max(HEIGHT, int(high)), "scale": 1}
        shot = self.driver.execute_cdp_cmd(
            "Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True}
        )
        (PICTURES / f"{self._album}-{name}.png").write_bytes(base64.b64decode(shot["data"]))

    def troubles(self) -> list[str]:
        """What axe holds against the page, and whether it is wider than the phone."""
        found = [
            f"{each['id']}: {each['nodes'][0]['html'][:120]}"
            for each in Axe().run(self.driver)["violations"]
        ]
        wide = int(self.driver.execute_script("return document.documentElement.scrollWidth"))
        return [*found, *([f"{wide} wide"] if wide > WIDTH else [])]

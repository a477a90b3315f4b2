"""The pages in a test: a fake household, a clock that the test moves, and a phone's browser."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
from starlette.testclient import TestClient

from core.clock import VirtualClock
from provisioning.parents.fakes import FakeHousehold
from provisioning.parents.family_file import FamilyFile
from provisioning.parents.service import ParentsPages
from provisioning.parents.settings import ParentsSettings

HOST = "myna-test.local"
SETTINGS = ParentsSettings(names=(HOST,))


class Site:
    """Everything around one set of pages."""

    def __init__(self, folder: Path | None = None) -> None:
        self.clock = VirtualClock()
        self.household = FakeHousehold()
        self.family = FamilyFile(folder, self.clock.wall)
        self.pages = ParentsPages(self.household, self.family, SETTINGS, self.clock)
        self.app = self.pages.app()
        self.phone = self.browser()

    def browser(self, address: str = "192.168.1.7") -> TestClient:
        """A phone on the home network that is not signed in."""
        return TestClient(
            self.app,
            base_url=f"http://{HOST}",
            client=(address, 50_000),
            follow_redirects=False,
        )

    def later(self, seconds: float) -> None:
        self.clock.advance_to(self.clock.now_s() + seconds)

    def sign_in(self, phone: TestClient | None = None) -> httpx.Response:
        return (phone or self.phone).post("/sign-in", data={"code": self.pages.new_code()})

    def csrf(self, phone: TestClient | None = None) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', (phone or self.phone).get("/data").text)
        assert found
        return found[1]

    def send(self, path: str, phone: TestClient | None = None, **form: str) -> httpx.Response:
        """Send a form as our own page would."""
        return (phone or self.phone).post(path, data={"csrf": self.csrf(phone), **form})

"""A phone at the portal: a fake speaker, and a browser without a window."""

from __future__ import annotations

import re
from collections.abc import Mapping

import httpx
from starlette.testclient import TestClient

from core.clock import VirtualClock
from provisioning.portal.fakes import FakeSetUp
from provisioning.portal.service import PortalPages

ADDRESS = "http://10.42.0.1"


class Booth:
    """Everything around one portal."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.set_up = FakeSetUp()
        self.app = PortalPages(self.set_up, self.clock, "10.42.0.1", 80).app()
        self.phone = self.browser()

    def browser(self, address: str = "10.42.0.23") -> TestClient:
        """A phone in the access point."""
        return TestClient(
            self.app, base_url=ADDRESS, client=(address, 50_000), follow_redirects=False
        )

    def token(self) -> str:
        """What the forms of this phone have to send along."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.phone.get("/all").text)
        assert found
        return found[1]

    def send(self, path: str, form: Mapping[str, str] | None = None, **more: str) -> httpx.Response:
        """Send a form as our own page would."""
        return self.phone.post(path, data={"csrf": self.token(), **(form or {}), **more})

"""A hub over TLS on loopback, parents with browsers, and speakers that want to be paired."""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio.to_thread
import httpx
import uvicorn
from sqlalchemy import Engine, update
from starlette.types import Receive, Scope, Send

from core.clock import VirtualClock
from hub import sessions, tables
from hub.api import make_api
from hub.certificates import Authority
from hub.database import now_ms, open_database, upgrade
from hub.settings import HubSettings
from provisioning.pairing.file import PairingFolder
from provisioning.pairing.flow import Happening, Pairing
from provisioning.pairing.platform_https import HttpsPlatform
from tests.platform_parts import free_port, until

BROKER = "mqtts://broker.example:8883"


class House:
    """The hub, with one store."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self.authority = Authority(folder / "certificates")
        certificate, key = self.authority.issue("broker", server=True)
        port = free_port()
        self.url = f"https://localhost:{port}"
        self.engine: Engine = open_database(f"sqlite:///{folder / 'hub.db'}")
        upgrade(self.engine)
        values = {
            "authority": str(self.authority.folder),
            "public": self.url,
            "broker": BROKER,
            **settings,
        }
        self.settings = HubSettings(**values)  # type: ignore[arg-type]  # by name
        api = make_api(self.engine, self.settings)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            # One thread for what waits, from the first request on: no test leaves another.
            anyio.to_thread.current_default_thread_limiter().total_tokens = 1
            await api(scope, receive, send)

        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=port,
            log_level="error",
            ssl_certfile=str(certificate),
            ssl_keyfile=str(key),
            lifespan="off",
            # A browser's idle connection would else be waited for, half a minute of TLS.
            timeout_graceful_shutdown=1,
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, name="hub", daemon=True)

    def family(self, name: str) -> str:
        """A family's id."""
        made = f"00000000-0000-4000-8000-{abs(hash(name)) % 10**12:012d}"
        with self.engine.begin() as connection:
            connection.execute(
                tables.families.insert().values(id=made, name=name, created_ms=now_ms())
            )
        return made

    def parent(self, family: str, name: str = "a parent") -> Parent:
        """A parent of a family, signed in by a link."""
        made = sessions.add_parent(self.engine, family, name)
        assert made is not None
        parent = Parent(self)
        assert parent.browser.post("/in", data={"link": made[1]}).status_code == 303
        return parent

    def raw(self) -> httpx.Client:
        """Something that speaks HTTP and trusts this hub."""
        trust = ssl.create_default_context(cafile=str(self.authority.certificate))
        return httpx.Client(base_url=self.url, verify=trust, follow_redirects=False)

    def platform(self) -> HttpsPlatform:
        return HttpsPlatform(self.url, str(self.authority.certificate))

    def later(self, seconds: float) -> None:
        """Let the hub's codes, tokens and locks grow older."""
        ms = round(seconds * 1000)
        grants, guesses = tables.grants, tables.guesses
        with self.engine.begin() as connection:
            connection.execute(
                update(grants).values(
                    expires_ms=grants.c.expires_ms - ms,
                    polled_ms=grants.c.polled_ms - ms,
                    token_expires_ms=grants.c.token_expires_ms - ms,
                )
            )
            connection.execute(
                update(guesses).values(
                    since_ms=guesses.c.since_ms - ms,
                    locked_until_ms=guesses.c.locked_until_ms - ms,
                )
            )


class Parent:
    """A browser that is signed in, or not yet."""

    def __init__(self, house: House) -> None:
        self.browser = house.raw()

    def send(self, path: str, **form: str) -> httpx.Response:
        """Send a form as the hub's own page would."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.browser.get("/").text)
        return self.browser.post(path, data={"csrf": found[1] if found else "", **form})

    def types(self, code: str) -> httpx.Response:
        return self.send("/pair", code=code)

    def decides(self, code: str, answer: str = "yes", **form: str) -> httpx.Response:
        """Type a code and answer what follows."""
        page = self.types(code)
        found = re.search(r'name="grant" value="([^"]+)"', page.text)
        assert found, page.text
        self.grant = found[1]
        return self.send("/pair/decide", grant=self.grant, answer=answer, **form)


class Box:
    """A speaker's pairing with a clock that the test moves."""

    def __init__(self, house: House, folder: Path, identity: Path | None = None) -> None:
        self.house = house
        self.folder = PairingFolder(folder / "pairing")
        self.identity = identity or folder / "no-identity"
        self.clock = VirtualClock()
        self.start()

    def start(self, boot: str = "boot-1") -> None:
        """Switch on; what was in memory is gone."""
        self.pairing = Pairing(
            self.folder,
            self.identity,
            lambda address: HttpsPlatform(address, str(self.house.authority.certificate)),
            self.clock,
            boot,
        )

    def begin(self) -> str:
        """Ask to be paired; returns the code."""
        happened = self.pairing.begin(self.house.url)
        assert self.pairing.record.user_code, happened
        return self.pairing.record.user_code

    def wait(self) -> Happening | None:
        """Let the time to the next step go by, on both sides, and take it."""
        due_s = self.pairing.due_in_s or 0.0
        self.clock.advance_to(self.clock.now_s() + due_s)
        self.house.later(due_s)
        return self.pairing.step()


@contextmanager
def serve(folder: Path, **settings: object) -> Iterator[House]:
    """A hub while inside."""
    house = House(folder, **settings)
    house.thread.start()
    until(lambda: house.server.started, "the hub")
    # The server's thread for what waits is there from now on: no test has left it running.
    house.raw().get("/health")
    try:
        yield house
    finally:
        house.server.should_exit = True
        house.thread.join(30)
        house.engine.dispose()

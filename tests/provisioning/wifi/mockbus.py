"""python-dbusmock on a bus of its own, run by the system's Python."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from provisioning.system_bus_dbus_fast import BusRefused, SystemBus
from provisioning.wifi.fakes import Air

PYTHON = "/usr/bin/python3"
MOCK = "org.freedesktop.DBus.Mock"
PATIENCE_S = 30.0
"""A limit against hanging, not a measurement."""


def available() -> bool:
    """Whether Debian's packages are there: requirements/apt-test.txt."""
    if shutil.which("dbus-daemon") is None or not Path(PYTHON).exists():
        return False
    tried = subprocess.run([PYTHON, "-c", "import dbusmock, gi"], capture_output=True, check=False)
    return tried.returncode == 0


CONFIG = """<busconfig><type>system</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>"""


@contextmanager
def bus(folder: Path) -> Iterator[str]:
    """A bus; yields its address."""
    config = folder / "bus.conf"
    # Paths of sockets are short: 108 bytes.
    socket = folder / "bus"
    config.write_text(CONFIG.format(socket), encoding="ascii")
    command = ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        try:
            yield daemon.stdout.readline().strip()
        finally:
            daemon.terminate()


@contextmanager
def mock(address: str, template: Path, name: str, log: Path) -> Iterator[None]:
    """A mock of a template on a bus, there once its name is."""
    environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": address, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [PYTHON, "-m", "dbusmock", "--system", "--template", str(template)]
    with (
        log.open("w") as told,
        subprocess.Popen(command, stdout=told, stderr=told, env=environment) as made,
    ):
        try:
            asyncio.run(_there(address, name))
            yield
        finally:
            made.terminate()


async def _there(address: str, name: str) -> None:
    line = SystemBus(address)
    dbus = "org.freedesktop.DBus"
    try:
        async with (
            asyncio.timeout(PATIENCE_S),
            line.signals(dbus, f"{dbus}.NameOwnerChanged") as heard,
        ):
            if (await line.call(dbus, "/org/freedesktop/DBus", f"{dbus}.NameHasOwner", "s", name))[
                0
            ]:
                return
            while (await heard.get())[2][0] != name:
                pass
    finally:
        await line.close()


async def ask_mock(
    address: str, to: str, path: str, method: str, signature: str = "", *values: object
) -> Any:  # noqa: ANN401 - whatever the mock returns
    """Call a method of the mock's own."""
    line = SystemBus(address)
    try:
        answer = await line.call(to, path, f"{MOCK}.{method}", signature, *values)
    except BusRefused as error:
        raise AssertionError(f"the mock refused: {error.name}") from error
    finally:
        await line.close()
    return answer[0] if answer else None


def as_json(air: Air) -> str:
    """The world as the template takes it."""
    networks = [
        {
            "ssid": each.ssid.hex(),
            "password": each.password,
            "security": each.security.value,
            "strength": each.strength_percent,
            "bands": sorted(band.value for band in each.bands),
            "hidden": each.hidden,
            "gives_address": each.gives_address,
            "answers": each.answers,
        }
        for each in air.networks
    ]
    return json.dumps(
        {
            "networks": networks,
            "saved": [ssid.hex() for ssid in air.saved],
            "radio": sorted(band.value for band in air.radio),
            "off": air.off,
            "wired": air.wired,
            "obeys": air.obeys,
        }
    )

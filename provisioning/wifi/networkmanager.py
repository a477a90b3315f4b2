"""The radio through NetworkManager."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

from dbus_fast import Variant

from provisioning.system_bus_dbus_fast import BusRefused, Signal, SystemBus, packed
from provisioning.wifi import nm_values as nm
from provisioning.wifi.ports import (
    Credentials,
    Link,
    Network,
    Refusal,
    SavedNetwork,
    Security,
    WifiState,
    WifiUnavailable,
)

log = logging.getLogger(__name__)

NM = "org.freedesktop.NetworkManager"
PATH = "/org/freedesktop/NetworkManager"
SETTINGS = f"{NM}.Settings"
CONNECTION = f"{SETTINGS}.Connection"
ACTIVE = f"{NM}.Connection.Active"
DEVICE, WIRELESS, IP4 = f"{NM}.Device", f"{NM}.Device.Wireless", f"{NM}.IP4Config"
NOTHING = "/"


class NetworkManagerWifi:
    """Honours `Wifi`.

    Args:
        address: Of the bus; None takes the system's.
        join_within_s: Longest time for joining, an address included.
        scan_within_s: Longest time for looking around.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        join_within_s: float = 60.0,
        scan_within_s: float = 10.0,
    ) -> None:
        self._bus = SystemBus(address)
        self._join_within_s = join_within_s
        self._scan_within_s = scan_within_s
        self._before: str | None = None
        """The connection that was joined before we began to change anything."""

    async def state(self) -> WifiState:
        try:
            return await self._state()
        except (BusRefused, WifiUnavailable) as error:
            log.debug("no state of the network: code=%s", error.code)
            return WifiState(Link.NO_RADIO)

    async def scan(self) -> tuple[Network, ...]:
        device = await self._radio()
        async with self._asked():
            await self._switch_on(device)
            async with self._bus.signals(
                NM, "org.freedesktop.DBus.Properties.PropertiesChanged"
            ) as heard:
                # It says no to whoever asks again too soon, and knows the answer then.
                with contextlib.suppress(BusRefused):
                    await self._bus.call(NM, device, f"{WIRELESS}.RequestScan", "a{sv}", {})
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(self._scan_within_s):
                            await _until(heard, device, "LastScan")
            paths = (await self._bus.call(NM, device, f"{WIRELESS}.GetAllAccessPoints"))[0]
            found = []
            for path in paths:
                with contextlib.suppress(BusRefused):  # gone meanwhile
                    found.append(await self._bus.get_all(NM, path, f"{NM}.AccessPoint"))
        return nm.networks(each for each in found if each.get("Mode") != nm.MODE_ACCESS_POINT)

    async def join(self, credentials: Credentials) -> Refusal | None:
        if credentials.security in (Security.WEP, Security.ENTERPRISE):
            return Refusal.OTHER
        device = await self._radio()
        async with self._asked():
            await self._remember(device)
            if await self._is_access_point(device):
                await self._end_active(device)
            # In memory alone until it has worked: a power cut leaves what was.
            made, refused = await self._bring_up(device, nm.joining(credentials), keep="memory")
            if refused is None:
                await self._bus.call(
                    NM, made, f"{CONNECTION}.Update2", "a{sa{sv}}ua{sv}", {}, nm.TO_DISK, {}
                )
                await self._drop_older(credentials.ssid, made)
                self._before = made
            else:
                await self._delete(made)
        log.info("joining a network: outcome=%s", "joined" if refused is None else refused.value)
        return refused

    async def go_back(self) -> bool:
        device = await self._radio()
        if self._before is None:
            return False
        try:
            return await self._activate(device, self._before) is None
        except BusRefused:  # it was forgotten meanwhile
            self._before = None
            return False

    async def open_access_point(self, name: str, password: str) -> None:
        device = await self._radio()
        async with self._asked():
            await self._remember(device)
            if await self._is_access_point(device):
                await self._end_active(device)
            _, refused = await self._bring_up(
                device, nm.access_point(name, password), keep="volatile"
            )
        if refused is not None:
            raise WifiUnavailable(
                "the set-up network could not be opened; see journalctl -u NetworkManager"
            )

    async def close_access_point(self) -> None:
        device = await self._radio()
        async with self._asked():
            if not await self._is_access_point(device):
                return
            await self._end_active(device)
        await self.go_back()

    async def saved(self) -> tuple[SavedNetwork, ...]:
        async with self._asked():
            found = []
            for path, settings in await self._profiles():
                wireless = settings["802-11-wireless"]
                found.append(SavedNetwork(path, bytes(wireless.get("ssid", b""))))
        return tuple(sorted(found, key=lambda each: each.ssid))

    async def forget(self, network: str) -> None:
        async with self._asked():
            if network in [path for path, _ in await self._profiles()]:
                await self._delete(network)

    async def close(self) -> None:
        await self._bus.close()

    # ------------------------------------------------------------------------- the device

    @contextlib.asynccontextmanager
    async def _asked(self) -> AsyncIterator[None]:
        """What NetworkManager refuses, as a sentence for a person."""
        try:
            yield
        except BusRefused as error:
            if "AccessDenied" in error.name or "PermissionDenied" in error.name:
                raise WifiUnavailable(
                    "NetworkManager does not obey this user; install image/files/etc/polkit-1"
                    " as docs/technicians.md says",
                    retryable=False,
                ) from error
            raise WifiUnavailable(
                "NetworkManager does not answer; see systemctl status NetworkManager"
            ) from error

    async def _radio(self) -> str:
        """The first Wi-Fi device that NetworkManager manages."""
        async with self._asked():
            for path, device in await self._devices():
                if device["DeviceType"] == nm.DEVICE_WIFI and device.get("Managed", True):
                    return path
        raise WifiUnavailable("there is no Wi-Fi radio here; use a cable", retryable=False)

    async def _devices(self) -> list[tuple[str, dict[str, Any]]]:
        paths = (await self._bus.call(NM, PATH, f"{NM}.GetDevices"))[0]
        return [(path, await self._bus.get_all(NM, path, DEVICE)) for path in paths]

    async def _state(self) -> WifiState:
        manager = await self._bus.get_all(NM, PATH, NM)
        reach = nm.reach(manager.get("Connectivity", 0))
        devices = await self._devices()
        wired = any(
            device["DeviceType"] == nm.DEVICE_ETHERNET and device["State"] == nm.STATE_ACTIVATED
            for _, device in devices
        )
        radios = [each for each in devices if each[1]["DeviceType"] == nm.DEVICE_WIFI]
        if not radios:
            return WifiState(Link.NO_RADIO, reach=reach, wired=wired)
        path, device = radios[0]
        wireless = await self._bus.get_all(NM, path, WIRELESS)
        bands = nm.radio_bands(wireless.get("WirelessCapabilities", 0))
        state = device["State"]
        if not manager.get("WirelessEnabled", True) or state <= nm.STATE_UNAVAILABLE:
            return WifiState(Link.OFF, reach=reach, wired=wired, bands=bands)
        if state <= nm.STATE_DISCONNECTED or state >= nm.STATE_DEACTIVATING:
            return WifiState(Link.ALONE, reach=reach, wired=wired, bands=bands)
        link = Link.JOINED if state == nm.STATE_ACTIVATED else Link.JOINING
        if wireless.get("Mode") == nm.MODE_ACCESS_POINT:
            link = Link.ACCESS_POINT
        ssid, strength = await self._joined(device, wireless)
        return WifiState(
            link,
            Network(ssid, strength, Security.OPEN, bands).name,
            strength,
            await self._addresses(device),
            reach,
            wired,
            bands,
        )

    async def _joined(self, device: dict[str, Any], wireless: dict[str, Any]) -> tuple[bytes, int]:
        """Name and strength of what the radio is on."""
        point = wireless.get("ActiveAccessPoint", NOTHING)
        with contextlib.suppress(BusRefused):
            if point != NOTHING:
                found = await self._bus.get_all(NM, point, f"{NM}.AccessPoint")
                return bytes(found["Ssid"]), int(found.get("Strength", 0))
            settings = await self._settings(await self._profile_of(device))
            return bytes(settings.get("802-11-wireless", {}).get("ssid", b"")), 0
        return b"", 0

    async def _addresses(self, device: dict[str, Any]) -> tuple[str, ...]:
        path = device.get("Ip4Config", NOTHING)
        if path == NOTHING:
            return ()
        with contextlib.suppress(BusRefused):
            data = await self._bus.get(NM, path, IP4, "AddressData")
            return tuple(str(each["address"]) for each in data)
        return ()

    # -------------------------------------------------------------------- joining, leaving

    async def _bring_up(
        self, device: str, settings: nm.Settings, *, keep: str
    ) -> tuple[str, Refusal | None]:
        """Add a connection and wait for what becomes of it."""
        await self._switch_on(device)
        async with self._bus.signals(NM, f"{DEVICE}.StateChanged") as heard:
            made, _active, _ = await self._bus.call(
                NM,
                PATH,
                f"{NM}.AddAndActivateConnection2",
                "a{sa{sv}}ooa{sv}",
                packed(settings),
                device,
                NOTHING,
                {"persist": Variant("s", keep)},
            )
            return made, await self._outcome(heard, device)

    async def _switch_on(self, device: str) -> None:
        """A radio that is switched off is switched on, and waited for until it is ready."""
        if await self._bus.get(NM, PATH, NM, "WirelessEnabled"):
            return
        async with self._bus.signals(NM, f"{DEVICE}.StateChanged") as heard:
            await self._bus.set(NM, PATH, NM, "WirelessEnabled", Variant("b", True))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._scan_within_s):
                    while True:
                        path, _, (new, *_) = await heard.get()
                        if path == device and new >= nm.STATE_DISCONNECTED:
                            return

    async def _activate(self, device: str, connection: str) -> Refusal | None:
        async with self._bus.signals(NM, f"{DEVICE}.StateChanged") as heard:
            await self._bus.call(
                NM, PATH, f"{NM}.ActivateConnection", "ooo", connection, device, NOTHING
            )
            return await self._outcome(heard, device)

    async def _outcome(self, heard: asyncio.Queue[Signal], device: str) -> Refusal | None:
        """What becomes of an activation that has just begun."""
        begun = False
        try:
            async with asyncio.timeout(self._join_within_s):
                while True:
                    path, _, (new, _old, reason) = await heard.get()
                    if path != device:
                        continue
                    # States before belong to what was there until now.
                    begun = begun or nm.STATE_PREPARE <= new < nm.STATE_ACTIVATED
                    if begun and new == nm.STATE_ACTIVATED:
                        return None
                    if begun and (new == nm.STATE_FAILED or new <= nm.STATE_DISCONNECTED):
                        return nm.refusal(reason)
        except TimeoutError:
            return Refusal.NO_ANSWER

    async def _remember(self, device: str) -> None:
        """What is joined now, to go back to; the own access point is nothing to go back to."""
        if not await self._is_access_point(device):
            with contextlib.suppress(BusRefused):
                values = await self._bus.get_all(NM, device, DEVICE)
                if (path := await self._profile_of(values)) != NOTHING:
                    self._before = path

    async def _end_active(self, device: str) -> None:
        active = await self._bus.get(NM, device, DEVICE, "ActiveConnection")
        if active == NOTHING:
            return
        async with self._bus.signals(NM, f"{DEVICE}.StateChanged") as heard:
            await self._bus.call(NM, PATH, f"{NM}.DeactivateConnection", "o", active)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._scan_within_s):
                    while True:
                        path, _, (new, *_) = await heard.get()
                        if path == device and new <= nm.STATE_DISCONNECTED:
                            return

    async def _is_access_point(self, device: str) -> bool:
        wireless = await self._bus.get_all(NM, device, WIRELESS)
        return bool(wireless.get("Mode") == nm.MODE_ACCESS_POINT)

    # --------------------------------------------------------------------------- what is kept

    async def _profile_of(self, device: dict[str, Any]) -> str:
        active = device.get("ActiveConnection", NOTHING)
        if active == NOTHING:
            return NOTHING
        return str(await self._bus.get(NM, active, ACTIVE, "Connection"))

    async def _profiles(self) -> list[tuple[str, dict[str, dict[str, Any]]]]:
        """Wi-Fi networks that are kept, with their settings; secrets are not among them."""
        paths = (await self._bus.call(NM, f"{PATH}/Settings", f"{SETTINGS}.ListConnections"))[0]
        found = []
        for path in paths:
            with contextlib.suppress(BusRefused):  # gone meanwhile
                settings = await self._settings(path)
                wireless = settings.get("802-11-wireless")
                if wireless is not None and wireless.get("mode") != "ap":
                    found.append((path, settings))
        return found

    async def _settings(self, path: str) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = (
            await self._bus.call(NM, path, f"{CONNECTION}.GetSettings")
        )[0]
        return found

    async def _drop_older(self, ssid: bytes, made: str) -> None:
        for path, settings in await self._profiles():
            if path != made and bytes(settings["802-11-wireless"].get("ssid", b"")) == ssid:
                await self._delete(path)

    async def _delete(self, path: str) -> None:
        with contextlib.suppress(BusRefused):  # volatile ones go by themselves
            await self._bus.call(NM, path, f"{CONNECTION}.Delete")
        if path == self._before:
            self._before = None


async def _until(heard: asyncio.Queue[Signal], device: str, name: str) -> None:
    """Wait until a property of the device has changed."""
    while True:
        path, _, (_interface, changed, *_) = await heard.get()
        if path == device and name in changed:
            return

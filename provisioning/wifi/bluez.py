"""Improv's service on a Bluetooth radio, through BlueZ.

The command may be written over an encrypted link alone, so that the password of the home is not
readable in the air: BlueZ pairs with the phone first ("just works", LE secure connections where
both can), which an agent of ours grants while somebody has held the button.
"""

# No annotations from the future here: dbus-fast reads them as they stand, for its signatures.
import asyncio
import contextlib
import logging
from typing import Annotated

from dbus_fast import DBusError, PropertyAccess, Variant
from dbus_fast.annotations import DBusBytes, DBusObjectPath, DBusSignature, DBusStr, DBusUInt16
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property

from provisioning.system_bus_dbus_fast import BusRefused, SystemBus
from provisioning.wifi.improv import (
    CAPABILITIES,
    COMMAND,
    ERROR,
    LONGEST,
    RESULT,
    SERVICE,
    SERVICE_DATA,
    STATE,
    Improv,
    ImprovState,
)
from provisioning.wifi.ports import WifiUnavailable

log = logging.getLogger(__name__)

BLUEZ = "org.bluez"
ADAPTER, AGENTS = "org.bluez.Adapter1", "org.bluez.AgentManager1"
GATT, ADVERTISING = "org.bluez.GattManager1", "org.bluez.LEAdvertisingManager1"
ROOT, ADVERT, AGENT = "/org/myna/improv", "/org/myna/advert", "/org/myna/agent"
READ, WATCH = ["read"], ["read", "notify"]
WRITE = ["encrypt-write"]
CHARACTERISTICS = (
    (STATE, WATCH),
    (ERROR, WATCH),
    (COMMAND, WRITE),
    (RESULT, WATCH),
    (CAPABILITIES, READ),
)

Texts = Annotated[list[str], DBusSignature("as")]
Options = Annotated[dict[str, Variant], DBusSignature("a{sv}")]


class BluezBeacon:
    """Honours `Beacon`.

    Args:
        address: Of the bus; None takes the system's.
    """

    def __init__(self, address: str | None = None) -> None:
        self._bus = SystemBus(address)
        self._adapter = ""
        self._improv: Improv | None = None
        self._values: dict[str, _Characteristic] = {}
        self._advert: _Advert | None = None
        self._later: set[asyncio.Task[None]] = set()

    async def start(self, improv: Improv, name: str) -> None:
        await self.stop()
        try:
            self._adapter = await self._find()
            await self._bus.set(BLUEZ, self._adapter, ADAPTER, "Powered", Variant("b", True))
            raw = await self._bus.connect()
            raw.export(ROOT + "/service", _Service())
            for at, (characteristic, flags) in enumerate(CHARACTERISTICS):
                value = _Characteristic(characteristic, flags, improv)
                self._values[characteristic] = value
                raw.export(f"{ROOT}/service/char{at}", value)
            raw.export(AGENT, _Agent(improv))
            await self._bus.call(
                BLUEZ, "/org/bluez", f"{AGENTS}.RegisterAgent", "os", AGENT, "NoInputNoOutput"
            )
            await self._bus.call(BLUEZ, "/org/bluez", f"{AGENTS}.RequestDefaultAgent", "o", AGENT)
            await self._bus.call(
                BLUEZ, self._adapter, f"{GATT}.RegisterApplication", "oa{sv}", ROOT, {}
            )
            await self._advertise(improv, name)
        except BusRefused as error:
            await self.stop()
            raise WifiUnavailable(
                "there is no Bluetooth radio here, or BlueZ does not obey; the portal works"
            ) from error
        self._improv = improv
        improv.changed = lambda characteristic: self._changed(characteristic, name)

    async def stop(self) -> None:
        improv, self._improv = self._improv, None
        if improv is not None:
            improv.changed = lambda _characteristic: None
        for task in list(self._later):
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)
        if self._bus.raw is not None and self._adapter:
            await self._end_advert()
            with contextlib.suppress(BusRefused):
                await self._bus.call(BLUEZ, "/org/bluez", f"{AGENTS}.UnregisterAgent", "o", AGENT)
            with contextlib.suppress(BusRefused):
                await self._bus.call(
                    BLUEZ, self._adapter, f"{GATT}.UnregisterApplication", "o", ROOT
                )
        self._values.clear()
        self._advert = None
        await self._bus.close()

    async def _find(self) -> str:
        """The first radio that can be a peripheral."""
        manager = "org.freedesktop.DBus.ObjectManager.GetManagedObjects"
        objects = (await self._bus.call(BLUEZ, "/", manager))[0]
        for path, interfaces in sorted(objects.items()):
            if {ADAPTER, GATT, ADVERTISING} <= set(interfaces):
                return str(path)
        raise BusRefused("NoAdapter")

    async def _advertise(self, improv: Improv, name: str) -> None:
        raw = await self._bus.connect()
        self._advert = _Advert(improv.service_data, name)
        raw.export(ADVERT, self._advert)
        await self._bus.call(
            BLUEZ, self._adapter, f"{ADVERTISING}.RegisterAdvertisement", "oa{sv}", ADVERT, {}
        )

    async def _end_advert(self) -> None:
        if self._advert is None or self._bus.raw is None:
            return
        with contextlib.suppress(BusRefused):
            await self._bus.call(
                BLUEZ, self._adapter, f"{ADVERTISING}.UnregisterAdvertisement", "o", ADVERT
            )
        self._bus.raw.unexport(ADVERT)
        self._advert = None

    def _changed(self, characteristic: str, name: str) -> None:
        """Tell those who watch; a new state is advertised, too."""
        self._values[characteristic].tell()
        if characteristic == STATE and self._improv is not None:
            task = asyncio.create_task(self._anew(self._improv, name), name="improv-advert")
            self._later.add(task)
            task.add_done_callback(self._later.discard)

    async def _anew(self, improv: Improv, name: str) -> None:
        try:
            await self._end_advert()
            await self._advertise(improv, name)
        except BusRefused as error:
            log.info("the state is not advertised: code=%s", error.code)


class _Service(ServiceInterface):
    def __init__(self) -> None:
        super().__init__("org.bluez.GattService1")

    @dbus_property(access=PropertyAccess.READ, name="UUID")
    def uuid(self) -> DBusStr:
        return SERVICE

    @dbus_property(access=PropertyAccess.READ, name="Primary")
    def primary(self) -> Annotated[bool, DBusSignature("b")]:
        return True


class _Characteristic(ServiceInterface):
    def __init__(self, uuid: str, flags: list[str], improv: Improv) -> None:
        super().__init__("org.bluez.GattCharacteristic1")
        self._uuid = uuid
        self._flags = flags
        self._improv = improv
        self._watched = False

    def tell(self) -> None:
        """Notify those who watch."""
        if self._watched:
            self.emit_properties_changed({"Value": self._improv.value(self._uuid)})

    @dbus_property(access=PropertyAccess.READ, name="UUID")
    def uuid(self) -> DBusStr:
        return self._uuid

    @dbus_property(access=PropertyAccess.READ, name="Service")
    def service(self) -> DBusObjectPath:
        return ROOT + "/service"

    @dbus_property(access=PropertyAccess.READ, name="Flags")
    def flags(self) -> Texts:
        return self._flags

    @dbus_property(access=PropertyAccess.READ, name="Value")
    def value(self) -> DBusBytes:
        return self._improv.value(self._uuid)

    @dbus_method(name="ReadValue")
    def read_value(self, options: Options) -> DBusBytes:
        offset = options.get("offset")
        start = int(offset.value) if offset is not None else 0
        return self._improv.value(self._uuid)[start:]

    @dbus_method(name="WriteValue")
    def write_value(self, value: DBusBytes, _options: Options) -> None:
        if self._uuid != COMMAND or len(value) > LONGEST:
            raise DBusError("org.bluez.Error.NotPermitted", "not here")
        self._improv.write(bytes(value))

    @dbus_method(name="StartNotify")
    def start_notify(self) -> None:
        self._watched = True

    @dbus_method(name="StopNotify")
    def stop_notify(self) -> None:
        self._watched = False


class _Advert(ServiceInterface):
    def __init__(self, data: bytes, name: str) -> None:
        super().__init__("org.bluez.LEAdvertisement1")
        self._data = data
        self._name = name

    @dbus_property(access=PropertyAccess.READ, name="Type")
    def kind(self) -> DBusStr:
        return "peripheral"

    @dbus_property(access=PropertyAccess.READ, name="ServiceUUIDs")
    def services(self) -> Texts:
        return [SERVICE]

    @dbus_property(access=PropertyAccess.READ, name="ServiceData")
    def data(self) -> Options:
        return {SERVICE_DATA: Variant("ay", self._data)}

    @dbus_property(access=PropertyAccess.READ, name="LocalName")
    def local_name(self) -> DBusStr:
        return self._name

    @dbus_method(name="Release")
    def release(self) -> None:
        """BlueZ lets go of it."""


class _Agent(ServiceInterface):
    """Grants pairing while the button's word holds."""

    def __init__(self, improv: Improv) -> None:
        super().__init__("org.bluez.Agent1")
        self._improv = improv

    def _allow(self) -> None:
        if self._improv.state is ImprovState.AUTHORISATION_NEEDED:
            raise DBusError("org.bluez.Error.Rejected", "hold the button first")

    @dbus_method(name="RequestAuthorization")
    def request_authorization(self, _device: DBusObjectPath) -> None:
        self._allow()

    @dbus_method(name="AuthorizeService")
    def authorize_service(self, _device: DBusObjectPath, uuid: DBusStr) -> None:
        self._allow()
        if uuid.lower() != SERVICE:
            raise DBusError("org.bluez.Error.Rejected", "nothing else is offered")

    @dbus_method(name="RequestConfirmation")
    def request_confirmation(
        self, _device: DBusObjectPath, _passkey: Annotated[int, DBusSignature("u")]
    ) -> None:
        self._allow()

    @dbus_method(name="DisplayPasskey")
    def display_passkey(
        self,
        _device: DBusObjectPath,
        _passkey: Annotated[int, DBusSignature("u")],
        _entered: DBusUInt16,
    ) -> None:
        """There is nothing to show it on."""

    @dbus_method(name="Cancel")
    def cancel(self) -> None:
        """Nothing is under way here."""

    @dbus_method(name="Release")
    def release(self) -> None:
        """BlueZ lets go of it."""

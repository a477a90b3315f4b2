"""The system's D-Bus through dbus-fast: calls, properties, signals; plain values in and out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusError

from core.errors import ProvisioningError

PROPERTIES = "org.freedesktop.DBus.Properties"
CALL_WITHIN_S = 25.0
"""D-Bus's own usual limit."""

Signal = tuple[str, str, list[Any]]
"""Path, member, arguments."""


class BusRefused(ProvisioningError):
    """Whoever was called on the bus said no, is not there, or does not answer.

    Args:
        name: D-Bus's name of the error.
    """

    default_code = "provisioning.bus"
    default_retryable = True

    def __init__(self, name: str) -> None:
        super().__init__(f"the system's bus says {name}; see systemctl status dbus")
        self.name = name


class SystemBus:
    """A connection to the system's bus. Used from one event loop.

    Args:
        address: Of a bus; None takes the system's, see ``DBUS_SYSTEM_BUS_ADDRESS``.
    """

    def __init__(self, address: str | None = None) -> None:
        self._address = address
        self.raw: MessageBus | None = None
        """Of dbus-fast, once connected: for those that export objects."""

    async def connect(self) -> MessageBus:
        """Connect, where that has not been done.

        Raises:
            BusRefused: There is no bus.
        """
        if self.raw is None or not self.raw.connected:
            try:
                bus = MessageBus(bus_address=self._address, bus_type=BusType.SYSTEM)
                self.raw = await bus.connect()
            except (OSError, DBusError, EOFError, ValueError) as error:
                raise BusRefused(type(error).__name__) from error
        return self.raw

    async def call(
        self, to: str, path: str, member: str, signature: str = "", *values: object
    ) -> list[Any]:
        """Call a method; `to` and `member` are ``service`` and ``interface.Method``.

        Returns:
            What it returned, variants unpacked.

        Raises:
            BusRefused: It said no.
        """
        bus = await self.connect()
        interface, _, name = member.rpartition(".")
        message = Message(
            destination=to,
            path=path,
            interface=interface,
            member=name,
            signature=signature,
            body=list(values),
        )
        try:
            async with asyncio.timeout(CALL_WITHIN_S):
                reply = await bus.call(message)
        except TimeoutError as error:
            raise BusRefused("NoReply") from error
        except (OSError, EOFError, DBusError) as error:
            raise BusRefused(type(error).__name__) from error
        if reply is None or reply.message_type is MessageType.ERROR:
            raise BusRefused("NoReply" if reply is None else str(reply.error_name))
        return [plain(each) for each in reply.body]

    async def get(self, to: str, path: str, interface: str, name: str) -> Any:  # noqa: ANN401
        """A property."""
        return (await self.call(to, path, f"{PROPERTIES}.Get", "ss", interface, name))[0]

    async def get_all(self, to: str, path: str, interface: str) -> dict[str, Any]:
        """All properties of an interface."""
        found: dict[str, Any] = (await self.call(to, path, f"{PROPERTIES}.GetAll", "s", interface))[
            0
        ]
        return found

    async def set(self, to: str, path: str, interface: str, name: str, value: Variant) -> None:
        """Change a property."""
        await self.call(to, path, f"{PROPERTIES}.Set", "ssv", interface, name, value)

    @asynccontextmanager
    async def signals(self, sender: str, member: str) -> AsyncIterator[asyncio.Queue[Signal]]:
        """A queue of all signals of that ``interface.Name`` that come meanwhile."""
        bus = await self.connect()
        interface, _, name = member.rpartition(".")
        rule = f"type='signal',sender='{sender}',interface='{interface}',member='{name}'"
        queue: asyncio.Queue[Signal] = asyncio.Queue()

        def take(message: Message) -> None:
            if message.message_type is MessageType.SIGNAL and (
                message.interface,
                message.member,
            ) == (interface, name):
                body = [plain(each) for each in message.body]
                queue.put_nowait((message.path or "", name, body))

        bus.add_message_handler(take)
        try:
            await self._match("AddMatch", rule)
            try:
                yield queue
            finally:
                await self._match("RemoveMatch", rule)
        finally:
            bus.remove_message_handler(take)

    async def close(self) -> None:
        """Hang up. Idempotent."""
        if self.raw is not None:
            self.raw.disconnect()
            self.raw = None

    async def _match(self, what: str, rule: str) -> None:
        dbus = "org.freedesktop.DBus"
        await self.call(dbus, "/org/freedesktop/DBus", f"{dbus}.{what}", "s", rule)


def plain(value: Any) -> Any:  # noqa: ANN401 - whatever D-Bus can hold
    """The same without variants."""
    if isinstance(value, Variant):
        return plain(value.value)
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value


def packed(groups: Mapping[str, Mapping[str, tuple[str, object]]]) -> dict[str, dict[str, Variant]]:
    """Groups of signatures and values as D-Bus takes them (``a{sa{sv}}``)."""
    return {
        name: {key: _variant(*value) for key, value in group.items()}
        for name, group in groups.items()
    }


def _variant(signature: str, value: object) -> Variant:
    if signature == "aa{sv}" and isinstance(value, list):
        value = [{key: _variant(*inner) for key, inner in each.items()} for each in value]
    return Variant(signature, value)

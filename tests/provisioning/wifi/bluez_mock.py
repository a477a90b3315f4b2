"""A template for python-dbusmock: its BlueZ, with the GATT server and the advertising it lacks.

Both do what BlueZ does: they ask whoever registers for its objects and properties and refuse what
is incomplete. A test can be the phone: read, write, watch, pair. Loaded by the system's Python.
"""

# ruff: noqa: ANN001, ANN002, N802, PLW0603 - a template has dbusmock's names and no types
import json

import dbus
import dbusmock
from dbusmock import MOCK_IFACE
from dbusmock.templates import bluez5 as base

BUS_NAME, MAIN_OBJ = base.BUS_NAME, base.MAIN_OBJ
SYSTEM_BUS = True
IS_OBJECT_MANAGER = True
ADAPTER = "/org/bluez/hci0"
GATT, ADVERTISING = "org.bluez.GattManager1", "org.bluez.LEAdvertisingManager1"
AGENT = "org.bluez.Agent1"
SERVICE, CHARACTERISTIC = "org.bluez.GattService1", "org.bluez.GattCharacteristic1"
ADVERT = "org.bluez.LEAdvertisement1"
REFUSED, DENIED = "org.bluez.Error.InvalidArguments", "org.bluez.Error.NotPermitted"
PHONE = dbus.ObjectPath("/org/bluez/hci0/dev_02_00_00_00_00_01")

bus = None
offered = {}  # by UUID: owner, path, flags
adverts = {}
notified = []
paired = [False]


def load(mock, parameters):
    global bus
    base.load(mock, parameters)
    bus = mock.connection
    bus.add_signal_receiver(
        note,
        "PropertiesChanged",
        dbus.PROPERTIES_IFACE,
        path_keyword="path",
        arg0=CHARACTERISTIC,
    )


@dbus.service.method(MOCK_IFACE, in_signature="", out_signature="")
def SwitchOn(self):
    """There is a radio from now on."""
    base.AddAdapter(self, "hci0", "myna")
    adapter = dbusmock.get_object(ADAPTER)
    adapter.props[GATT] = dbus.Dictionary({}, signature="sv")
    adapter.AddProperties(ADVERTISING, {"SupportedInstances": dbus.Byte(4)})


def note(_interface, changed, _gone, path=None):
    for uuid, (_, where, _) in offered.items():
        if where == path and "Value" in changed:
            notified.append([uuid, bytes(changed["Value"]).hex()])


def call(owner, path, member, signature="", *args):
    interface, _, name = member.rpartition(".")
    return bus.call_blocking(owner, path, interface, name, signature, args, timeout=10)


def refuse(name, why):
    raise dbus.exceptions.DBusException(why, name=name)


@dbus.service.method(GATT, in_signature="oa{sv}", out_signature="", sender_keyword="sender")
def RegisterApplication(_self, path, _options, sender=None):
    found = call(sender, path, "org.freedesktop.DBus.ObjectManager.GetManagedObjects")
    services = {each for each, interfaces in found.items() if SERVICE in interfaces}
    if len(services) != 1:
        refuse(REFUSED, "one service")
    for each, interfaces in found.items():
        if CHARACTERISTIC in interfaces:
            values = interfaces[CHARACTERISTIC]
            if values["Service"] not in services or not values["Flags"]:
                refuse(REFUSED, "a characteristic of no service")
            flags = [str(flag) for flag in values["Flags"]]
            offered[str(values["UUID"])] = (sender, str(each), flags)


@dbus.service.method(GATT, in_signature="o", out_signature="")
def UnregisterApplication(_self, _path):
    offered.clear()


@dbus.service.method(ADVERTISING, in_signature="oa{sv}", out_signature="", sender_keyword="sender")
def RegisterAdvertisement(_self, path, _options, sender=None):
    values = call(sender, path, "org.freedesktop.DBus.Properties.GetAll", "s", ADVERT)
    if values["Type"] != "peripheral":
        refuse(REFUSED, "a peripheral")
    data = {str(uuid): bytes(each).hex() for uuid, each in values["ServiceData"].items()}
    # Flags, a 128-bit UUID and one piece of service data fill the 31 bytes of an advertisement.
    if 3 + 18 + sum(4 + len(each) // 2 for each in data.values()) > 31:
        refuse("org.bluez.Error.InvalidLength", "too long")
    services = [str(each) for each in values["ServiceUUIDs"]]
    adverts[str(path)] = {"services": services, "data": data, "name": str(values["LocalName"])}


@dbus.service.method(ADVERTISING, in_signature="o", out_signature="")
def UnregisterAdvertisement(_self, path):
    adverts.pop(str(path), None)


# ---------------------------------------------------------------------------------- the phone


@dbus.service.method(MOCK_IFACE, in_signature="s", out_signature="ay")
def PhoneReads(_self, uuid):
    owner, path, flags = offered[uuid]
    if "read" not in flags:
        refuse(DENIED, "not to be read")
    options = dbus.Dictionary({"device": PHONE}, signature="sv")
    return call(owner, path, f"{CHARACTERISTIC}.ReadValue", "a{sv}", options)


@dbus.service.method(MOCK_IFACE, in_signature="say", out_signature="")
def PhoneWrites(_self, uuid, data):
    owner, path, flags = offered[uuid]
    if "encrypt-write" in flags and not paired[0]:
        # BlueZ pairs first; without an agent that agrees there is no encrypted link.
        agent = dbusmock.get_object("/org/bluez").default_agent
        if agent is None:
            refuse("org.bluez.Error.AuthenticationFailed", "nobody agrees")
        call(owner, agent, f"{AGENT}.RequestAuthorization", "o", PHONE)
        paired[0] = True
    elif not {"write", "encrypt-write"} & set(flags):
        refuse(DENIED, "not to be written")
    options = dbus.Dictionary({"device": PHONE}, signature="sv")
    call(owner, path, f"{CHARACTERISTIC}.WriteValue", "aya{sv}", data, options)


@dbus.service.method(MOCK_IFACE, in_signature="s", out_signature="")
def PhoneWatches(_self, uuid):
    owner, path, flags = offered[uuid]
    if "notify" not in flags:
        refuse(DENIED, "not to be watched")
    call(owner, path, f"{CHARACTERISTIC}.StartNotify")


@dbus.service.method(MOCK_IFACE, in_signature="", out_signature="s")
def PhoneKnows(_self):
    """What is advertised, what was notified, what can be done, as JSON."""
    flags = {uuid: each[2] for uuid, each in offered.items()}
    agent = [str(each) for each in dbusmock.get_object("/org/bluez").capabilities.values()]
    return json.dumps(
        {"adverts": list(adverts.values()), "notified": notified, "flags": flags, "agent": agent}
    )

"""A template for python-dbusmock: its NetworkManager, and what that one cannot do.

Its own hotspot fails and it never refuses a password. Here a world is furnished from JSON:
networks with their right passwords, what is kept, what the radio can do; joining goes through the
states that NetworkManager's devices go through, one after the other, and ends as the world says.

Loaded by the system's Python, which has dbusmock; nothing of Myna is imported.
"""

# ruff: noqa: ANN001, ANN202, N802, PLW0603, PLR0911 - a template has dbusmock's names and no types
import json
import traceback

import dbus
import dbusmock
from dbusmock import MOCK_IFACE
from dbusmock.templates import networkmanager as base
from gi.repository import GLib

BUS_NAME, MAIN_OBJ, MAIN_IFACE = base.BUS_NAME, base.MAIN_OBJ, base.MANAGER_IFACE
SYSTEM_BUS = True
IS_OBJECT_MANAGER = True
STEP_MS = 1

DENIED = "org.freedesktop.NetworkManager.PermissionDenied"
UNKNOWN = "org.freedesktop.NetworkManager.UnknownConnection"
UNAVAILABLE, ALONE, FAILED, ACTIVATED, DEACTIVATING = 20, 30, 120, 100, 110
NO_SECRETS, NO_IP, SSID_NOT_FOUND, USER_REQUESTED, NEW_ACTIVATION, SUPPLICANT_TIMEOUT = (
    7,
    5,
    53,
    39,
    60,
    11,
)
KEYS = {"open": 0, "wep": 0, "wpa2": 0x100, "wpa3": 0x400, "owe": 0x800, "enterprise": 0x200}
FREQUENCIES = {"2.4": 2437, "5": 5180}

GONE = (
    "/org/freedesktop/NetworkManager/AccessPoint/",
    "/org/freedesktop/NetworkManager/ActiveConnection/",
    "/org/freedesktop/NetworkManager/Settings/",
    "/ip/",
)
world = {"networks": [], "saved": [], "radio": [], "wired": False, "off": False, "obeys": True}
numbers = iter(range(10**9))
kept = []  # paths of connections
manager = None


def load(mock, parameters):
    base.load(mock, parameters)
    global manager
    manager = dbusmock.get_object(base.MANAGER_OBJ)
    manager.add_and_activate = add_and_activate
    manager.activate = activate
    manager.deactivate = deactivate
    manager.AddMethod(
        base.MANAGER_IFACE,
        "AddAndActivateConnection2",
        "a{sa{sv}}ooa{sv}",
        "ooa{sv}",
        "ret = self.add_and_activate(*args)",
    )
    manager.AddMethod(
        base.MANAGER_IFACE, "ActivateConnection", "ooo", "o", "ret = self.activate(*args)"
    )
    manager.AddMethod(base.MANAGER_IFACE, "DeactivateConnection", "o", "", "self.deactivate(*args)")
    settings = dbusmock.get_object(base.SETTINGS_OBJ)
    settings.all_kept = lambda: dbus.Array(kept, signature="o")
    settings.AddMethod(base.SETTINGS_IFACE, "ListConnections", "", "ao", "ret = self.all_kept()")


@dbus.service.method(MOCK_IFACE, in_signature="s", out_signature="")
def Furnish(self, text):
    """Make the world that a JSON text describes; see `Air`."""
    try:
        furnish(text)
    except Exception:
        traceback.print_exc()  # what crosses the bus has no lines
        raise


def furnish(text):
    for name in list(manager.GetDevices()):
        manager.RemoveObject(name)
    for path in [each for each in list(dbusmock.mockobject.objects) if each.startswith(GONE)]:
        manager.RemoveObject(path)
    kept.clear()
    manager.Set(base.MANAGER_IFACE, "Devices", dbus.Array([], signature="o"))
    world.update(json.loads(text))
    if world["wired"]:
        base.AddEthernetDevice(manager, "eth", "eth0", ACTIVATED)
    if not world["radio"]:
        return
    path = base.AddWiFiDevice(manager, "wlan", "wlan0", ALONE)
    device = dbusmock.get_object(path)
    bands = sum({"2.4": 0x200, "5": 0x400}[each] for each in world["radio"])
    put(device, base.WIRELESS_DEVICE_IFACE, {"WirelessCapabilities": dbus.UInt32(0x100 | bands)})
    device.AddProperty(base.WIRELESS_DEVICE_IFACE, "ActiveAccessPoint", dbus.ObjectPath("/"))
    device.AddProperty(base.WIRELESS_DEVICE_IFACE, "LastScan", dbus.Int64(0))
    device.AddProperty(base.DEVICE_IFACE, "Ip4Config", dbus.ObjectPath("/"))
    device.scan = scan
    device.AddMethod(base.WIRELESS_DEVICE_IFACE, "RequestScan", "a{sv}", "", "self.scan(self)")
    for address, where in (("10.42.0.1", "own"), ("192.168.1.20", "home")):
        data = dbus.Array(
            [dbus.Dictionary({"address": address, "prefix": dbus.UInt32(24)}, signature="sv")]
        )
        manager.AddObject(
            f"/ip/{where}", "org.freedesktop.NetworkManager.IP4Config", {"AddressData": data}, []
        )
    for network in world["networks"]:
        if not network["hidden"] and network["answers"]:
            for band in network["bands"]:
                add_access_point(path, network, band)
    for ssid in world["saved"]:
        network = on_air(bytes.fromhex(ssid))
        keep(infrastructure(network), "disk")
    manager.props[base.MANAGER_IFACE]["WirelessEnabled"] = dbus.Boolean(not world["off"])
    if world["off"]:
        device.props[base.DEVICE_IFACE]["State"] = dbus.UInt32(UNAVAILABLE)
        GLib.timeout_add(STEP_MS, lambda: switched_on(device))
        return
    if kept:
        active = new_active(kept[0], path)
        finish(device, active, on_air(bytes.fromhex(world["saved"][0])), quiet=True)


@dbus.service.method(MOCK_IFACE, in_signature="", out_signature="s")
def Kept(self):
    """What lies where, as JSON: a list of name in hex, password, place."""
    found = []
    for path in kept:
        connection = dbusmock.get_object(path)
        lock = connection.settings.get("802-11-wireless-security", {})
        ssid = bytes(connection.settings["802-11-wireless"]["ssid"]).hex()
        found.append([ssid, str(lock.get("psk", "")), connection.place])
    return json.dumps(sorted(found))


def switched_on(device):
    """Whether to go on waiting for somebody to switch the radio on; then it is ready."""
    if not manager.props[base.MANAGER_IFACE]["WirelessEnabled"]:
        return world["off"]
    go(device, ALONE, 2)
    return False


def add_access_point(path, network, band):
    name = f"ap{next(numbers)}"
    made = base.AddAccessPoint(
        manager,
        path,
        name,
        "x",
        f"02:00:00:00:00:{next(numbers) % 256:02x}",
        2,
        FREQUENCIES[band],
        54,
        network["strength"],
        KEYS[network["security"]],
    )
    point = dbusmock.get_object(made)
    point.props[base.ACCESS_POINT_IFACE]["Ssid"] = dbus.ByteArray(bytes.fromhex(network["ssid"]))
    values = {"WpaFlags": dbus.UInt32(0)}
    if network["security"] == "wep":
        values["Flags"] = dbus.UInt32(1)
    put(point, base.ACCESS_POINT_IFACE, values)
    network.setdefault("points", []).append(made)


def on_air(ssid):
    return next((each for each in world["networks"] if each["ssid"] == ssid.hex()), None)


def infrastructure(network):
    ssid = dbus.ByteArray(bytes.fromhex(network["ssid"]))
    settings = {
        "connection": {"id": "kept", "uuid": str(next(numbers)), "type": "802-11-wireless"},
        "802-11-wireless": {"ssid": ssid, "mode": "infrastructure", "hidden": network["hidden"]},
    }
    if network["password"]:
        settings["802-11-wireless-security"] = {"key-mgmt": "wpa-psk", "psk": network["password"]}
    return settings


def allowed():
    if not world["obeys"]:
        raise dbus.exceptions.DBusException("no", name=DENIED)


def scan(device):
    allowed()
    stamp = dbus.Int64(next(numbers))
    later(lambda: put(device, base.WIRELESS_DEVICE_IFACE, {"LastScan": stamp}))


def put(thing, interface, values):
    """Change properties and say so; dbusmock's own cannot with object paths."""
    thing.props[interface].update(values)
    told = dbus.Dictionary(values, signature="sv")
    thing.EmitSignal(
        dbus.PROPERTIES_IFACE,
        "PropertiesChanged",
        "sa{sv}as",
        [interface, told, dbus.Array([], signature="s")],
    )


def later(act):
    def once():
        act()
        return False

    GLib.timeout_add(STEP_MS, once)


def keep(settings, place):
    path = dbus.ObjectPath(f"{base.SETTINGS_OBJ}/{next(numbers)}")
    manager.AddObject(path, base.CSETTINGS_IFACE, {"Unsaved": place != "disk"}, [])
    connection = dbusmock.get_object(path)
    connection.settings, connection.place = settings, place
    connection.told = told
    connection.to_disk = to_disk
    connection.delete = delete
    connection.AddMethod(
        base.CSETTINGS_IFACE, "GetSettings", "", "a{sa{sv}}", "ret = self.told(self)"
    )
    connection.AddMethod(
        base.CSETTINGS_IFACE,
        "Update2",
        "a{sa{sv}}ua{sv}",
        "a{sv}",
        "ret = self.to_disk(self, *args)",
    )
    connection.AddMethod(base.CSETTINGS_IFACE, "Delete", "", "", "self.delete(self)")
    kept.append(path)
    return path


def told(connection):
    groups = {
        name: dbus.Dictionary(
            {key: value for key, value in group.items() if key != "psk"}, signature="sv"
        )
        for name, group in connection.settings.items()
    }
    return dbus.Dictionary(groups, signature="sa{sv}")


def to_disk(connection, settings, flags, _more):
    allowed()
    if settings or flags != 1:
        raise dbus.exceptions.DBusException("only saving is mocked", name=DENIED)
    connection.place = "disk"
    return dbus.Dictionary({}, signature="sv")


def delete(connection):
    allowed()
    path = dbus.ObjectPath(connection.path)
    kept.remove(path)
    device = the_device()
    active = device.Get(base.DEVICE_IFACE, "ActiveConnection")
    if active != "/" and dbusmock.get_object(active).of_profile == path:
        go(device, ALONE, 38)
    manager.RemoveObject(path)


def the_device():
    return dbusmock.get_object("/org/freedesktop/NetworkManager/Devices/wlan")


def go(device, state, reason):
    """One step of the device."""
    old = device.Get(base.DEVICE_IFACE, "State")
    values = {"State": dbus.UInt32(state)}
    if state in (ALONE, FAILED):
        active = device.Get(base.DEVICE_IFACE, "ActiveConnection")
        values["ActiveConnection"] = dbus.ObjectPath("/")
        values["Ip4Config"] = dbus.ObjectPath("/")
        put(
            device,
            base.WIRELESS_DEVICE_IFACE,
            {"Mode": dbus.UInt32(2), "ActiveAccessPoint": dbus.ObjectPath("/")},
        )
        end_active(active)
    put(device, base.DEVICE_IFACE, values)
    device.EmitSignal(
        base.DEVICE_IFACE, "StateChanged", "uuu", [dbus.UInt32(state), old, dbus.UInt32(reason)]
    )


def end_active(path):
    if path == "/":
        return
    active = dbusmock.get_object(path)
    connection = active.of_profile
    manager.RemoveObject(path)
    if connection in kept and dbusmock.get_object(connection).place == "volatile":
        kept.remove(connection)
        manager.RemoveObject(connection)


def new_active(connection, device_path):
    path = dbus.ObjectPath(f"/org/freedesktop/NetworkManager/ActiveConnection/{next(numbers)}")
    manager.AddObject(
        path, base.ACTIVE_CONNECTION_IFACE, {"Connection": dbus.ObjectPath(connection)}, []
    )
    dbusmock.get_object(path).of_profile = dbus.ObjectPath(connection)
    put(dbusmock.get_object(device_path), base.DEVICE_IFACE, {"ActiveConnection": path})
    return path


def finish(device, _active, network, *, quiet=False):
    own = network is None
    put(device, base.DEVICE_IFACE, {"Ip4Config": dbus.ObjectPath("/ip/own" if own else "/ip/home")})
    points = [] if own else network.get("points", [])
    put(
        device,
        base.WIRELESS_DEVICE_IFACE,
        {
            "Mode": dbus.UInt32(3 if own else 2),
            "ActiveAccessPoint": dbus.ObjectPath(points[0] if points else "/"),
        },
    )
    if quiet:
        put(device, base.DEVICE_IFACE, {"State": dbus.UInt32(ACTIVATED)})
    else:
        go(device, ACTIVATED, 0)


def outcome(connection):
    """The states a device goes through with a connection, with reasons, and its network."""
    wireless = connection.settings["802-11-wireless"]
    if wireless.get("mode") == "ap":
        return [(40, 0), (50, 0), (70, 0)], None, None
    network = on_air(bytes(wireless["ssid"]))
    lock = connection.settings.get("802-11-wireless-security", {})
    started = [(40, 0), (50, 0)]
    if network is None or (network["hidden"] and not wireless.get("hidden", False)):
        return started, network, SSID_NOT_FOUND
    if not set(network["bands"]) & set(world["radio"]):
        return started, network, SSID_NOT_FOUND
    if not network["answers"]:
        return started, network, SUPPLICANT_TIMEOUT
    if str(lock.get("psk", "")) != network["password"]:
        return [*started, (60, 0), (50, 0), (60, 8)], network, NO_SECRETS
    if not network["gives_address"]:
        return [*started, (70, 0)], network, NO_IP
    return [*started, (70, 0), (80, 0), (90, 0)], network, None


def activate(connection_path, device_path, _ap):
    allowed()
    if connection_path not in kept:
        raise dbus.exceptions.DBusException("no such connection", name=UNKNOWN)
    device = dbusmock.get_object(device_path)
    connection = dbusmock.get_object(connection_path)
    if device.Get(base.DEVICE_IFACE, "State") == ACTIVATED:
        go(device, DEACTIVATING, NEW_ACTIVATION)
        go(device, ALONE, NEW_ACTIVATION)
    active = new_active(connection_path, device_path)
    steps, network, failure = outcome(connection)

    def walk():
        if device.Get(base.DEVICE_IFACE, "ActiveConnection") != active:
            return  # something else was begun meanwhile
        if steps:
            go(device, *steps.pop(0))
            later(walk)
        elif failure is None:
            finish(device, active, network)
        else:
            go(device, FAILED, failure)
            go(device, ALONE, 0)

    later(walk)
    return active


def add_and_activate(settings, device_path, _ap, options):
    allowed()
    path = keep(
        {name: dict(group) for name, group in settings.items()}, str(options.get("persist", "disk"))
    )
    return path, activate(path, device_path, "/"), dbus.Dictionary({}, signature="sv")


def deactivate(active):
    allowed()
    device = the_device()
    if device.Get(base.DEVICE_IFACE, "ActiveConnection") == active:
        later(lambda: go(device, ALONE, USER_REQUESTED))

"""What the image carries so that the service may work the radio: one address, few rights."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from provisioning.factory import labels
from provisioning.wifi.country import FILE_NAME
from provisioning.wifi.nm_values import ADDRESS
from provisioning.wifi.settings import WifiSettings

ROOT = Path(__file__).parents[2]
DNSMASQ = shutil.which("dnsmasq", path="/usr/sbin:/usr/bin")
FILES = ROOT / "image" / "files"
NAMES = FILES / "etc/NetworkManager/dnsmasq-shared.d/myna.conf"
RULE = FILES / "etc/polkit-1/rules.d/50-myna.rules"
SET_COUNTRY = FILES / "usr/lib/myna/set-country"
UNITS = (ROOT / "systemd/myna-country.service", ROOT / "systemd/myna-country.path")


def test_address_of_radio_portal_names_and_label_is_one() -> None:
    assert WifiSettings().portal_address == ADDRESS
    assert f"address=/#/{ADDRESS}" in NAMES.read_text(encoding="ascii").splitlines()
    assert f"http://{ADDRESS}" in Path(labels.__file__).read_text(encoding="utf-8")


@pytest.mark.skipif(DNSMASQ is None, reason="dnsmasq-base is not installed")
def test_every_name_leads_to_the_speaker_and_none_elsewhere() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        *(str(DNSMASQ), "--keep-in-foreground", f"--conf-file={NAMES}", f"--port={port}"),
        *(
            "--listen-address=127.0.0.1",
            "--bind-interfaces",
            "--user=",
            "--pid-file=",
            "--no-hosts",
        ),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as server:
        try:
            for name in ("captive.apple.com", "connectivitycheck.gstatic.com", "wlan"):
                assert address_of(name, port) == ADDRESS
        finally:
            server.terminate()


def address_of(name: str, port: int) -> str:
    """What a name server says (RFC 1035), asked until it is there."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    question = bytes.fromhex("2a2a01000001000000000000") + labels + bytes.fromhex("0000010001")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(0.2)
        line.connect(("127.0.0.1", port))
        for _ in range(100):
            try:
                line.send(question)
                answer = line.recv(512)
                break
            except OSError:  # not there yet
                time.sleep(0.05)
    assert answer[:2] == question[:2]
    return socket.inet_ntoa(answer[-4:])


def test_the_service_s_user_alone_may_work_the_radio_and_nothing_more() -> None:
    text = RULE.read_text(encoding="ascii")
    assert 'subject.user === "myna"' in text
    allowed = re.findall(r'"(org\.[\w.-]+)"', text)
    assert {each.removeprefix("org.freedesktop.NetworkManager.") for each in allowed} == {
        "enable-disable-wifi",
        "network-control",
        "settings.modify.system",
        "wifi.scan",
        "wifi.share.protected",
    }
    assert (ROOT / "systemd/myna.sysusers").read_text().count("u myna ") == 1


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize(
    ("user", "action", "result"),
    [
        ("myna", "org.freedesktop.NetworkManager.network-control", "YES"),
        ("myna", "org.freedesktop.NetworkManager.settings.modify.hostname", "NOT_HANDLED"),
        ("myna", "org.freedesktop.systemd1.manage-units", "NOT_HANDLED"),
        ("nobody", "org.freedesktop.NetworkManager.network-control", "NOT_HANDLED"),
    ],
)
def test_the_rule_decides(user: str, action: str, result: str) -> None:
    program = (
        "const polkit = {Result: {YES: 'YES', NOT_HANDLED: 'NOT_HANDLED'}, addRule(rule) {"
        f" console.log(rule({{id: '{action}'}}, {{user: '{user}'}})); }}}};\n"
    )
    whole = program + RULE.read_text(encoding="ascii")
    found = subprocess.run(["node", "-e", whole], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == result


def test_the_packages_that_it_takes_are_in_the_image() -> None:
    lines = (ROOT / "image/packages.txt").read_text(encoding="utf-8").splitlines()
    assert {"network-manager", "polkitd", "dnsmasq-base", "iw", "bluez"} <= set(lines)


def test_port_80_is_open_to_the_service_without_a_capability() -> None:
    text = (FILES / "usr/lib/sysctl.d/60-myna.conf").read_text(encoding="ascii")
    port = re.search(r"^net\.ipv4\.ip_unprivileged_port_start = (\d+)$", text, re.MULTILINE)
    assert port
    assert int(port[1]) <= WifiSettings().portal_port
    assert "CapabilityBoundingSet=\n" in (ROOT / "systemd/myna.service").read_text()


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ("DE\n", "reg set DE"),
        ("de\n", ""),
        ("DEU\n", ""),
        ("$(reboot)", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_only_a_country_reaches_the_kernel(tmp_path: Path, kept: str | None, told: str) -> None:
    file, said = tmp_path / FILE_NAME, tmp_path / "said"
    if kept is not None:
        file.write_text(kept)
    (tmp_path / "iw").write_text(f'#!/bin/sh\necho "$@" >{said}\n')
    (tmp_path / "iw").chmod(0o755)
    path = f"{tmp_path}:/usr/bin:/bin"
    subprocess.run([str(SET_COUNTRY), str(file)], check=True, env={"PATH": path}, text=True)
    assert (said.read_text().strip() if said.exists() else "") == told
    assert f"/{FILE_NAME}" in SET_COUNTRY.read_text()
    assert f"/{FILE_NAME}" in UNITS[1].read_text()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_the_units(unit: Path, tmp_path: Path) -> None:
    program = tmp_path / "set-country"
    shutil.copy(SET_COUNTRY, program)
    for each in UNITS:
        text = each.read_text(encoding="utf-8").replace("/usr/lib/myna/set-country", str(program))
        (tmp_path / each.name).write_text(text, encoding="utf-8")
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit.name)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert [line for line in result.stderr.splitlines() if "myna-country" in line] == []

"""Mosquitto for one house: certificates only, each speaker to its own topics."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from contract.topics import FROM_SPEAKER, PREFIX, TO_SPEAKER
from hub.certificates import CRL_FILE, Authority
from hub.settings import HubError

HUB = "hub"
"""Common name of the hub's own certificate."""
START_WITHIN_S = 10.0


def acl() -> str:
    """Who may do what: the hub everything below our prefix, a speaker what is its own."""
    lines = [f"user {HUB}", f"topic readwrite {PREFIX}/#", ""]
    lines += [f"pattern write {PREFIX}/%u/{each.value}" for each in FROM_SPEAKER]
    lines += [f"pattern read {PREFIX}/%u/{each.value}" for each in TO_SPEAKER]
    # Home Assistant's discovery, of the speaker's own device alone.
    lines += ["pattern write homeassistant/device/%u/config"]
    return "\n".join(lines) + "\n"


def configuration(folder: Path, authority: Authority, port: int) -> str:
    """Mosquitto's configuration: TLS on loopback, everything kept over a restart."""
    certificate, key = authority.issue("broker", server=True)
    revoked = authority.folder / CRL_FILE
    if not revoked.exists():
        authority.revoke(())
    (folder / "acl").write_text(acl(), encoding="utf-8")
    return "\n".join(
        [
            "per_listener_settings true",
            # Started by root, it would become a user that cannot read the folder.
            *(["user root"] if os.getuid() == 0 else []),
            f"listener {port} 127.0.0.1",
            f"cafile {authority.certificate}",
            f"certfile {certificate}",
            f"keyfile {key}",
            # Read anew whenever the broker is told to (SIGHUP).
            f"crlfile {revoked}",
            "tls_version tlsv1.2",
            "require_certificate true",
            "use_identity_as_username true",
            "allow_anonymous false",
            f"acl_file {folder / 'acl'}",
            "persistence true",
            f"persistence_location {folder}/",
            # What waits here is a copy: speakers keep events, the store keeps commands, until
            # the other side has said that it has them. So this need not be written all the time.
            "autosave_interval 30",
            "max_queued_messages 0",
            "max_inflight_messages 200",
            "max_packet_size 270000",
            "log_type warning",
            "log_type error",
            "log_dest stderr",
            "",
        ]
    )


def start(folder: Path, text: str, port: int) -> subprocess.Popen[bytes]:
    """Start Mosquitto and wait until it listens.

    Raises:
        HubError: It is not installed, or does not start.
    """
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        raise HubError("Mosquitto is not installed; as root, run: apt-get install mosquitto")
    place = folder / "mosquitto.conf"
    place.write_text(text, encoding="utf-8")
    process = subprocess.Popen([program, "-c", str(place)], cwd=folder)
    until_s = time.monotonic() + START_WITHIN_S
    while time.monotonic() < until_s and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
        except OSError:
            time.sleep(0.02)
        else:
            return process
    process.kill()
    process.wait()
    raise HubError(f"Mosquitto did not start on port {port}; its words are above")

"""``myna identity``: who this box is; with ``--take-over`` it becomes so, at the first start."""

from __future__ import annotations

import argparse
import os
import subprocess
from pathlib import Path

from core.errors import ProvisioningError
from device.cli.output import print_json
from provisioning.first_boot import Places, take_over
from provisioning.identity import CERTIFICATE_FILE, IDENTITY_FILE, DeviceIdentity, parse_identity
from provisioning.set_up_label import STORE, hand_over


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    usual = Places()
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    parser.add_argument("--kept", type=Path, default=usual.kept, help="where the box keeps it")
    parser.add_argument("--boot", type=Path, default=usual.boot, help="the card's first partition")
    parser.add_argument("--credentials", type=Path, default=STORE, help="what the service may know")
    parser.add_argument("--connections", type=Path, default=usual.connections)
    parser.add_argument(
        "--take-over", action="store_true", help="take it from the boot partition (the unit does)"
    )


def run(args: argparse.Namespace) -> int:
    """Show who this box is, without secrets.

    Returns:
        0; ProvisioningError when there is no identity.
    """
    if args.take_over:
        try:
            identity = take_over(Places(args.boot, args.kept, args.connections))
            _apply(identity)
            hand_over(identity, args.credentials)
        except OSError as error:
            raise ProvisioningError(
                f"{error.filename or 'a partition'} cannot be written ({error.strerror});"
                " flash the card again, or take another"
            ) from error
    else:
        identity = _kept(args.kept)
    record = {
        "serial": identity.serial,
        "hostname": identity.hostname,
        "board": identity.board,
        "time_zone": identity.time_zone,
        "setup_ssid": identity.setup_ssid,
        "certificate": (args.kept / CERTIFICATE_FILE).exists(),
    }
    if args.json:
        print_json(record)
    else:
        for name, value in record.items():
            print(f"{name.replace('_', ' '):<12} {value if value != '' else '-'}")
    return 0


def _kept(folder: Path) -> DeviceIdentity:
    try:
        return parse_identity((folder / IDENTITY_FILE).read_text(encoding="utf-8"))
    except OSError as error:
        raise ProvisioningError(
            f"there is no identity to be read in {folder}; flash.sh gives one, and reading it"
            " takes root (sudo)"
        ) from error


def _apply(identity: DeviceIdentity) -> None:
    """Host name and time zone; the root forgets both when it is switched off."""
    Path("/etc/hostname").write_text(f"{identity.hostname}\n", encoding="ascii")
    Path("/etc/hosts").write_text(
        f"127.0.0.1 localhost\n127.0.1.1 {identity.hostname}\n::1 localhost\n", encoding="ascii"
    )
    subprocess.run(["hostname", identity.hostname], check=True)
    zone = Path("/usr/share/zoneinfo", identity.time_zone or "UTC")
    if zone.is_file():
        link = Path("/etc/.localtime.new")
        link.unlink(missing_ok=True)
        link.symlink_to(zone)
        os.replace(link, "/etc/localtime")

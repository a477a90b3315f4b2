"""``myna identity``: who this box is; with ``--take-over`` it becomes so, at the first start."""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
from pathlib import Path

from core.errors import ProvisioningError
from device.board_of_bench import naming_board
from device.cli.options import add_config, settings_of
from device.cli.output import complain, print_json
from device.config import find_config
from provisioning.first_boot import Places, take_over
from provisioning.identity import CERTIFICATE_FILE, IDENTITY_FILE, DeviceIdentity, parse_identity
from provisioning.pairing import given
from provisioning.pairing.file import FOLDER as PAIRING_FOLDER
from provisioning.pairing.keys import DeviceKey, applicant, made
from provisioning.set_up_label import STORE, hand_over


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    usual = Places()
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    parser.add_argument("--kept", type=Path, default=usual.kept, help="where the box keeps it")
    parser.add_argument("--boot", type=Path, default=usual.boot, help="the card's first partition")
    parser.add_argument("--credentials", type=Path, default=STORE, help="what the service may know")
    parser.add_argument("--connections", type=Path, default=usual.connections)
    add_config(parser)
    parser.add_argument(
        "--take-over", action="store_true", help="take it from the boot partition (the unit does)"
    )


def run(args: argparse.Namespace) -> int:
    """Show who this box is, without secrets.

    A box that flashing gave no identity has a provisional one, made of its own key.

    Returns:
        0; ProvisioningError when the identity cannot be read.
    """
    identity: DeviceIdentity | None
    if args.take_over:
        try:
            identity = taken = take_over(Places(args.boot, args.kept, args.connections))
            _apply(taken, find_config(args.config))
            hand_over(taken, args.credentials)
            given.hand_over(args.kept, args.credentials)
        except OSError as error:
            raise ProvisioningError(
                f"{error.filename or 'a partition'} cannot be written ({error.strerror});"
                " flash the card again, or take another"
            ) from error
    else:
        identity = _kept(args.kept)
    record: dict[str, object] = {
        "serial": identity.serial if identity else "",
        "hostname": identity.hostname if identity else socket.gethostname(),
        "board": identity.board if identity else "",
        "time_zone": identity.time_zone if identity else "",
        "setup_ssid": identity.setup_ssid if identity else "",
        "certificate": (args.kept / CERTIFICATE_FILE).exists(),
    }
    if not args.take_over:
        record |= _at_a_platform(args, provisional=identity is None)
    if identity is None and not args.json:
        complain(
            f"There is no identity from flashing in {args.kept}: this one is provisional. flash.sh"
            " gives one."
        )
    if args.json:
        print_json(record)
    else:
        for name, value in record.items():
            print(f"{name.replace('_', ' '):<12} {value if value != '' else '-'}")
    return 0


def _at_a_platform(args: argparse.Namespace, *, provisional: bool) -> dict[str, object]:
    """How a platform knows this box; a provisional id is there from the first pairing on."""
    folder = settings_of(args).device.state_path() / PAIRING_FOLDER
    try:
        device = applicant(DeviceKey(folder), args.kept).device if made(folder) else ""
    except OSError as error:
        raise ProvisioningError(
            f"{folder} cannot be read ({error.strerror}); ask as the speaker's own user"
        ) from error
    return {"device": device, "provisional": provisional}


def _kept(folder: Path) -> DeviceIdentity | None:
    try:
        return parse_identity((folder / IDENTITY_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ProvisioningError(
            f"the identity in {folder} cannot be read ({error.strerror}); that takes root (sudo)"
        ) from error


def _apply(identity: DeviceIdentity, config: Path | None) -> None:
    """Host name, time zone and board; the root forgets all three when it is switched off."""
    if config is not None and config.exists():
        text = config.read_text(encoding="utf-8")
        if (named := naming_board(text, identity.board)) != text:
            config.write_text(named, encoding="utf-8")
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

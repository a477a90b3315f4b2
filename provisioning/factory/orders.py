"""A CSV of identities, one row a card."""

from __future__ import annotations

import csv
import os
from pathlib import Path

from core.errors import ProvisioningError
from provisioning.identity import (
    DeviceIdentity,
    WifiAccess,
    hostname_for,
    new_setup_password,
    problems,
)

COLUMNS = (
    *("serial", "hostname", "setup_password", "board", "time_zone"),
    *("wifi_ssid", "wifi_password", "wifi_country"),
)


def read_orders(path: Path) -> list[DeviceIdentity]:
    """The identities that a CSV names; but for the serial, what a row leaves empty is made up.

    Args:
        path: With a line of column names, any of `COLUMNS` in any order.

    Raises:
        ProvisioningError: Everything that is wrong with it, a line each.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            unknown = sorted(set(reader.fieldnames or ()) - set(COLUMNS))
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ProvisioningError(f"{path} cannot be read as CSV in UTF-8 ({error})") from error
    if unknown:
        raise ProvisioningError(
            f"{path}: there is no column {', '.join(unknown)}; there are {', '.join(COLUMNS)}"
        )
    wrong: list[str] = []
    identities: list[DeviceIdentity] = []
    for line, row in rows:
        if None in row:
            wrong.append(f"{path}:{line}: it has more values than columns; check the commas")
            continue
        identity = _identity({name: (value or "").strip() for name, value in row.items()})
        wrong += [f"{path}:{line}: {problem}" for problem in problems(identity)]
        if any(identity.serial == other.serial for other in identities):
            wrong.append(f"{path}:{line}: serial: {identity.serial} is there twice")
        identities.append(identity)
    if wrong:
        raise ProvisioningError("\n".join(wrong))
    return identities


def write_orders(path: Path, identities: list[DeviceIdentity]) -> None:
    """Write a CSV to fill in: serials, host names and set-up passwords.

    Raises:
        ProvisioningError: There is such a file already, or it cannot be written.
    """
    try:
        with open(path, "x", newline="", encoding="utf-8", opener=_private) as file:
            writer = csv.DictWriter(file, COLUMNS, restval="")
            writer.writeheader()
            for each in identities:
                values = (each.serial, each.hostname, each.setup_password, each.board)
                writer.writerow(dict(zip(COLUMNS, values, strict=False)))
    except OSError as error:
        raise ProvisioningError(f"{path} cannot be written ({error.strerror})") from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _identity(row: dict[str, str]) -> DeviceIdentity:
    serial = row.get("serial", "")
    ssid = row.get("wifi_ssid", "")
    wifi = WifiAccess(ssid, row.get("wifi_password", ""), row.get("wifi_country", ""))
    return DeviceIdentity(
        serial=serial,
        hostname=row.get("hostname") or hostname_for(serial),
        setup_password=row.get("setup_password") or new_setup_password(),
        board=row.get("board", ""),
        time_zone=row.get("time_zone", ""),
        wifi=wifi if ssid else None,
    )

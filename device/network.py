"""Whether the network is there at all, so that nobody waits for one that is not."""

from __future__ import annotations

import contextlib
import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

ROUTES = Path("/proc/net/route")
ROUTES_6 = Path("/proc/net/ipv6_route")
_LOOPBACK = "lo"


def can_reach(url: str, *, routes: Path = ROUTES, routes_6: Path = ROUTES_6) -> bool:
    """Whether there is any way out to where an address points; asks nobody, and waits for nothing.

    Args:
        url: Of a service; one on this machine needs no network.
        routes: The kernel's table of IPv4 routes.
        routes_6: And of IPv6 routes.

    Returns:
        True also where the tables cannot be read: then the attempt itself has to tell.
    """
    if _on_this_machine(urlsplit(url).hostname or ""):
        return True
    try:
        interfaces = [line.split()[0] for line in routes.read_text("ascii").splitlines()[1:]]
    except (OSError, ValueError, IndexError):
        return True
    with contextlib.suppress(OSError, ValueError, IndexError):  # there may be no IPv6
        # A link-local route is there as soon as there is a cable; only others lead anywhere.
        interfaces += [
            line.split()[-1]
            for line in routes_6.read_text("ascii").splitlines()
            if not line.startswith(("fe80", "ff"))
        ]
    return any(name != _LOOPBACK for name in interfaces)


def _on_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

"""Where others reach this server: an address that says localhost leads nobody but its own computer here."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit, urlunsplit

ANYWHERE = ("10.254.254.254", 1)  # no packet is sent there, but the system says from which address it would be


def is_local(url: str) -> bool:
    """Whether this address is good on one computer alone."""
    host = urlsplit(url).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def for_others(url: str) -> str | None:
    """The same address with this computer's number in its network; None where it has none.

    No outside service is asked, and whether a firewall is in the way nobody knows from within.
    """
    number = network_address()
    if number is None:
        return None
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{number}:{parts.port}" if parts.port else number))


def network_address() -> str | None:
    """This computer's number in the network that leads to all others; None without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unsent:
        try:
            unsent.connect(ANYWHERE)
        except OSError:
            return None
        number = str(unsent.getsockname()[0])
    return None if is_local(f"//{number}") else number

"""Fair turns in a queue: round robin between network addresses, and within each between its browsers.

A cookie tells browsers apart and can be made up; an address cannot, but a class behind one proxy shares it. So
neither is trusted alone: who makes up a thousand browsers has the turns of one address, and thirty at one address
are thirty there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from itertools import chain, zip_longest
from typing import Generic, Protocol, TypeVar


@dataclass(frozen=True)
class Visitor:
    """Who asks: a browser, all of its tabs together, at a network address. Nobody in particular without both."""

    address: str = ""
    browser: str = ""

    @classmethod
    def at(cls, ip: str | None, browser: str) -> Visitor:
        """The visitor behind a connection: see `network_of`."""
        return cls(network_of(ip), browser)


NOBODY = Visitor()


def network_of(ip: str | None) -> str:
    """What one person cannot choose of an address: all of IPv4, of IPv6 the network of 64 bits.

    >>> network_of("192.0.2.7"), network_of("2001:db8::7"), network_of("::ffff:192.0.2.7"), network_of(None)
    ('192.0.2.7', '2001:db8::/64', '192.0.2.7', '')
    """
    try:
        address = ip_address(ip or "")
    except ValueError:
        return ip or ""
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or ip_network((int(address), 64), strict=False))


class Waits(Protocol):
    """What waits for its turn."""

    @property
    def asked_at(self) -> int:
        """`Turns.taken` at the time when it was first asked for."""

    @property
    def visitors(self) -> Collection[Visitor]:
        """Who wants it."""


W = TypeVar("W", bound=Waits)
Party = str | Visitor
"""An address, or a browser at one."""


class Turns(Generic[W]):
    """Whose turn it is. What several want comes when the first of them is due."""

    def __init__(self) -> None:
        self.taken = 0  # turns so far
        self._last: dict[Party, int] = {}  # the turn that each party had last, of those that wait or have the latest

    def order(self, waiting: Iterable[W]) -> list[W]:
        """What waits, in order of arrival → in the order in which the turns will come, if nobody else does."""
        addresses: dict[str, dict[Visitor, list[W]]] = {}
        for each in waiting:
            for visitor in each.visitors:
                addresses.setdefault(visitor.address, {}).setdefault(visitor, []).append(each)
        rows = {address: self._dealt(browsers) for address, browsers in addresses.items()}
        return self._dealt(rows)

    def take(self, waiting: Sequence[W]) -> W | None:
        """What comes next, whose turn this then was; None where nothing waits."""
        first = next(iter(self.order(waiting)), None)
        if first is not None:
            self.taken += 1
            self.also(first)
            rest = {visitor for each in waiting if each is not first for visitor in each.visitors}
            here = rest | {visitor.address for visitor in rest}
            self._last = {p: turn for p, turn in self._last.items() if p in here or turn == self.taken}
        return first

    def also(self, each: W) -> None:
        """What goes along with the turn that was taken last: it has been the turn of those, too, who want it."""
        for visitor in each.visitors:
            self._last |= {visitor: self.taken, visitor.address: self.taken}

    def _dealt(self, rows: dict[Party, list[W]] | dict[str, list[W]] | dict[Visitor, list[W]]) -> list[W]:
        """One of each row, another one of each row, …; the row that has waited longest begins."""
        longest = sorted(rows.items(), key=lambda row: self._waits_since(*row))
        dealt = chain.from_iterable(zip_longest(*(row for _, row in longest)))
        return list({id(each): each for each in dealt if each is not None}.values())

    def _waits_since(self, party: Party, row: list[W]) -> tuple[int, bool]:
        """The turn of which a party had nothing; who came within it is before who has just had it."""
        asked, had = min(each.asked_at for each in row), self._last.get(party, -1)
        return max(asked, had), had >= asked

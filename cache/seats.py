"""Seats of a class: which seed each of its visitors has, so that together they are an experiment over seeds."""

from __future__ import annotations

import threading

from cachetools import LRUCache

from cache.turns import Visitor

CLASSES, VISITORS = 256, 1000  # that are remembered, of each class
LONGEST = 64  # letters of a class's name


class Seats:
    """The seeds that classes have given out: in memory alone, without names, and gone with the server.

    >>> seats, ada, bob = Seats(30), Visitor(browser="ada"), Visitor(browser="bob")
    >>> [seats.take("monday", visitor) for visitor in (ada, bob, ada)], seats.take("tuesday", bob)
    ([0, 1, 0], 0)
    """

    def __init__(self, count: int) -> None:
        """count: how many seeds there are; who comes later has one that another one has, too."""
        self._count = count
        self._given: LRUCache[str, tuple[list[int], LRUCache[Visitor, int]]] = LRUCache(CLASSES)
        self._lock = threading.Lock()

    def take(self, name: str, visitor: Visitor) -> int:
        """The next seed of a class; for the same browser the same one again."""
        with self._lock:
            name = name[:LONGEST]
            if name not in self._given:
                self._given[name] = ([0], LRUCache(VISITORS))
            given, seats = self._given[name]
            if visitor not in seats:
                seats[visitor] = given[0] % self._count
                given[0] += 1
            return seats[visitor]

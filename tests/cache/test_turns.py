"""Whose turn it is: round robin between addresses, then between the browsers of each, and nobody is passed over."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from cache.turns import Turns, Visitor, network_of


@dataclass
class Wait:
    """Something that waits, asked for before so many turns had been taken."""

    name: str
    visitors: tuple[Visitor, ...]
    asked_at: int = 0


def line(text: str, asked_at: int = 0) -> list[Wait]:
    """`a.x1 a.x2 b.y1` → what browser x at address a, and y at b, wait for, in order of arrival."""
    return [Wait(each, (Visitor(each[0], each[:3]),), asked_at) for each in text.split()]


def names(waiting: list[Wait]) -> str:
    return " ".join(each.name for each in waiting)


def served(turns: Turns[Wait], waiting: list[Wait], times: int | None = None) -> str:
    """The next turns; what they take leaves the line."""
    taken = []
    for _ in range(len(waiting) if times is None else times):
        each = turns.take(waiting)
        assert each is not None
        waiting.remove(each)
        taken.append(each)
    return names(taken)


@pytest.mark.parametrize(
    ("waiting", "order"),
    [
        ("", ""),
        ("a.x1 a.x2 a.x3", "a.x1 a.x2 a.x3"),  # one visitor: first come, first served
        ("a.x1 a.x2 a.x3 a.y1 a.y2", "a.x1 a.y1 a.x2 a.y2 a.x3"),  # two browsers of one address
        ("a.x1 a.x2 a.x3 b.z1", "a.x1 b.z1 a.x2 a.x3"),  # two addresses
        ("a.v1 a.w1 a.x1 a.y1 b.z1 b.z2", "a.v1 b.z1 a.w1 b.z2 a.x1 a.y1"),  # many made-up browsers: one address
    ],
)
def test_order_by_hand(waiting: str, order: str) -> None:
    """Turns go round, whoever came first begins; what is foretold is what is served."""
    assert names(Turns[Wait]().order(line(waiting))) == order
    assert served(Turns(), line(waiting)) == order


def test_nothing_waits() -> None:
    assert Turns[Wait]().take([]) is None


def test_who_comes_while_sixty_four_of_another_wait_is_next() -> None:
    """Behind the one that runs, and before the other 63."""
    turns, waiting = Turns[Wait](), line(" ".join(f"a.x{n}" for n in range(64)))
    assert served(turns, waiting, 1) == "a.x0"
    waiting += line("b.y1", turns.taken)
    assert served(turns, waiting, 2) == "b.y1 a.x1"


def test_newcomers_pass_nobody_over() -> None:
    """However many others come anew with each turn, who has many waiting gets one of them in between."""
    turns, waiting = Turns[Wait](), line("a.x1 a.x2 a.x3")
    assert served(turns, waiting, 1) == "a.x1"
    taken = ""
    for n in "bcde":
        waiting += line(f"{n}.y1", turns.taken)
        taken += served(turns, waiting, 1) + " "
    assert taken == "b.y1 a.x2 c.y1 d.y1 "  # x3 waits since the third turn, e since the fourth
    assert served(turns, waiting) == "a.x3 e.y1"


def test_asking_again_and_again_keeps_nobody_waiting() -> None:
    """Who comes back at the end of each turn stands behind whoever waits since before it."""
    turns, waiting = Turns[Wait](), line("a.x1 b.y1 b.y2")
    assert served(turns, waiting, 1) == "a.x1"
    waiting += line("a.x2", turns.taken)
    assert served(turns, waiting, 1) == "b.y1"
    assert served(turns, waiting, 1) == "a.x2"
    waiting += line("a.x3", turns.taken)
    assert served(turns, waiting) == "b.y2 a.x3"


def test_who_is_being_served_stands_behind_who_comes_meanwhile() -> None:
    """Also where nothing of theirs waited when their turn came."""
    turns, waiting = Turns[Wait](), line("a.x1")
    served(turns, waiting)
    assert served(turns, line("a.x2 a.x3 b.y1", turns.taken)) == "b.y1 a.x2 a.x3"


def test_what_several_want_comes_when_the_first_of_them_is_due() -> None:
    """And is the turn of all of them."""
    waiting = line("a.x1 a.x2 a.x3 b.y1")
    waiting[2].visitors += (Visitor("c", "c.z"),)
    assert names(Turns[Wait]().order(waiting)) == "a.x1 a.x3 b.y1 a.x2"


def test_of_those_who_have_gone_nothing_is_kept() -> None:
    turns, waiting = Turns[Wait](), line("a.x1 b.y1 a.x2")
    served(turns, waiting)
    assert turns._last == {"a": 3, Visitor("a", "a.x"): 3}  # who has the latest turn is still at it


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        (None, ""),
        ("", ""),
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("testclient", "testclient"),
    ],
)
def test_an_address_is_what_one_person_cannot_choose(ip: str | None, network: str) -> None:
    """Of IPv6 anybody has 2 to the 64th; what is no address stays as it is."""
    assert network_of(ip) == network
    assert Visitor.at(ip, "b") == Visitor(network, "b")

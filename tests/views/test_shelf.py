"""What one visitor alone has asked for is kept in memory, and no more of it than there is room for."""

from __future__ import annotations

from views.shelf import Shelf


def test_a_result_is_computed_once():
    """The second request finds it; another key does not."""
    shelf, computed = Shelf(), []

    def compute() -> list[int]:
        computed.append(1)
        return [1, 2]

    assert shelf.fetch("a", compute) is shelf.fetch("a", compute) is shelf.get("a")
    assert shelf.get("b") is None
    assert computed == [1]


def test_what_was_used_longest_ago_goes_first():
    """Two of three results of a thousand bytes fit into 2,500."""
    shelf = Shelf(2500)
    for key in "ab":
        shelf.fetch(key, lambda: bytes(1000))
    shelf.get("a")
    shelf.fetch("c", lambda: bytes(1000))
    assert [shelf.get(key) is not None for key in "abc"] == [True, False, True]


def test_a_result_that_does_not_fit_is_returned_and_not_kept():
    """It costs the keeping, not the answer, and pushes nothing out."""
    shelf = Shelf(500)
    shelf.fetch("small", lambda: b"x")
    assert len(shelf.fetch("large", lambda: bytes(1000))) == 1000
    assert shelf.get("large") is None
    assert shelf.get("small") == b"x"

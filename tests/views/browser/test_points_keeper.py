"""What a page gives back of a visitor's own points: a text for a new visit, and nothing else is taken for one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from views.browser import points_keeper


@pytest.mark.parametrize(
    ("found", "settled", "given_back"),
    [
        (None, False, None),
        ({"text": "x,y,label"}, False, "x,y,label"),
        ({"text": "x,y,label"}, True, None),  # too late: this visit has points of its own
        ({"text": 3}, False, None),
        ({}, False, None),
        ("x,y,label", False, None),
        ([1], False, None),
    ],
)
def test_a_text_for_a_new_visit(found: Any, settled: bool, given_back: str | None, monkeypatch: Any) -> None:
    seen: list[Any] = []

    def component(**given: Any) -> Any:
        seen.append(given["data"])
        return SimpleNamespace(found=found)

    monkeypatch.setattr(points_keeper, "_KEEPER", component)
    assert points_keeper.keep("kept", settled) == given_back
    assert seen == [{"text": "kept", "settled": settled}]

"""What a page gives back of a visitor's own points: a text, and nothing else is taken for one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from views.browser import points_keeper


@pytest.mark.parametrize(
    ("found", "given_back"),
    [
        (None, None),
        ({"text": "x,y,label"}, "x,y,label"),
        ({"text": 3}, None),
        ({}, None),
        ("x,y,label", None),
        ([1], None),
    ],
)
@pytest.mark.parametrize("settled", [True, False])
def test_a_text_is_handed_over_before_the_next_run(
    found: Any, settled: bool, given_back: str | None, monkeypatch: Any
) -> None:
    """What the browser sends, and nothing but a text."""
    mounted: list[dict[str, Any]] = []
    taken: list[str] = []
    monkeypatch.setattr(points_keeper, "_KEEPER", lambda **given: mounted.append(given))
    monkeypatch.setattr(points_keeper.state, "said", {points_keeper.KEY: SimpleNamespace(found=found)}.get)
    points_keeper.keep("kept", settled, taken.append)
    assert [given["data"] for given in mounted] == [{"text": "kept", "settled": settled}]
    assert taken == []
    mounted[0]["on_found_change"]()
    assert taken == ([] if given_back is None else [given_back])

"""The methods side by side: how often they are drawn while they come in."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

import pytest

from pruning.evaluation.by_method import SOURCES
from uncertainty.options import Source
from views.shared import methods_tab
from views.shared.methods_tab import APART, MethodsPanel
from views.shared.placeholder import Placeholder
from views.text.figure_table import POINTS


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the panel reads."""
    now = [1000.0]
    monkeypatch.setattr(methods_tab.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many methods each drawing shows."""
    shown: list[int] = []

    def rows(seen: dict[Source, Any]) -> list[dict[str, Any]]:
        shown.append(len(seen))
        return []

    monkeypatch.setattr(methods_tab, "method_rows", rows)
    monkeypatch.setattr(methods_tab, "method_chart", lambda *what: None)
    monkeypatch.setattr(Placeholder, "chart", lambda *what: None)
    return shown


def panel() -> MethodsPanel:
    place = MagicMock()
    place.columns.side_effect = lambda number, **options: [MagicMock() for _ in range(number)]
    return MethodsPanel(place)


def first(number: int) -> dict[Source, Any]:
    """So many methods that have come in."""
    return {source: MagicMock() for source in SOURCES[:number]}


def test_methods_that_come_in_soon_after_each_other_are_drawn_together(clock, drawn):
    """The first at once, what follows within two seconds with what comes after them, and the last in the end."""
    charts = panel()
    for number, seconds in ((1, 0.0), (2, 0.5), (3, APART - 0.51), (4, 0.01), (5, 0.1)):
        clock[0] += seconds
        charts.come_in(first(number), POINTS)
    assert drawn == [1, 4]
    charts.draw(first(5), POINTS)
    assert drawn == [1, 4, 5]


def test_what_is_drawn_is_not_drawn_again(clock, drawn):
    """All that was kept comes in at once, and is there in the end too."""
    charts = panel()
    charts.come_in(first(5), POINTS)
    charts.draw(first(5), POINTS)
    clock[0] += APART
    charts.come_in(first(5), POINTS)
    assert drawn == [5]


def test_of_no_method_nothing_is_drawn(clock, drawn):
    """Before any has come in."""
    charts = panel()
    charts.come_in({}, POINTS)
    charts.draw({}, POINTS)
    assert drawn == []

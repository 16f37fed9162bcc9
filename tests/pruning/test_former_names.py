"""Modules that have moved go on working under their former names."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

FORMER = {
    f"pruning.{file.stem}": found[1]
    for file in sorted((Path(__file__).parents[2] / "pruning").glob("*.py"))
    if (found := re.match(r'"""Former name of `([\w.]+)`', file.read_text()))
}
"""Former name → the name of today."""


def test_there_are_former_names():
    """The test below has something to look at."""
    assert {"pruning.shrink", "pruning.by_hand", "pruning.recording", "pruning.files"} <= FORMER.keys()


@pytest.mark.parametrize("former", FORMER)
def test_a_former_name_has_all_that_is_public(former):
    """Everything that is defined under the name of today, as the very object."""
    today = import_module(FORMER[former])
    public = [
        name
        for name, value in vars(today).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == today.__name__
    ]
    assert public
    there = vars(import_module(former))
    assert [name for name in public if there.get(name) is not getattr(today, name)] == []

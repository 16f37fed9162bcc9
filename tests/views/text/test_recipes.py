"""Recipes of the strategies: their four decisions as steps, and the chosen one marked."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from pruning import Strategy
from views.text.recipes import diagram, steps

DUE = {
    "one_shot": "initialise, train, prune by score, keep weights, train",
    "one_shot_rewind": "initialise, train, prune by score, rewind, train",
    "one_shot_random": "initialise, train, prune by score, new weights, train",
    "iterative": "initialise, train, prune by score*, rewind*, train*",
    "iterative_finetune": "initialise, train, prune by score*, keep weights*, train*",
    "prune_only": "initialise, train, prune by score, keep weights",
    "random_mask": "initialise, train, prune by chance, rewind, train",
}


@pytest.mark.parametrize("strategy", Strategy)
def test_every_recipe(strategy):
    """By hand, with a star for what is repeated."""
    assert ", ".join(step + "*" * again for step, again in steps(strategy)) == DUE[strategy]


@pytest.mark.parametrize("chosen", Strategy)
def test_the_drawing_has_them_all_and_marks_the_chosen_one(chosen):
    """As well-formed HTML, each with its name."""
    root = ElementTree.fromstring(diagram(chosen).partition("</style>")[2])
    assert [row.findtext("strong") for row in root] == [each.label for each in Strategy]
    assert [row.findtext("strong") for row in root if row.get("class") == "chosen"] == [chosen.label]
    drawn = {
        row.findtext("strong"): ", ".join(
            (item.findtext("span") or "") + "*" * (item.get("class") == "again") for item in row.iter("li")
        )
        for row in root
    }
    assert drawn == {each.label: DUE[each] for each in Strategy}

"""What a strategy is compared with: the same experiment but for what was chosen, and never itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pruning import Criterion, Experiment, ImageExperiment, Scope, Strategy
from views.controls import images, moons
from views.controls.compare import is_itself, other_of

STANDARD = {control.name: control.default for control in moons.COMPARED}
EXPERIMENT = Experiment(prune_ratio=0.8, criterion="taylor", rewind_epoch=5, rounds=3, seed=7, noise=0.1)


def test_by_default_there_is_the_dense_network():
    """Also where more is said, which is of a strategy that was not chosen."""
    assert other_of(EXPERIMENT, STANDARD) is None
    assert other_of(EXPERIMENT, STANDARD | {"against_criterion": Criterion.L2}) is None
    assert not is_itself(STANDARD, None)


@pytest.mark.parametrize("strategy", [each for each in Strategy if each != EXPERIMENT.strategy])
def test_another_strategy_has_everything_else_in_common(strategy):
    """Ratio, criterion, rewind epoch, rounds, seed and data among it."""
    assert other_of(EXPERIMENT, STANDARD | {"against": strategy}) == replace(EXPERIMENT, strategy=strategy)


def test_it_may_have_a_criterion_a_scope_and_a_rewind_epoch_of_its_own():
    """On images as on points."""
    own = {"against_criterion": Criterion.L2, "against_scope": Scope.GLOBAL, "against_rewind": 2}
    chosen = STANDARD | {"against": Strategy.ITERATIVE} | own
    changes = {"strategy": "iterative", "criterion": "l2", "scope": "global", "rewind_epoch": 2}
    for experiment in (EXPERIMENT, ImageExperiment()):
        assert other_of(experiment, chosen) == replace(experiment, **changes)
    assert {control.name for control in images.COMPARED} == STANDARD.keys()


def test_a_strategy_is_not_compared_with_itself():
    """Nor where it differs in what decides nothing: a rewind epoch without rewinding, a criterion without scores."""
    idle = (
        (EXPERIMENT, {}),
        (EXPERIMENT, {"against_rewind": 1}),
        (replace(EXPERIMENT, strategy="random_mask"), {"against_criterion": Criterion.L2}),
    )
    for experiment, own in idle:
        chosen = STANDARD | {"against": experiment.strategy} | own
        other = other_of(experiment, chosen)
        assert other is None
        assert is_itself(chosen, other)
    counts = STANDARD | {"against": Strategy.RANDOM_MASK, "against_criterion": Criterion.L2}
    sizes = replace(EXPERIMENT, strategy="random_mask", scope="global")  # of the layers, which scores decide there
    assert other_of(sizes, counts) == replace(sizes, criterion="l2")

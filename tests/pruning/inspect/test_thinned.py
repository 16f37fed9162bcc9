"""The units of a single sample: put into the network by hand they give the very boundary that is drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

from pruning import Experiment, run
from pruning.inspect.ablation import changed
from pruning.inspect.plane import DRAWN, RESOLUTION, extent, grid, make_draws
from pruning.inspect.thinned import thinned_units
from pruning.outcome import Network, PlaneOutcome
from uncertainty.options import MC_DROPOUT, DropoutLayers, Method, Source

SMALL = Experiment(points=200, hidden=(12, 9), max_epochs=15, prune_ratio=0.5, seed=4)
BOTH = list(DropoutLayers)


@pytest.fixture(scope="module")
def outcome() -> PlaneOutcome:
    return run(SMALL)


def rebuilt(
    network: Network, inputs: np.ndarray, units: dict[str, np.ndarray], rates: dict[str, float]
) -> np.ndarray:
    """Class probabilities (N, C) of the whole network with these units, each scaled by what dropout scales it by."""
    values = inputs.astype(float)
    for name, kept in units.items():
        weights = network.weights
        values = np.maximum(values @ weights[f"{name}.weight"].T + weights[f"{name}.bias"], 0)
        values = values * kept / (1 - rates[name])
    return softmax(values @ network.weights["output.weight"].T + network.weights["output.bias"], axis=-1)


@pytest.mark.parametrize("layers", BOTH)
@pytest.mark.parametrize("which", ["dense", "pruned", "by hand"])
def test_a_boundary_that_is_drawn_is_that_of_the_units_it_names(outcome, layers, which):
    """All ten samples, dense, pruned and changed by hand, with all layers dropping and with the last alone."""
    source = Source(layers=layers)
    network = {
        "dense": outcome.dense,
        "pruned": outcome.pruned,
        "by hand": changed(outcome, [("hidden1", int(np.flatnonzero(~outcome.pruned.masks["hidden1"])[0]))], (10,)),
    }[which]
    cells = extent(outcome)
    drawn = make_draws(SMALL, network, 2, cells, source).reshape(DRAWN, RESOLUTION**2, 2)
    found = thinned_units(SMALL, network, 2, layers)
    rates = {name: SMALL.dropout if layers == DropoutLayers.ALL or name == "hidden2" else 0.0 for name in found}
    for sample in range(DRAWN):
        units = {name: kept[sample] for name, kept in found.items()}
        np.testing.assert_allclose(rebuilt(network, grid(cells), units, rates), drawn[sample], atol=2e-6)
    assert {name: kept.shape for name, kept in found.items()} == {"hidden1": (DRAWN, 12), "hidden2": (DRAWN, 9)}
    assert not any((kept & ~network.masks[name]).any() for name, kept in found.items())
    assert len({each.tobytes() for each in found["hidden2"]}) > DRAWN / 2  # another sample keeps other units


def test_the_last_layer_drops_alone_what_it_drops_beside_the_others(outcome):
    """All units of the first stand."""
    every, last = (thinned_units(SMALL, outcome.pruned, 2, layers) for layers in BOTH)
    assert (last["hidden1"] == outcome.pruned.masks["hidden1"]).all()
    assert not (every["hidden1"] == outcome.pruned.masks["hidden1"]).all()
    np.testing.assert_array_equal(every["hidden2"], last["hidden2"])


def test_a_pruned_network_drops_what_the_whole_one_drops(outcome):
    """Common random numbers: of the units that are left, the same."""
    dense, pruned = (thinned_units(SMALL, each, 2) for each in (outcome.dense, outcome.pruned))
    for name, mask in outcome.pruned.masks.items():
        np.testing.assert_array_equal(pruned[name], dense[name] & mask)


def test_without_dropout_all_units_stand():
    """Whatever the sample."""
    still = replace(SMALL, dropout=0.0, max_epochs=2)
    network = run(still).pruned
    for name, kept in thinned_units(still, network, 2).items():
        assert (kept == network.masks[name]).all()


def test_the_draws_are_those_of_mc_dropout_alone(outcome):
    """The first member of an ensemble, or a single pass, has all its units: nothing of it is thinned."""
    single = make_draws(SMALL, outcome.pruned, 2, extent(outcome), Source(Method.SINGLE_PASS))
    sampled = make_draws(SMALL, outcome.pruned, 2, extent(outcome), MC_DROPOUT)
    whole = {name: mask.copy() for name, mask in outcome.pruned.masks.items()}
    plain = rebuilt(outcome.pruned, grid(extent(outcome)), whole, dict.fromkeys(whole, 0.0))
    np.testing.assert_allclose(single.reshape(-1, 2), plain, atol=2e-6)
    assert np.abs(sampled[0].reshape(-1, 2) - plain).max() > 0.01

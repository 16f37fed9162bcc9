"""Charts of temperature scaling and of the number of samples: what is drawn, and that only data change."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from pruning.evaluation.mending import TEMPERATURES, Mended
from pruning.evaluation.sample_size import SampleBand
from uncertainty.estimate import Estimate
from uncertainty.paired import Difference
from views.charts.mending import PARTS, nll_chart, parts_chart, temperature_chart
from views.charts.sample_size import sample_chart

HELPS = Mended(
    temperature=Estimate(1.5, 1.2, 1.9),
    at_bound=False,
    before=0.3,
    calibration=Difference(0.04, 0.03, 0.05),
    refinement=Estimate(0.26, 0.2, 0.3),
    best=(1.4, 0.25),
)
HARMS = replace(HELPS, before=0.25, calibration=Difference(-0.01, -0.02, 0.0))
BOUND = replace(HELPS, temperature=Estimate(0.05, 0.0, np.inf), at_bound=True)


def test_the_parts_stand_one_upon_the_other():
    """Refinement error from 0, what is taken away on top; what a temperature adds lies on top of the NLL before."""
    data = parts_chart({0.0: HELPS, 0.5: HARMS}, 0.5, 0.1).data
    bars = data["parts"].set_index(["ratio", "part"])
    assert bars.loc[(0.0, PARTS[0]), ["low", "high"]].tolist() == [0, 0.26]
    assert bars.loc[(0.0, PARTS[1]), ["low", "high"]].tolist() == [0.26, 0.3]
    assert bars.loc[(0.5, PARTS[0]), ["low", "high"]].tolist() == [0, 0.25]
    assert bars.loc[(0.5, PARTS[2]), ["low", "high"]].tolist() == [0.25, 0.26]
    assert bars.chosen.tolist() == [False, False, True, True]
    assert data["dense"].value.tolist() == [0.26]
    assert data["noise"].value.tolist() == [0.1]
    assert parts_chart({0.0: HELPS}, 0.0, None).data["noise"].empty


def test_only_data_change():
    """With ratio, truth, temperature and number of samples: a specification stays what it was."""
    assert parts_chart({0.0: HELPS}, 0.0, None).spec == parts_chart({0.0: HELPS, 0.5: HARMS}, 0.5, 0.1).spec
    assert temperature_chart({0.0: HELPS}, 0.0).spec == temperature_chart({0.0: HELPS, 0.5: BOUND}, 0.5).spec
    curve, fitted = np.full(len(TEMPERATURES), 0.3), (1.5, 0.26)
    specs = {
        nll_chart({"dense": curve}, {"dense": fitted}, tried, {"dense": nll}, 2).spec
        for tried, nll in ((1.0, 0.3), (2.0, 0.4))
    }
    assert len(specs) == 1
    band = SampleBand((1, 10, 100), *np.ones((3, 3)))
    assert sample_chart({"dense": band}, "ECE", 1).spec == sample_chart({"dense": band}, "ECE", 100).spec


def test_what_is_far_worse_than_knowing_nothing_is_left_out():
    """Else the curve of a sure network would hide its own minimum; the rule stays."""
    curve = np.linspace(5, 0.2, len(TEMPERATURES))
    data = nll_chart({"dense": curve}, {"dense": (20.0, 0.2)}, 0.1, {"dense": 4.5}, 2).data
    assert data["curves"].nll.max() <= 1.5 * np.log(2)
    assert data["tried"].empty
    assert data["rule"].temperature.tolist() == [0.1]
    assert data["fitted"].nll.tolist() == [0.2]


def test_a_temperature_without_a_minimum_is_seen():
    """Its interval is the whole axis, and it says so."""
    rows = temperature_chart({0.0: HELPS, 0.5: BOUND}, 0.5).data["rows"].set_index("ratio")
    assert rows.fit.tolist() == ["a minimum", "no minimum"]
    assert (rows.low[0.5], rows.high[0.5]) == (0.05, 20)
    assert (rows.low[0.0], rows.high[0.0]) == pytest.approx((1.2, 1.9))


def test_a_band_is_drawn_for_each_network():
    """On an axis as long as there are samples."""
    bands = {name: SampleBand((1, 5, 10), *np.arange(9.0).reshape(3, 3)) for name in ("dense", "pruned")}
    chart = sample_chart(bands, "ECE", 5)
    assert len(chart.data["rows"]) == 6
    assert chart.data["rule"].samples.tolist() == [5]
    assert '"domain": [1, 10]' in json.dumps(json.loads(chart.spec))

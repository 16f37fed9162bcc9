"""The tab on prediction sets and refusal on points: what it says and draws for every source, and in the link."""

from __future__ import annotations

import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.views.link_cases import SMALL, charts, opened, shared, shared_store
from uncertainty.conformal import SetScore
from uncertainty.options import Method
from views.charts import sets as set_charts
from views.charts.colours import CLASSES, INK, PAPER
from views.controls import moons as controls
from views.controls.sets_and_refusal import ALPHA

HERE = {**SMALL, "points": "1000", "ratio": "0.9", "view": "Sets and refusal"}
CHARTS = [
    "Dense network: prediction sets on the plane.",
    "Pruned network: prediction sets on the plane.",
    "Coverage of the prediction sets against prune ratio.",
    "Mean size of the prediction sets against prune ratio.",
    "Dense network: refused test points.",
    "Pruned network: refused test points.",
    "Risk–coverage curves of the dense and of the pruned network.",
]


@pytest.fixture(scope="module", autouse=True)
def store(tmp_path_factory):
    """One store for all visits, so that networks are trained once."""
    with shared_store(tmp_path_factory.mktemp("sets")) as found:
        yield found


def said(app: AppTest) -> str:
    assert not app.exception
    assert not app.error
    return "\n".join(element.value for element in (*app.markdown, *app.caption))


def table(app: AppTest, alt: str, name: str):
    """The table of that name behind the chart of that description."""
    from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df

    (found,) = (each.data.data for each in charts(app)[alt].proto.datasets if each.name == name)
    return convert_arrow_bytes_to_pandas_df(found)


def test_the_tab_draws_sets_and_refusal():
    """Both planes, coverage and size, whom each network refuses, risk against coverage; a sentence for each."""
    app = opened(HERE)
    words = said(app)
    assert [alt for alt in CHARTS if alt not in charts(app)] == []
    assert "Sets hold the true class for" in words
    assert "an empirical Bernstein bound on the same 4,096 fresh points" in words
    assert "chosen the epoch of the early stop" in words
    assert words.count("chosen the epoch of the early stop") == 1
    coverage = table(app, CHARTS[2], "rows")
    assert list(coverage.ratio) == [0.0, *[step / 10 for step in range(1, 10)], 0.95]
    assert (coverage.promised == 0.95).all()


@pytest.mark.parametrize("method", [Method.MC_DROPOUT, Method.SINGLE_PASS, Method.LAST_LAYER])
def test_every_source_has_its_sets(method):
    """Asked by any method the tab stands; what a single pass cannot tell it says."""
    app = opened({**HERE, "method": method.label, "score": "Mutual information"})
    words = said(app)
    assert "Sets hold the true class for" in words
    assert bool(app.info) == (method == Method.SINGLE_PASS)


@pytest.mark.parametrize("score", SetScore)
def test_every_score_has_its_sets(score):
    """By each of them the glossary has a word for it."""
    app = opened({**HERE, "sets": score.label, "judged": "Test points"})
    assert "an exact binomial bound on the same 150 test points" in said(app)


def test_too_few_validation_points_are_told():
    """Thirty promise nothing at α = 0.01: every set holds both classes, and the page says how many it takes."""
    app = opened({**HERE, "points": "200", "alpha": "0.01"})
    assert [element.value for element in app.info] == [
        "At α = 0.01 every set holds every class: 30 validation examples are too few to promise more. It takes 99."
    ]
    assert (table(app, CHARTS[3], "rows").value == 2).all()


def test_refusing_more_leaves_more_points_hollow():
    """The slider moves points and figures, and no specification."""
    app = opened(HERE)
    hollow = table(app, CHARTS[4], "points").hollow.sum()
    before = {alt: chart.proto.spec for alt, chart in charts(app).items()}
    app.select_slider(key="refuse").set_value(0.5).run()
    assert table(app, CHARTS[4], "points").hollow.sum() > hollow > 0
    assert {alt: chart.proto.spec for alt, chart in charts(app).items()} == before


def test_alpha_moves_the_sets_and_no_specification():
    """Fewer sets lack their class at a smaller α."""
    app = opened({**HERE, "alpha": "0.3"})
    lacking = table(app, CHARTS[1], "points").ringed.sum()
    before = {alt: chart.proto.spec for alt, chart in charts(app).items()}
    app.select_slider(key="alpha").set_value(0.02).run()
    assert table(app, CHARTS[1], "points").ringed.sum() < lacking
    assert {alt: chart.proto.spec for alt, chart in charts(app).items()} == before


def test_all_that_is_moved_here_is_in_the_link():
    """Whoever opens it finds the same, and shares the same."""
    app = opened(HERE)
    app.select_slider(key="alpha").set_value(0.1)
    app.segmented_control(key="sets").set_value(SetScore.APS)
    app.select_slider(key="loss").set_value(5)
    app.select_slider(key="refuse").set_value(0.2)
    app.run()
    link = shared(app)
    moved = {"alpha": "0.1", "sets": "APS", "loss": "5 points", "refuse": "20 %"}
    assert {name: link[name] for name in moved} == moved
    other = opened(link)
    assert not other.warning
    assert shared(other) == link
    assert said(other) == said(app)


def test_the_controls_of_this_tab_are_in_every_link():
    """As those that stand elsewhere on the page."""
    assert set(controls.IN_TABS) <= set(controls.ALL)
    assert ALPHA.default == 0.05


def test_rings_and_hollow_points_have_their_colours():
    """Hollow points are filled with paper and rimmed with their class; a ring is ink, whatever is within it."""
    import pandas as pd

    points = pd.DataFrame({"x": [0.0] * 4, "y": [0.0] * 4, "label": [0, 1, 0, 1]})
    points = points.assign(ringed=[False, False, True, True], hollow=[False, True, False, True], told="")
    drawn = set_charts.points_chart("data:", (0, 1, 0, 1), points, "light").data["points"]
    paper, ink = PAPER["light"], INK["light"]
    assert list(drawn.fill) == [CLASSES[0], paper, CLASSES[0], paper]
    assert list(drawn.rim) == [paper, CLASSES[1], ink, ink]


def test_every_field_of_the_curves_is_in_their_data():
    """No layer asks for a column that `set_rows` does not have."""
    import pandas as pd

    rows = pd.DataFrame({"ratio": [0.0, 0.5], "value": [0.9, 0.95], "promised": 0.9, "low": 0.8, "high": 1.0})
    rows = rows.assign(dense=1.0, chosen=[True, False], trained=np.array([True, False]))
    for chart in (set_charts.coverage_chart(rows), set_charts.size_chart(rows)):
        for layer in json.loads(chart.spec)["layer"]:
            for channel in layer["encoding"].values():
                for part in channel if isinstance(channel, list) else [channel]:
                    assert part.get("field", "ratio") in rows.columns

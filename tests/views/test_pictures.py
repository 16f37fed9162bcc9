"""Colours, pictures and charts as pure functions: what is drawn where, and what stays constant."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pruning.plane import RESOLUTION, SAMPLES, Maps, Plane
from uncertainty.calibration import reliability_bins
from uncertainty.predictions import Sampled
from views import charts, image_charts
from views.colours import CLASSES, INK, PAPER, STRONGEST, blend, rgb, sequence
from views.raster import PIXELS, plane_picture, scale_picture

THEMES = ("light", "dark")


def decoded(url: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB"))


def maps_of(class_1: np.ndarray) -> Maps:
    """Maps of two classes with the given probability of class 1 (R, R); other views are that value too."""
    return Maps(np.stack([1 - class_1, class_1], axis=-1), class_1, class_1, class_1)


def plane_of(value: float, extent=(-1.0, 1.0, -2.0, 2.0)) -> Plane:
    probs = np.broadcast_to([1 - value, value], (len(SAMPLES), RESOLUTION**2, 2)).astype(np.float32)
    return Plane(extent, Sampled(SAMPLES, probs, np.full((len(SAMPLES), RESOLUTION**2), 0.1, np.float32)))


POINTS = pd.DataFrame({"x": [0.0], "y": [0.0], "label": [1], "wrong": [False], "p": [0.5]})


@pytest.mark.parametrize("theme", THEMES)
def test_undecided_is_paper_and_certain_is_the_class(theme):
    """Even odds have the colour of the page; certainty is the class's colour, mixed with some paper."""
    np.testing.assert_array_equal(blend(np.array([0.5, 0.5]), theme), rgb(PAPER[theme]))
    np.testing.assert_array_equal(blend(np.full(3, 1 / 3), theme), rgb(PAPER[theme]))
    for label in (0, 1, 2):
        certain = STRONGEST * rgb(CLASSES[label]) + (1 - STRONGEST) * rgb(PAPER[theme])
        np.testing.assert_allclose(blend(np.eye(3)[label], theme), certain, atol=0.51)


@pytest.mark.parametrize("theme", THEMES)
def test_the_sequence_runs_one_way_from_the_page_s_own_colour(theme):
    """No uncertainty is invisible; brightness then changes in one direction only, so order can be read."""
    colours = sequence(np.linspace(0, 1, 101), theme).astype(float)
    np.testing.assert_array_equal(colours[0], rgb(PAPER[theme]))
    brightness = colours @ [0.2126, 0.7152, 0.0722]
    steps = np.diff(brightness)
    assert (steps <= 0.5).all() if theme == "light" else (steps >= -0.5).all()


def test_values_beyond_the_scale_keep_its_last_colour():
    """A value above the top of the scale is drawn as the top."""
    np.testing.assert_array_equal(sequence(np.array([1.0, 7.0]), "light")[0], sequence(np.array([7.0]), "light")[0])


def test_high_y_is_drawn_at_the_top():
    """The plane's last row, of the largest y, is the picture's first."""
    class_1 = np.zeros((RESOLUTION, RESOLUTION))
    class_1[RESOLUTION // 2 :] = 1  # class 1 wherever y is high
    pixels = decoded(plane_picture(maps_of(class_1), "probability", 1.0, "light"))
    assert pixels.shape == (PIXELS, PIXELS, 3)
    np.testing.assert_array_equal(pixels[2, 10], blend(np.array([0.0, 1.0]), "light"))
    np.testing.assert_array_equal(pixels[-3, 10], blend(np.array([1.0, 0.0]), "light"))


def test_large_x_is_drawn_at_the_right():
    """Columns are not mirrored."""
    class_1 = np.zeros((RESOLUTION, RESOLUTION))
    class_1[:, RESOLUTION // 2 :] = 1
    pixels = decoded(plane_picture(maps_of(class_1), "probability", 1.0, "light"))
    np.testing.assert_array_equal(pixels[10, -3], blend(np.array([0.0, 1.0]), "light"))


@pytest.mark.parametrize("theme", THEMES)
def test_the_boundary_is_ink_between_paper(theme):
    """Where the winner changes runs one line of ink with a halo, also over the darkest places."""
    class_1 = np.zeros((RESOLUTION, RESOLUTION))
    class_1[:, RESOLUTION // 2 :] = 1
    column = decoded(plane_picture(maps_of(class_1), "entropy", 1e-6, theme))[PIXELS // 2]
    ink = np.flatnonzero((column == rgb(INK[theme])).all(axis=1))
    assert len(ink) == 1
    for side in (ink[0] - 1, ink[0] + 1):
        np.testing.assert_array_equal(column[side], rgb(PAPER[theme]))


def test_one_class_everywhere_has_no_boundary():
    """A plane without a change of winner shows no line."""
    pixels = decoded(plane_picture(maps_of(np.full((RESOLUTION, RESOLUTION), 0.9)), "probability", 1.0, "light"))
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) == 1


@pytest.mark.parametrize(("quantity", "n_classes"), [("probability", 2), ("probability", 3), ("epistemic", 2)])
def test_the_scale_ends_in_the_colours_of_its_ends(quantity, n_classes):
    """The strip under the planes is painted by the same functions as the planes."""
    strip = decoded(scale_picture(quantity, n_classes, "light"))[0]
    ends = {
        ("probability", 2): (blend(np.array([1.0, 0.0]), "light"), blend(np.array([0.0, 1.0]), "light")),
        ("probability", 3): (rgb(PAPER["light"]), blend(np.array([1.0, 0.0, 0.0]), "light")),
        ("epistemic", 2): (sequence(np.array(0.0), "light"), sequence(np.array(1.0), "light")),
    }[quantity, n_classes]
    np.testing.assert_array_equal(strip[[0, -1]], ends)


def test_a_specification_does_not_change_with_the_data():
    """Another network, another colouring, other points: the browser gets the same specification."""
    one = charts.plane_chart(plane_of(0.9), 1, POINTS, "probability", 1.0, "light")
    other = charts.plane_chart(plane_of(0.2), 50, POINTS.head(0), "epistemic", 0.1, "light")
    assert one.spec == other.spec
    assert one.data["picture"].url[0] != other.data["picture"].url[0]


def charts_of_each_kind() -> dict[str, charts.Chart]:
    probs, labels = np.array([[0.9, 0.1], [0.3, 0.7], [0.6, 0.4]]), np.array([0, 1, 1])
    bins = reliability_bins(probs, labels)
    bars = (np.zeros(len(bins.count)), np.ones(len(bins.count)))
    rows = pd.DataFrame({"ratio": [0.0], "value": [0.9], "dense": [0.9], "chosen": [True]})
    return {
        "plane": charts.plane_chart(plane_of(0.7), 1, POINTS, "probability", 1.0, "dark"),
        "reliability": charts.reliability_chart({"dense": (bins, *bars), "pruned": (bins, *bars)}, "x", "y"),
        "curve with a floor": charts.curve_chart(rows.assign(floor=0.02), "ECE", ".2f"),
        "curve": charts.curve_chart(rows, "Accuracy", ".2f"),
        "legend": charts.legend_chart("aleatoric", 2, 0.7, "light"),
        **image_charts_of(0),
    }


def image_charts_of(seed: int) -> dict[str, charts.Chart]:
    """The charts of the image page, filled by chance."""
    rng = np.random.default_rng(seed)
    losses = pd.DataFrame({"series": ["dense", "pruned"], "epoch": [0, 1], "value": rng.random(2)})
    rates = pd.DataFrame({"ratio": [0.0, 0.5], **{name: rng.random(2) for name in ("value", "low", "high", "dense")}})
    cells = pd.DataFrame(
        {"position": [0, 1], "unknown": ["8", "9"], "known": ["0", "1"], "share": rng.random(2), "n": [3, 4]}
    )
    return {
        "learning": image_charts.learning_chart(losses, "loss", 16, image_charts.DENSE_PRUNED),
        "spread": image_charts.spread_chart(rng.dirichlet(np.ones(3), 5), ("cat", "dog", "owl")),
        "rate": image_charts.rate_chart(rates.assign(chosen=[False, True])),
        "mistaken": image_charts.mistaken_chart(cells, 2, ("0", "1"), "dark"),
    }


def test_a_specification_of_an_image_chart_does_not_change_with_the_data():
    """Another network swaps the data and nothing else, so nothing flickers; the classes and the theme may."""
    for one, other in zip(image_charts_of(1).values(), image_charts_of(2).values(), strict=True):
        assert one.spec == other.spec
        assert any(not one.data[name].equals(other.data[name]) for name in one.data)


def test_the_spread_holds_every_sample_and_its_mean():
    """Of two samples of three classes six marks and three dots, each beside its own class."""
    samples = np.array([[0.5, 0.5, 0.0], [0.1, 0.3, 0.6]], np.float32)
    data = image_charts.spread_chart(samples, ("cat", "dog", "owl")).data
    marks = data["samples"].groupby("class", sort=False).p.apply(list)
    np.testing.assert_allclose(np.array(marks.tolist()), samples.T)
    assert list(marks.index) == list(data["means"]["class"]) == ["cat", "dog", "owl"]
    np.testing.assert_allclose(data["means"].p, [0.3, 0.4, 0.3], rtol=1e-6)


def test_classes_keep_their_order_on_every_axis():
    """Known classes as the task lists them, unknown ones by their position: never by the alphabet."""
    spread = image_charts.spread_chart(np.ones((1, 3)) / 3, ("owl", "cat", "dog"))
    assert [part["encoding"]["y"]["sort"] for part in json.loads(spread.spec)["layer"]] == [["owl", "cat", "dog"]] * 2
    (cells,) = json.loads(image_charts_of(0)["mistaken"].spec)["layer"]
    assert cells["encoding"]["x"]["sort"] == ["0", "1"]
    assert cells["encoding"]["y"]["sort"] == {"field": "position", "op": "min"}


@pytest.mark.parametrize("theme", THEMES)
def test_an_empty_cell_of_the_table_is_paper(theme):
    """The colours of shares begin with the colour of the page, and end at 100 % whatever the data."""
    cells = pd.DataFrame({"position": [0], "unknown": ["8"], "known": ["0"], "share": [0.2], "n": [3]})
    (layer,) = json.loads(image_charts.mistaken_chart(cells, 1, ("0",), theme).spec)["layer"]
    scale = layer["encoding"]["color"]["scale"]
    assert scale["domain"] == [0, 1]
    assert scale["range"][0] == PAPER[theme]


@pytest.mark.parametrize(
    "kind",
    [
        "plane", "reliability", "curve", "curve with a floor", "legend",
        "learning", "spread", "rate", "mistaken",
    ],
)  # fmt: skip
def test_every_field_a_chart_asks_for_is_in_its_data(kind):
    """No layer refers to a table or a column that is not there, and no data is baked into the specification."""
    chart = charts_of_each_kind()[kind]
    spec = json.loads(chart.spec)
    assert "datasets" not in spec
    for layer in spec["layer"]:
        table = chart.data[layer.get("data", spec.get("data"))["name"]]
        for channel in layer["encoding"].values():
            for part in channel if isinstance(channel, list) else [channel]:
                assert part.get("field", table.columns[0]) in table.columns


def test_the_hovering_cell_tells_the_numbers_of_its_place():
    """A cell carries the winner, its probability and entropy = aleatoric + epistemic."""
    cells = charts.plane_chart(plane_of(0.8), 50, POINTS, "probability", 1.0, "light").data["cells"]
    assert len(cells) == charts.HOVER_CELLS**2
    np.testing.assert_allclose(cells.winner, 1)
    np.testing.assert_allclose(cells.p, 0.8, rtol=1e-6)
    np.testing.assert_allclose(cells.entropy, 0.5004, atol=1e-4)  # −0.8 ln 0.8 − 0.2 ln 0.2
    np.testing.assert_allclose(cells.entropy, cells.aleatoric + cells.epistemic, rtol=1e-5)
    assert (cells.x.min(), cells.x2.max(), cells.y.min(), cells.y2.max()) == (-1, 1, -2, 2)


def test_the_foot_of_a_bin_is_its_share_of_the_examples():
    """Two of three examples in one bin give two thirds of the foot's height; the two networks stand side by side."""
    bins = reliability_bins(np.array([[0.95, 0.05], [0.96, 0.04], [0.6, 0.4]]), np.array([0, 0, 0]), 10)
    bars = (np.zeros(2), np.ones(2))
    rows = charts.reliability_chart({"dense": (bins, *bars), "pruned": (bins, *bars)}, "x", "y").data["bins"]
    dense, pruned = rows[rows.series == "dense"], rows[rows.series == "pruned"]
    np.testing.assert_allclose(dense.share, charts.FOOT_HEIGHT * np.array([1 / 3, 2 / 3]))
    np.testing.assert_allclose(dense.right, pruned.left)
    np.testing.assert_allclose(pruned.right, bins.upper)

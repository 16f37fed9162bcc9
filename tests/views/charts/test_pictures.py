"""Colours, pictures and charts as pure functions: what is drawn where, and what stays constant."""

from __future__ import annotations

import base64
import gc
import io
import json
import tomllib
import weakref
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pruning.inspect.plane import RESOLUTION, SAMPLES, Maps, Plane
from uncertainty.calibration import reliability_bins
from uncertainty.predictions import Sampled
from views.charts import detection as detection_charts
from views.charts import images as image_charts
from views.charts import vega
from views.charts.colours import CLASSES, INK, PAPER, PRUNED, STRONGEST, blend, rgb, sequence
from views.charts.export import svg
from views.charts.images import TRAIN_VAL
from views.charts.raster import PIXELS, plane_picture, scale_picture
from views.moons.planes import EPISTEMIC_TOPS

THEMES = ("light", "dark")
CONFIG = Path(__file__).parents[3] / ".streamlit" / "config.toml"


def decoded(url: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB"))


def maps_of(class_1: np.ndarray) -> Maps:
    """Maps of two classes with the given probability of class 1 (R, R); other views are that value too."""
    return Maps(np.stack([1 - class_1, class_1], axis=-1), class_1, class_1, class_1)


def plane_of(value: float, extent=(-1.0, 1.0, -2.0, 2.0)) -> Plane:
    probs = np.broadcast_to([1 - value, value], (len(SAMPLES), RESOLUTION**2, 2)).astype(np.float32)
    return Plane(extent, Sampled(SAMPLES, probs, np.full((len(SAMPLES), RESOLUTION**2), 0.1, np.float32)))


POINTS = pd.DataFrame({"x": [0.0], "y": [0.0], "label": [1], "wrong": [False], "p": [0.5]})


def test_what_is_painted_of_a_plane_is_kept_and_the_plane_is_not():
    """A slider that goes to and fro finds the picture again; a plane that its visitor drops is gone."""
    plane = plane_of(0.9)
    one, other = (vega.plane_chart(plane, 1, POINTS, "probability", 1.0, "light").data for _ in range(2))
    assert one["picture"] is other["picture"]
    held = weakref.ref(plane)
    del plane
    gc.collect()
    assert held() is None


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
    one = vega.plane_chart(plane_of(0.9), 1, POINTS, "probability", 1.0, "light")
    other = vega.plane_chart(plane_of(0.2), 50, POINTS.head(0), "epistemic", 0.1, "light")
    assert one.spec == other.spec
    assert one.data["picture"].url[0] != other.data["picture"].url[0]


def charts_of_each_kind() -> dict[str, vega.Chart]:
    probs, labels = np.array([[0.9, 0.1], [0.3, 0.7], [0.6, 0.4]]), np.array([0, 1, 1])
    bins = reliability_bins(probs, labels)
    bars = (np.zeros(len(bins.count)), np.ones(len(bins.count)))
    rows = pd.DataFrame({"ratio": [0.0], "value": [0.9], "dense": [0.9], "chosen": [True]})
    return {
        "plane": vega.plane_chart(plane_of(0.7), 1, POINTS, "probability", 1.0, "dark"),
        "reliability": vega.reliability_chart({"dense": (bins, *bars), "pruned": (bins, *bars)}, "x", "y"),
        "curve with a floor": vega.curve_chart(rows.assign(low=0.01, high=0.03), "ECE"),
        "curve": vega.curve_chart(rows, "Accuracy"),
        "legend": vega.legend_chart("aleatoric", 2, 0.7, "light"),
        **image_charts_of(0),
    }


def image_charts_of(seed: int) -> dict[str, vega.Chart]:
    """The charts of the image page, filled by chance."""
    rng = np.random.default_rng(seed)
    losses = pd.DataFrame({"series": ["dense", "pruned"], "epoch": [0, 1], "value": rng.random(2)})
    rates = pd.DataFrame({"ratio": [0.0, 0.5], **{name: rng.random(2) for name in ("value", "low", "high", "dense")}})
    cells = pd.DataFrame(
        {"position": [0, 1], "unknown": ["8", "9"], "known": ["0", "1"], "share": rng.random(2), "n": [3, 4]}
    )
    return {
        "learning": image_charts.learning_chart(losses, "loss", 16, vega.DENSE_PRUNED),
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
    ("theme", "quantity", "wrong", "rim"),
    [
        ("light", "probability", False, PAPER["light"]),
        ("dark", "probability", False, INK["dark"]),
        ("dark", "epistemic", False, PAPER["dark"]),
        ("light", "probability", True, INK["light"]),
        ("dark", "probability", True, INK["dark"]),
        ("dark", "epistemic", True, INK["dark"]),
    ],
)
def test_no_point_drowns_in_the_colour_of_its_class(theme, quantity, wrong, rim):
    """By night a class's own colour lies under its points: their rim is light. A wrong one's is ink everywhere."""
    chart = vega.plane_chart(plane_of(0.7), 1, POINTS.assign(wrong=wrong), quantity, 1.0, theme)
    assert list(chart.data["points"].rim) == [rim]
    assert "rim" not in POINTS


def labels(chart: vega.Chart) -> list[list[str]]:
    """What is written at the ticks of each axis, x first."""
    drawing = ElementTree.fromstring(svg(chart, ""))
    axes = [part for part in drawing.iter() if (part.get("class") or "").startswith("mark-text role-axis-label")]
    return [[text.text or "" for text in axis] for axis in axes]


@pytest.mark.parametrize("top", EPISTEMIC_TOPS)
def test_no_two_ticks_of_a_colour_scale_are_called_alike(top):
    """Of every epistemic scale: 0.005 is not written as 0.01."""
    (ticks,) = labels(vega.legend_chart("epistemic", 2, top, "light"))
    numbers = [float(tick) for tick in ticks]
    np.testing.assert_allclose(np.diff(numbers), numbers[1])
    assert len(numbers) > 2


@pytest.mark.parametrize(
    ("whole", "values"),
    [
        (False, [0.96, 0.975]),
        (False, [0.0105, 0.026]),
        (False, [0.0, 0.0015]),
        (False, [0.9434, 0.9441]),
        (False, [0.5, 1.0]),
        (True, [2, 240]),
        (True, [3, 5]),
        (True, [0, 1]),
    ],
)
def test_no_two_ticks_of_a_curve_are_called_alike(whole, values):
    """Ticks are evenly spaced as they are written, however close to each other; epochs are whole."""
    rows = pd.DataFrame({"ratio": [0.0, 0.5], "value": values, "dense": values[0], "chosen": [True, False]})
    ticks = [tick for tick in labels(vega.curve_chart(rows, "A", whole))[1] if tick]
    steps = np.diff([float(tick) for tick in ticks])
    assert len(steps)
    np.testing.assert_allclose(steps, steps[0])
    assert not whole or all(tick.isdigit() for tick in ticks)


@pytest.mark.parametrize("values", [[0.94, 0.94], [1.0, 1.0], [0.0, 0.0]])
def test_a_curve_of_equal_values_has_a_short_tick(values):
    """One value alone is written with the digits it has."""
    rows = pd.DataFrame({"ratio": [0.0, 0.5], "value": values, "dense": values[0], "chosen": [True, False]})
    assert labels(vega.curve_chart(rows, "A"))[1] == [f"{values[0]:g}"]


def test_only_what_has_a_tooltip_of_its_own_answers_the_mouse():
    """Every layer names what it tells or tells nothing; numbers have a format, so that none has twelve digits."""
    for chart in charts_of_each_kind().values():
        for layer in json.loads(chart.spec)["layer"]:
            if "tooltip" not in layer["encoding"]:
                assert layer["mark"]["tooltip"] is None
            for told in layer["encoding"].get("tooltip", []):
                whole = told["field"] in ("count", "n", "epoch", "label")
                assert told["type"] == "nominal" or "format" in told or whole


def test_the_bars_of_chance_tell_their_ends():
    """They name the network, the score and from where to where chance goes."""
    rule = json.loads(charts_of_each_kind()["reliability"].spec)["layer"][2]
    assert rule["mark"]["type"] == "rule"
    assert [(told["field"], told["title"]) for told in rule["encoding"]["tooltip"]] == [
        ("series", "network"), ("score", "x"), ("low", "by chance from"), ("high", "to")
    ]  # fmt: skip


@pytest.mark.parametrize(("reach", "ends"), [(0.0, (0.0, 0.5)), (1.0, (0.0, 1.0)), (2.5, (0.0, 2.5))])
def test_learning_is_drawn_from_nought_to_its_reach(reach, ends):
    """The same frame whatever is learned so far; without a reach, to the largest value."""
    rows = pd.DataFrame({"series": "validation", "epoch": [0, 1], "value": [0.5, 0.4]})
    ticks = labels(image_charts.learning_chart(rows, "loss", 16, ("validation",), reach=reach))[1]
    assert (float(ticks[0]), float(ticks[-1])) == ends


def test_a_series_has_one_colour_alone_or_with_another():
    """The legend names those that are drawn, and validation is violet in either chart."""
    specs = [image_charts.learning_chart(POINTS, "", 16, series).spec for series in (TRAIN_VAL, TRAIN_VAL[1:])]
    scales = [json.loads(spec)["layer"][1]["encoding"]["color"]["scale"] for spec in specs]
    assert [scale["domain"] for scale in scales] == [["training", "validation"], ["validation"]]
    assert scales[0]["range"][1] == scales[1]["range"][0] == PRUNED


def test_the_night_has_colours_that_fit():
    """Boxes are paper a little lighter, in its hue; words and captions on them reach 4.5:1."""
    night = tomllib.loads(CONFIG.read_text())["theme"]["dark"]
    assert night["backgroundColor"] == PAPER["dark"]
    box = rgb(night["secondaryBackgroundColor"])
    assert box[0] < box[1] < box[2]
    caption = 0.6 * rgb(INK["dark"]) + 0.4 * box
    assert min(contrast(colour, box) for colour in (caption, rgb(night["primaryColor"]))) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_the_columns_of_test_images_stand_out_from_the_page(theme):
    """As they are drawn, pale, they have contrast 3:1 on the page by day and by night."""
    same = np.full(5, 0.25)
    (chart,) = detection_charts.histogram_charts([(same, same)], [0.25], theme)
    (bars,) = (layer for layer in json.loads(chart.spec)["layer"] if layer["mark"]["type"] == "bar")
    colour, opacity = bars["encoding"]["color"]["scale"]["range"][0], bars["mark"]["opacity"]
    seen = opacity * rgb(colour) + (1 - opacity) * rgb(PAPER[theme])
    assert contrast(seen, rgb(PAPER[theme])) >= 3


def contrast(*colours: np.ndarray) -> float:
    """Of two colours (3,) in [0, 255], from 1 to 21: WCAG 2.2."""
    parts = np.stack(colours) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    low, high = np.sort(linear @ [0.2126, 0.7152, 0.0722])
    return (high + 0.05) / (low + 0.05)


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


def test_the_foot_of_a_bin_is_its_share_of_the_examples():
    """Two of three examples in one bin give two thirds of the foot's height; the two networks stand side by side."""
    bins = reliability_bins(np.array([[0.95, 0.05], [0.96, 0.04], [0.6, 0.4]]), np.array([0, 0, 0]), 10)
    bars = (np.zeros(2), np.ones(2))
    rows = vega.reliability_chart({"dense": (bins, *bars), "pruned": (bins, *bars)}, "x", "y").data["bins"]
    dense, pruned = rows[rows.series == "dense"], rows[rows.series == "pruned"]
    np.testing.assert_allclose(dense.share, vega.FOOT_HEIGHT * np.array([1 / 3, 2 / 3]))
    np.testing.assert_allclose(dense.right, pruned.left)
    np.testing.assert_allclose(pruned.right, bins.upper)

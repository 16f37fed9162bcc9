"""Charts as files: each one of the page as SVG and as PNG, with the marks, numbers and colours of the page."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from pruning import RATIOS, Experiment, ImageExperiment, run
from pruning.evaluation import Evaluated
from pruning.model import cost
from tests.conftest import use
from uncertainty.options import Method
from views.charts import export, vega
from views.charts.colours import CLASSES, PAPER, Theme, rgb
from views.charts.export import SCALE, archive, png, svg
from views.shared import export_tab, sections
from views.text.figure_table import curve_rows

PAGE = Path(__file__).parents[3] / "streamlit_app.py"
SMALL = {"points": "200", "hidden": "10", "patience": "5", "view": "Take home"}
STATES: dict[str, tuple[Theme, dict[str, str]]] = {
    "light, moons": ("light", {"judged": "Test points"}),
    "dark, three classes, by hand": (
        "dark",
        {
            "judged": "Test points", "dataset": "Three blobs", "colour": "Predictive entropy", "ratio": "0.8",
            "units": "hidden1.1",
        },
    ),
}  # fmt: skip
NUMBERS = ("accuracy", "ece", "early-stop-epoch")
PANELS = ("single-pass-confidence", "mc-dropout-confidence", "mc-dropout-uncertainty")


@dataclass(frozen=True)
class Saved:
    """What the button of a page gave, and what it was given."""

    theme: Theme
    quantity: str
    seen: Evaluated
    files: dict[str, bytes]

    @property
    def names(self) -> list[str]:
        """Of the charts, in the order of the file."""
        return [name.removesuffix(".svg") for name in self.files if name.endswith(".svg")]

    def drawing(self, name: str) -> ElementTree.Element:
        return ElementTree.fromstring(self.files[f"{name}.svg"])

    def picture(self, name: str) -> Image.Image:
        return Image.open(io.BytesIO(self.files[f"{name}.png"])).convert("RGB")


def unpacked(data: bytes) -> dict[str, bytes]:
    """The files of a zip file whose checksums are right, by their names."""
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.fixture(scope="module", params=STATES.values(), ids=list(STATES))
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Saved]:
    """The charts of a page in each of the states."""
    theme, link = request.param
    drawn: list[tuple[Any, ...]] = []
    with pytest.MonkeyPatch.context() as patch:
        use(patch, tmp_path_factory.mktemp("charts") / "store")
        patch.setattr(cost, "latency", partial(cost.latency, repeats=1))
        patch.setattr(export_tab, "draw", lambda *parts: drawn.append(parts))
        app = AppTest.from_file(str(PAGE), default_timeout=60)
        app.query_params.update(SMALL | link)
        app.context["theme"] = theme
        app.run()
        assert not app.exception
        assert not app.warning
        ((seen, _, all_charts, *_),) = drawn
        quantity = "entropy" if "colour" in link else "probability"
        yield Saved(theme, quantity, seen, unpacked(archive(all_charts())))


def marks(drawing: ElementTree.Element, role: str) -> list[ElementTree.Element]:
    """The marks of an SVG that call themselves so to a screen reader."""
    return [element for element in drawing.iter() if element.get("aria-roledescription") == role]


def said(mark: ElementTree.Element) -> dict[str, str]:
    """What a mark says of itself: `prune ratio: 0.1; Accuracy: 0.97`."""
    return dict(part.split(": ", 1) for part in mark.attrib["aria-label"].split("; "))


def count(drawing: ElementTree.Element, tag: str) -> int:
    return sum(element.tag.endswith(f"}}{tag}") for element in drawing.iter())


# The whole file


def test_the_file_holds_every_chart_by_a_sensible_name(saved):
    """Both planes and their scale under what colours them, three curves, three panels; each as SVG and as PNG."""
    planes = tuple(f"{saved.quantity}-{what}" for what in ("dense", "pruned", "scale"))
    assert tuple(saved.names) == (*planes, *NUMBERS, *PANELS)
    assert list(saved.files) == [f"{name}.{ending}" for name in saved.names for ending in ("svg", "png")]


def test_every_svg_is_a_drawing_with_something_on_it(saved):
    """Each is XML with a size, and has marks besides its axes."""
    for name in saved.names:
        drawing = saved.drawing(name)
        assert drawing.tag == "{http://www.w3.org/2000/svg}svg"
        assert float(drawing.attrib["width"]) > 400
        assert marks(drawing, "circle") or count(drawing, "image")


def test_every_png_is_the_drawing_in_twice_as_many_pixels(saved):
    """Each opens, is as large as its SVG says, and is not blank: ink covers more than a hundredth of it."""
    for name in saved.names:
        drawing, picture = saved.drawing(name), saved.picture(name)
        sides = (float(drawing.attrib[side]) for side in ("width", "height"))
        np.testing.assert_allclose(picture.size, [SCALE * side for side in sides], atol=SCALE)
        assert (np.asarray(picture) != 255).any(axis=-1).mean() > 0.01


# What is drawn


def test_a_curve_has_a_circle_for_every_ratio_with_its_number(saved):
    """Eleven circles, from left to right, that say what the page says of each ratio."""
    rows = curve_rows(saved.seen)
    for name, column, title in zip(NUMBERS, ("accuracy", "ece", "early_stop_epoch"), sections.CURVES, strict=True):
        circles = marks(saved.drawing(name), "circle")
        assert len(circles) == len(RATIOS) == 11
        labels = [said(circle) for circle in circles]
        assert [float(label["prune ratio"]) for label in labels] == list(RATIOS)
        written = [format(value, ".0f" if title.digits == 0 else ".3f") for value in rows[column]]
        assert [label[title.title] for label in labels] == written


def test_a_network_without_an_early_stop_has_no_circle():
    """Of two networks that were not trained after pruning there is nothing at epoch 0, and nothing elsewhere."""
    found = run(Experiment(strategy="prune_only", points=100, hidden=(10,), max_epochs=6), ratios=(0.5, 0.9))
    rows = curve_rows(Evaluated(found, 5, 10))
    values = rows[["ratio", "chosen"]].assign(value=rows.early_stop_epoch, dense=rows.early_stop_epoch.iloc[0])
    assert np.isnan(values.value[1:]).all()
    drawing = ElementTree.fromstring(svg(vega.curve_chart(values, "Early-stop epoch", whole=True), "Early stop"))
    (circle,) = marks(drawing, "circle")
    assert said(circle) == {"prune ratio": "0", "Early-stop epoch": f"{found.dense.early_stop_epoch}"}


def test_the_chosen_ratio_wears_a_ring(saved):
    """Of the rings around the circles of a curve all are invisible but that one."""
    for name in NUMBERS:
        rings = [e for e in saved.drawing(name).iter() if e.get("stroke-width") == "2.5"]
        visible = [ring.get("opacity") == "1" for ring in rings]
        assert visible == [ratio == saved.seen.outcome.experiment.prune_ratio for ratio in RATIOS]


def test_a_panel_has_a_circle_for_every_bin_that_is_not_empty(saved):
    """Both networks' bins, each with the number of its test points; together they hold every point twice."""
    for name, (_, source, quantity) in zip(PANELS, sections.panels(Method.MC_DROPOUT), strict=True):
        labels = [said(circle) for circle in marks(saved.drawing(name), "circle")]
        part = sections.answered(saved.seen, source)
        for series, evaluation in (("dense", part.dense), ("pruned", part.pruned)):
            counts = [int(label["count"]) for label in labels if label["series"] == series]
            assert counts == evaluation.bins(quantity).count.tolist()
        assert sum(int(label["count"]) for label in labels) == 2 * len(saved.seen.outcome.test_labels)


def test_a_plane_has_its_picture_and_every_test_point(saved):
    """One picture, and thirty circles in the colours of their classes."""
    for name in saved.names[:2]:
        drawing = saved.drawing(name)
        assert count(drawing, "image") == 1
        filled = [circle.get("fill") for circle in marks(drawing, "circle")]
        assert sorted(filled) == sorted(CLASSES[label] for label in saved.seen.outcome.test_labels)
        assert len(filled) == 30


def test_points_wear_the_paper_of_the_theme(saved):
    """The thin rim of a point that is answered rightly has the colour of the page the visitor sees."""
    rims = {circle.get("stroke") for circle in marks(saved.drawing(saved.names[0]), "circle")}
    assert PAPER[saved.theme] in rims
    assert not rims & (set(PAPER.values()) - {PAPER[saved.theme]})


def test_a_saved_plane_is_painted(saved):
    """In the PNG every class has its colour somewhere, and the picture behind the points fills the plane."""
    for name in saved.names[:2]:
        pixels = np.asarray(saved.picture(name)).reshape(-1, 3)
        for colour in CLASSES[: saved.seen.outcome.n_classes]:
            assert (pixels == rgb(colour)).all(axis=1).any()
        assert len(np.unique(pixels, axis=0)) > 200


def test_a_point_says_how_probable_its_network_holds_its_class(saved):
    """On the pruned plane that is the network as it is shown, with what was changed by hand."""
    outcome, labels = saved.seen.outcome, saved.seen.outcome.test_labels
    assert (outcome.by_hand is not None) == (saved.theme == "dark")
    for name, network in zip(saved.names[:2], (outcome.dense, outcome.pruned), strict=True):
        probs = network.test.probs(saved.seen.n_samples)[np.arange(len(labels)), labels]
        circles = marks(saved.drawing(name), "circle")
        assert [said(circle)["probability of that class"] for circle in circles] == [f"{p:.2f}" for p in probs]


# Any chart


def a_curve(values: list[float]) -> vega.Chart:
    """A curve over ratios 0, 0.1, …, the first of them chosen."""
    ratios = [i / 10 for i in range(len(values))]
    table = pd.DataFrame({"ratio": ratios, "value": values, "dense": values[0]})
    return vega.curve_chart(table.assign(chosen=table.ratio == 0), "Accuracy")


def test_names_are_made_of_letters_digits_and_hyphens():
    """Whatever a chart is called, its file can be kept anywhere."""
    files = unpacked(archive({"MC dropout: ½ / “ECE”": a_curve([0.5]), "AUROC, OOD": a_curve([0.5])}))
    assert list(files) == ["mc-dropout-ece.svg", "mc-dropout-ece.png", "auroc-ood.svg", "auroc-ood.png"]


def test_a_circle_lies_where_its_number_is():
    """Of 0.5, 0.7 and 0.9 the second is half-way between the others, in both directions."""
    circles = marks(ElementTree.fromstring(svg(a_curve([0.5, 0.7, 0.9]), "Accuracy")), "circle")
    places = [circle.attrib["transform"].removeprefix("translate(").removesuffix(")") for circle in circles]
    first, second, third = (np.array(place.split(","), float) for place in places)
    np.testing.assert_allclose(second, (first + third) / 2, atol=1e-6)
    assert third[0] > first[0]
    assert third[1] < first[1]


@pytest.mark.parametrize("gap", [np.nan, np.inf])
def test_what_is_no_number_leaves_a_gap(gap):
    """Neither a circle nor an error: JSON knows no such value."""
    labels = [
        said(circle) for circle in marks(ElementTree.fromstring(svg(a_curve([0.5, gap, 0.9]), "Accuracy")), "circle")
    ]
    shown = [label["Accuracy"] for label in labels if label["Accuracy"] in ("0.500", "0.900")]
    assert shown == ["0.500", "0.900"]


def test_equal_charts_are_equal_files():
    """Drawn twice, a chart gives the same bytes; one other number gives others."""
    for draw in (svg, png):
        assert draw(a_curve([0.5, 0.7]), "A") == draw(a_curve([0.5, 0.7]), "A")
        assert draw(a_curve([0.5, 0.7]), "A") != draw(a_curve([0.5, 0.8]), "A")


def test_a_chart_stands_on_white_paper():
    """Whatever the page looks like, what is saved is for print: its corner is white."""
    picture = Image.open(io.BytesIO(png(a_curve([0.5, 0.7]), "Accuracy"))).convert("RGB")
    assert picture.getpixel((0, 0)) == (255, 255, 255)


def test_no_charts_are_an_empty_file():
    """A zip file can hold nothing."""
    assert unpacked(export.archive({})) == {}


# The image page


def test_the_charts_of_the_image_page_are_curves_and_panels():
    """There is no plane; a network pruned by 50 % in a run of three ratios has three circles a curve."""
    experiment = ImageExperiment(train_images=100, max_epochs=2, strategy="prune_only")
    outcome = run(experiment, ratios=(0.0, 0.5, 0.9))
    files = unpacked(archive(sections.all_charts(Evaluated(outcome, 10, 15))))
    assert [name.removesuffix(".svg") for name in files if name.endswith(".svg")] == [*NUMBERS, *PANELS]
    # Nothing is trained after pruning, so that only the dense network has an early stop.
    for name, count in zip(NUMBERS, (3, 3, 1), strict=True):
        assert len(marks(ElementTree.fromstring(files[f"{name}.svg"]), "circle")) == count

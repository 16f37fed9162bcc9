"""A dot that was clicked: the run it stands for, whatever a browser sends, and the link that opens it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from pruning import Experiment, ImageExperiment, ImageSet, Strategy
from pruning.study import Study
from pruning.study_presets import VARIED
from uncertainty.options import MC_DROPOUT, Source
from views.charts.study import PICKED
from views.controls import images as image_controls
from views.controls import moons as moons_controls
from views.controls.url import link
from views.study.charts import link_to, picked

STUDY = Study(Experiment(hidden=(30,), points=200), ("one_shot", "iterative"), (0.5, 0.95), range(3))
VARIED_STUDY = Study(Experiment(), ("one_shot",), (0.5,), range(2), variants=VARIED["dropout"])


def said(**row: Any) -> dict[str, Any]:
    """What Streamlit hands over of a click."""
    return {"selection": {PICKED: [row]}}


def test_a_dot_is_its_run():
    """Strategy, ratio and seed, on the points that this seed draws."""
    run, source = picked(STUDY, said(line="iterative", ratio=0.95, seed=2))
    assert run == Experiment(
        hidden=(30,), points=200, strategy=Strategy.ITERATIVE, prune_ratio=0.95, seed=2, data_seed=44
    )
    assert source == MC_DROPOUT


def test_a_dot_of_a_variant_is_a_run_of_that_variant():
    """With what it changes."""
    name = VARIED["dropout"][2].name
    run, _ = picked(VARIED_STUDY, said(line=f"one_shot, {name}", ratio=0.5, seed=1))
    assert dict(VARIED["dropout"][2].changes) == {"dropout": run.dropout}


def test_a_dot_by_a_method_is_a_run_that_is_asked_by_it():
    """A variant that names one, or the whole study."""
    dot = {"ratio": 0.5, "seed": 1}
    study = replace(VARIED_STUDY, variants=VARIED["method"])
    for variant in study.variants:
        run, source = picked(study, said(line=f"one_shot, {variant.name}", **dot))
        assert run == study.run("one_shot", 1, prune_ratio=0.5)
        assert source.label == variant.name
    laplace = Source("last_layer", tempered=True)
    assert picked(replace(STUDY, source=laplace), said(line="one_shot", **dot))[1] == laplace


@pytest.mark.parametrize(
    "sent",
    [
        None, {}, "picked", {"selection": None}, {"selection": {}}, {"selection": {PICKED: []}},
        {"selection": {PICKED: {}}}, {"selection": {PICKED: ["one_shot"]}},
        said(), said(line="dense", ratio=0.5, seed=0), said(line="one_shot", ratio=0.4, seed=0),
        said(line="one_shot", ratio=0.5, seed=3), said(line="one_shot, other", ratio=0.5, seed=0),
        said(line="prune_only", ratio=0.5, seed=0), said(line=None, ratio=None, seed=None),
        said(line="one_shot", ratio="0.5", seed=0), said(line="one_shot", ratio=0.5, seed=[0]),
    ],
)  # fmt: skip
def test_what_is_no_dot_is_no_run(sent):
    """Whatever a browser may send, and dots of another study."""
    assert picked(STUDY, sent) is None


@pytest.mark.parametrize(
    "run",
    [
        Experiment(),
        Experiment(hidden=(30,), points=200, strategy="iterative", prune_ratio=0.95, seed=2, data_seed=44),
        Experiment(dropout=0.4, criterion="taylor", rewind_epoch=5, label_noise=0.2, dataset="spirals"),
    ],
)
def test_the_link_to_a_run_of_points_says_all_of_it(run):
    """Every control of the moons page has the value that the experiment has."""
    address = urlsplit(link_to(run))
    assert address.path == "./"
    sent = dict(parse_qsl(address.query))
    values = moons_controls.values_of(run)
    assert sent == dict(parse_qsl(link(values, moons_controls.EXPERIMENT)))
    for control in moons_controls.EXPERIMENT:
        if control.field:
            assert control.read(sent[control.name]) == getattr(run, control.field), control.name


@pytest.mark.parametrize("run", [Experiment(), ImageExperiment()])
def test_the_link_to_a_run_says_how_it_is_asked(run):
    """Method and temperature, on either page."""
    sent = dict(parse_qsl(urlsplit(link_to(run, Source("survivors", tempered=True))).query))
    assert (sent["method"], sent["tempered"]) == ("Laplace of the survivors", "true")


@pytest.mark.parametrize(
    ("dataset", "network"),
    [("digits", "wide"), ("cifar10", "wide_norm"), ("fashion_mnist", "lenet"), ("mnist", "lenet")],
)
def test_the_link_to_a_run_of_images_says_all_of_it(dataset, network):
    """And of which images."""
    dataset = ImageSet(dataset)
    run = ImageExperiment(dataset=dataset, network=network, strategy="random_mask", prune_ratio=0.7, seed=3)
    address = urlsplit(link_to(run))
    assert address.path == "./images"
    sent = dict(parse_qsl(address.query))
    assert sent["task"] == dataset.label
    for control in (
        *image_controls.MAIN,
        *(each for group in image_controls.settings(dataset).values() for each in group),
    ):
        if control.field:
            assert control.read(sent[control.name]) == getattr(run, control.field), control.name

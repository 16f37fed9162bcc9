"""Over seeds: what ten runs say beside the curves of one, when they are asked for, and when they are there anyway."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from cache import runs, services, studies
from pruning import RATIOS, Experiment, ImageExperiment, ImageSet, Outcome, Strategy, run
from pruning.lottery.engine import InMemory
from pruning.model import cost
from pruning.study import Study, rows_key, run_study
from tests.conftest import keep, made
from tests.views.study.tables import five, table
from uncertainty.options import Source
from views.controls import images as image_controls
from views.controls import state
from views.controls.moons import NO_SEEDS
from views.controls.study import known, settings_of
from views.controls.url import link
from views.shared.over_seeds import AFTERWARDS, OverSeeds, of, study_of

PAGE = Path(__file__).parents[3] / "views" / "pages" / "moons.py"
SMALL = {"points": "200", "hidden": "10", "patience": "5", "strategy": "No retraining"}
SHOWN = Experiment(points=200, hidden=(10,), patience=5, strategy=Strategy.PRUNE_ONLY, prune_ratio=0.5)


@pytest.fixture(scope="module")
def rows() -> dict[str, Any]:
    """What is kept of the ten seeds, by key."""
    kept, study = InMemory(), study_of(SHOWN)
    run_study(study, kept=kept)
    keys = [rows_key(experiment, study.ratios) for shard in study.shards() for _, experiment in shard]
    return {key: kept.get(key) for key in keys}


def page(**query: str) -> AppTest:
    app = AppTest.from_file(str(PAGE), default_timeout=60)
    app.query_params.update(SMALL | query)
    app.run()
    assert not app.exception
    return app


def captions(app: AppTest) -> list[str]:
    return [each.value for each in app.caption]


def columns(app: AppTest) -> set[str]:
    """Those of the curve of accuracy."""
    (chart,) = (each for each in app.get("vega_lite_chart") if each.proto.alt == "Accuracy against prune ratio.")
    return {name for name in ("seeds_mean", "seeds_low", "seeds_high") if name in chart.proto.spec}


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


# The study


def test_the_study_is_that_of_the_study_page_whatever_the_seed():
    """Its link asks for this very study: base, strategy, all ratios, ten seeds on points of their own."""
    shown = replace(SHOWN, seed=7, data_seed=3, prune_ratio=0.9)
    study = study_of(shown)
    assert study == Study(replace(SHOWN, strategy="one_shot", prune_ratio=0.0), ("prune_only",))
    over = OverSeeds(study, pd.DataFrame(), 0.9, drawn=False)
    address = urlsplit(over.address)
    assert address.path == "./study"
    assert dict(parse_qsl(address.query)) == dict(parse_qsl(link(settings_of(study), known("points"))))


def test_images_have_one_too():
    """On the same images for all seeds."""
    shown = ImageExperiment(strategy="iterative", seed=3)
    assert study_of(shown) == Study(ImageExperiment(), ("iterative",))


# What is drawn and said


def made_up(drawn: bool = True) -> OverSeeds:
    values = {("dense", 0.0): five(0.9), ("prune_only", 0.5): five(0.8), ("prune_only", 0.9): five(0.5, 0.1)}
    return OverSeeds(study_of(SHOWN), table({"accuracy": values}), 0.9, drawn)


def test_the_band_goes_from_the_lowest_to_the_highest_run():
    """At every ratio of the curve, with nothing where no seed has one."""
    ratios = pd.Series([0.0, 0.5, 0.7, 0.9], index=[3, 4, 5, 6])
    band = made_up().band("accuracy", ratios, truth=False)
    assert band.index.tolist() == [3, 4, 5, 6]
    assert band.seeds_mean.tolist() == pytest.approx([0.9, 0.8, np.nan, 0.5], nan_ok=True)
    assert band.seeds_low.tolist() == pytest.approx([0.88, 0.78, np.nan, 0.3], nan_ok=True)
    assert band.seeds_high.tolist() == pytest.approx([0.92, 0.82, np.nan, 0.7], nan_ok=True)
    assert made_up(drawn=False).band("accuracy", ratios, truth=False).empty


def test_the_sentence_is_of_the_ratio_that_is_shown():
    """Nothing before there is a seed."""
    assert made_up().sentence("accuracy", truth=False).startswith("Over 5 seeds: 0.500 ± 0.196, **worse**")
    assert OverSeeds(study_of(SHOWN), pd.DataFrame(), 0.9, drawn=True).sentence("accuracy", truth=False) == ""


# On the page


def test_without_the_switch_nothing_is_trained_or_said(here):
    """And there is nothing to be told apart from the page as it was."""
    app = page()
    assert columns(app) == set()
    assert not any("Over 10 seeds" in each for each in captions(app))
    assert services.services().studies.get(study_of(SHOWN).key) is None


def test_a_study_that_is_there_is_told_without_the_switch(here, rows):
    """A line under each curve that has such a figure, and the way to the study; no band."""
    services.services().store.fetch_all(rows, lambda keys: rows)
    app = page()
    said = [each for each in captions(app) if "Over 10 seeds: " in each]
    assert len(said) == 2
    assert all("dense" in each for each in said)
    assert columns(app) == set()
    assert any(each.startswith("[Ten seeds of this strategy as a study](./study?") for each in captions(app))
    assert of(replace(SHOWN, prune_ratio=0.9), wanted=False) is not None
    assert of(replace(SHOWN, dropout=0.4), wanted=False) is None


def test_switched_off_nobody_waits_for_the_seeds_any_more(here):
    """What trains for nobody ends; what is finished is kept."""
    app = page(over_seeds="true")
    job = services.services().studies.get(study_of(SHOWN).key)
    app.checkbox(key="over_seeds").uncheck().run()
    assert not app.exception
    assert job is None or job.cancelled.is_set() or job.wait(0)
    until(lambda: services.services().studies.get(study_of(SHOWN).key) is None)


def test_with_the_switch_the_band_is_drawn(here, rows):
    """From what is there, without a job."""
    services.services().store.fetch_all(rows, lambda keys: rows)
    app = page(over_seeds="true")
    assert columns(app) == {"seeds_mean", "seeds_low", "seeds_high"}
    assert services.services().studies.get(study_of(SHOWN).key) is None
    app.checkbox(key="over_seeds").uncheck().run()
    assert columns(app) == set()


def test_with_the_switch_the_seeds_are_trained_after_what_was_asked_for(here, rows):
    """The page is whole before the first of them; then it says how far they are, and in the end what they say."""
    app = page(over_seeds="true", ratio="0.9")
    assert any("Pruned to" in each.value for each in app.markdown)
    until(lambda: not studies.missing(study_of(SHOWN)))
    until(lambda: services.services().studies.get(study_of(SHOWN).key) is None)
    app.run()
    assert not app.exception
    assert columns(app) == {"seeds_mean", "seeds_low", "seeds_high"}
    assert sum("Over 10 seeds: " in each for each in captions(app)) == 2
    assert not app.get("progress")
    assert len(studies.table(study_of(SHOWN))) == 10 * len(RATIOS)


def test_seeds_are_asked_by_the_method_of_the_page(here, rows):
    """Another method is another study: what MC dropout says is not said for it; the link goes to its own."""
    services.services().store.fetch_all(rows, lambda keys: rows)
    single = Source("single_pass")
    assert of(SHOWN, single, wanted=False) is None
    app = page(method="Single pass")
    assert not any("Over 10 seeds" in each for each in captions(app))
    app.checkbox(key="over_seeds").check().run()
    until(lambda: not studies.missing(study_of(SHOWN, single)))
    until(lambda: services.services().studies.get(study_of(SHOWN, single).key) is None)
    app.run()
    assert not app.exception
    assert columns(app) == {"seeds_mean", "seeds_low", "seeds_high"}
    (line,) = (each for each in captions(app) if each.startswith("[Ten seeds of this strategy as a study]"))
    assert "method=Single+pass" in line
    assert set(studies.table(study_of(SHOWN, single)).method) == {"single_pass"}


def test_ten_seeds_of_an_ensemble_are_not_to_be_had_by_a_switch(here, rows):
    """They would be a hundred networks at every ratio, as is said; where they have run as a study, they are told."""
    ensemble = Source("ensemble")
    app = page(method="Deep ensemble", over_seeds="true")
    assert "over_seeds" not in [each.key for each in app.checkbox]
    assert NO_SEEDS in captions(app)
    assert "100 networks" in NO_SEEDS
    assert services.services().studies.get(study_of(SHOWN, ensemble).key) is None
    assert of(SHOWN, ensemble, wanted=True) is None


def test_own_points_have_no_other_seeds(here, rows):
    """Nobody knows what they were drawn from: the switch goes, and the study of the data set is not theirs."""
    services.services().store.fetch_all(rows, lambda keys: rows)
    app = page(over_seeds="true", view="Your own points")
    assert "over_seeds" in [each.key for each in app.checkbox]
    points = b"".join(b"%d,%d,%s\n" % (i % 7, i * i % 11, (b"left", b"right")[i % 2]) for i in range(30))
    app.file_uploader[0].upload("points.csv", points, "text/csv").run()
    assert not app.exception
    assert any("your own" in each.value for each in app.info)
    assert "over_seeds" not in [each.key for each in app.checkbox]
    assert columns(app) == set()
    assert not any("Over 10 seeds: " in each for each in captions(app))


# On the image page

DIGITS = ImageExperiment(train_images=100, max_epochs=2, strategy=Strategy.PRUNE_ONLY, prune_ratio=0.5)


@pytest.fixture(scope="module")
def digits() -> Iterator[Outcome]:
    """All networks of one run on few digits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cost, "latency", partial(cost.latency, repeats=1))
        yield run(DIGITS, ratios=RATIOS)


def images(**query: str) -> AppTest:
    app = AppTest.from_file(str(PAGE.with_name("images.py")), default_timeout=60)
    small = {"images": "100", "epochs": "2", "strategy": "No retraining", "ratio": "0.5"}
    app.query_params.update(small | query)
    app.run()
    assert not app.exception
    return app


def studied() -> pd.DataFrame:
    """What five seeds say of the four curves of the image page."""
    figures = {("dense", 0.0): five(0.9), ("prune_only", 0.5): five(0.8)}
    return table(dict.fromkeys(("accuracy", "ece", "auroc", "early_stop_epoch"), figures))


def bands(app: AppTest) -> list[str]:
    """The curves that have a band."""
    return [each.proto.alt for each in app.get("vega_lite_chart") if "seeds_mean" in each.proto.spec]


@pytest.fixture
def held(here, digits) -> Iterator[threading.Event]:
    """What trains waits, and reports, until the test lets it go on; then come the networks that there are."""
    go, instead = threading.Event(), made(digits)

    def wait(function: Any, order: Any, *, report: Callable[[Any], None]) -> dict[str, Any]:
        end = time.monotonic() + 60
        while not go.wait(0.005):
            report(None)
            assert time.monotonic() < end, "neither ended nor cancelled"
        return instead(function, order, report=report)

    here.instead = wait
    yield go
    go.set()
    until(lambda: services.services().studies.get(study_of(DIGITS).key) is None)


def test_the_image_page_tells_of_a_study_that_is_there(here, digits, monkeypatch):
    """Under accuracy, ECE and AUROC; without one, nothing. A band is drawn of what is asked for alone."""
    keep(digits, *RATIOS)
    assert not any("Over 10 seeds" in each for each in captions(images()))
    monkeypatch.setattr(studies, "finished", lambda study: studied())
    app = images()
    assert sum("Over 5 seeds: 0.800 ± 0.020, **worse**" in each for each in captions(app)) == 2
    assert sum("Over 5 seeds: 0.800" in each for each in captions(app)) == 3
    assert any(each.startswith("[Ten seeds of this strategy as a study](./study?") for each in captions(app))
    assert bands(app) == []
    app.checkbox(key="over_seeds").check().run()
    assert not app.exception
    curves = ("Accuracy", "ECE", "Early-stop epoch", "AUROC of detecting unknown classes")
    assert bands(app) == [f"{each} against prune ratio." for each in curves]


@pytest.mark.parametrize("task", ImageSet)
def test_only_images_that_train_in_seconds_have_the_switch(task, monkeypatch):
    """Of the others the link knows no such control."""
    names = {control.name for control in image_controls.in_tabs(task)}
    assert image_controls.has_seeds(task) == (task == ImageSet.DIGITS)
    assert ("over_seeds" in names) == image_controls.has_seeds(task)


def test_on_images_the_seeds_come_after_what_was_asked_for(held, digits):
    """While the page's own networks train no seed does, and the page says so; then it says how far they are."""
    keep(digits, 0.0)
    app = images(over_seeds="true")
    assert AFTERWARDS in captions(app)
    assert services.services().studies.get(study_of(DIGITS).key) is None
    held.set()
    until(lambda: services.queue().get(runs.key(DIGITS)) is None)
    held.clear()
    app.run()
    assert not app.exception
    assert AFTERWARDS not in captions(app)
    assert [button.label for button in app.button] == ["Stop"]
    job = services.services().studies.get(study_of(DIGITS).key)
    assert job is not None
    app.checkbox(key="over_seeds").uncheck().run()
    assert job.cancelled.is_set()


def test_seeds_of_images_go_on_behind_another_tab_until_something_else_is_asked_for(held, digits):
    """Looking at the gallery or at another ratio stops nothing; another strategy trains before any seed."""
    keep(digits, *RATIOS)
    app = images(over_seeds="true")
    job = services.services().studies.get(study_of(DIGITS).key)
    assert job is not None
    app.session_state["tab"] = "Gallery"
    app.select_slider(key="ratio").set_value(0.9).run()
    assert not app.exception
    assert not job.cancelled.is_set()
    app.selectbox(key="strategy").set_value(Strategy.ONE_SHOT).run()
    assert not app.exception
    assert job.cancelled.is_set()


def test_a_link_that_is_locked_for_another_page_has_asked_for_no_seeds(here, digits):
    """It says of the moons that ten seeds are wanted; on images, whose networks are there, they wait for a click."""
    keep(digits, *RATIOS)
    app = AppTest.from_file(str(PAGE.with_name("images.py")), default_timeout=60)
    said = {"images": "100", "epochs": "2", "strategy": "No retraining", "over_seeds": "true", "only": "ratio"}
    app.query_params["tab"] = "Reliability"
    app.session_state[state.LOCK.name] = state.Lock(frozenset({"ratio"}), said, "moons")
    app.run()
    assert not app.exception
    assert "Train these networks" in [button.label for button in app.button]
    assert services.services().studies.get(study_of(DIGITS).key) is None

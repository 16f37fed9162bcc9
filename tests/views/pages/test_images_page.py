"""The image page without a browser: every tab, every state of the training, and what a link or a task gets wrong."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cache import methods, runs, services
from cache.workers.protocol import WorkerLost
from pruning import RATIOS, Diverged, ImageExperiment, ImageSet, Outcome, Strategy, run
from pruning.data.images import NoImages
from pruning.data.task_of import task_of
from pruning.evaluation.by_method import SOURCES
from pruning.lottery.engine import InMemory, Run
from pruning.lottery.progress import News, Progress
from pruning.model import cost
from pruning.training.curves import Curves
from tests.conftest import keep, use
from uncertainty.options import MC_DROPOUT, Method, Source
from uncertainty.temperature import Objective
from views.charts import images as image_charts
from views.controls import state
from views.controls.images import TAB, ImageChoice
from views.images import training_panel
from views.shared.job_panel import STOPPED

PAGE = Path(__file__).parents[3] / "views" / "pages" / "images.py"
ENSEMBLE = Source("ensemble")
SHOWN = [*map(Source, Method), Source("last_layer", tempered=True)]
PATIENCE = 30  # seconds before a test gives up on something that hangs
TINY = ImageExperiment(train_images=100, max_epochs=2, strategy=Strategy.PRUNE_ONLY)
LINK = {"images": "100", "epochs": "2", "strategy": "No retraining"}
OTHER = replace(TINY, scope="global")
AGAINST = "No retraining"


@pytest.fixture(scope="module")
def whole() -> Iterator[Outcome]:
    """All networks of the tiny experiment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cost, "latency", partial(cost.latency, repeats=1))
        yield run(TINY, ratios=RATIOS)


@pytest.fixture(scope="module")
def other() -> Iterator[Outcome]:
    """The same with another scope, to compare with."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cost, "latency", partial(cost.latency, repeats=1))
        yield run(OTHER, ratios=RATIOS)


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    """All results of the tiny experiment by every method and one that is tempered, by their keys."""
    kept, task = InMemory(), task_of(TINY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cost, "latency", partial(cost.latency, repeats=1))
        for source in SHOWN:
            Run([TINY], RATIOS, task, kept, source=source).train()
    return kept._results


@pytest.fixture
def by_source(here: Any, answers: dict[str, Any]) -> None:
    """They are kept."""
    services.services().store.fetch_all(answers, lambda keys: answers)


@pytest.fixture
def held(here: Any) -> Iterator[threading.Event]:
    """Training that waits, reporting where it is, until the test lets it go on."""
    go = threading.Event()

    def wait(function: Any, order: Any, *, report: Callable[[Any], None]) -> dict[str, Any]:
        (step,) = order.batch.steps
        end = time.monotonic() + PATIENCE
        while not go.wait(0.005):
            report(News(f"Training {step.name}", Curves(0.5, 2, 3.0, (), (2.0,), (0.1,))))
            assert time.monotonic() < end, "neither ended nor cancelled"
        raise Diverged("Training broke off.")

    here.instead = wait
    yield go
    go.set()


def page(**link: str) -> AppTest:
    app = AppTest.from_file(str(PAGE), default_timeout=60)
    scope = {"against_scope": "Global"} if "against" in link else {}
    app.query_params.update(LINK | scope | link)
    return app


def job() -> Any:
    return services.queue().get(runs.key(TINY))


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def drawn(app: AppTest) -> list[str]:
    """The descriptions of all charts of a page that has none of the errors."""
    assert not app.exception
    assert not app.error
    return [chart.proto.alt for chart in app.get("vega_lite_chart")]


def sentences(app: AppTest) -> list[str]:
    assert not app.exception
    return [element.value for element in (*app.error, *app.info, *app.warning)]


# The whole page


def test_a_visit_from_nothing_to_everything(here):
    """The page trains digits by itself, without a click, and shows all of it once that is done."""
    app = page().run()
    assert not app.exception
    until(lambda: job() is None)
    app.run()
    assert len(drawn(app)) == 8
    assert not app.info
    assert not app.get("progress")
    assert sorted(here.ratios) == list(RATIOS)
    before = list(here.ratios)
    app.run()
    assert here.ratios == before


@pytest.mark.parametrize(
    ("tab", "charts", "parts"),
    [
        ("Reliability", 8, 0),
        ("Methods", 14, 0),
        ("Gallery", 0, 10),
        ("Mistaken for", 3, 0),
        ("Detection", 5, 4),
        ("Prediction sets", 2, 0),
        ("Your picture", 0, 0),
        ("Take home", 0, 0),
    ],
)
def test_every_tab_is_drawn_and_no_other(here, whole, tab, charts, parts):
    """From a link, with its charts and pieces of HTML; what is not seen is not computed."""
    keep(whole, *RATIOS)
    app = page(tab=tab).run()
    assert len(drawn(app)) == charts
    assert len(app.get("html")) == parts + 1  # the recipes, which stand beside the strategy on every tab
    assert len(app.file_uploader) == (tab == "Your picture")
    assert not app.info
    until(lambda: services.queue().watchers() == 0)  # other methods are asked
    assert here.ratios == []


@pytest.mark.parametrize("tab", ["Reliability", "Mistaken for", "Detection"])
def test_another_strategy_takes_the_place_of_the_dense_network(here, whole, other, tab):
    """In titles, tables and sentences of every tab; that it has its networks already, so nothing is trained."""
    keep(whole, *RATIOS)
    keep(other, *RATIOS)
    app = page(tab=tab, against=AGAINST, ratio="0.5").run()
    assert drawn(app)
    assert here.ratios == []
    words = "\n".join(element.value for element in (*app.markdown, *app.caption))
    assert "No retraining, per layer" in words
    assert "No retraining, global" in words
    assert not re.search(r"Pruned is|[Pp]runed network|\(dense |Dense network:|Dense →", words)
    if tab == "Reliability":
        names = ["Figure", "No retraining, global", "No retraining, per layer", "Difference"]
        assert list(app.table[0].value.columns) == names


def test_the_other_strategy_is_trained_once_the_first_is_there(held, whole):
    """By the same panel, which names it; until then the page says that the dense network is compared with."""
    keep(whole, *RATIOS)
    app = page(against=AGAINST, ratio="0.5").run()
    (waits,) = sentences(app)
    assert waits.startswith(
        "*No retraining, global* has no network pruned at 0.5 yet; until it is trained, the dense"
    )
    assert "To compare with: **No retraining, global**." in [caption.value for caption in app.caption]
    assert services.queue().get(runs.key(OTHER)) is not None
    assert job() is None


def test_before_the_first_is_there_nothing_else_is_trained(held, whole):
    """Nobody waits for the comparison who still waits for what was asked for."""
    keep(whole, 0.0)
    page(against=AGAINST, ratio="0.5").run()
    assert services.queue().get(runs.key(OTHER)) is None
    assert job() is not None


def test_the_tabs_are_those_of_the_link():
    """Every tab has a test above."""
    marks = test_every_tab_is_drawn_and_no_other.pytestmark
    assert tuple(case[0] for mark in marks for case in mark.args[1]) == TAB.options


def test_a_closer_look_asks_the_networks(here, whole):
    """From the gallery: both networks' samples are drawn, and the page stands."""
    keep(whole, *RATIOS)
    app = page(tab="Gallery").run()
    app.button[0].click().run()
    assert drawn(app) == ["Dense network: spread of samples.", "Pruned network: spread of samples."]


def test_the_table_tells_of_the_chosen_ratio(here, whole):
    """Its units are those of the stored network of that ratio; moving the slider trains nothing."""
    keep(whole, *RATIOS)
    app = page(ratio="0.9").run()
    for ratio in (0.9, 0.0, 0.3):
        app.select_slider(key="ratio").set_value(ratio).run()
        drawn(app)
        units = {row.Figure: (row.Dense, row.Pruned) for row in app.table[0].value.itertuples()}["Units"]
        assert units == (str(whole.dense.units), str(whole.at(ratio).units))
    assert here.ratios == []


def test_notes_stand_at_the_foot(here, whole, tmp_path, monkeypatch):
    """Which networks broke off, and that results cannot be kept."""
    (tmp_path / "file").write_text("")
    use(monkeypatch, tmp_path / "file" / "store")
    broken = replace(whole, networks=tuple(replace(one, diverged=one.prune_ratio == 0.9) for one in whole.networks))
    keep(broken, *RATIOS)
    app = page().run()
    assert not app.exception
    notes = [caption.value for caption in app.caption]
    assert any(note.startswith("Training broke off at prune ratio 0.9, because") for note in notes)
    assert "cannot be kept" in notes[-1]


# While it trains


def test_before_the_first_network_there_is_a_sentence_and_a_bar(held):
    """Which network, how far, how long at most, a way to stop, a chart of what there is, and no empty tab."""
    app = page().run()
    until(lambda: job().progress and job().progress.curves)
    app.run()
    assert not app.exception
    assert [button.label for button in app.button] == ["Stop"]
    (bar,) = app.get("progress")
    assert bar.text == "Training the dense network (1 of 11), epoch 0.5 of at most 2, at most 9 s left for it"
    assert bar.value == round(100 * 0.25 / 11)
    assert len(app.get("vega_lite_chart")) == 2
    assert app.caption[-1].value == "The pictures below appear as soon as the first network has answered."


def test_stop_is_final_until_a_click(held):
    """The page says what is kept, and does not begin again by itself."""
    app = page().run()
    app.button[0].click().run()
    for _ in range(2):
        assert sentences(app) == [STOPPED]
        assert [button.label for button in app.button] == ["Go on"]
        app.run()
    assert job() is None


def test_with_the_dense_network_alone_the_page_shows_it_twice_and_says_so(held, whole):
    """Until the pruned network is there, both sides are the dense one; the bar goes on above."""
    keep(whole, 0.0)
    app = page().run()
    assert "The network pruned at 0.5 is not trained yet; shown is the dense one, on both sides." in sentences(app)
    assert {row[4] for row in app.table[0].value.itertuples()} <= {"0", ""}
    assert "Reliability diagram. Single pass: confidence." in drawn(app)
    assert [button.label for button in app.button] == ["Stop"]


@pytest.mark.parametrize("tab", TAB.options)
def test_every_tab_can_do_with_the_dense_network(held, whole, tab):
    """No tab needs more than there is so far."""
    keep(whole, 0.0)
    app = page(tab=tab).run()
    assert not app.exception
    assert not app.error


def test_the_nearest_network_stands_in(held, whole):
    """Of 40 % and 90 % the former is shown where 50 % was asked for."""
    keep(whole, 0.0, 0.4, 0.9)
    app = page().run()
    (sentence,) = (text for text in sentences(app) if "not trained yet" in text)
    assert sentence.endswith("shown is the one pruned at 0.4.")
    drawn(app)


def test_the_nearest_is_by_distance_and_the_lower_of_two(whole):
    """The outcome and the choice are both of the ratio that is shown; the one that was asked for is left alone."""
    some = replace(whole, networks=tuple(whole.at(ratio) for ratio in (0.0, 0.4, 0.6)))
    for ratio, expected in ((0.0, 0.0), (0.1, 0.0), (0.3, 0.4), (0.5, 0.4), (0.95, 0.6), (0.6, 0.6)):
        asked = ImageChoice(replace(TINY, prune_ratio=ratio), 50, 15)
        outcome, choice = training_panel.nearest(some, asked)
        assert outcome.pruned.prune_ratio == choice.experiment.prune_ratio == expected
        assert (choice == asked) == (ratio == expected)
        assert asked.experiment.prune_ratio == ratio


# What goes wrong


def test_a_network_that_cannot_be_trained_is_a_sentence(here):
    """A loss that is no longer a number: what broke off, what helps, a second try; the controls stay."""

    go = threading.Event()

    def broken(*args: Any, report: Any) -> dict[str, Any]:
        assert go.wait(PATIENCE)
        raise Diverged("Training of the dense network broke off at epoch 2: its loss is no longer a number.")

    here.instead = broken
    app = page().run()
    go.set()
    until(lambda: job() is None)
    app.run()
    assert sentences(app) == ["Training of the dense network broke off at epoch 2: its loss is no longer a number."]
    assert [button.label for button in app.button] == ["Try again"]
    assert app.selectbox(key="strategy").value == Strategy.PRUNE_ONLY
    assert here.ratios == [0.0]


@pytest.mark.parametrize("error", [Diverged("no number"), NoImages("no files"), WorkerLost("it died")])
def test_an_error_that_knows_what_to_say_says_it(error):
    """Nothing is added to its own sentence."""
    assert training_panel._failure(error, "key") == str(error)


def test_an_error_that_nobody_foresaw_keeps_its_details_to_the_log(caplog):
    """The page tells the kind alone; the log has the key and the rest."""
    sentence = training_panel._failure(ValueError("secret"), "the key")
    assert sentence == "Training did not finish (ValueError). Try again; the terminal has the details."
    assert "the key" in caplog.text
    assert "secret" in caplog.text


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (89.4, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "2 h")]
)
def test_the_time_left_is_in_seconds_minutes_or_hours(seconds, words):
    """Minutes from a minute and a half on, hours from one and a half."""
    assert training_panel.duration(seconds) == words


def test_the_bar_is_full_only_at_the_end():
    """Networks done and epochs of the one under way; before any news a worker starts."""
    curves = Curves(4.0, 8, 10.0, (), (), ())
    halfway = Progress(5, 10, "Training it", curves=curves)
    assert training_panel._progress(SimpleNamespace(progress=None)) == (0.0, "Starting a worker process")
    share, text = training_panel._progress(SimpleNamespace(progress=halfway))
    assert (share, text) == (0.55, "Training it (6 of 10), epoch 4.0 of at most 8, at most 10 s left for it")
    last = replace(halfway, done=9, curves=replace(curves, epoch=8.0))
    assert training_panel._progress(SimpleNamespace(progress=last))[0] == 1.0


@pytest.mark.parametrize("losses", [(), (2.1, 1.4)])
def test_the_live_curves_keep_their_height_and_scale(losses, monkeypatch):
    """Drawn or not, each has one height; losses reach beyond ln 10, accuracy to 1; legends name what is drawn."""
    reach = []
    learning_chart = image_charts.learning_chart

    def noted(*args, **options):
        reach.append(options["reach"])
        return learning_chart(*args, **options)

    monkeypatch.setattr(image_charts, "learning_chart", noted)

    def page(curves):
        from views.images import training_panel

        training_panel._draw_curves(curves)

    curves = Curves(1.0, 16, 1.0, losses[1:], losses, losses[1:])
    app = AppTest.from_function(page, kwargs={"curves": curves}, default_timeout=60).run()
    assert not app.exception
    heights = [block.proto.height_config.pixel_height for column in app.columns for block in column.children.values()]
    assert heights == [image_charts.LEARNING_HEIGHT] * 2
    drawn = [element.proto for element in app.get("vega_lite_chart")]
    assert len(drawn) + len(app.get("skeleton")) == 2
    assert reach == [training_panel.LOSS_REACH, 1.0][: len(drawn)]
    assert np.log(10) < training_panel.LOSS_REACH < 3
    series = [json.loads(one.spec)["layer"][1]["encoding"]["color"]["scale"]["domain"] for one in drawn]
    assert series == [["training", "validation"], ["validation"]][: len(drawn)]


# CIFAR


def test_a_download_is_forgotten_once_the_images_are_there(here, whole):
    """A download that this visitor has followed leaves nothing behind on a page that needs it no more."""
    keep(whole, *RATIOS)
    app = page()
    app.session_state[state.FOLLOWED.of("fetching").name] = SimpleNamespace(job=SimpleNamespace(key="cifar"))
    app.run()
    drawn(app)
    assert state.FOLLOWED.of("fetching").name not in app.session_state


def test_without_cifar_the_page_offers_it_and_digits_stay_a_click_away(held, tmp_path, monkeypatch):
    """No images: a sentence, a button, no tab is drawn; back on digits the page is whole and nothing is left over."""
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path / "nowhere"))
    app = AppTest.from_file(str(PAGE), default_timeout=60)
    app.query_params["task"] = "CIFAR-10 → CIFAR-100"
    app.run()
    (sentence,) = sentences(app)
    assert "CIFAR-10 and CIFAR-100 are not in" in sentence
    assert app.button[0].label.startswith("Download CIFAR-10 and CIFAR-100")
    assert drawn(app) == []
    app.segmented_control(key="task").set_value(ImageSet.DIGITS).run()
    assert sentences(app) == []
    assert [button.label for button in app.button] == ["Stop"]


def test_a_server_without_workers_says_so_and_shows_what_there_is(here, whole, monkeypatch):
    """Nothing is trained and nothing offered; with what is stored the page is whole."""
    monkeypatch.setenv("EXPLORER_WORKERS", "0")
    monkeypatch.delenv("EXPLORER_DASK", raising=False)
    monkeypatch.setattr(services, "_current", services.Services(services.services().store))
    app = page()
    app.run()
    (sentence,) = sentences(app)
    assert sentence.startswith("This server trains no networks on images: EXPLORER_WORKERS is 0.")
    assert [button.label for button in app.button] == []
    keep(whole, *RATIOS)
    app.run()
    assert sentences(app) == []
    assert drawn(app)


@pytest.fixture
def cifar(here: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two packed files of noise."""
    rng = np.random.default_rng(0)
    for name, classes in (("cifar10", 10), ("cifar100", 100)):
        arrays: dict[str, np.ndarray] = {"classes": np.array([f"{name} {i}" for i in range(classes)])}
        for part in ("train", "test"):
            arrays[f"x_{part}"] = rng.integers(0, 256, (200, 32, 32, 3), np.uint8)
            arrays[f"y_{part}"] = np.arange(200) % classes
        if name == "cifar10":
            arrays["classes"][4] = "deer"
        else:
            arrays["classes"][46] = "man"
        np.savez(tmp_path / f"{name}.npz", **arrays)
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))


def test_long_training_waits_for_a_click(cifar, held):
    """CIFAR is not trained by itself: the page says what it would take, and begins on a click."""
    app = AppTest.from_file(str(PAGE), default_timeout=60)
    app.query_params["task"] = "CIFAR-10 → CIFAR-100"
    app.run()
    (sentence,) = sentences(app)
    assert sentence.startswith("None of the 11 networks is trained.")
    assert [button.label for button in app.button] == ["Train"]
    app.button[0].click().run()
    assert [button.label for button in app.button] == ["Stop"]


SMALL_CIFAR = ImageExperiment(
    dataset=ImageSet.CIFAR10, network="lenet", train_images=1000, max_epochs=2, strategy=Strategy.PRUNE_ONLY
)


def small_cifar(**link: str) -> AppTest:
    app = AppTest.from_file(str(PAGE), default_timeout=60)
    app.query_params.update({**LINK, "task": "CIFAR-10 → CIFAR-100", "images": "1,000", **link})
    return app.run()


def test_an_ensemble_of_long_training_says_what_it_would_take(cifar, held):
    """Ten networks at every ratio, with the time of all of them; a click begins it, a Stop ends it."""
    app = small_cifar(method="Deep ensemble")
    (sentence,) = sentences(app)
    assert sentence.startswith("Deep ensemble: 10 networks at every prune ratio, each from a seed of its own. ")
    assert "None of the 110 networks is trained." in sentence
    one = training_panel.seconds_of_one(SMALL_CIFAR)
    assert f"takes about {110 * one:.0f} s, {one:.0f} s for each network" in sentence
    assert [button.label for button in app.button] == ["Train"]
    app.button[0].click().run()
    assert [button.label for button in app.button] == ["Stop"]
    app.button[0].click().run()
    until(lambda: services.queue().get(runs.key(SMALL_CIFAR, source=ENSEMBLE)) is None)


def test_networks_that_are_there_are_asked_by_another_method_without_a_click(cifar, here):
    """It takes seconds; of an ensemble those that are there count; what is slowly asked waits for a click."""
    keep(run(SMALL_CIFAR, ratios=RATIOS), *RATIOS)
    app = small_cifar(method="Deep ensemble")
    assert "11 of the 110 networks are trained." in sentences(app)[0]
    assert [button.label for button in app.button if button.label.startswith(("Train", "Ask"))] == ["Train the rest"]
    app = small_cifar(method="Laplace of the survivors")
    assert sentences(app)[0].startswith(
        "11 of the 11 networks are trained. On two cores the rest takes about 16 min, "
    )
    assert "90 s for each to be asked" in sentences(app)[0] or "2 min for each to be asked" in sentences(app)[0]
    assert "Ask by Laplace of the survivors" in [button.label for button in app.button]
    single = Source("single_pass")
    app = small_cifar(method="Single pass")
    until(lambda: services.queue().get(runs.key(SMALL_CIFAR, source=single)) is None)
    app.run()
    assert sentences(app) == []
    assert here.trained == []
    assert len(runs.stored(SMALL_CIFAR, source=single).networks) == len(RATIOS)


@pytest.mark.parametrize("tab", TAB.options)
@pytest.mark.parametrize("source", SHOWN, ids=lambda source: source.label)
def test_every_tab_follows_the_method(here, by_source, tab, source):
    """Nothing of it is trained or asked again, nothing says MC dropout of another method, and nothing breaks."""
    app = page(tab=tab, ratio="0.9", method=source.method.label, tempered=str(source.tempered).lower()).run()
    assert not app.exception
    assert not app.error
    assert not app.info or tab in ("Detection", "Methods")
    told = "\n".join(str(each.value) for each in (*app.markdown, *app.caption, *app.table))
    if source.method != Method.MC_DROPOUT and tab != "Methods":
        assert not re.search("MC.dropout|MC sample|thinned", told), re.search(
            ".*(MC.dropout|MC sample|thinned).*", told
        )
    if tab == "Take home" and source != MC_DROPOUT:
        assert any(f'source=Source("{source.method.value}"' in each.value for each in app.code)
    if tab == "Methods":  # which has the others asked
        until(lambda: services.queue().watchers() == 0)
    assert here.trained == []


def methods_job(sources: list[Source]) -> Any:
    return services.queue().get(methods.key(replace(TINY, prune_ratio=0.9), sources))


def rows_of(app: AppTest) -> list[str]:
    """The methods in the table of all figures."""
    return list(dict.fromkeys(table_of(app).Method))


def table_of(app: AppTest) -> Any:
    """All figures of all methods."""
    (found,) = (table.value for table in app.table if "Method" in table.value)
    return found


def test_methods_are_asked_with_their_tab_and_an_ensemble_on_a_click(here, whole):
    """Of networks that are there all but the ensemble answers by itself; it trains the other members first."""
    keep(whole, *RATIOS)
    soon = [source for source in SOURCES if source.method != Method.ENSEMBLE and source != MC_DROPOUT]
    link = {"tab": "Methods", "ratio": "0.9", "method": "Single pass"}  # whose one sample is not that of others
    single = Source("single_pass")
    page(**link).run()
    until(lambda: services.queue().get(runs.key(TINY, source=single)) is None)
    soon.remove(single)
    page(**link).run()
    until(lambda: methods_job(soon) is None)
    assert here.trained == []
    app = page(**link, samples="20").run()
    assert not app.exception
    assert rows_of(app) == [source.label for source in SOURCES if source.method != Method.ENSEMBLE]
    shown = table_of(app).set_index(["Method", "Network"])
    assert (shown.loc[("MC dropout", "pruned"), "Passes"], shown.loc[("Single pass", "pruned"), "Passes"]) == (
        "20",
        "1",
    )
    (told,) = (info.value for info in app.info if "ensemble" in info.value)
    assert told.startswith(
        "Not asked yet: Deep ensemble. A deep ensemble needs 18 networks more for this ratio, at most "
    )
    (ask,) = (button for button in app.button if button.label == "Ask it too")
    ask.click().run()
    until(lambda: methods_job([Source("ensemble"), Source("ensemble", tempered=True)]) is None)
    app = page(**link).run()
    assert not app.exception
    assert rows_of(app) == [source.label for source in SOURCES]
    assert len(here.trained) == 18
    assert not [info for info in app.info if "ensemble" in info.value]


def test_both_objectives_of_large_pictures_are_offered_with_their_time(cifar, here):
    """A click has the samples asked for; both rows come, and they are there for whoever opens the tab afterwards."""
    outcome = run(SMALL_CIFAR, ratios=RATIOS)
    keep(outcome, *RATIOS)
    link = {"tab": "Methods", "ratio": "0.5"}
    app = small_cifar(**link)
    until(lambda: services.queue().watchers() == 0)
    (told,) = (info.value for info in app.info if info.value.startswith("Not asked yet. It takes about "))
    n_images = len(outcome.test_labels) + len(outcome.validation_labels)
    assert f"about {training_panel.duration(training_panel.seconds_of_mending(SMALL_CIFAR, n_images))}," in told
    assert not any("Fitted to" in table.value for table in app.table)
    assert "Laves et al. 2019" in "".join(caption.value for caption in app.caption)
    (fit,) = (button for button in app.button if button.label == "Fit both temperatures")
    fit.click().run()
    until(lambda: services.queue().watchers() == 0)
    app = small_cifar(**link)
    assert not app.exception
    (objectives,) = (table.value for table in app.table if "Fitted to" in table.value)
    assert list(objectives["Fitted to"]) == [objective.label for objective in Objective]
    assert not any(button.label == "Fit both temperatures" for button in app.button)
    assert here.trained == []
    assert not any("Fitted to" in table.value for table in small_cifar(**link, method="Single pass").table)


def test_what_takes_long_to_ask_is_offered(cifar, here):
    """Of pictures that are large: nothing but the others begins by itself."""
    keep(run(SMALL_CIFAR, ratios=RATIOS), *RATIOS)
    soon = [source for source in SOURCES if source.method in (Method.SINGLE_PASS, Method.LAST_LAYER)]
    soon = [Source("mc_dropout", tempered=True), *soon]
    small_cifar(tab="Methods", ratio="0.5")
    until(lambda: services.queue().get(methods.key(SMALL_CIFAR, soon)) is None)
    app = small_cifar(tab="Methods", ratio="0.5")
    assert not app.exception
    assert rows_of(app) == ["MC dropout", *(source.label for source in soon)]
    (told,) = (info.value for info in app.info if info.value.startswith("Not asked yet:"))
    assert told.startswith("Not asked yet: Deep ensemble and Laplace of the survivors. ")
    assert "Laplace of the survivors takes about 6 min." in told
    assert "Ask them too" in [button.label for button in app.button]


def test_a_task_with_other_networks_falls_back_to_its_own(cifar, held):
    """LeNet is nothing for digits, nor the small network for CIFAR: the first legal one is taken, with no error."""
    app = page().run()
    assert app.selectbox(key="network").value == "small"
    app.segmented_control(key="task").set_value(ImageSet.CIFAR10).run()
    assert not app.exception
    assert app.selectbox(key="network").value == "lenet"
    assert app.select_slider(key="images").value == 0  # 100 is not among CIFAR's
    # The browser would go on showing what it showed if it were not told.
    for control in (app.selectbox(key="network"), app.select_slider(key="images")):
        assert control.proto.set_value
    app.segmented_control(key="task").set_value(ImageSet.DIGITS).run()
    assert not app.exception
    assert app.selectbox(key="network").value == "small"


def test_a_network_that_both_tasks_have_is_kept(cifar, held):
    """What is legal for the new task too is not forgotten."""
    app = page(network="Wider CNN").run()
    app.segmented_control(key="task").set_value(ImageSet.CIFAR10).run()
    assert not app.exception
    assert app.selectbox(key="network").value == "wide"


# The link


def test_what_a_link_gets_wrong_is_said_until_something_moves(here, whole):
    """A network of the other task is named with the legal ones; the page stands with the default."""
    keep(whole, *RATIOS)
    app = page(network="LeNet", nonsense="1").run()
    one, other = (warning.value for warning in app.warning)
    assert "sets network to `LeNet`; it must be one of: Small CNN · Wider CNN · Wider CNN, BatchNorm" in one
    assert "`nonsense`, which this page does not know" in other
    drawn(app)
    app.select_slider(key="ratio").set_value(0.9).run()
    assert not app.warning


def test_a_value_of_the_other_page_is_forgotten_where_it_is_not_legal(here, whole):
    """Moons know 30 samples and a rewind epoch of 50, images do not; a ratio that both know is kept."""
    keep(whole, *RATIOS)
    app = page()
    for name, value in (("samples", 30), ("rewind", 50), ("ratio", 0.9)):
        app.session_state[name] = value
    app.run()
    drawn(app)
    assert app.select_slider(key="samples").value == 50
    assert app.select_slider(key="rewind").value == 0
    assert app.select_slider(key="ratio").value == 0.9

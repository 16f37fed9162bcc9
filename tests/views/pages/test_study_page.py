"""The study page without a browser: from nothing to everything, stopped, failed, without a strategy."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from cache import services, studies
from pruning import Diverged, Experiment, Strategy
from pruning.data.task_of import task_of
from pruning.lottery.engine import InMemory, Run
from pruning.lottery.engine import here as carried_out
from pruning.study import Study, rows_key, run_study
from tests.conftest import CLOCK
from uncertainty.options import Source
from views.shared.job_panel import STOPPED
from views.study.body import NOTHING_YET
from views.text.study_figures import FIGURES

PAGE = Path(__file__).parents[3] / "views" / "pages" / "study.py"
PATIENCE = 60  # seconds before a test gives up on something that hangs
LINK = {"points": "200", "hidden": "30", "ratios": "0.5, 0.8, 0.95", "seeds": "2", "run_iterative": "false",
        "run_iterative_finetune": "false", "run_one_shot_random": "false", "run_one_shot_rewind": "false",
        "run_prune_only": "false"}  # fmt: skip
STUDY = Study(
    Experiment(points=200, hidden=(30,)), (Strategy.ONE_SHOT, Strategy.RANDOM_MASK), (0.5, 0.8, 0.95), (0, 1)
)
BY = {"source": Source("single_pass", tempered=True), "seeds": (0,), "ratios": (0.8,)}


def page(**link: str) -> AppTest:
    app = AppTest.from_file(str(PAGE), default_timeout=60)
    app.query_params.update(LINK | link)
    return app


@pytest.fixture(scope="module")
def whole() -> tuple[pd.DataFrame, dict[str, Any]]:
    """The table of the small study, and the rows of its runs by their keys."""
    kept = InMemory()
    table = run_study(STUDY, kept=kept)
    keys = [rows_key(experiment, STUDY.ratios) for shard in STUDY.shards() for _, experiment in shard]
    return table, {key: kept.get(key) for key in keys}


@pytest.fixture
def done(here: Any, whole: tuple[pd.DataFrame, dict[str, Any]]) -> pd.DataFrame:
    """The table of the small study, which is kept."""
    table, rows = whole
    services.services().store.fetch_all(rows, lambda keys: rows)
    return table


@pytest.fixture
def held(here: Any) -> Iterator[threading.Event]:
    """Training that waits before the second seed until the test lets it go on."""
    go = threading.Event()

    def wait(function: Any, order: Any, *, report: Callable[[Any], None]) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while any(step.experiment.seed for step in order.batch.steps) and not go.wait(0.005):
            report(None)
            assert time.monotonic() < end, "neither ended nor cancelled"
        return carried_out(function, order, report=report)

    here.instead = wait
    yield go
    go.set()


def train(experiments: list[Any]) -> None:
    """As a visitor of the moons page has it done."""
    store, task = services.services().store, task_of(experiments[0])
    Run(experiments, STUDY.ratios, task, store).train()


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def job() -> Any:
    return services.services().studies.get(STUDY.key)


def labels(app: AppTest) -> list[str]:
    """Those of the buttons that start or stop something."""
    return [
        button.label for button in app.button if button.label in ("Run", "Run the rest", "Stop", "Go on", "Try again")
    ]


def drawn(app: AppTest) -> list[str]:
    """The descriptions of all charts of a page that has none of the errors."""
    assert not app.exception
    assert not app.error
    return [chart.proto.alt for chart in app.get("vega_lite_chart")]


def words(app: AppTest) -> str:
    """All that the page writes."""
    return "\n".join(str(each.value) for each in (*app.markdown, *app.caption, *app.header, *app.info, *app.warning))


# From nothing to everything


def test_what_others_train_comes_in_and_nothing_is_trained(here, monkeypatch):
    """Run after run, measured as in a study; once all are there, the page is that of the whole study."""
    app = page(gather="true").run()
    assert labels(app) == []
    assert "0 of 4 runs have come in" in app.info[0].value
    assert drawn(app) == []
    runs = [experiment for shard in STUDY.shards() for _, experiment in shard]
    for number, experiment in enumerate(runs, 1):
        train([experiment])
        app.run()
        come = "" if number == len(runs) else f"{number} of 4 runs have come in"
        assert come in words(app)
        app.run()
        assert f"means over {len({each.seed for each in runs[:number]})} seed" in words(app)
    assert here.trained == []
    assert "have come in" not in words(app)
    assert labels(app) == []


def test_nothing_runs_before_a_click(here):
    """What it would take is said: 12 pruned networks, one button, no chart."""
    app = page().run()
    assert labels(app) == ["Run"]
    assert "12 pruned networks" in app.info[0].value
    assert drawn(app) == []
    assert here.trained == []


def test_a_click_runs_it_and_the_table_is_all_that_is_shown(here):
    """Every figure that points have, the verdict, the winning tickets, what papers say, the code that repeats it."""
    app = page().run()
    app.button[[button.label for button in app.button].index("Run")].click().run()
    until(lambda: job() is None)
    app.run()
    charts = drawn(app)
    assert charts[:2] == ["Accuracy against prune ratio.", "Verdicts on Accuracy by strategy and prune ratio."]
    assert [chart.rpartition(" against")[0] for chart in charts[2:]] == [each.label for each in FIGURES.values()]
    assert labels(app) == []
    assert "cannot tell with n = 2: too few" in words(app)
    assert "Papers say, you got" in words(app)
    assert "run_study(study)" in app.code[-1].value
    assert len(here.trained) == len(set(here.keys)) == 14


def test_what_is_kept_needs_no_click(done, here):
    """A link to a study that has run shows it."""
    assert len(drawn(page().run())) == 2 + len(FIGURES)
    assert here.trained == []


def test_a_study_by_a_method_asks_the_networks_that_are_there(done, here):
    """Nothing is trained for it but what an ensemble has beside; page, code and report say the method."""
    by = {"method": "Single pass", "tempered": "true", "seeds": "1", "ratios": "0.8"}
    app = page(**by).run()
    assert "2 pruned networks" in app.info[0].value
    assert "20 pruned networks" in page(**by | {"method": "Deep ensemble"}).run().info[0].value
    app.button[[button.label for button in app.button].index("Run")].click().run()
    until(lambda: services.services().studies.get(replace(STUDY, **BY).key) is None)
    app.run()
    drawn(app)
    assert "Class probabilities: a single pass, tempered." in words(app)
    assert "source=Source('single_pass', tempered=True)," in app.code[-1].value
    table = studies.table(replace(STUDY, **BY))
    assert set(zip(table.method, table.tempered, strict=True)) == {("single_pass", True)}
    assert (table.epistemic_test == 0).all()


def test_the_code_of_the_page_gives_its_table(done):
    """Number for number, but for the clock."""
    app = page().run()
    code = app.code[-1].value.replace('table.to_csv("study.csv", index=False)\n', "")
    found: dict[str, Any] = {}
    exec(code, found)
    pd.testing.assert_frame_equal(found["table"].drop(columns=[*CLOCK]), done.drop(columns=[*CLOCK]))


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
@pytest.mark.parametrize("judged", ["The truth", "Test labels"])
def test_every_figure_can_be_the_large_one(done, figure, judged):
    """With a verdict of its own, against the truth or the labels of the test points."""
    app = page(figure=figure.label, judged=judged).run()
    assert drawn(app)[0] == f"{figure.label} against prune ratio."
    assert f"Verdict: {figure.label}" in words(app)


def test_a_small_chart_becomes_the_large_one(done):
    """By the button above it, which the link then says."""
    app = page().run()
    app.button(key="enlarge_ece").click().run()
    assert drawn(app)[0] == "ECE against prune ratio."
    assert app.selectbox(key="figure").value == "ece"


def test_the_random_ticket_may_be_what_is_compared_with(done):
    """One line less, and its name in the title."""
    app = page(against="Random ticket").run()
    assert "against Random tickets (control)" in words(app)
    lines = [each.value for each in app.markdown if each.value.startswith("- **")]
    assert [line.split("**")[1] for line in lines] == ["One-shot"]


def test_a_strategy_switched_off_is_another_study(done, here):
    """Its runs are there, so it needs none."""
    app = page().run()
    app.checkbox(key="run_random_mask").uncheck().run()
    assert len(drawn(app)) == 2 + len(FIGURES)
    assert here.trained == []
    assert "Random tickets (control)**" not in words(app)


# While it runs


def test_the_first_seed_is_shown_while_the_second_is_trained(held):
    """With how far it is and a way to stop; stopped, what is there stays, and a click goes on."""
    app = page().run()
    assert NOTHING_YET in words(app)
    app.button[[button.label for button in app.button].index("Run")].click().run()
    until(lambda: job() is not None and job().progress is not None and job().progress.parts == 1)
    app.run()
    assert len(drawn(app)) == 2 + len(FIGURES)
    assert "over 1 seed" in words(app)
    (bar,) = app.get("progress")
    assert bar.text.startswith("7 of 14 networks")
    assert labels(app) == ["Stop"]
    app.button[[button.label for button in app.button].index("Stop")].click().run()
    assert STOPPED in words(app)
    assert labels(app) == ["Go on"]
    assert len(drawn(app)) == 2 + len(FIGURES)
    held.set()
    app.button[[button.label for button in app.button].index("Go on")].click().run()
    until(lambda: job() is None)
    app.run()
    assert "over 2 seeds" in words(app)
    assert labels(app) == []


def test_who_opens_the_link_meanwhile_joins(held):
    """Without a click: one job for both."""
    app = page().run()
    app.button[[button.label for button in app.button].index("Run")].click().run()
    until(lambda: job() is not None and job().progress is not None and job().progress.parts == 1)
    other = page().run()
    assert labels(other) == ["Stop"]


# What goes wrong


def test_without_a_strategy_there_is_a_sentence(here):
    """And no chart, no button, no traceback."""
    app = page(run_one_shot="false", run_random_mask="false").run()
    assert [each.value for each in app.warning] == ["Choose at least one strategy."]
    assert drawn(app) == []
    assert labels(app) == []


def test_runs_that_cannot_be_trained_are_named_and_the_others_shown(here):
    """What broke off is said once, and no button offers to try what would break off again."""

    def broken(function: Any, order: Any, *, report: Any) -> dict[str, Any]:
        if any(step.experiment.seed == 1 for step in order.batch.steps):
            raise Diverged("Its loss is no longer a number.")
        return carried_out(function, order, report=report)

    here.instead = broken
    studies.train(STUDY, lambda progress: None)
    app = page().run()
    assert labels(app) == []
    assert len(drawn(app)) == 2 + len(FIGURES)
    (said,) = (each.value for each in app.warning)
    assert said == (
        "One-shot, seed 1 and Random tickets (control), seed 1 could not be trained: Its loss is no longer a number."
    )


def test_pictures_that_are_not_there_are_asked_for(here, monkeypatch, tmp_path):
    """By the page that fetches them."""
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    app = page(study="CIFAR-10 → CIFAR-100").run()
    assert not app.exception
    assert "The image page downloads them." in app.warning[-1].value

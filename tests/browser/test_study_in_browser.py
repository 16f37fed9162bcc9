"""The study page in a real browser: a small study from a click to its files, on a desk and on a phone."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from urllib.parse import urlencode, urljoin

import pandas as pd
import pytest

from tests.browser.conftest import TRAINING, Visitor

expect = pytest.importorskip("playwright.sync_api").expect

OFF = ("one_shot_rewind", "one_shot_random", "iterative", "iterative_finetune", "prune_only")
SMALL = {"points": "200", "hidden": "30", "ratios": "0.5, 0.8, 0.95", **{f"run_{name}": "false" for name in OFF}}
CHART = "Accuracy against prune ratio."


def address(**more: str) -> str:
    """The small study, with something else."""
    return f"study?{urlencode(SMALL | more)}"


@pytest.fixture
def look(visit) -> Callable[..., Visitor]:
    """Open the study page as a new visitor."""
    return lambda link, **options: visit(link, **options)


def run(visitor: Visitor) -> Visitor:
    """Press what runs it, unless another visitor has, and wait until all is there."""
    due = visitor.page.get_by_role("button", name=re.compile("^Run( the rest)?$"))
    if due.count():
        due.click()
    visitor.chart(CHART).wait_for(timeout=TRAINING)
    visitor.page.locator("[data-testid=stProgress]").wait_for(state="detached", timeout=TRAINING)
    return visitor.settle()


def dots(visitor: Visitor) -> int:
    """How many runs the large chart shows."""
    return visitor.chart(CHART).locator("[aria-label*=', seed ']").count()


def test_a_study_from_a_click_to_its_files(look):
    """It runs, its link shows it at once to another visitor, a strategy is switched off, the table comes home."""
    visitor = run(look(address(seeds="5")))
    assert dots(visitor) == 2 * 3 * 5
    for each in ("One-shot", "Random tickets (control)"):
        assert visitor.page.locator("li", has_text=each).first.is_visible()
    other = look(visitor.page.url.removeprefix(visitor.server + "/"))
    assert dots(other) == 2 * 3 * 5
    assert other.button("Run").count() == 0
    other.page.get_by_text("Random tickets (control)", exact=True).first.click()
    other.settle()
    assert dots(other) == 3 * 5
    assert other.query()["run_random_mask"] == "false"
    with visitor.page.expect_download() as arriving:
        visitor.page.get_by_role("button", name="All runs, CSV").click()
    table = pd.read_csv(arriving.value.path())
    assert len(table) == (2 * 3 + 1) * 5
    assert table.groupby("strategy").seed.nunique().to_dict() == {"dense": 5, "one_shot": 5, "random_mask": 5}


def test_a_dot_opens_its_run(look):
    """The button names it, and the moons page that opens beside has its strategy, ratio and seed."""
    visitor = run(look(address(seeds="2")))
    dot = visitor.chart(CHART).locator("[aria-label*=', seed 1:']").first
    label = dot.get_attribute("aria-label")
    dot.click(force=True)
    button = visitor.page.get_by_role("link", name=re.compile("Open this run"))
    button.wait_for()
    clicked, ratio = re.match(r"(.+ at ([\d.]+), seed 1): 0\.\d\d\d, has learned$", label).groups()
    assert clicked in button.inner_text()
    opened = look(urljoin(visitor.page.url, button.get_attribute("href")).removeprefix(visitor.server + "/"))
    opened.complete()
    query = opened.query()
    assert (query["seed"], query["points"], query["hidden"]) == ("1", "200", "30")
    assert query.get("ratio", "0.5") == ratio


def test_a_study_is_stopped_and_goes_on(look):
    """What is finished stays, and a reload neither starts it again nor loses anything."""
    visitor = look(address(seeds="30", points="5000", hidden="64"))
    visitor.button("Run").click()
    visitor.chart(CHART).wait_for(timeout=TRAINING)
    visitor.button("Stop").click()
    visitor.says("Stopped. What had been finished is kept.")
    visitor.settle()
    there = dots(visitor)
    assert 6 <= there < 180
    visitor.page.reload()
    visitor.button("Run the rest").wait_for(timeout=TRAINING)
    visitor.settle()
    assert dots(visitor) >= there


def test_a_class_is_an_experiment(look):
    """Whoever opens the link has another seed; where it is gathered, runs appear as they come, without a click."""
    teacher = look("?points=200&hidden=10&strategy=No+retraining&ratio=0.5")
    teacher.button("Share").click()
    teacher.page.get_by_role("tab", name="For a class").click()
    shown = teacher.page.locator("[data-testid=stPopoverBody] [data-testid=stCode]").filter(has_text="class=")
    link = shown.first.inner_text().strip().partition("?")[2]
    watching = teacher.page.get_by_role("link", name="Watch their runs come in").get_attribute("href")
    gathered = look(watching.removeprefix("./"))
    assert "of 30 runs have come in" in gathered.alerts()[0]
    pupils = [look(f"?{link}").complete() for _ in range(3)]
    assert [pupil.query().get("seed", "0") for pupil in pupils] == ["0", "1", "2"]
    assert [pupil.query().get("data_seed", "42") for pupil in pupils] == ["42", "43", "44"]
    assert len({pupil.sentence() for pupil in pupils}) == 3
    assert all("class" not in pupil.query() for pupil in pupils)
    gathered.says("3 of 30 runs have come in")
    gathered.says("Lines are means over 3 seeds")
    assert gathered.button("Run").count() == 0
    pupils[2].page.reload()
    pupils[2].settle()
    assert pupils[2].query()["seed"] == "2"


def test_on_a_phone_nothing_is_scrolled_sideways(look):
    """Every chart is as wide as the screen allows, and the whole page can be read."""
    visitor = run(look(address(seeds="2"), viewport={"width": 375, "height": 812}))
    inner, outer = visitor.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert inner <= outer
    box = visitor.chart(CHART).bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 375
    assert io.BytesIO(visitor.page.screenshot(full_page=True)).getbuffer().nbytes > 10_000


def test_a_preset_sets_the_controls_and_the_figure(look):
    """And runs nothing by itself."""
    visitor = look("study")
    visitor.page.get_by_role("button", name="Rewind or not").click()
    visitor.settle()
    query = visitor.query()
    assert query["rewind"] == "5"
    assert query["figure"] == "Early-stop epoch"
    assert query["run_iterative"] == "false"
    expect(visitor.button("Run")).to_be_visible()

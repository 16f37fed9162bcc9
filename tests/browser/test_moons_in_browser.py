"""The moons page as a person meets it: by mouse and keyboard, on a phone, in the dark, by a link."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from views.controls.moons import COMPARED, SETTINGS

expect = pytest.importorskip("playwright.sync_api").expect


def pixels(data_url: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data_url.partition(",")[2]))).convert("RGB"))


def test_a_first_visit_shows_both_planes_curves_reliability_and_figures(visit):
    """Without touching anything a visitor sees every part of the page."""
    visitor = visit()
    page = visitor.page
    assert page.locator("[data-testid=stVegaLiteChart]").count() == 6
    expect(page.locator(".st-key-plane_pair figure[data-drawn]")).to_have_count(2)
    assert visitor.sentence().startswith("Pruned to 64 of 128 units")
    for name in ("Accuracy", "Bayes accuracy", "Signed gap", "Theoretical speed-up", "Measured latency"):
        assert page.get_by_role("cell", name=name, exact=True).count() == 1
    assert page.locator("[data-testid=stProgress]").count() == 0


def test_the_arrow_key_on_the_ratio_changes_the_pruned_picture_alone(visit):
    """The ratio moves by keyboard; the pruned plane answers, the dense one stays as it is."""
    visitor = visit()
    dense, pruned, words = visitor.picture("Dense"), visitor.picture("Pruned"), visitor.sentence()
    visitor.slider("Prune ratio").press("End")
    visitor.settle()
    assert visitor.picture("Dense") == dense
    assert visitor.picture("Pruned") != pruned
    assert visitor.sentence() != words
    assert "ratio=0.95" in visitor.page.url


def test_dragging_the_samples_with_the_mouse_changes_the_epistemic_map(visit):
    """The sample slider moves by mouse; one sample has no epistemic uncertainty, many have some."""
    visitor = visit("?colour=Epistemic&show=None")
    many = visitor.picture("Dense")
    handle = visitor.slider("MC-dropout samples").bounding_box()
    middle = handle["y"] + handle["height"] / 2
    visitor.page.mouse.move(handle["x"] + handle["height"] / 2, middle)
    visitor.page.mouse.down()
    visitor.page.mouse.move(handle["x"] - 900, middle, steps=12)
    visitor.page.mouse.up()
    visitor.settle()
    assert "samples=1" in visitor.page.url
    one = visitor.picture("Dense")
    assert one != many
    inside = pixels(one).reshape(-1, 3)
    assert (inside == 255).all(axis=1).mean() > 0.95  # all paper, but for the line of the boundary


def test_each_colouring_is_another_picture_with_its_own_scale(visit):
    """Probability, entropy and its two parts each repaint the plane and name their scale."""
    visitor = visit()
    seen = set()
    for option, words in (
        ("Probability", "probability of class 1"),
        ("Predictive entropy", "predictive entropy, nats"),
        ("Aleatoric", "aleatoric uncertainty, nats"),
        ("Epistemic", "epistemic uncertainty, nats"),
    ):
        visitor.press("colour", option)
        seen.add(visitor.picture("Pruned"))
        assert visitor.page.locator(".st-key-plane_pair .legend .title").inner_text() == words
    assert len(seen) == 4


def test_another_strategy_trains_and_moves_the_curves(visit):
    """Choosing a strategy nobody has asked for trains it, and every picture of it arrives."""
    visitor = visit("?seed=3")
    before = visitor.picture("Pruned")
    visitor.choose("Strategy", "No retraining")
    assert visitor.picture("Pruned") != before
    assert visitor.chart("Accuracy against").locator("[aria-roledescription=circle]").count() == 11
    assert visitor.page.locator("[data-testid=stProgress]").count() == 0


def test_a_slider_move_swaps_the_data_and_keeps_the_drawing(visit):
    """Charts are not torn down when a slider moves: their drawing surface is the same node."""
    visitor = visit()
    mark = "charts => charts.forEach(chart => chart.dataset.kept = 'yes')"
    drawings = visitor.page.locator("[data-testid=stVegaLiteChart] svg.marks")
    drawings.nth(5).wait_for(state="attached")
    drawings.evaluate_all(mark)
    visitor.slider("Prune ratio").press("ArrowRight")
    visitor.settle()
    drawings.nth(5).wait_for(state="attached")
    kept = visitor.page.locator("[data-testid=stVegaLiteChart] svg.marks[data-kept=yes]").count()
    assert kept == 6


def test_the_mouse_over_the_plane_tells_the_numbers(visit):
    """Resting on a place shows what both networks say of it: class, its probability, and what colours the plane."""
    visitor = visit("?show=None&colour=Epistemic")
    visitor.plane("Dense").locator(".plane").hover(position={"x": 120, "y": 120})
    for network in ("Dense", "Pruned"):
        words = visitor.plane(network).locator(".numbers").inner_text()
        assert re.fullmatch(r"class [01]: [01]\.\d\d, epistemic 0\.\d{3}", words)


def test_impatience_ends_with_the_last_request(visit):
    """Moving on while something trains drops the old request; what stands in the end is the last."""
    visitor = visit("?seed=21")
    strategy = visitor.page.get_by_role("combobox", name="Strategy")
    for option in ("Iterative, re-initialised", "Iterative, fine-tuned", "Random tickets (control)"):
        strategy.click()
        visitor.page.get_by_role("option", name=option, exact=True).click()
        visitor.page.wait_for_timeout(250)
    visitor.settle()
    assert "Random+tickets" in visitor.page.url
    assert visitor.page.locator("[data-testid=stProgress]").count() == 0
    assert visitor.sentence() == visit("?seed=21&strategy=Random+tickets+(control)").sentence()


def test_a_link_reopens_the_same_state_for_somebody_else(visit):
    """The address carries the controls: a second visitor sees the same sentence and the same picture."""
    first = visit()
    first.slider("Prune ratio").press("ArrowRight")
    first.settle()
    first.slider("MC-dropout samples").press("ArrowLeft")
    first.settle()
    second = visit("?" + first.page.url.partition("?")[2])
    assert second.sentence() == first.sentence()
    assert second.picture("Pruned") == first.picture("Pruned")


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("?ratio=7", "The link sets ratio to 7; it must be one of: 0.0 · 0.1"),
        (
            "?strategy=lottery",
            "The link sets strategy to lottery; it must be one of: One-shot · One-shot, re-initialised ·",
        ),
        ("?seed=-4", "The link sets seed to -4; it must be a whole number from 0 to 9999"),
        ("?samples=1e9", "The link sets samples to 1e9"),
        ("?ratio=%3Cscript%3Ealert(1)%3C/script%3E", "The link sets ratio to <script>alert(1)</script>"),
        ("?magic=1", "The link sets magic, which this page does not know"),
    ],
)
def test_a_wrong_link_is_named_and_the_page_stands(visit, link, words):
    """What the link gets wrong is said with the value and the legal set; the default takes its place."""
    visitor = visit(link)
    assert words in visitor.page.locator("[data-testid=stAlert]").first.inner_text()
    assert visitor.sentence().startswith("Pruned to 64 of 128 units")
    visitor.slider("Prune ratio").press("ArrowRight")
    visitor.page.locator("[data-testid=stAlert]").wait_for(state="detached")


def test_a_phone_shows_everything_without_scrolling_sideways(visit):
    """At 375 pixels the controls and charts stack, none is wider than the screen."""
    visitor = visit(viewport={"width": 375, "height": 740})
    wide = "() => document.querySelector('[data-testid=stMain]').scrollWidth"
    assert visitor.page.evaluate(wide) <= 375
    box = visitor.plane("Pruned").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 375
    assert box["width"] > 280
    expect(visitor.slider("Prune ratio")).to_be_visible()


def test_the_dark_theme_has_a_dark_plane(visit):
    """Where nothing is uncertain, the plane has the colour of the page: light by day, dark by night."""
    by_day = pixels(visit("?colour=Epistemic").picture("Dense"))
    by_night = pixels(visit("?colour=Epistemic", color_scheme="dark").picture("Dense"))
    assert by_day.mean() > 150
    assert by_night.mean() < 100


def test_more_settings_unfold_with_a_help_for_each(visit):
    """Everything else is folded away, one click from sight, each control with a sentence of help."""
    visitor = visit()
    aside = visitor.settings().page.locator("[data-testid=stSidebar]")
    for label in ("Dataset", "Noise", "Hidden layers", "Dropout rate", "Criterion", "Rewind epoch", "Bins", "Seed"):
        assert aside.get_by_text(label, exact=True).first.is_visible()
    assert (
        aside.locator("[data-testid=stTooltipIcon]").count()
        == sum(map(len, SETTINGS.values())) + len(COMPARED[1:]) + 2
    )  # the type, and whether a story asks first


def test_another_strategy_takes_the_place_of_the_dense_network(visit):
    """It is chosen beside the strategy, comes to both planes and joins the curves; a story takes it away again."""
    visitor = visit().complete()
    dense, pruned = visitor.picture("Dense"), visitor.picture("Pruned")
    visitor.choose("Compare with", "Random tickets (control)").complete()
    assert visitor.query()["against"] == "Random tickets (control)"
    assert visitor.picture("One-shot") == pruned
    assert visitor.picture("Random tickets") != dense
    assert ", One-shot beside Random tickets" in visitor.sentence()
    assert visitor.page.get_by_role("columnheader", name="Random tickets", exact=True).count() == 1
    visitor.button("Dropout off").click()
    visitor.settle().complete()
    assert "against" not in visitor.query()
    expect(visitor.plane("Dense")).to_have_count(1)


def test_on_a_phone_the_switch_between_both_planes_bears_their_names(visit):
    """Also after another strategy has come in the place of the dense network."""
    visitor = visit(viewport={"width": 390, "height": 844})
    visitor.choose("Compare with", "No retraining").complete()
    sides = visitor.page.locator(".st-key-plane_pair .sides span")
    assert sides.all_inner_texts() == ["No retraining", "One-shot"]
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= 390")


def test_another_method_answers_on_the_whole_page(visit):
    """Laplace's draws in place of thinned networks: both planes, slider, diagrams and link; a temperature on top."""
    visitor = visit("?show=None&colour=Epistemic")
    before = visitor.picture("Dense"), visitor.picture("Pruned")
    visitor.choose("Method", "Last-layer Laplace").settle().complete()
    after = visitor.picture("Dense"), visitor.picture("Pruned")
    assert before[0] != after[0]
    assert before[1] != after[1]
    expect(visitor.slider("Laplace draws")).to_have_count(1)
    visitor.says("Last-layer Laplace: confidence")
    assert visitor.query()["method"] == "Last-layer Laplace"
    visitor.page.get_by_text("Temperature", exact=True).click()
    visitor.settle().complete()
    assert visitor.query()["tempered"] == "true"
    assert visitor.picture("Pruned") != after[1]


def test_each_method_has_its_own_number_of_samples(visit):
    """One slider is seen at a time, or none; what it said is still said, and in the address, when it comes back."""
    visitor = visit("?hidden=10&points=200&patience=50&learning_rate=0.03&samples=20")
    visitor.choose("Method", "Deep ensemble").complete()
    members = visitor.slider("Ensemble members")
    assert members.get_attribute("aria-valuetext") == "10"
    members.press("ArrowLeft")
    visitor.settle().complete()
    assert visitor.slider("MC-dropout samples").count() == 0
    assert (visitor.query()["samples"], visitor.query()["members"]) == ("20", "9")
    visitor.choose("Method", "Single pass").complete()
    visitor.says("a single pass is one, nothing to move.")
    assert visitor.slider("MC-dropout samples").count() == visitor.slider("Ensemble members").count() == 0
    visitor.choose("Method", "MC dropout").complete()
    assert visitor.slider("MC-dropout samples").get_attribute("aria-valuetext") == "20"
    visitor.choose("Method", "Deep ensemble").complete()
    assert visitor.slider("Ensemble members").get_attribute("aria-valuetext") == "9"


def test_a_sample_that_stands_out_is_lit_in_the_drawn_network(visit):
    """Stepped to on the planes, it is there when the tab is opened, on its plane and in its units, and back again."""
    visitor = visit("?hidden=16-16&draws=true&ratio=0.5")
    page = visitor.page
    page.locator(".st-key-plane_pair .draws input").fill("3")
    visitor.tab("The network").settle()
    network = page.locator(".st-key-network")
    assert network.locator(".sample").inner_text().startswith("MC-dropout sample 3 of 10 keeps ")
    assert network.locator(".lit").count() + network.locator(".dropped").count() == 16
    assert page.locator(".st-key-plane_beside_units .draws output").inner_text() == "3 of 10"
    page.locator(".st-key-plane_beside_units .draws input").fill("0")
    assert network.locator(".lit").count() == 0
    assert page.locator(".st-key-plane_pair .draws output").inner_text() == "all 10"
    visitor.choose("Method", "Deep ensemble").complete()
    visitor.says("A member of the ensemble is another network")
    page.locator(".st-key-plane_beside_units .draws input").fill("3")
    assert network.locator(".lit").count() == 0


def test_a_dot_of_a_diagram_shows_its_points(visit):
    """Where one is clicked, its points stand on a plane under it, and its numbers in a sentence."""
    visitor = visit()
    chart = visitor.page.locator(".st-key-reliability [data-testid=stVegaLiteChart]").first
    chart.locator('path[aria-roledescription="circle"]').nth(2).click(force=True)
    visitor.says("fresh points have a confidence from")
    visitor.says("A ring marks points to which the network gives another class")
    expect(visitor.chart("The points of the bin")).to_have_count(1)


def test_all_methods_come_in_one_after_the_other(visit):
    """Ten rows in six charts, sentences and a table; an ensemble's members are trained for it."""
    visitor = visit("?view=Methods")
    visitor.says("beside its own single pass")
    page = visitor.page
    for name in ("Accuracy", "NLL", "Brier", "ECE", "UCE", "OOD AUROC"):
        chart = page.locator(f'[data-testid=stVegaLiteChart][aria-label^="{name}"][aria-label$="of every method."]')
        points = chart.locator('path[aria-roledescription="point"]')
        points.nth(19).wait_for(state="attached")
        expect(points).to_have_count(20)
    page.get_by_text("All figures").click()
    page.get_by_role("cell", name="Deep ensemble, tempered").first.wait_for()

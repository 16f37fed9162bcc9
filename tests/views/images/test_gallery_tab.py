"""The gallery: which pictures come first, which are left out, and which are answered alike."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pruning import ImageExperiment, Network, Outcome
from pruning.data.images import Images, Shown
from pruning.outcome import IMAGE_SAMPLES
from uncertainty.predictions import Predictions
from views.controls.images import ALL_CLASSES, ORDER, ImageChoice
from views.images import gallery_tab
from views.images.cards import Row, data_url
from views.images.gallery_tab import neighbours

KNOWN = tuple("01234567")
UNDECIDED = np.full(8, 1 / 8)


def says(*answers: tuple[float, ...]) -> Predictions:
    """Predictions that are the same for every number of samples; missing classes have probability 0."""
    probs = np.array([(*answer, *[0.0] * (8 - len(answer))) for answer in answers], np.float32)
    frames = np.broadcast_to(probs, (len(IMAGE_SAMPLES), *probs.shape))
    return Predictions(IMAGE_SAMPLES, frames, np.zeros(frames.shape[:2], np.float32), probs)


def network(prune_ratio: float, test: Predictions, ood: Predictions) -> Network:
    return Network(
        prune_ratio=prune_ratio, level=int(prune_ratio > 0), masks={}, start_weights={}, weights={},
        early_stop_epoch=1, train_loss=np.zeros(1), val_loss=np.zeros(2), diverged=False,
        units=10, parameters=25, multiply_adds=20, latency=0.002, test=test, ood=ood,
    )  # fmt: skip


def outcome(dense: Predictions, pruned: Predictions) -> Outcome:
    """Two networks that say the same of test images as of unknown classes."""
    labels = np.arange(len(dense.logits)) % 8
    pair = (network(0.0, dense, dense), network(0.5, pruned, pruned))
    return Outcome(ImageExperiment(prune_ratio=0.5), labels, 8, pair)


# Confidence .6 .9 .6 .7; entropy .67 .33 .95 .80; disagreement with the dense network 0 0 .12 .36
DENSE = says((0.6, 0.4), (0.9, 0.1), (0.2, 0.8), (0.0, 0.2, 0.8))
PRUNED = says((0.6, 0.4), (0.9, 0.1), (0.6, 0.2, 0.2), (0.7, 0.15, 0.15))


def choice_of(one: Outcome, n_samples: int = 20) -> ImageChoice:
    return ImageChoice(one.experiment, n_samples, 15)


def order_of(one: Outcome, order: str, role: str = "ood") -> list[int]:
    return list(gallery_tab._sorted(one, choice_of(one), role, order))


# Order


@pytest.mark.parametrize(
    ("order", "indices"),
    [
        ("confident first", [1, 3, 0, 2]),
        ("doubtful first", [0, 2, 3, 1]),
        ("highest entropy", [2, 3, 0, 1]),
        ("most disagreement", [3, 2, 0, 1]),
    ],
)
def test_each_order_is_that_of_paper(order, indices):
    """By the pruned network's confidence or entropy, or by what the ratios disagree on; equal ones by position."""
    assert order_of(outcome(DENSE, PRUNED), order) == indices
    assert order_of(outcome(DENSE, PRUNED), order, "test") == indices


@pytest.mark.parametrize("order", ORDER.options)
def test_equal_pictures_stay_in_place(order):
    """Forty pictures that are answered alike are in the order of their numbers, whatever it is sorted by."""
    same = says(*[(0.7, 0.3)] * 40)
    assert order_of(outcome(same, same), order) == list(range(40))


def test_both_groups_have_an_order_of_their_own():
    """Test images are sorted by what is said of them, not of the unknown classes."""
    one = outcome(DENSE, PRUNED)
    mixed = replace(one, networks=(one.dense, network(0.5, says((0.1, 0.9), (0.6, 0.4)), PRUNED)))
    assert order_of(mixed, "confident first", "test") == [0, 1]
    assert order_of(mixed, "confident first", "ood") == [1, 3, 0, 2]


def test_disagreement_knows_of_networks_that_came_later():
    """What is remembered of a network does not outlive the set of networks that it was compared with."""
    pruned = network(0.5, PRUNED, PRUNED)
    alone = Outcome(ImageExperiment(prune_ratio=0.5), np.zeros(4, int), 8, (pruned,))
    assert order_of(alone, "most disagreement") == [0, 1, 2, 3]
    joined = replace(alone, networks=(network(0.0, DENSE, DENSE), pruned))
    assert order_of(joined, "most disagreement") == [3, 2, 0, 1]


def test_disagreement_is_that_of_the_strategy_on_the_page():
    """At ratio 0 the dense network is the chosen one; two strategies share it, and not what their others say."""
    dense = network(0.0, DENSE, DENSE)
    experiment = ImageExperiment(prune_ratio=0.0)
    one = Outcome(experiment, np.zeros(4, int), 8, (dense, network(0.5, PRUNED, PRUNED)))
    same = Outcome(replace(experiment, strategy="iterative"), one.test_labels, 8, (dense, network(0.5, DENSE, DENSE)))
    assert order_of(one, "most disagreement") == [3, 2, 0, 1]
    assert order_of(same, "most disagreement") == [0, 1, 2, 3]


# Filter


def test_the_filter_keeps_the_order():
    """Of pictures in some order those of one class stay, in that order."""
    part = Images(np.zeros((5, 1, 1, 1), np.uint8), np.array([0, 1, 0, 1, 0]), ("cat", "dog"))
    order = np.array([4, 3, 2, 1, 0])
    assert list(gallery_tab._of_class(part, order, "cat")) == [4, 2, 0]
    assert list(gallery_tab._of_class(part, order, "dog")) == [3, 1]
    assert list(gallery_tab._of_class(part, order, ALL_CLASSES)) == [4, 3, 2, 1, 0]
    assert list(gallery_tab._of_class(part, order, "owl")) == []


# Neighbours


def test_the_distance_is_hellinger_s():
    """Equal distributions are 0 apart, certain ones of different classes 1, a certain and an even one √(1 − 1/√2)."""
    others = np.array([[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]])
    nearest, distance = neighbours(np.array([1.0, 0.0]), others, 3)
    assert list(nearest) == [1, 2, 0]
    np.testing.assert_allclose(distance, [0, sqrt(1 - 1 / sqrt(2)), 1])


def test_the_distance_is_the_same_both_ways_and_bounded():
    """On random distributions: symmetric, within [0, 1], rising."""
    probs = np.random.default_rng(0).dirichlet(np.full(10, 0.3), 50)
    nearest, distance = neighbours(probs[7], probs, 50)
    assert (np.diff(distance) >= 0).all()
    assert distance.min() >= 0
    assert distance.max() <= 1
    for other, far in zip(nearest, distance, strict=True):
        back, way = neighbours(probs[other], probs, 50)
        assert way[list(back).index(7)] == pytest.approx(far)


def test_a_picture_is_no_neighbour_of_itself():
    """The one that is skipped is left out even where there are fewer others than asked for."""
    others = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
    nearest, distance = neighbours(others[0], others, 2, skip=0)
    assert list(nearest) == [1, 2]
    assert list(neighbours(others[0], others, 8, skip=0)[0]) == [1, 2]
    assert len(distance) == 2
    assert list(neighbours(others[0], others, 8)[0]) == [0, 1, 2]


def test_neighbours_leave_the_predictions_as_they_are():
    """Skipping one does not write into the array of the others."""
    others = np.array([[1.0, 0.0], [0.5, 0.5]])
    neighbours(others[0], others, 1, skip=0)
    np.testing.assert_array_equal(others, [[1.0, 0.0], [0.5, 0.5]])


# The figures


def test_the_figures_are_those_of_the_bars():
    """A row a network with its answer and every class's probability; the chosen ratio is bold, no name markup."""
    answers = [Row("0", np.array([0.2, 0.8]), False, True), Row("0.5", np.array([0.505, 0.495]), True, False)]
    table = gallery_tab.numbers(answers, ("a*b*", "dog"))
    assert table.to_dict("list") == {
        "Prune ratio": ["0", "**0.5**"],
        "Predicted": ["dog", r"a\*b\*"],
        r"a\*b\*": ["0.20", "0.51"],
        "dog": ["0.80", "0.49"],
    }


# The tab

PIXELS = np.random.default_rng(1).integers(0, 256, (48, 8, 8, 1), np.uint8)  # 24 test images, 24 of unknown classes
TEST, UNKNOWN = range(24), range(24, 48)


def page(outcome, choice, images):
    import streamlit as st

    from views.images import gallery_tab

    gallery_tab.draw(outcome, choice, images, st.container())


def tab(**controls: object) -> AppTest:
    """24 pictures of three unknown classes, of which one is called like a known one; test images are of four."""
    probs = [tuple(answer) for answer in np.random.default_rng(0).dirichlet(np.ones(8), 24)]
    known = Images(PIXELS[:24], np.arange(24) % 4, KNOWN)
    unknown = Images(PIXELS[24:], np.array([0] * 18 + [1] * 4 + [2] * 2), ("<8>", "9", "3"))
    one = outcome(says(*probs), says(*probs[::-1]))
    arguments = {"outcome": one, "choice": choice_of(one), "images": Shown(known, unknown, "")}
    app = AppTest.from_function(page, default_timeout=60, kwargs=arguments)
    for name, value in controls.items():
        app.session_state[name] = value
    return app.run()


def names(app: AppTest) -> list[str]:
    return [element.value.partition("<strong>")[2].partition("</strong>")[0] for element in app.get("html")]


def numbers(app: AppTest) -> list[int]:
    """Which of PIXELS the cards show."""
    urls = [data_url(pixels.tobytes(), pixels.shape) for pixels in PIXELS]
    return [urls.index(element.value.partition('src="')[2].partition('"')[0]) for element in app.get("html")]


def test_a_page_shows_ten_cards_and_the_last_what_is_left():
    """24 pictures are three pages; the caption counts all of them and names the bars."""
    app = tab()
    assert not app.exception
    assert len(names(app)) == len(app.button) == gallery_tab.PER_PAGE
    assert app.caption[0].value.startswith("24 pictures. ")
    assert app.caption[0].value.endswith("0, 1, 2, 3, 4, 5, 6, 7. Look closer at one for its numbers.")
    seen = numbers(app)
    for page, count in ((2, 10), (3, 4)):
        app.pagination[0].set_value(page).run()
        assert len(app.button) == count
        seen += numbers(app)
    assert sorted(seen) == list(UNKNOWN)


def test_every_card_has_a_row_a_network():
    """The dense one is grey and called 0, the pruned one is bold, and no class name is markup."""
    for element in tab().get("html"):
        assert element.value.count("linear-gradient") == 2 * 8
        assert element.value.count("font-weight:bold") == 1
        assert element.value.index(">0</span>") < element.value.index(">0.5</span>")
        assert "<8>" not in element.value


def test_a_class_that_is_in_both_groups_shows_those_that_are_chosen():
    """The class 3 is offered once; its unknown pictures and its test images are not mixed."""
    app = tab(of="3")
    assert app.selectbox(key="of").options.count("3") == 1
    assert (names(app), sorted(numbers(app))) == (["3"] * 2, [46, 47])
    app.segmented_control(key="pictures").set_value("test images").run()
    assert not app.exception
    assert names(app) == ["3"] * 6
    assert sorted(numbers(app)) == list(TEST[3::4])


def test_a_class_that_is_not_there_gets_a_sentence():
    """Unknown classes are no test images: the page says so and what to do, and draws no card."""
    app = tab(of="9", pictures="test images")
    assert not app.exception
    assert [element.value for element in app.info] == [
        "None of these pictures is of the class 9. Choose another, or all classes."
    ]
    assert not app.get("html")
    assert not app.pagination


def test_another_filter_begins_on_the_first_page():
    """Who is on page 3 of everything does not land on page 3 of a class that has one page."""
    app = tab()
    app.pagination[0].set_value(3).run()
    app.selectbox(key="of").set_value("9").run()
    assert not app.exception
    assert names(app) == ["9"] * 4


@pytest.mark.parametrize("role", ["ood", "test"])
def test_a_closer_look_draws_samples_and_neighbours_of_both_networks(role, monkeypatch):
    """The picture large, two charts of the samples, two strips of test images, never the picture itself."""
    asked = []

    def ask(experiment, one, pixels, n_samples):
        asked.append((one.prune_ratio, pixels, n_samples))
        return np.full((n_samples, 1, 8), 1 / 8)

    monkeypatch.setattr(gallery_tab, "ask", ask)
    app = tab(pictures="never seen" if role == "ood" else "test images")
    third = numbers(app)[2]
    app.button[2].click().run()
    assert not app.exception
    assert [ratio for ratio, *_ in asked] == [0.0, 0.5]
    for _, pixels, n_samples in asked:
        np.testing.assert_array_equal(pixels, PIXELS[third : third + 1])
        assert n_samples == 100
    assert [chart.proto.alt for chart in app.get("vega_lite_chart")] == [
        "Dense network: spread of samples.", "Pruned network: spread of samples."
    ]  # fmt: skip
    (table,) = app.table
    assert list(table.value["Prune ratio"]) == ["0", "**0.5**"]
    known = "a class no network has learned" if role == "ood" else "a test image"
    assert any(element.value.endswith(f"**, {known}") for element in app.markdown)
    strips = [html.value for html in app.get("html") if ">Dense<" in html.value or ">Pruned<" in html.value]
    assert [strip.count("<img") for strip in strips] == [gallery_tab.NEIGHBOURS] * 2
    if role == "test":
        (large,) = (html.value for html in app.get("html") if f'width="{gallery_tab.LARGE}"' in html.value)
        own = large.partition('src="')[2].partition('"')[0]
        assert not any(own in strip for strip in strips)


def test_a_closer_look_shows_all_it_knows_before_the_networks_answer(monkeypatch):
    """Picture, probabilities and neighbours at once, and a place that waits for the samples."""

    def unanswered(*_: object) -> np.ndarray:
        import streamlit as st

        st.stop()

    monkeypatch.setattr(gallery_tab, "ask", unanswered)
    app = tab()
    app.button[2].click().run()
    assert not app.exception
    assert len(app.table) == 1
    assert sum(">Dense<" in html.value for html in app.get("html")) == 1
    assert (len(app.get("skeleton")), len(app.get("vega_lite_chart"))) == (1, 0)

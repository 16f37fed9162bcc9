"""The gallery: which pictures are left out, what is written of one, and a closer look."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pruning import ImageExperiment, Network, Outcome
from pruning.data.images import Images, Shown
from pruning.evaluation.similarity import Order
from pruning.outcome import IMAGE_SAMPLES
from uncertainty.predictions import Predictions
from views.controls.images import ALL_CLASSES, ORDER
from views.images import gallery_tab
from views.images.cards import Row, data_url

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
        validation=test,
    )  # fmt: skip


def outcome(dense: Predictions, pruned: Predictions) -> Outcome:
    """Two networks that say the same of test images as of unknown classes."""
    labels = np.arange(len(dense.logits)) % 8
    pair = (network(0.0, dense, dense), network(0.5, pruned, pruned))
    return Outcome(ImageExperiment(prune_ratio=0.5), labels, 8, pair, validation_labels=labels)


# Filter


def test_the_filter_keeps_the_order():
    """Of pictures in some order those of one class stay, in that order."""
    part = Images(np.zeros((5, 1, 1, 1), np.uint8), np.array([0, 1, 0, 1, 0]), ("cat", "dog"))
    order = np.array([4, 3, 2, 1, 0])
    assert list(gallery_tab._of_class(part, order, "cat")) == [4, 2, 0]
    assert list(gallery_tab._of_class(part, order, "dog")) == [3, 1]
    assert list(gallery_tab._of_class(part, order, ALL_CLASSES)) == [4, 3, 2, 1, 0]
    assert list(gallery_tab._of_class(part, order, "owl")) == []


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


def page(outcome, images):
    import streamlit as st

    from pruning.evaluation import Evaluated
    from views.images import gallery_tab

    gallery_tab.draw(Evaluated(outcome, 20, 15), images, st.container())


@pytest.mark.parametrize("order", ORDER.options)
def test_every_order_that_is_offered_is_known(order):
    """The control and what sorts call them by the same names."""
    assert order in get_args(Order)
    assert len(ORDER.options) == len(get_args(Order))


def test_pictures_come_in_the_order_that_is_chosen():
    """The surest picture leads the first page, the most doubtful one the other way round."""
    surest = np.random.default_rng(0).dirichlet(np.ones(8), 24)[::-1].max(axis=1).argsort()
    assert numbers(tab())[0] == UNKNOWN[surest[-1]]
    assert numbers(tab(order="doubtful first"))[0] == UNKNOWN[surest[0]]


def tab(**controls: object) -> AppTest:
    """24 pictures of three unknown classes, of which one is called like a known one; test images are of four."""
    probs = [tuple(answer) for answer in np.random.default_rng(0).dirichlet(np.ones(8), 24)]
    known = Images(PIXELS[:24], np.arange(24) % 4, KNOWN)
    unknown = Images(PIXELS[24:], np.array([0] * 18 + [1] * 4 + [2] * 2), ("<8>", "9", "3"))
    one = outcome(says(*probs), says(*probs[::-1]))
    arguments = {"outcome": one, "images": Shown(known, unknown, "")}
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
    known, closer = "0, 1, 2, 3, 4, 5, 6, 7.", "Look closer at one for its numbers."
    assert app.caption[0].value.endswith(f"{known} Below them the prediction sets. {closer}")
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

    def ask(experiment, one, pixels, n_samples, source):
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

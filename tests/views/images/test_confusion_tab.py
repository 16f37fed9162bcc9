"""What unknown classes are mistaken for, in words and cells, and the pair that is told of."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pruning import ImageExperiment, ImageSet, Network, Outcome
from pruning.data.images import Images, NoImages, Shown, shown
from pruning.evaluation.confusion import Confusion, Rate
from pruning.outcome import IMAGE_SAMPLES
from uncertainty.predictions import Predictions
from views.controls.images import pair
from views.images import confusion_tab
from views.images.confusion_tab import MANY

KNOWN = tuple("01234567")
LABELS = np.array([0, 1, 1, 0, 1, 1])  # of the unknown pictures: two of class 8, four of class 9
DENSE, PRUNED = [3, 3, 3, 5, 7, 0], [3, 7, 3, 3, 7, 7]  # what the networks call them


def answering(answers: list[int]) -> Predictions:
    """Predictions whose winner is that answer, certainly with many samples, and class 1 with a single one."""
    probs = np.eye(8, dtype=np.float32)[answers]
    frames = np.stack([np.eye(8, dtype=np.float32)[[1] * len(answers)], *[probs] * (len(IMAGE_SAMPLES) - 1)])
    return Predictions(IMAGE_SAMPLES, frames, np.zeros(frames.shape[:2], np.float32), probs)


def network(prune_ratio: float, answers: list[int]) -> Network:
    said = answering(answers)
    return Network(
        prune_ratio=prune_ratio, level=int(prune_ratio > 0), masks={}, start_weights={}, weights={},
        early_stop_epoch=1, train_loss=np.zeros(1), val_loss=np.zeros(2), diverged=False,
        units=10, parameters=25, multiply_adds=20, latency=0.002, test=said, ood=said,
    )  # fmt: skip


def pictures(labels: np.ndarray, classes: tuple[str, ...]) -> Images:
    return Images(np.zeros((len(labels), 8, 8, 1), np.uint8), labels, classes)


IMAGES = Shown(pictures(np.arange(6), KNOWN), pictures(LABELS, ("8", "9")), "")


# Words


@pytest.mark.parametrize(
    ("count", "n", "words"),
    [
        (4, 8, "4 (50 %, interval 22–78 %)"),  # ½ ± z / (2 √(8 + z²))
        (0, 10, "0 (0 %, interval 0–28 %)"),  # z² / (10 + z²)
        (100, 100, "100 (100 %, interval 96–100 %)"),
        (0, 0, "no pictures"),
    ],
)
def test_a_rate_in_words_has_its_interval(count, n, words):
    """The count, its share and Wilson's interval, in whole percent; of none there is nothing to say."""
    assert confusion_tab.in_words(Rate(count, n)) == words


# Rows


def test_the_largest_change_comes_first():
    """By the sum of all changes of a class; equal ones by position, and no more than fit."""
    dense, pruned = np.zeros((4, 3)), np.zeros((4, 3))
    pruned[1, 0], pruned[2, :2], pruned[3, 2] = 0.5, (0.3, 0.3), -0.5
    assert list(confusion_tab._rows(dense, pruned, "largest change")) == [2, 1, 3, 0]
    assert list(confusion_tab._rows(dense, pruned, "all classes")) == [0, 1, 2, 3]
    assert len(confusion_tab._rows(np.zeros((100, 3)), np.ones((100, 3)), "largest change")) == MANY


def test_cells_say_where_they_stand_and_of_how_many():
    """Rows in the wanted order, columns in that of the classes; n is the number of pictures of the class."""
    found = Confusion.of(network(0.0, DENSE), IMAGES, 20)
    cells = confusion_tab._cells(found, np.array([1, 0]))
    assert len(cells) == 16
    first = cells[cells.position == 0]
    assert set(first.unknown) == {"9"}
    assert list(first.known) == list(KNOWN)
    assert list(first.share) == list(found.shares[1])
    assert dict(zip(cells.unknown, cells.n, strict=True)) == {"9": 4, "8": 2}


# The pair


def test_the_pair_of_digits_is_among_its_classes():
    """The story of each task is told of a class that is unknown and one that is known."""
    unknown, known = pair(ImageSet.DIGITS, shown(ImageSet.DIGITS))
    assert unknown.default in unknown.options
    assert known.default in known.options
    assert (unknown.default, known.default) == ImageSet.DIGITS.confused


def test_the_pair_of_cifar_is_among_its_classes():
    """A man that is called a deer, as in the study, in the files where they are there."""
    try:
        images = shown(ImageSet.CIFAR10)
    except NoImages as problem:
        pytest.skip(str(problem))
    unknown, known = pair(ImageSet.CIFAR10, images)
    assert (unknown.default, known.default) == ("man", "deer")
    assert "man" in unknown.options
    assert "deer" in known.options


# The tab


def page(outcome, images):
    import streamlit as st

    from pruning.evaluation import Evaluated
    from views.controls import setting
    from views.images import confusion_tab

    setting.settle()
    confusion_tab.draw(Evaluated(outcome, 20, 15), images, "light", st.container())


def tab(images: Shown = IMAGES, dense: list[int] = DENSE, pruned: list[int] = PRUNED) -> AppTest:
    networks = (network(0.0, dense), network(0.5, pruned), network(0.9, dense))
    outcome = Outcome(ImageExperiment(prune_ratio=0.5), np.arange(6), 8, networks)
    arguments = {"outcome": outcome, "images": images}
    return AppTest.from_function(page, default_timeout=60, kwargs=arguments).run()


def story(app: AppTest) -> list[str]:
    return [line for element in app.markdown for line in element.value.splitlines() if "interval " in line]


def test_the_story_has_a_line_a_network():
    """Counts of 9 → 3 for each, the dense and the chosen one in bold, three charts, no button."""
    app = tab()
    assert not app.exception
    assert [line.partition(" (")[0] for line in story(app)] == [
        "- **dense**: 2", "- **pruned at 0.5**: 1", "- pruned at 0.9: 2"
    ]  # fmt: skip
    assert any("Of **4** pictures of *9*, called *3*:" in element.value for element in app.markdown)
    assert [chart.proto.alt for chart in app.get("vega_lite_chart")] == [
        "How often one class is called another, at every prune ratio.",
        "Dense network: share of each unknown class given each known class.",
        "Pruned network: share of each unknown class given each known class.",
    ]
    assert not app.button


def test_the_button_goes_back_to_the_usual_pair():
    """Another pair is told of with its own counts; one click resets both choices, and the button is gone."""
    app = tab()
    app.selectbox(key="unknown").set_value("8")
    app.selectbox(key="taken_for").set_value("5").run()
    assert [line.partition(" (")[0] for line in story(app)][:2] == ["- **dense**: 1", "- **pruned at 0.5**: 0"]
    assert app.button[0].label == "The usual pair: 9 → 3"
    app.button[0].click().run()
    assert not app.exception
    assert (app.selectbox(key="unknown").value, app.selectbox(key="taken_for").value) == ImageSet.DIGITS.confused
    assert story(app)[0].startswith("- **dense**: 2")
    assert not app.button


@pytest.mark.parametrize(("n_classes", "offered"), [(MANY, False), (MANY + 1, True)])
def test_rows_are_chosen_where_there_are_many(n_classes, offered):
    """A table that fits is shown whole; a longer one begins with what changes most, and can be shown whole."""
    names = tuple(str(number) for number in range(8, 8 + n_classes))
    rng = np.random.default_rng(0)
    images = Shown(IMAGES.test, pictures(np.arange(4 * n_classes) % n_classes, names), "")
    app = tab(images, *(list(rng.integers(0, 8, 4 * n_classes)) for _ in range(2)))
    assert not app.exception
    assert bool(app.segmented_control) == offered
    if offered:
        app.segmented_control(key="rows").set_value("all classes").run()
        assert not app.exception

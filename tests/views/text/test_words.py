"""What the page says in words: the table, the sentence on top, and what a link got wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from pruning import Experiment, ImageExperiment, ImageSet
from pruning.data.images import Images, NoImages, Shown
from pruning.evaluation.metrics import Figures
from uncertainty.estimate import Estimate
from uncertainty.expected import scores
from uncertainty.floor import Floor
from uncertainty.paired import Difference
from views.controls import images as image_controls
from views.controls import moons as moons_controls
from views.controls import state
from views.controls.control import Control
from views.controls.url import link_problems
from views.images import download_panel, training_panel
from views.text import figure_table
from views.text.claims import Change
from views.text.comparison import Compared

DENSE = Figures(
    accuracy=0.95, nll=0.2, brier=0.1, ece=0.02, mce=0.3, ace=0.02, uce=0.1, epistemic_test=0.02, epistemic_ood=0.05,
    early_stop_epoch=70, epochs_spent=90, seconds_spent=0.81, units=128, parameters=4482, compression_ratio=1.0,
    speed_up=1.0, latency=0.0002, test=scores(np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([0, 1])),
)  # fmt: skip
PRUNED = replace(
    DENSE,
    accuracy=0.90,
    ece=0.09,
    epistemic_test=0.03,
    units=12,
    parameters=74,
    compression_ratio=60.6,
    latency=0.0001,
)
FLOOR = Floor(0.03, 0.01, 0.05)

PICTURE = {
    "method",
    "tempered",
    "samples",
    "members",
    "bins",
    "binning",
    "dropping",
}  # controls that change what is shown, not what is trained


def rows(dense: Figures = DENSE, pruned: Figures = PRUNED, alike: bool = True) -> dict[str, tuple[str, str, str]]:
    table = figure_table.figure_table(dense, pruned, {"ece": (FLOOR, FLOOR), "uce": (FLOOR, FLOOR)}, alike)
    return {row.Figure: (row.Dense, row.Pruned, row.Difference) for row in table.itertuples()}


def change(name: str, before: float, after: float, unit: str = "") -> Change:
    """Told from 0.03 on."""
    value = after - before
    return Change(name, before, after, Difference(value, value - 0.03, value + 0.03), unit=unit)


def reading(
    pruned: Figures, ratio: float = 0.9, judged: str = "it is **under-confident**", trained: bool = True
) -> str:
    outcome = SimpleNamespace(experiment=Experiment(prune_ratio=ratio))
    accuracy, epistemic = (
        change("accuracy", DENSE.accuracy, pruned.accuracy),
        change("epistemic uncertainty", DENSE.epistemic_test, pruned.epistemic_test, " nats"),
    )
    seen = Compared(accuracy, change("ECE", 0, 0), change("NLL", 0, 0), epistemic)
    return figure_table.reading(outcome, DENSE, pruned, seen, judged, "150 points", trained)


def test_a_difference_is_pruned_minus_dense_with_its_sign():
    """0.95 → 0.90 is −0.050, more parameters removed is a minus, equal figures are 0."""
    assert rows()["Accuracy"] == ("0.950", "0.900", "−0.050")
    assert rows()["Parameters"] == ("4,482", "74", "−4,408")
    assert rows()["Compression ratio"] == ("1.00 ×", "60.60 ×", "+59.60 ×")
    assert rows()["Measured latency"] == ("0.200 ms", "0.100 ms", "−0.100 ms")
    assert rows()["NLL"][2] == "0"


def test_a_difference_too_small_to_show_is_0():
    """What would be written +0.000 is written 0."""
    assert rows(pruned=replace(PRUNED, nll=0.2001))["NLL"][2] == "0"


@pytest.mark.parametrize(
    ("field", "before", "after", "written"),
    [
        ("nll", 0.0344, 0.0356, ("0.034", "0.036", "+0.002")),  # exactly 0.0012
        ("nll", 0.0346, 0.0354, ("0.035", "0.035", "0")),  # exactly 0.0008
        ("nll", 0.0356, 0.0344, ("0.036", "0.034", "−0.002")),
        ("latency", 0.0001234, 0.0003456, ("0.123 ms", "0.346 ms", "+0.223 ms")),  # exactly 0.2222
        ("seconds_spent", 0.8149, 1.0251, ("0.81 s", "1.03 s", "+0.22 s")),  # exactly 0.2102
        ("speed_up", 1.0, 1.004, ("1.00 ×", "1.00 ×", "0")),
    ],
)
def test_a_difference_is_that_of_the_numbers_beside_it(field, before, after, written):
    """Whoever subtracts what is printed gets what is printed."""
    label = next(row.label for row in figure_table.ROWS if row.field == field)
    assert rows(replace(DENSE, **{field: before}), replace(PRUNED, **{field: after}))[label] == written


@pytest.mark.parametrize(
    ("before", "after", "written"),
    [
        (-0.0204, 0.0306, ("−0.020", "+0.031", "+0.051")),
        (0.0306, -0.0004, ("+0.031", "0.000", "−0.031")),
        (-0.0004, 0.0004, ("0.000", "0.000", "0")),
    ],
)
def test_a_signed_gap_is_written_with_its_side(before, after, written):
    """Over-confident is a plus, under-confident a minus, and what is printed as zero has neither."""
    both = (SimpleNamespace(signed_gap=Estimate(value, value, value)) for value in (before, after))
    assert rows(*(replace(DENSE, test=each) for each in both))["Signed gap"] == written


def test_without_training_there_is_no_early_stop():
    """Nothing was trained after pruning: a dash instead of epoch 0, and no difference; all else is written."""
    idle, trained = rows(pruned=replace(PRUNED, early_stop_epoch=None)), rows()
    assert idle.pop("Early-stop epoch") == ("70", "–", "")
    assert trained.pop("Early-stop epoch") == ("70", "70", "0")
    assert idle == trained


def test_early_stops_that_do_not_compare_have_no_difference():
    """Both are written, for each is true of its own network."""
    assert rows(pruned=replace(PRUNED, early_stop_epoch=95), alike=False)["Early-stop epoch"] == ("70", "95", "")


def test_floors_follow_their_figures():
    """ECE and UCE are followed by what a calibrated network would get, with the band."""
    names = list(rows())
    for name in ("ECE", "UCE"):
        assert names[names.index(name) + 1] == f"{name}, floor"
        assert rows()[f"{name}, floor"][0] == "0.030 (0.010–0.050)"


def test_a_latency_not_measured_yet_is_left_open():
    """While networks still train, the latency shows an ellipsis."""
    waiting = replace(DENSE, latency=float("nan"))
    assert rows(waiting, replace(PRUNED, latency=float("nan")))["Measured latency"] == ("…", "…", "…")


def test_seconds_that_nobody_measured_are_left_open():
    """As of a network that was kept before they were measured."""
    assert rows(replace(DENSE, seconds_spent=float("nan")))["Seconds spent"] == ("…", "0.81 s", "…")


def test_every_figure_has_a_row_and_a_meaning():
    """The table leaves no figure out, and the list under it explains each."""
    elsewhere = {"test", "truth", "against"}  # what stands behind the rows: intervals, and the same of fresh points
    assert {row.field for row in figure_table.ROWS} == set(Figures.__dataclass_fields__) - elsewhere | {"signed_gap"}
    for row in figure_table.ROWS:
        assert f"**{row.label}**: " in figure_table.meanings(figure_table.POINTS)


def test_the_sentence_tells_what_rose_and_what_fell():
    """The direction of what is told, the size of what could have been, and what is said of calibration."""
    assert reading(PRUNED) == (
        "Pruned to **12 of 128 units**: accuracy **falls** 0.950 → 0.900; no difference that 150 points could tell "
        "in epistemic uncertainty (0.020 → 0.030 nats, ±0.030). It is **under-confident**."
    )


def test_of_no_disagreement_nothing_is_said():
    """Of one sample, or without dropout, it is nothing by construction, however many points there are."""
    outcome = SimpleNamespace(experiment=Experiment(prune_ratio=0.9))
    same = change("epistemic uncertainty", 0.0, 3e-8, " nats")
    seen = Compared(change("accuracy", 0.95, 0.9), change("ECE", 0, 0), change("NLL", 0, 0), same)
    text = figure_table.reading(outcome, DENSE, PRUNED, seen, "it is **under-confident**", "150 points")
    assert "accuracy **falls** 0.950 → 0.900. It is" in text
    assert "epistemic" not in text


def test_the_sentence_is_silent_where_nothing_can_be_told():
    """A fall of 0.02 is none that 150 points could tell, whatever it is called elsewhere."""
    text = reading(replace(PRUNED, accuracy=0.93), judged="150 points cannot tell it from calibrated")
    assert "**" not in text.replace("**12 of 128 units**", "")
    assert "accuracy (0.950 → 0.930, ±0.030)" in text
    assert text.endswith("150 points cannot tell it from calibrated.")


def test_of_a_network_that_did_not_train_nothing_is_concluded():
    """Neither that it is calibrated nor that its doubt rose: it did not train."""
    text = reading(replace(PRUNED, accuracy=0.12), trained=False)
    assert text == (
        "Pruned to **12 of 128 units**, the network **did not train**: at accuracy 0.120 its doubt means nothing."
    )


def test_the_sentence_knows_when_nothing_is_pruned():
    """At ratio 0 it invites to move the slider."""
    assert reading(DENSE, ratio=0.0).startswith("Nothing is pruned yet")


def test_every_choice_of_every_control_is_legal_in_a_link():
    """What the page itself writes into the address is never called wrong."""
    for control in moons_controls.ALL:
        options = (
            control.options
            if control.widget != "number"
            else (control.options[0], control.default, control.options[-1])
        )
        for option in options:
            assert link_problems({control.name: control.show(option)}, moons_controls.ALL) == []


def test_every_default_is_a_choice_with_a_help():
    """Each control starts on one of its choices, has one name, and explains itself."""
    assert len({control.name for control in moons_controls.ALL}) == len(moons_controls.ALL)
    for control in moons_controls.ALL:
        assert control.help.endswith((".", ")", "?")), control.name
        low, high = control.options[0], control.options[-1]
        assert low <= control.default <= high if control.widget == "number" else control.default in control.options
        assert len({control.show(option) for option in control.options}) == len(control.options)


def test_every_choice_makes_an_experiment():
    """No control offers a value that the experiment refuses."""
    for control in (
        moons_controls.STRATEGY,
        moons_controls.RATIO,
        *(k for group in moons_controls.SETTINGS.values() for k in group),
    ):
        for option in () if control.name in PICTURE else control.options:
            Experiment(**fields_of(control, option))


def fields_of(control: Control, option: object) -> dict[str, object]:
    """What an experiment is given for a value of a control: a field of its own, but the rounds have two."""
    if control is moons_controls.ROUNDS:
        return moons_controls.rounds_of(option)
    return {control.field: option}


def test_every_field_of_an_experiment_has_a_control():
    """But the longest training; and what a control starts on is what an experiment has without it."""
    standard, controls = Experiment(), {control.field: control for control in moons_controls.EXPERIMENT}
    without = {each.name for each in fields(Experiment)} - set(controls)
    assert without == {"rounds", "round_share", "max_epochs"}
    assert {name: controls[name].default for name in controls if name} == {
        name: getattr(standard, name) for name in controls if name
    }


def test_rounds_are_a_number_or_a_share():
    """The link says either; 20 % is a fifth of what is left, each time."""
    assert moons_controls.ROUNDS.read("3") == 3
    assert moons_controls.rounds_of(moons_controls.ROUNDS.read("3")) == {"rounds": 3}
    assert moons_controls.rounds_of(moons_controls.ROUNDS.read("20 %")) == {"round_share": 0.2}
    assert Experiment(**moons_controls.rounds_of(moons_controls.ROUNDS.default)) == Experiment()


@pytest.mark.parametrize("value", ["", "-1", "10000", "1.5", "1e3", "٣", "seven", " 3"])
def test_a_seed_that_is_none_is_named_with_its_range(value):
    """Only plain digits within the range are a seed."""
    (sentence,) = link_problems({"seed": value}, moons_controls.ALL)
    assert "it must be a whole number from 0 to 9999" in sentence


@given(name=st.text(max_size=60), value=st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_whatever_a_stranger_writes_into_a_link_ends_in_at_most_one_tame_sentence(name, value):
    """No text breaks the check, and none can leave the quotes it is shown in."""
    for sentence in link_problems({name: value, "ratio": value}, moons_controls.ALL):
        assert sentence.startswith("The link sets ")
        assert sentence.count("`") % 2 == 0
        assert len(sentence) < 500
        assert sentence.isprintable()


# The controls of the image page

CLASSES = {
    ImageSet.DIGITS: (("8", "9"), tuple("01234567")),
    ImageSet.CIFAR10: (("man", "tree, oak", "cat"), ("deer", "cat")),
    ImageSet.FASHION: (("0", "1"), ("Trouser", "T-shirt/top")),
    ImageSet.MNIST: (("Trouser", "T-shirt/top"), ("0", "1")),
}
tasks = pytest.mark.parametrize("task", ImageSet)


@pytest.fixture
def classes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Images of both tasks that are nothing but their classes; one of them is in both groups."""

    def shown(task: ImageSet) -> Shown:
        nothing, (unknown, known) = np.zeros(0), CLASSES[task]
        return Shown(Images(nothing, nothing, known), Images(nothing, nothing, unknown), "")

    monkeypatch.setattr(image_controls, "shown", shown)


def controls_of(task: ImageSet) -> tuple[Control, ...]:
    folded = (control for controls in image_controls.settings(task).values() for control in controls)
    return (
        image_controls.TASK,
        *image_controls.MAIN,
        image_controls.TEMPERED,
        *folded,
        *image_controls.in_tabs(task),
    )


def choices(control: Control) -> list[object]:
    return (
        [*control.options]
        if control.widget != "number"
        else [control.options[0], control.default, control.options[-1]]
    )


@tasks
def test_every_image_control_starts_on_a_legal_choice_with_a_name_of_its_own(classes, task):
    """Each default is among what the task allows, no two controls or choices share a name, and each has a help."""
    controls = controls_of(task)
    assert len({control.name for control in controls}) == len(controls)
    for control in controls:
        assert control.allows(control.default), control.name
        assert len({control.show(option) for option in control.options}) == len(control.options)
        assert control is image_controls.TAB or control.help.endswith((".", ")", "?")), control.name


@tasks
def test_every_choice_of_every_image_control_survives_the_link(classes, task):
    """What the page writes into the address is never called wrong; a class with a comma is no exception."""
    controls = controls_of(task)
    for control in controls:
        for option in choices(control):
            assert link_problems({control.name: control.show(option)}, controls) == []


@tasks
def test_every_choice_of_an_image_control_makes_an_experiment(task):
    """No control offers a value that the task refuses."""
    start = {"dataset": task, "network": task.networks[0]}
    settings = image_controls.settings(task)
    for control in (
        moons_controls.STRATEGY,
        image_controls.RATIO,
        *(k for controls in settings.values() for k in controls),
    ):
        for option in () if control.name in PICTURE else choices(control):
            ImageExperiment(**start | fields_of(control, option))


@tasks
def test_a_name_that_both_pages_know_means_the_same(classes, task):
    """The session and the link share such a name: its label, default, widget and words are the same on both pages."""
    moons = {control.name: control for control in moons_controls.ALL}
    shared = [(moons[control.name], control) for control in controls_of(task) if control.name in moons]
    seeds = {"over_seeds"} if task == ImageSet.DIGITS else set()
    assert {control.name for _, control in shared} == seeds | {
        "strategy", "ratio", "method", "tempered", "samples", "members", "criterion", "scope", "dropout_rule",
        "rewind", "rounds", "bins", "binning", "dropping", "seed", "alpha", "sets", "loss", "score", "refuse", "t",
    }  # fmt: skip
    for one, other in shared:
        assert (one.label, one.default, one.widget) == (other.label, other.default, other.widget)
        both = [option for option in one.options if option in other.options]
        assert [one.show(option) for option in both] == [other.show(option) for option in both]


def test_the_defaults_of_the_page_are_those_of_the_experiment():
    """Who opens the page on digits asks for `ImageExperiment()`, so that a plain run prepares it."""
    folded = [control for controls in image_controls.settings(ImageSet.DIGITS).values() for control in controls]
    values = {k.field or k.name: k.default for k in (*image_controls.MAIN, *folded) if k.name not in PICTURE}
    assert ImageExperiment(**values) == ImageExperiment()


@tasks
def test_no_control_has_the_name_of_something_else_in_the_session(classes, task):
    """What a visit keeps lives beside the controls: under its key, or its key and a page or a kind of job."""
    kept = {key.name for key in state.REGISTER}
    parts = ("moons", "images", "glossary", training_panel.TRAINING.name, download_panel.FETCHING.name)
    taken = kept | {f"{name}_{part}" for name in kept for part in parts} | state.WIDGETS | {"player"}
    assert not taken & {control.name for control in (*controls_of(task), *moons_controls.ALL)}


def test_a_network_of_the_other_task_is_named_with_the_legal_ones(classes):
    """LeNet is no network for digits; the sentence tells which are."""
    (sentence,) = link_problems({"network": "LeNet"}, controls_of(ImageSet.DIGITS))
    assert sentence == (
        "The link sets network to `LeNet`; it must be one of: Small CNN · Wider CNN · Wider CNN, BatchNorm. "
        "Using Small CNN."
    )
    assert link_problems({"network": "LeNet"}, controls_of(ImageSet.CIFAR10)) == []


def test_a_class_in_both_groups_is_offered_once(classes):
    """The filter lists unknown classes first, then known ones, after all of them together."""
    images = image_controls.shown(ImageSet.CIFAR10)
    assert image_controls.of_class(images).options == ("all classes", "man", "tree, oak", "cat", "deer")


def test_without_images_no_class_is_known(monkeypatch):
    """The controls over classes are left out, the others stay."""

    def missing(task: ImageSet) -> Shown:
        raise NoImages("not there")

    monkeypatch.setattr(image_controls, "shown", missing)
    names = {control.name for control in image_controls.in_tabs(ImageSet.CIFAR10)}
    assert names == {"tab", "pictures", "order", "rows", "score", "refuse", "alpha", "sets", "loss", "t"}


@pytest.mark.parametrize(
    ("widget", "kept", "lost"),
    [("steps", 5, 7), ("select", 5, 7), ("buttons", 5, "5"), ("number", 7, 11), ("number", 1, 2.5)],
)
def test_a_remembered_value_that_is_not_legal_here_is_forgotten(widget, kept, lost):
    """A value of another page or task stays where it is a choice, and else gives way to the default."""

    def page(control):
        import streamlit as st

        st.markdown(str(control.draw()))

    control = Control("n", "N", "Help.", 3, (1, 3, 5, 10), widget)
    for value, expected in ((kept, kept), (lost, 3)):
        app = AppTest.from_function(page, kwargs={"control": control}, default_timeout=60)
        app.session_state["n"] = value
        app.run()
        assert not app.exception
        assert app.markdown[0].value == str(expected)

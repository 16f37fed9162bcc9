"""What the page says in words: the table, the sentence on top, and what a link got wrong."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pruning import Experiment
from pruning.figures import Figures
from uncertainty.floor import Floor
from views import controls, tables
from views.knobs import link_problems

DENSE = Figures(
    accuracy=0.95, nll=0.2, brier=0.1, ece=0.02, mce=0.3, ace=0.02, uce=0.1, epistemic_test=0.02, epistemic_ood=0.05,
    early_stop_epoch=70, units=128, parameters=4482, compression_ratio=1.0, speed_up=1.0, latency=0.0002,
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


def rows(dense: Figures = DENSE, pruned: Figures = PRUNED) -> dict[str, tuple[str, str, str]]:
    table = tables.figure_table(dense, pruned, {"ece": (FLOOR, FLOOR), "uce": (FLOOR, FLOOR)})
    return {row.Figure: (row.Dense, row.Pruned, row.Difference) for row in table.itertuples()}


def reading(pruned: Figures, ratio: float = 0.9) -> str:
    outcome = SimpleNamespace(experiment=Experiment(prune_ratio=ratio))
    return tables.reading(outcome, DENSE, pruned, FLOOR, tables.POINTS)


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


def test_every_figure_has_a_row_and_a_meaning():
    """The table leaves no figure out, and the list under it explains each."""
    assert {row.field for row in tables.ROWS} == set(Figures.__dataclass_fields__)
    for row in tables.ROWS:
        assert f"**{row.label}**: " in tables.meanings(tables.POINTS)


@pytest.mark.parametrize(
    ("ece", "words"), [(0.09, "**above**"), (0.05, "within"), (0.01, "within"), (0.009, "below")]
)
def test_the_sentence_places_the_ece_in_its_band(ece, words):
    """The ends of the band belong to it."""
    assert f"ECE of {ece:.3f} is {words} the range" in reading(replace(PRUNED, ece=ece))


def test_the_sentence_tells_what_rose_and_what_fell():
    """Accuracy and epistemic uncertainty are read off with their direction; what looks equal stays."""
    text = reading(PRUNED)
    assert "**12 of 128 units**" in text
    assert "Accuracy **falls** 0.950 → 0.900" in text
    assert "**rises** 0.020 → 0.030 nats" in text
    assert "Accuracy **stays** at 0.950" in reading(replace(PRUNED, accuracy=0.95004))


def test_the_sentence_knows_when_nothing_is_pruned():
    """At ratio 0 it invites to move the slider."""
    assert reading(DENSE, ratio=0.0).startswith("Nothing is pruned yet")


def test_every_choice_of_every_knob_is_legal_in_a_link():
    """What the page itself writes into the address is never called wrong."""
    for knob in controls.ALL:
        options = knob.options if knob.widget != "number" else (knob.options[0], knob.default, knob.options[-1])
        for option in options:
            assert link_problems({knob.name: knob.show(option)}, controls.ALL) == []


def test_every_default_is_a_choice_with_a_help():
    """Each knob starts on one of its choices, has one name, and explains itself."""
    assert len({knob.name for knob in controls.ALL}) == len(controls.ALL)
    for knob in controls.ALL:
        assert knob.help.endswith((".", ")", "?")), knob.name
        low, high = knob.options[0], knob.options[-1]
        assert low <= knob.default <= high if knob.widget == "number" else knob.default in knob.options
        assert len({knob.show(option) for option in knob.options}) == len(knob.options)


def test_every_choice_makes_an_experiment():
    """No knob offers a value that the experiment refuses."""
    names = {"ratio": "prune_ratio", "rewind": "rewind_epoch"}
    for knob in (controls.STRATEGY, controls.RATIO, *(k for group in controls.SETTINGS.values() for k in group)):
        for option in () if knob.name == "bins" else knob.options:
            Experiment(**{names.get(knob.name, knob.name): option})


@pytest.mark.parametrize("value", ["", "-1", "10000", "1.5", "1e3", "٣", "seven", " 3"])
def test_a_seed_that_is_none_is_named_with_its_range(value):
    """Only plain digits within the range are a seed."""
    (sentence,) = link_problems({"seed": value}, controls.ALL)
    assert "it must be a whole number from 0 to 9999" in sentence


@given(name=st.text(max_size=60), value=st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_whatever_a_stranger_writes_into_a_link_ends_in_at_most_one_tame_sentence(name, value):
    """No text breaks the check, and none can leave the quotes it is shown in."""
    for sentence in link_problems({name: value, "ratio": value}, controls.ALL):
        assert sentence.startswith("The link sets ")
        assert sentence.count("`") % 2 == 0
        assert len(sentence) < 400
        assert sentence.isprintable()

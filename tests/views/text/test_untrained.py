"""Networks that did not train: what is said of them, and how they are marked in curves and cards."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from pruning import ImageExperiment, Network, Outcome
from uncertainty.predictions import Predictions
from views.charts.colours import DENSE, PRUNED
from views.charts.export import svg
from views.charts.vega import Chart, curve_chart
from views.images import cards, gallery_tab
from views.text import untrained

CHANCE = float(np.log(8))
NOTHING = Predictions((1,), np.ones((1, 0, 2)), np.zeros((1, 0)), np.zeros((0, 2)))


def network(ratio: float, trained: bool = True, parents: bool = True) -> Network:
    """Its loss goes from 2.2 to a third of chance, or to chance and no farther."""
    return Network(
        prune_ratio=ratio, level=int(ratio > 0), masks={}, start_weights={}, weights={}, early_stop_epoch=1,
        train_loss=np.zeros(1), val_loss=np.array([2.2, CHANCE / 3 if trained else CHANCE]), diverged=False, units=1,
        parameters=1, multiply_adds=1, latency=0.0, test=NOTHING, ood=NOTHING, chance_loss=CHANCE,
        parents_trained=parents,
    )  # fmt: skip


# Sentences


@pytest.mark.parametrize(
    ("networks", "sentences"),
    [
        ([network(0), network(0.5)], []),
        (
            [network(0), network(0.5), network(0.9, False), network(0.95, False)],
            [
                "The networks at prune ratio 0.9 and 0.95 did not train: their validation loss stayed at chance "
                "(2.08 nats); nothing is concluded from them."
            ],
        ),
        (
            [network(0), network(0.8, False), network(0.9, True, False)],
            [
                "The network at prune ratio 0.8 did not train: its validation loss stayed at chance (2.08 nats); "
                "nothing is concluded from it.",
                "The network at prune ratio 0.9 trained, but was pruned from one that did not.",
            ],
        ),
        (
            [network(0, False), network(0.1, False, False), network(0.2, True, False), network(0.3, True, False)],
            [
                "The dense network and the one at prune ratio 0.1 did not train: their validation loss stayed at "
                "chance (2.08 nats); nothing is concluded from them.",
                "The networks at prune ratio 0.2 and 0.3 trained, but were pruned from one that did not.",
            ],
        ),
        (
            [network(0, False)],
            [
                "The dense network did not train: its validation loss stayed at chance (2.08 nats); nothing is "
                "concluded from it."
            ],
        ),
    ],
)
def test_what_did_not_train_is_named(networks, sentences):
    """In one sentence with chance in nats; what was pruned from it in another; nothing where all is well."""
    assert untrained.sentences(networks) == sentences


def test_the_notes_of_a_page_tell_of_it():
    """Both pages show them."""
    one = Outcome(ImageExperiment(), np.zeros(0, int), 8, (network(0), network(0.9, False)))
    (note,) = (note for note in untrained.notes(one) if "did not train" in note)
    assert note.startswith("The network at prune ratio 0.9 did not train")
    assert not any("train" in note for note in untrained.notes(replace(one, networks=one.networks[:1])))


def test_a_network_that_did_not_train_gets_no_verdict():
    """A sentence with both losses stands in its place; a trained one has none."""
    assert untrained.verdict(network(0.5)) == ""
    assert untrained.verdict(network(0.9, False)) == (
        "The pruned network **did not train**: validation loss 2.08 nats, chance 2.08. Nothing is concluded from it."
    )
    assert untrained.verdict(network(0, False)).startswith("The dense network **did not train**")


# Curves


def marks(chart: Chart) -> list[tuple[str, str, str, int]]:
    """What each dot says of its training, its number, its colour, and of how many parts its outline is."""
    found = []
    for mark in ElementTree.fromstring(svg(chart, "A")).iter():
        if mark.get("aria-roledescription") == "circle":
            said = dict(part.split(": ", 1) for part in mark.attrib["aria-label"].split("; "))
            outline = mark.attrib["d"]
            found.append(
                (said.get("training", ""), said["A"], mark.attrib["fill"], len(re.findall("[A-Za-z]", outline)))
            )
    return found


def rows(*trained: bool) -> pd.DataFrame:
    values = [0.9, 0.8, 0.125, 0.7][: len(trained)]
    ratios = [i / 4 for i in range(len(trained))]
    table = pd.DataFrame({"ratio": ratios, "value": values, "dense": 0.9, "trained": trained})
    return table.assign(chosen=False)


def lines(chart: Chart) -> list[int]:
    """Of how many points each line is, the line of reference first."""
    drawing = ElementTree.fromstring(svg(chart, "A"))
    groups = [mark for mark in drawing.iter() if "mark-line" in mark.get("class", "")]
    return [len(re.findall("[ML]", path.attrib["d"])) for group in groups for path in group]


def test_what_did_not_train_is_a_grey_cross_off_the_line():
    """The others are dots in the colour of what is pruned; a dot and a cross say what they are."""
    chart = curve_chart(rows(True, True, False, True), "A")
    told = marks(chart)
    assert [(words, number, colour) for words, number, colour, _ in told] == [
        ("has learned", "0.900", PRUNED),
        ("has learned", "0.800", PRUNED),
        ("did not train", "0.125", DENSE),
        ("has learned", "0.700", PRUNED),
    ]
    dot, _, cross, _ = (parts for *_, parts in told)
    assert dot < 6 < cross
    assert lines(chart) == [4, 3]


def test_a_curve_without_that_knowledge_marks_nothing():
    """All its points are dots on the line, and none says anything of training."""
    chart = curve_chart(rows(True, True, False, True).drop(columns="trained"), "A")
    assert {(words, colour) for words, _, colour, _ in marks(chart)} == {("", PRUNED)}
    assert lines(chart) == [4, 4]


def test_a_chart_is_the_same_whatever_has_trained():
    """Only its data change, so that nothing flickers."""
    assert curve_chart(rows(True, True), "A").spec == curve_chart(rows(True, False), "A").spec


# Cards


def test_a_row_of_a_card_says_that_its_network_did_not_train():
    """No bar of it is coloured, no class is its answer, and its numbers are told where one points at it."""
    row = cards.Row("0.9", np.array([0.4, 0.6]), chosen=True, dense=False, trained=False)
    html = cards.bars([row], ("cat", "dog"))
    assert PRUNED not in html
    assert html.count(cards.FAINT) == 2
    assert ">not trained<" in html
    assert "dog (" not in html
    assert 'title="not trained: cat 0.40, dog 0.60"' in html
    assert ">dog (0.60)<" in cards.bars([replace(row, trained=True)], ("cat", "dog"))


def test_the_gallery_marks_the_rows_and_the_table():
    """Of three networks the second did not train."""
    networks = (network(0), network(0.5, False), network(0.9))
    one = Outcome(ImageExperiment(prune_ratio=0.9), np.zeros(0, int), 2, networks)
    answers = gallery_tab.rows(one, [np.array([0.4, 0.6])] * 3)
    assert [answer.trained for answer in answers] == [True, False, True]
    assert list(gallery_tab.numbers(answers, ("cat", "dog"))["Predicted"]) == ["dog", "not trained", "dog"]


# No better than chance


@pytest.mark.parametrize(
    ("stop", "loss", "words"),
    [
        (1, CHANCE / 3, ""),
        (1, CHANCE, "it **did not train**"),
        (None, CHANCE / 3, ""),
        (None, 1.1 * CHANCE, "its answers are **no better than chance**"),  # pruned, and not trained again
        (None, 0.98 * CHANCE, ""),
    ],
)
def test_who_knows_nothing_is_not_judged(stop, loss, words):
    """Whether training failed or none was asked for; two per cent below chance is something."""
    known = replace(network(0.5), early_stop_epoch=stop, val_loss=np.array([loss, loss]))
    assert untrained.short(known) == words
    assert known.trained == (stop is None or words == "")


def test_a_line_is_drawn_past_a_network_that_did_not_train():
    """In every curve, the dotted one of a single pass too."""
    rows = pd.DataFrame({"ratio": [0.0, 0.5, 0.9], "value": [0.1, 0.2, 0.3], "dense": 0.1, "single": [0.1, 0.1, 0.2]})
    spec = json.loads(curve_chart(rows.assign(chosen=False, trained=[True, False, True]), "ECE").spec)
    marks = [part for part in spec["layer"] if part["mark"]["type"] == "line"]
    lines = [part for part in marks if part["encoding"]["y"]["field"] != "dense"]
    assert {part["encoding"]["y"]["field"] for part in lines} == {"value", "single"}
    assert all({"filter": "datum.trained"} in part["transform"] for part in lines)

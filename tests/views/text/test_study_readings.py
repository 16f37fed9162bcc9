"""Verdicts in words: a direction only where the interval has it, and what could have been told where it has not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pruning.study import Finding, summary
from tests.views.study.tables import five, table
from uncertainty.verdict import Verdict
from views.text.study_figures import FIGURES
from views.text.study_readings import (
    against_named,
    cells,
    line_named,
    of_failures,
    of_line,
    of_seeds,
    of_tickets,
    word,
)


def finding(value: float, half: float, ratio: float = 0.5, runs: int = 10, line: str = "one_shot") -> Finding:
    return Finding(line, ratio, Verdict(value, value - half, value + half, runs, 0.5))


@pytest.mark.parametrize(
    ("figure", "value", "half", "expected"),
    [
        ("accuracy", 0.03, 0.01, "better"),
        ("accuracy", -0.03, 0.01, "worse"),
        ("accuracy", 0.03, 0.04, "cannot tell"),
        ("accuracy", 0.0004, 0.0001, "cannot tell"),  # printed as 0.000
        ("ece", 0.03, 0.01, "worse"),
        ("ece", -0.03, 0.01, "better"),
        ("early_stop_epoch", -30, 10, "sooner"),
        ("early_stop_epoch", 0.4, 0.1, "cannot tell"),
        ("epochs_spent", 300, 10, "dearer"),
        ("seconds_spent", -0.5, 0.1, "cheaper"),
        ("seconds_spent", 0.004, 0.001, "cannot tell"),  # printed as 0.00
        ("uce", 0.03, 0.01, "higher"),
        ("epistemic_ood", -0.03, 0.01, "lower"),
    ],
)
def test_what_a_difference_is_called(figure, value, half, expected):
    """As its figure has a better direction or none."""
    assert word(finding(value, half), FIGURES[figure]) == expected


@given(st.floats(-1, 1), st.floats(1e-6, 1), st.sampled_from(sorted(FIGURES)))
@settings(max_examples=200, deadline=None)
def test_no_word_claims_more_than_the_interval(value, half, name):
    """A direction is told only where zero lies outside, and it is that of the difference."""
    figure = FIGURES[name]
    found = word(finding(value, half), figure)
    if found == "cannot tell":
        return
    assert abs(value) > half
    good = value < 0 if figure.better == "low" else value > 0
    assert found == figure.words[0 if good else 1]


@pytest.mark.parametrize(
    ("findings", "words"),
    [
        (
            [finding(0.001, 0.013, 0.5), finding(-0.002, 0.02, 0.8)],
            "**One-shot**: cannot tell with n = 10 (a difference would have to exceed 0.013 to 0.020).",
        ),
        (
            [finding(0.001, 0.013, 0.5), finding(-0.05, 0.02, 0.8)],
            "**One-shot**: **worse** at 0.8, by 0.050 (0.030 to 0.070); cannot tell at 0.5 with n = 10 (a difference "
            "would have to exceed 0.013).",
        ),
        (
            [finding(-0.05, 0.02, 0.5), finding(-0.09, 0.02, 0.8)],
            "**One-shot**: **worse** at every ratio, most at 0.8, by 0.090 (0.070 to 0.110).",
        ),
        (
            [Finding("one_shot", 0.5, Verdict(0.03, -np.inf, np.inf, 4, 1.0))],
            "**One-shot**: cannot tell with n = 4: too few.",
        ),
        ([Finding("one_shot", 0.5, Verdict(np.nan, -np.inf, np.inf, 0, 1.0))], "**One-shot**: no runs to compare."),
    ],
)
def test_a_line_in_one_sentence(findings, words):
    """Where it is worse and by how much; where nothing is told, what would have been."""
    assert of_line(findings, FIGURES["accuracy"]) == words


def test_a_difference_keeps_its_unit():
    """Nats stay nats."""
    text = of_line([finding(0.2, 0.1), finding(0.01, 0.1, 0.8)], FIGURES["nll"])
    assert "by 0.200 nats (0.100 to 0.300)" in text
    assert "exceed 0.100 nats)" in text


def test_cells_have_a_row_a_finding():
    """`better` stands for higher where nothing is better."""
    found = cells([finding(0.2, 0.1), finding(-0.2, 0.1, 0.8), finding(0.0, 0.1, 0.9)], FIGURES["uce"])
    assert found.verdict.tolist() == ["better", "worse", "cannot tell"]
    assert found.word.tolist() == ["higher", "lower", "cannot tell"]
    assert found.label.tolist() == ["One-shot"] * 3
    assert found.low.tolist() == pytest.approx([0.1, -0.3, -0.1])


MEANS = summary(
    table(
        {"accuracy": {("dense", 0.0): five(0.9), ("one_shot", 0.5): five(0.88), ("one_shot", 0.8): five(0.7, 0.1)}}
    ),
    "accuracy",
)


@pytest.mark.parametrize(
    ("found", "ratio", "words"),
    [
        (
            [finding(-0.02, 0.01, 0.5)],
            0.5,
            "Over 5 seeds: 0.880 ± 0.020, **worse** than the dense 0.900 by 0.020 (0.010 to 0.030).",
        ),
        (
            [finding(-0.02, 0.03, 0.5)],
            0.5,
            "Over 5 seeds: 0.880 ± 0.020, cannot tell from the dense 0.900 (it would take 0.030).",
        ),
        (
            [Finding("one_shot", 0.5, Verdict(0.02, -np.inf, np.inf, 3, 1.0))],
            0.5,
            "Over 5 seeds: 0.880 ± 0.020, cannot tell from the dense 0.900 (too few seeds).",
        ),
        ([finding(-0.02, 0.01, 0.8)], 0.5, "Over 5 seeds: 0.880 ± 0.020."),
        ([], 0.0, "Over 5 seeds: 0.900 ± 0.020."),
        ([], 0.3, ""),
    ],
)
def test_one_place_of_a_study_in_a_sentence(found, ratio, words):
    """Student's interval of five values a hundredth apart is 2.776 · √(0.00025 / 5) = 0.020."""
    assert of_seeds(MEANS, found, FIGURES["accuracy"], ratio) == words


def test_one_seed_has_no_interval():
    """And can tell nothing."""
    means = summary(table({"accuracy": {("dense", 0.0): [0.9], ("one_shot", 0.5): [0.8]}}), "accuracy")
    found = [Finding("one_shot", 0.5, Verdict(-0.1, -np.inf, np.inf, 1, 1.0))]
    assert of_seeds(means, found, FIGURES["accuracy"], 0.5) == (
        "Over 1 seed: 0.800, cannot tell from the dense 0.900 (too few seeds)."
    )


def test_winning_tickets_are_counted_where_there_are_any():
    """Two of five at 0.5, none of the other line's ten; a strategy that does not rewind has no tickets."""
    one, other, third = ("one_shot_rewind", 0.5), ("iterative", 0.5), ("one_shot", 0.5)
    rows = table({"accuracy": {one: five(0.9), other: five(0.9), ("iterative", 0.8): five(0.9), third: five(0.9)}})
    rows["winning"] = (rows.line == "one_shot_rewind") & (rows.seed < 2)
    text = of_tickets(rows)
    assert text.startswith("Winning tickets: ")
    assert f"**{line_named('one_shot_rewind')}** 2 of 5 at 0.5" in text
    assert f"**{line_named('iterative')}** none of 10" in text
    assert line_named("one_shot") + "*" not in text
    assert of_tickets(rows[rows.line == "one_shot"]) == ""


def test_failures_are_told_by_their_reason():
    """Three names, and how many others."""
    failed = {f"one_shot, seed {seed}": "Its loss is no number." for seed in range(5)}
    text = of_failures(failed)
    assert text == (
        "One-shot, seed 0, One-shot, seed 1, One-shot, seed 2 and 2 more could not be trained: Its loss is no number."
    )
    assert of_failures({}) == ""


def test_lines_have_the_names_of_the_controls():
    """A variant keeps its own."""
    assert line_named("one_shot, Taylor") == "One-shot, Taylor"
    assert against_named("dense") == "the dense network"
    assert against_named("random_mask") == line_named("random_mask")

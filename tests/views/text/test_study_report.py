"""The report: one page that needs no network, with everything it was given, and nothing of it run as code."""

from __future__ import annotations

import re
from html import unescape

import pytest

from pruning import Experiment
from pruning.study import Study
from pruning.study_files import program
from tests.views.study.tables import five, table
from views.charts.study import study_chart
from views.text.study_report import page

STUDY = Study(Experiment(hidden=(8,)), ("one_shot",), (0.5, 0.8), range(5))


@pytest.fixture(scope="module")
def report() -> str:
    values = {("dense", 0.0): five(0.9), ("one_shot", 0.5): five(0.85), ("one_shot", 0.8): five(0.8)}
    rows = table({"accuracy": values}).assign(label="One-shot")
    charts = {
        "Accuracy": study_chart(rows, "accuracy", "Accuracy"),
        "</script><b>": study_chart(rows, "accuracy", "A"),
    }
    return page(STUDY, "Accuracy <x>", ["**One-shot**: **worse** & more"], "Winning tickets: none.", charts)


def test_it_asks_nobody_for_anything(report):
    """No script, style, picture or font of another address before the program, and nothing that it loads."""
    page, program = report.split("<script>")
    assert "http" not in page
    assert not re.search(r"(src|href)=", page)
    assert "import(" not in program
    assert "cdn." not in program


def test_it_says_what_it_was_given(report):
    """Title, verdicts, tickets, the code that repeats it, the versions."""
    assert "<h1>Verdict: Accuracy &lt;x&gt;</h1>" in report
    assert "<li><strong>One-shot</strong>: <strong>worse</strong> &amp; more</li>" in report
    assert "Winning tickets: none." in report
    assert program(STUDY) in unescape(report)
    assert "torch" in report


def test_every_chart_has_its_place(report):
    """With its name above, which cannot end the script."""
    assert report.count("<figure>") == 2
    assert "<figcaption>&lt;/script&gt;&lt;b&gt;</figcaption>" in report
    assert report.count("</script>") == 1

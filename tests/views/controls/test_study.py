"""The controls of the study page: presets and links come out as the studies they name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from pruning import Experiment, ImageExperiment, ImageSet, Strategy
from pruning.study import Study
from pruning.study_presets import PRESETS, VARIED
from uncertainty.options import MC_DROPOUT, Source
from views.controls.study import POINTS, StudyChoice, known, settings, settings_of
from views.controls.url import link
from views.study import body

PAGE = Path(__file__).parents[3] / "views" / "pages" / "study.py"


@pytest.fixture
def asked(monkeypatch) -> list[StudyChoice]:
    """What the page asks for; nothing of it is run or drawn."""
    found: list[StudyChoice] = []
    monkeypatch.setattr(body, "draw", lambda asked: found.append(asked.choice))
    return found


def opened(**query: str) -> AppTest:
    app = AppTest.from_file(str(PAGE), default_timeout=60)
    app.query_params.update(query)
    app.run()
    assert not app.exception
    return app


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_a_preset_s_link_asks_for_its_study(asked, preset):
    """Every field of it, whatever has a control and whatever has none."""
    values = settings_of(preset.study)
    query = dict(parse_qsl(link(values, known(values.get("study", POINTS)))))
    app = opened(**query)
    assert not app.warning
    assert asked[-1].study == preset.study


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_what_is_varied_is_no_setting_beside_it(preset):
    """A preset says only what is not the default, and what it says is legal."""
    values = settings_of(preset.study)
    controls = {control.name: control for control in known(values.get("study", POINTS))}
    for name, value in values.items():
        assert value != controls[name].default


def test_without_a_link_all_strategies_are_run_over_ten_seeds(asked):
    """On points of their own."""
    opened()
    study = asked[-1].study
    assert study is not None
    assert study == Study()
    assert study.strategies == tuple(Strategy)


def test_without_a_strategy_there_is_no_study(asked):
    """And no traceback."""
    opened(**{f"run_{each.value}": "false" for each in Strategy})
    assert asked[-1].study is None


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"seeds": "31"}, "sets seeds to `31`"),
        ({"seeds": "many"}, "sets seeds to `many`"),
        ({"ratios": "0.1"}, "sets ratios to `0.1`"),
        ({"vary": "everything"}, "sets vary to `everything`"),
        ({"figure": "beauty"}, "sets figure to `beauty`"),
        ({"study": "clouds"}, "sets study to `clouds`"),
        ({"run_one_shot": "maybe"}, "sets run_one_shot to `maybe`"),
    ],
)
def test_what_a_link_gets_wrong_is_named(asked, query, words):
    """The default stands in, and the rest of the link holds."""
    app = opened(**query, points="200")
    assert words in app.warning[0].value
    assert asked[-1].study is not None
    assert asked[-1].study.base.points == 200


@pytest.mark.parametrize("task", [POINTS, *ImageSet])
def test_every_task_has_a_study(asked, task):
    """With the settings of its explorer page, but for what a study decides."""
    opened(study="Points" if task == POINTS else task.label)
    study: Any = asked[-1].study
    assert isinstance(study.base, Experiment if task == POINTS else ImageExperiment)
    assert not {"seed", "data_seed", "bins"} & {each.name for group in settings(task).values() for each in group}


@pytest.mark.parametrize("field", VARIED)
def test_a_setting_can_be_varied(asked, field):
    """Each with its values; on images what they do not have is left out."""
    label = field.replace("_", " ").capitalize() if field != "dropout" else "Dropout rate"
    opened(vary=label)
    study = asked[-1].study
    assert study is not None
    assert [each.name for each in study.variants] == [each.name for each in VARIED[field]]


@pytest.mark.parametrize("source", [Source("single_pass"), Source("ensemble", tempered=True)])
def test_a_study_may_be_by_any_method(asked, source):
    """As its link says it; where methods are compared there is none beside them."""
    study = Study(Experiment(points=200), ("one_shot",), (0.8,), range(5), source=source)
    query = dict(parse_qsl(link(settings_of(study), known(POINTS))))
    app = opened(**query)
    assert not app.warning
    assert asked[-1].study == study
    assert "method" in [each.key for each in app.selectbox]
    app = opened(**query | {"vary": "Method"})
    assert asked[-1].study == replace(study, source=MC_DROPOUT, variants=VARIED["method"])
    assert "method" not in [each.key for each in app.selectbox]

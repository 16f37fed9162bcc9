"""The sections below the methods, walked through: every control is in the link, moving T asks and trains nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cache import mending
from cache.services import services
from tests.conftest import use
from uncertainty.options import DropoutLayers, Method, Source
from views.controls.moons import source_of

APP = Path(__file__).parents[3] / "streamlit_app.py"
SMALL = {"points": "200", "hidden": "10", "patience": "5", "view": "Methods", "ratio": "0.5"}


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The tab with an empty store, small networks, and one method to wait for."""
    use(monkeypatch, tmp_path / "store")
    monkeypatch.setattr("views.moons.methods_tab.draw_methods", lambda answer, place: None)
    test = AppTest.from_file(str(APP), default_timeout=60)
    for name, value in SMALL.items():
        test.query_params[name] = value
    return test


def test_the_table_has_seconds_beside_passes(tmp_path, monkeypatch):
    """What this run has measured: every method's asking, and an ensemble's training as that of all its members."""
    use(monkeypatch, tmp_path / "store")
    test = AppTest.from_file(str(APP), default_timeout=120)
    test.query_params.update(SMALL)
    test.run()
    assert not test.exception
    (table,) = (table.value for table in test.table if "Passes" in table.value)
    assert len(table) == 20
    seconds = table.set_index(["Method", "Network"])
    assert (seconds["Asking, s"].astype(float) > 0).all()
    training = seconds["Training, s"].str.replace(",", "").astype(float)
    for network in ("dense", "pruned"):
        assert training["Deep ensemble", network] > 3 * training["Single pass", network] > 0
        assert training["Deep ensemble", network] == training["Deep ensemble, tempered", network]
        assert training["MC dropout", network] == training["Single pass", network]
    assert "4,096 fresh points with all its samples, 200 at most" in said(test)
    assert {f"Mutual information, {where}, nats of every method." for where in ("test", "OOD")} <= set(alts(test))
    assert "Mean mutual information of the pruned network" in said(test)
    assert "Which layers drop" not in said(test)  # of one choice alone nothing can be told
    test.segmented_control(key="dropping").set_value(DropoutLayers.LAST).run()
    assert not test.exception
    assert said(test).count("where the last alone does") == 2


def said(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.caption))


def alts(app: AppTest) -> list[str]:
    return [chart.proto.alt for chart in app.get("vega_lite_chart")]


def test_the_sections_are_drawn(app):
    """Three charts and a sentence for each network; two objectives; the samples."""
    app.run()
    assert not app.exception
    assert {"NLL against the temperature, dense and pruned.", "ECE against the number of samples."} <= set(alts(app))
    assert "Can one number mend it?" in [header.value for header in app.header]
    assert "At T = 1: dense" in said(app)
    assert ":violet[**pruned at 0.5**]: " in said(app)
    (objectives,) = (table.value for table in app.table if "Fitted to" in table.value)
    assert len(objectives) == 2
    assert "From one draw of 50 MC-dropout samples to another" in said(app)


def test_a_moved_temperature_asks_nothing(app, monkeypatch):
    """It is in the link; what it gives is worked out from what is there."""
    app.query_params["t"] = "2"
    app.run()
    assert "At T = 2: dense" in said(app)

    def forbidden(*_args, **_kwargs):
        raise AssertionError("something was computed")

    monkeypatch.setattr(services().jobs, "watch", forbidden)
    monkeypatch.setattr(mending, "load_torch", forbidden)
    (slider,) = (each for each in app.select_slider if each.label == "Temperature T")
    slider.set_value(5.0).run()
    assert not app.exception
    assert "At T = 5: dense" in said(app)


def test_the_layers_that_drop_are_a_control(app):
    """The last alone is a source of its own; nobody has to choose where no dropout is asked."""
    app.query_params["dropping"] = "Last layer"
    app.run()
    assert not app.exception
    assert not app.error
    assert source_of({"method": Method.SINGLE_PASS, "tempered": False, "dropping": DropoutLayers.LAST}) == Source(
        Method.SINGLE_PASS
    )


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"dropout": "0.0"}, "At dropout rate 0 all samples are equal"),
        ({"method": "Single pass"}, "A single pass is one answer"),
    ],
    ids=["no dropout", "single pass"],
)
def test_equal_samples_are_said_to_be_enough(app, asked, words):
    """There is no band to draw; a temperature for samples is told of MC dropout alone."""
    app.query_params.update(asked)
    app.run()
    assert not app.exception
    assert words in said(app)
    assert "ECE against the number of samples." not in alts(app)
    assert any("Fitted to" in table.value for table in app.table) == ("dropout" in asked)

"""The moons page without a browser: what it says in every state, errors first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cache import results, services
from cache.jobs import QueueFull
from pruning import RATIOS, Diverged
from tests.conftest import CLOCK_ROWS, train_instead, use
from views.charts import vega
from views.controls import compare, state
from views.controls import moons as moons_controls

ROOT = Path(__file__).parents[3]
SMALL = {"points": "200", "hidden": "10", "patience": "5"}


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The app with an empty store and small networks."""
    use(monkeypatch, tmp_path / "store")
    test = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    for name, value in SMALL.items():
        test.query_params[name] = value
    return test


def charts(app: AppTest) -> dict[str, object]:
    """Description → chart."""
    return {chart.proto.alt: chart for chart in app.get("vega_lite_chart")}


def table(app: AppTest) -> dict[str, tuple[str, str, str]]:
    """Figure → (dense, pruned, difference)."""
    rows = app.table[0].value
    return {row.Figure: (row.Dense, row.Pruned, row.Difference) for row in rows.itertuples()}


def test_the_page_draws_every_part(app):
    """A first run ends with the planes of two networks, three curves, three reliability panels and the table."""
    app.run()
    assert not app.exception
    (pair,) = (part for part in app.get("bidi_component") if part.proto.component_name == "explorer_planes")
    assert [panel["name"] for panel in json.loads(pair.proto.json)["panels"]] == ["Dense", "Pruned"]
    drawn = list(charts(app))
    assert len(drawn) == 6
    assert sum(name.startswith("Reliability diagram") for name in drawn) == 3
    assert len(table(app)) == 20
    assert {"Bayes accuracy", "Excess NLL", "Signed gap"} <= table(app).keys()
    assert any("Pruned to" in element.value for element in app.markdown)


def test_a_ratio_that_was_shown_before_builds_no_chart_again(app, monkeypatch):
    """There and back and there again: the same charts and sentences as at first, out of what is kept of them."""

    def seen() -> tuple[dict[str, tuple[str, list[bytes]]], list[str]]:
        assert not app.exception
        drawn = {
            name: (chart.proto.spec, [each.data.data for each in chart.proto.datasets])
            for name, chart in charts(app).items()
        }
        return drawn, [each.value for each in (*app.markdown, *app.caption)]

    app.run()
    first = seen()
    app.select_slider(key="ratio").set_value(0.8).run()
    other = seen()
    assert other != first
    monkeypatch.setattr(vega, "curve_chart", None)
    monkeypatch.setattr(vega, "reliability_chart", None)
    app.select_slider(key="ratio").set_value(0.5).run()
    assert seen() == first
    app.select_slider(key="ratio").set_value(0.8).run()
    assert seen() == other


def previews(app: AppTest) -> list[dict]:
    """What the page hands over for its sliders to be followed."""
    parts = (part.proto for part in app.get("bidi_component"))
    return [json.loads(part.json) for part in parts if part.component_name == "explorer_slider_preview"]


def test_stops_of_sliders_are_made_when_the_browser_asks(app):
    """Until then the page hands over their names alone; only those of the slider that was asked for are made."""
    app.run()
    before = previews(app)
    assert [(each["control"], each["stops"], each["maps"]) for each in before] == [
        ("samples", None, {}),
        ("ratio", None, {}),
    ]
    app.session_state[state.PREVIEWED.of("ratio").name] = before[1]["id"]
    app.run()
    assert not app.exception
    samples, ratio = previews(app)
    assert (samples["stops"], ratio["id"]) == (None, before[1]["id"])
    assert [stop["value"] for stop in ratio["stops"]] == [str(each) for each in RATIOS]
    assert any(ratio["stops"][RATIOS.index(0.5)]["words"] == element.value for element in app.markdown)


def test_the_three_controls_come_first(app):
    """Strategy, prune ratio and samples stand above everything that is folded away."""
    app.run()
    assert app.selectbox[0].label == "Strategy"
    assert [slider.label for slider in app.select_slider][:2] == ["Prune ratio", "MC-dropout samples"]


def test_units_in_the_table_are_those_the_ratio_leaves(app):
    """Ten units at ratio 0.3 leave seven; the difference is written with its sign."""
    app.query_params["ratio"] = "0.3"
    app.run()
    assert table(app)["Units"] == ("10", "7", "−3")


def test_nothing_pruned_shows_the_dense_network_twice(app):
    """At ratio 0 there is no difference in any figure, and the page says so."""
    app.query_params["ratio"] = "0.0"
    app.run()
    assert {row[2] for row in table(app).values()} <= {"0", ""}
    assert any("Nothing is pruned yet" in element.value for element in app.markdown)


def test_without_retraining_there_is_no_early_stop(app):
    """Epoch 0 is neither praised under its curve nor written into the table; the dense network has its own."""
    app.query_params.update({"strategy": "No retraining", "ratio": "0.5"})
    app.run()
    captions = [caption.value for caption in app.caption]
    assert "Nothing is trained after pruning, so there is no early stop to compare." in captions
    assert not any(words.startswith("Early-stop epoch") for words in captions)
    dense, *pruned = table(app)["Early-stop epoch"]
    assert pruned == ["–", ""]
    app.select_slider[0].set_value(0.0).run()
    assert table(app)["Early-stop epoch"] == (dense, dense, "0")


def test_moving_the_samples_trains_nothing(app, monkeypatch):
    """After the first run the sample slider only reads what is there: no job, no forward pass."""
    app.run()

    def forbidden(*_args, **_kwargs):
        raise AssertionError("something was computed")

    monkeypatch.setattr(services.services().jobs, "watch", forbidden)
    monkeypatch.setattr(results, "make_plane", forbidden)
    before = table(app)
    app.select_slider[1].set_value(1).run()
    assert not app.exception
    assert table(app)["Epistemic, test"][0] == "0.0000"
    assert table(app) != before


def test_every_strategy_runs(app):
    """Each of the seven strategies ends in a page without an error."""
    app.run()
    for strategy in moons_controls.STRATEGY.options:
        app.selectbox[0].set_value(strategy).run()
        assert not app.exception
        assert not app.error


def test_training_that_breaks_off_ends_in_a_sentence(app, monkeypatch):
    """A loss that is no longer a number is told in words, the controls stay."""

    def broken(*_args, **_kwargs):
        raise Diverged("Training of the dense network broke off at epoch 3: its loss is no longer a number.")

    train_instead(monkeypatch, broken)
    app.run()
    assert not app.exception
    assert "broke off at epoch 3" in app.error[0].value
    assert app.selectbox[0].label == "Strategy"
    assert not app.get("skeleton")
    assert not app.get("progress")


def test_a_full_queue_ends_in_a_sentence(app, monkeypatch):
    """Where too much waits already, the page says so and stands."""

    def full(*_args, **_kwargs):
        raise QueueFull("65 computations are waiting already")

    monkeypatch.setattr(services.services().jobs, "watch", full)
    app.run()
    assert not app.exception
    assert "65 computations are waiting already" in app.error[0].value


def test_an_unexpected_failure_of_the_work_is_a_sentence_too(app, monkeypatch):
    """Running out of memory, say, neither breaks the page nor shows a stack trace."""

    def broken(*_args, **_kwargs):
        raise MemoryError

    train_instead(monkeypatch, broken)
    app.run()
    assert not app.exception
    assert "did not finish" in app.error[0].value


def test_results_that_cannot_be_kept_leave_a_note(app, tmp_path, monkeypatch):
    """A store that cannot be written costs nothing but the storing, and the page says where."""
    (tmp_path / "file").write_text("")
    use(monkeypatch, tmp_path / "file" / "store")
    app.run()
    assert not app.exception
    assert any("cannot be kept" in caption.value for caption in app.caption)


def test_what_is_stored_is_shown_without_loading_torch(tmp_path):
    """A restarted server shows a known state from the store: neither PyTorch nor scikit-learn is imported."""
    program = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file('streamlit_app.py', default_timeout=60)\n"
        f"app.query_params.update({SMALL!r})\n"
        "app.run()\n"
        "print(len(app.get('vega_lite_chart')), 'torch' in sys.modules, 'sklearn' in sys.modules)\n"
    )
    environment = {**os.environ, "EXPLORER_CACHE": str(tmp_path / "store")}
    command = [sys.executable, "-W", "ignore", "-c", program]
    lines = [
        subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True).stdout.strip()
        for _ in range(2)
    ]
    assert lines == ["6 True True", "6 False False"]


def test_equal_links_give_equal_figures(app, tmp_path, monkeypatch):
    """The same link with an empty store gives the same figures again, what a clock tells aside."""
    app.run()
    first = {name: row for name, row in table(app).items() if name not in CLOCK_ROWS}
    use(monkeypatch, tmp_path / "other")
    again = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    for name, value in SMALL.items():
        again.query_params[name] = value
    again.run()
    assert {name: row for name, row in table(again).items() if name not in CLOCK_ROWS} == first


def test_the_more_people_wait_the_less_often_each_looks(monkeypatch):
    """One visitor looks ten times a second, thirty look twice, and never less."""

    def pause(watchers: int) -> float:
        monkeypatch.setattr(services.services().jobs, "watchers", lambda: watchers)
        return results._pause()

    assert [pause(n) for n in (1, 5, 20, 30, 1000)] == [0.1, 0.1, 0.4, 0.5, 0.5]


AGAINST = {"against": "Random tickets (control)", "ratio": "0.5"}


def test_another_strategy_takes_the_place_of_the_dense_network(app):
    """In planes, panels, table, curves and in every sentence; sizes go on being told of the dense network."""
    app.query_params.update(AGAINST)
    app.run()
    assert not app.exception
    (pair,) = (part for part in app.get("bidi_component") if part.proto.component_name == "explorer_planes")
    assert [panel["name"] for panel in json.loads(pair.proto.json)["panels"]] == ["Random tickets", "One-shot"]
    assert list(app.table[0].value.columns) == ["Figure", "Random tickets", "One-shot", "Difference"]
    (compression,) = (row for row in app.table[0].value.itertuples() if row.Figure == "Compression ratio")
    assert compression[2] == compression[3] != "1.00 ×"
    words = [element.value for element in (*app.markdown, *app.caption)]
    assert any(text.startswith("Pruned to **5 of 10 units**, *One-shot* beside *Random tickets*") for text in words)
    assert any(text.startswith("Accuracy") and "*Random tickets*" in text for text in words)
    spec = json.loads(charts(app)["Accuracy against prune ratio."].proto.spec)
    assert any(part["encoding"].get("y", {}).get("field") == "other" for part in spec["layer"])


def test_it_is_named_where_it_was_chosen_and_the_dense_network_stands_again_without_it(app):
    """Back at the default nothing on the page speaks of another strategy."""
    app.query_params.update(AGAINST)
    app.run()
    app.selectbox("against").set_value("dense").run()
    assert not app.exception
    assert list(app.table[0].value.columns) == ["Figure", "Dense", "Pruned", "Difference"]
    assert not any("Random tickets*" in element.value for element in (*app.markdown, *app.caption))
    spec = json.loads(charts(app)["Accuracy against prune ratio."].proto.spec)
    assert not any(part["encoding"].get("y", {}).get("field") == "other" for part in spec["layer"])


def test_a_strategy_that_is_compared_with_itself_is_told_so(app):
    """And the dense network stays."""
    app.query_params.update(AGAINST | {"against": "One-shot"})
    app.run()
    assert compare.ITSELF in [box.value for box in app.info]
    assert list(app.table[0].value.columns) == ["Figure", "Dense", "Pruned", "Difference"]


def test_where_the_other_cannot_be_trained_the_dense_network_stays(app, monkeypatch):
    """What was asked for is shown; a sentence says what is missing."""
    app.query_params["ratio"] = "0.5"
    app.run()

    def broken(*_args, **_kwargs):
        raise Diverged("Training broke off.")

    train_instead(monkeypatch, broken)
    app.selectbox("against").set_value(moons_controls.STRATEGY.options[-1]).run()
    assert not app.exception
    assert [box.value for box in app.warning] == [
        "Training broke off. That was Random tickets (control), to compare with; the dense network stays."
    ]
    assert list(app.table[0].value.columns) == ["Figure", "Dense", "Pruned", "Difference"]

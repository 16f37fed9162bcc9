"""Units taken out by hand on the moons page: what changes, what does not, and the way back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from cache import results
from cache.store import Store
from tests.conftest import CLOCK_ROWS
from tests.views.link_cases import SMALL, charts, controls, opened, sentence, shared, shared_store, table, turned_to
from views.browser import network_diagram

CURVES = ("Accuracy", "ECE", "Early-stop epoch")
DENSE_ALONE = ("Units", "Accuracy", "NLL", "ECE", "Epistemic, test", "Parameters")


@pytest.fixture(autouse=True, scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all visits of this file."""
    with shared_store(tmp_path_factory.mktemp("network")) as store:
        yield store


@pytest.fixture(scope="module")
def kept(store: Store) -> list[bool]:
    """Which of the ten units pruning has kept, as the drawing shows it."""
    return drawn_units(opened({**SMALL, "view": "The network"}))


@pytest.fixture
def click(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Clicks on units of the drawing: the run that hears of them, and the one that answers.

    Each comes with the address that the browser knows, which is that of the last answer.
    """
    waiting: list[dict[str, Any]] = []

    def instead(key: str, data: Any, on_unit_change: Callable[[], None]) -> None:
        import streamlit as st

        address = st.query_params.get("units")
        while waiting:
            st.query_params.pop("units", None)
            if address:
                st.query_params["units"] = address
            st.session_state[key] = SimpleNamespace(unit=waiting.pop(0))
            on_unit_change()

    def click(app: AppTest, layer: str, *units: int) -> AppTest:
        waiting.extend({"layer": layer, "unit": unit, "count": 1} for unit in units)
        return app.run().run()

    monkeypatch.setattr(network_diagram, "NETWORK", instead)
    return click


def drawn_units(app: AppTest) -> list[bool]:
    """Whether each unit of the hidden layer is there, in the drawing."""
    return json.loads(network(app).proto.json)["layers"][1]["kept"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "A single sample is this network without some of its units"),
        ({"dropping": "Last layer"}, "Only the last hidden layer drops"),
        ({"dropout": "0.0"}, "At dropout rate 0 every sample keeps all units"),
        ({"method": "Deep ensemble"}, "A member of the ensemble is another network"),
        ({"method": "Last-layer Laplace"}, "every unit stands; what differs are weights of the last layer"),
        ({"method": "Laplace of the survivors"}, "what differs are weights of units that survived"),
        ({"method": "Single pass"}, ""),
    ],
    ids=["dropout", "last layer", "rate 0", "ensemble", "last-layer Laplace", "survivors", "single pass"],
)
def test_single_samples_are_lit_where_they_are_thinned_networks(asked, words):
    """The browser gets the units of each, and a sentence says what a sample is; of other methods there are none."""
    app = opened({**SMALL, "view": "The network", "draws": "true", **asked})
    captions = " ".join(caption.value for caption in app.caption)
    assert words in captions
    samples = json.loads(network(app).proto.json)["thinned"]
    if "method" in asked:
        assert samples is None
        return
    assert samples["named"] == "MC-dropout sample"
    (layer,) = samples["kept"]
    units = drawn_units(app)
    assert len(layer) == 10
    assert all(len(sample) == len(units) for sample in layer)
    assert not any(bit == "1" and not there for sample in layer for bit, there in zip(sample, units, strict=True))
    assert all(sample.count("1") == sum(units) for sample in layer) == ("dropout" in asked)


def test_without_single_samples_nothing_is_said_of_them():
    """They are a switch."""
    app = opened({**SMALL, "view": "The network"})
    assert json.loads(network(app).proto.json)["thinned"] is None
    assert "A single sample is this network" not in " ".join(caption.value for caption in app.caption)


def network(app: AppTest) -> Any:
    """The drawing."""
    (drawn,) = [e for e in app.get("bidi_component") if e.proto.component_name == "explorer_network_diagram"]
    return drawn


def column(app: AppTest, which: int) -> dict[str, str]:
    """Figure → what it is for the dense (0) or the pruned network (1)."""
    return {name: row[which] for name, row in table(app).items() if name not in CLOCK_ROWS}


def curves(app: AppTest) -> list[bytes]:
    """The curves, as they are sent to the browser."""
    return [charts(app)[f"{name} against prune ratio."].proto.SerializeToString() for name in CURVES]


def plane(app: AppTest, network: str, key: str = "plane_pair") -> str:
    """A network's maps, as they are sent to the browser."""
    parts = [part.proto for part in app.get("bidi_component") if part.proto.component_name == "explorer_planes"]
    (pair,) = (part for part in parts if key in part.id)
    (panel,) = (panel for panel in json.loads(pair.json)["panels"] if panel["name"] == network)
    return panel["maps"]


def words(app: AppTest) -> str:
    """The banner over the planes."""
    return "\n".join(element.value for element in (*app.info, *app.warning))


def worth(app: AppTest) -> list[str]:
    """What is said of the last unit turned over."""
    return [m.value for m in app.markdown if "What it was worth" in m.value]


def press(app: AppTest, label: str) -> AppTest:
    (button,) = [button for button in app.button if button.label == label]
    return button.click().run()


# ---- what changes


def test_a_unit_out_is_one_less_for_the_pruned_network_alone(kept):
    """Table and plane of the pruned network change, those of the dense one and the curves do not."""
    before, unit = opened(SMALL), kept.index(True)
    app = opened({**SMALL, "units": f"hidden1.{unit}"})
    assert not app.exception
    assert table(before)["Units"] == ("10", "5", "−5")
    assert table(app)["Units"] == ("10", "4", "−6")
    assert column(app, 0) == column(before, 0)
    assert column(app, 1) != column(before, 1)
    assert plane(app, "Dense") == plane(before, "Dense")
    assert plane(app, "Pruned") != plane(before, "Pruned")
    assert curves(app) == curves(before)
    assert "**4 of 10 units**" in sentence(app)
    assert words(app) == f"Changed by hand, without training: unit {unit + 1} of hidden layer 1 out."


def test_a_unit_that_pruning_removed_comes_back(kept):
    """The banner says that it is back, and the table counts it."""
    unit = kept.index(False)
    app = opened({**SMALL, "units": f"hidden1.{unit}"})
    assert table(app)["Units"] == ("10", "6", "−4")
    assert f"unit {unit + 1} of hidden layer 1 back" in words(app)


def test_the_banner_names_four_units_and_counts_the_others():
    """All ten turned over: the five that were kept are out, the others back."""
    app = opened({**SMALL, "units": "-".join(f"hidden1.{unit}" for unit in range(10))})
    assert table(app)["Units"] == ("10", "5", "−5")
    assert words(app).endswith("and 6 more.")
    assert words(app).count(" of hidden layer 1 ") == 4


def test_the_drawing_shows_the_network_as_it_is_now(kept):
    """The unit is gone from the drawing, too, and the plane beside it is the one above."""
    unit = kept.index(True)
    app = opened({**SMALL, "view": "The network", "units": f"hidden1.{unit}"})
    assert drawn_units(app) == [there and i != unit for i, there in enumerate(kept)]
    assert plane(app, "Pruned", "plane_beside_units") == plane(app, "Pruned")


def test_at_ratio_0_the_dense_network_stays_what_it_is():
    """The pruned network begins as the dense one, and only it loses the unit."""
    before = opened({**SMALL, "ratio": "0.0"})
    app = opened({**SMALL, "ratio": "0.0", "units": "hidden1.3"})
    assert not app.exception
    assert table(app)["Units"] == ("10", "9", "−1")
    assert column(app, 0) == column(before, 0)
    assert plane(app, "Dense") == plane(before, "Dense")
    assert curves(app) == curves(before)


def test_at_ratio_0_the_sentence_knows_what_was_done_by_hand():
    """Two pictures that differ are not said to show the same network."""
    app = opened({**SMALL, "ratio": "0.0", "units": "hidden1.3"})
    (above,) = [m.value for m in app.markdown if m.value.startswith(("Pruned to", "Nothing is pruned"))]
    assert "both pictures show the dense network" not in above
    assert "9 of 10 units" in above


# ---- by clicks


def test_a_click_takes_a_unit_out_and_tells_what_it_was_worth(kept, click):
    """Address, banner and the words beside the drawing follow; a second click puts it back."""
    unit = kept.index(True)
    app = opened({**SMALL, "view": "The network"})
    click(app, "hidden1", unit)
    assert not app.exception
    assert app.query_params["units"] == f"hidden1.{unit}"
    assert f"unit {unit + 1} of hidden layer 1 out" in words(app)
    assert any(f"Unit {unit + 1} of hidden layer 1 was **taken out**. " in m.value for m in app.markdown)
    click(app, "hidden1", unit)
    assert "units" not in app.query_params
    assert not words(app)
    assert any(f"Unit {unit + 1} of hidden layer 1 was **put back**. " in m.value for m in app.markdown)


def test_clicks_add_up_and_are_in_the_link(kept, click):
    """Two units out: whoever opens the shared link sees the same figures."""
    first, second = (unit for unit, there in enumerate(kept) if there and kept[:unit].count(True) < 2)
    app = opened({**SMALL, "view": "The network"})
    click(click(app, "hidden1", second), "hidden1", first)
    assert shared(app)["units"] == f"hidden1.{first}-hidden1.{second}"
    link = {name: value for name, value in shared(app).items() if name != "view"}
    assert table(opened(link))["Units"] == ("10", "3", "−7")
    assert sentence(opened(link)) == sentence(app)


def test_of_two_clicks_before_the_page_has_answered_both_stay(kept, click):
    """The second comes with an address that lacks the first; what it was worth is told on top of that."""
    first, second = (unit for unit, there in enumerate(kept) if there and kept[:unit].count(True) < 2)
    app = click(opened({**SMALL, "view": "The network"}), "hidden1", first, second)
    assert not app.exception
    assert app.query_params["units"] == f"hidden1.{first}-hidden1.{second}"
    assert f"unit {first + 1} of hidden layer 1 out, unit {second + 1} of hidden layer 1 out." in words(app)
    assert [f"Unit {second + 1} of hidden layer 1 was **taken out**. " in told for told in worth(app)] == [True]


@pytest.mark.parametrize("which", [0, 1, 2], ids=["none", "one other", "all but the one clicked"])
def test_an_address_from_elsewhere_does_not_tell_what_it_was_worth(kept, click, which):
    """Back leads to other units; without the one clicked last they would leave a layer empty, or as it was."""
    clicked, *others = (unit for unit, there in enumerate(kept) if there)
    app = click(opened({**SMALL, "view": "The network"}), "hidden1", clicked)
    assert worth(app)
    units = "-".join(f"hidden1.{unit}" for unit in ([], others[:1], others)[which])
    app.query_params["units"] = units
    app.run()
    assert not app.exception
    assert not worth(app)
    assert "at least one must stay" not in words(app)
    assert shared(app).get("units", "") == units


def test_the_last_unit_of_a_layer_cannot_be_clicked_away(kept, click):
    """A sentence says so, the unit stays, and it is gone with the next click that can be."""
    units = [unit for unit, there in enumerate(kept) if there]
    app = opened({**SMALL, "view": "The network"})
    for unit in units:
        click(app, "hidden1", unit)
    assert not app.exception
    assert "This would remove the last unit of hidden layer 1; at least one must stay." in words(app)
    assert app.query_params["units"].count("hidden1") == len(units) - 1
    click(app, "hidden1", units[0])
    assert "at least one must stay" not in words(app)


def test_a_link_that_empties_a_layer_says_so(kept):
    """The pruned network is drawn as pruning left it."""
    every = "-".join(f"hidden1.{unit}" for unit, there in enumerate(kept) if there)
    app = opened({**SMALL, "units": every})
    assert "would remove the last unit of hidden1; at least one must stay" in words(app)
    assert "Changed by hand" not in words(app)
    assert table(app)["Units"] == ("10", "5", "−5")


# ---- the way back


def test_undo_brings_the_pruned_network_back():
    """One press: table, plane and address are as they were."""
    before = opened(SMALL)
    app = press(opened({**SMALL, "units": "hidden1.3-hidden1.5"}), "Undo all")
    assert not words(app)
    assert "units" not in app.query_params
    assert column(app, 1) == column(before, 1)
    assert plane(app, "Pruned") == plane(before, "Pruned")


@pytest.mark.parametrize(("name", "value"), [("ratio", 0.3), ("seed", 1), ("noise", 0.3)])
def test_another_network_forgets_the_units(name, value):
    """They belonged to the one before; going back to it does not bring them back."""
    app = opened({**SMALL, "units": "hidden1.3"})
    controls(app)[name].set_value(value).run()
    assert "units" not in app.query_params
    assert not words(app)
    assert "units" not in shared(app)


@pytest.mark.parametrize(
    ("name", "value"), [("samples", 10), ("bins", 10), ("colour", "epistemic"), ("show", "none")]
)
def test_another_look_at_the_same_network_keeps_them(name, value):
    """Samples, bins, colour and points are no other network."""
    app = opened({**SMALL, "units": "hidden1.3"})
    controls(app)[name].set_value(value).run()
    assert not app.exception
    assert app.query_params["units"] == "hidden1.3"
    assert "Changed by hand" in words(app)


def test_units_of_own_points_can_be_turned_over_too(click):
    """The network of own points loses the unit, and forgets it with the way back to the data set."""
    points = b"".join(b"%d,%d,%d\n" % (i % 7, i * i % 11, i % 2) for i in range(30))
    app = opened({**SMALL, "view": "Your own points"})
    app.file_uploader[0].upload("points.csv", points, "text/csv").run()
    before = sentence(turned_to(app, "The network"))
    click(app, "hidden1", 3)
    assert not app.exception
    assert app.query_params["units"] == "hidden1.3"
    assert "Changed by hand" in words(app)
    assert sentence(app) != before
    press(app, "Back to the data set")
    assert "units" not in app.query_params
    assert not words(app)


# ---- where nothing may be changed


def test_units_of_a_locked_link_stay_as_they_are(kept, click):
    """There is no button to undo them, and what a browser sends all the same changes nothing."""
    unit = kept.index(True)
    locked = {**SMALL, "view": "The network", "only": "ratio", "units": f"hidden1.{unit}"}
    app = opened(locked)
    assert "Undo all" not in [button.label for button in app.button]
    assert any("units stay as they are" in caption.value for caption in app.caption)
    before = sentence(app), words(app), shared(app)
    click(app, "hidden1", kept.index(False))
    assert not app.exception
    assert (sentence(app), words(app), shared(app)) == before
    assert shared(app) == locked
    assert not worth(app)


@pytest.mark.parametrize("lock", [{}, {"only": "ratio"}], ids=["open", "locked"])
def test_the_browser_is_told_whether_units_can_be_clicked(lock):
    """So that it does not offer what the page would not do."""
    app = opened({**SMALL, "view": "The network", **lock})
    assert json.loads(network(app).proto.json)["locked"] is bool(lock)


# ---- what is kept of it


def test_planes_changed_by_hand_are_in_the_store_of_their_visitor(store):
    """Nobody else will ask for them: not a file of the store is new or other, and the visit itself draws once."""

    def files() -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in store.folder.rglob("*") if path.is_file()}

    opened({**SMALL, "view": "The network"})
    before = files()
    assert before
    app = opened({**SMALL, "view": "The network", "units": "hidden1.2-hidden1.6"})
    assert "Changed by hand" in words(app)
    assert files() == before
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "make_plane", None)
        assert not app.run().exception
        assert opened(app.query_params).exception

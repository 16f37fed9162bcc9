"""The network drawn: what the browser is given, and what is believed of what it sends back."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pruning import Experiment, Network, run
from uncertainty.predictions import Predictions
from views.browser import network_diagram
from views.browser.network_diagram import SIGNS, clicked, diagram
from views.charts.colours import PAPER, rgb

NOTHING = Predictions(
    (1,), np.zeros((1, 1, 2), np.float32), np.zeros((1, 1), np.float32), np.zeros((1, 2), np.float32)
)
KEPT = {
    "hidden1.weight": np.array([[3.0, -1.0], [0.5, 0.5], [-2.0, 0.0]], np.float32),
    "output.weight": np.array([[1.0, 2.0, 3.0], [4.0, 5.0, -6.0]], np.float32),
}


def network(kept=(True, True, True), **weights) -> Network:
    """Two inputs, three units and two classes; the weights are `KEPT` where they are not given."""
    return Network(
        prune_ratio=0.0, level=0, masks={"hidden1": np.array(kept)}, start_weights={},
        weights={**KEPT, **{f"{name}.weight": np.array(value, np.float32) for name, value in weights.items()}},
        early_stop_epoch=1, train_loss=np.zeros(1), val_loss=np.zeros(2), diverged=False, units=3, parameters=17,
        multiply_adds=12, latency=0.002, test=NOTHING, ood=NOTHING,
    )  # fmt: skip


DENSE = network()
PRUNED = network((True, True, False), hidden1=[[3, -1], [-4, 0], [0, 0]], output=[[1, 2, 0], [4, 5, 0]])


def diagram_of(one: Network = PRUNED, by_hand=frozenset(), classes=("class 0", "class 1"), theme="light"):
    return diagram(one, DENSE, frozenset(by_hand), classes, theme)


def words(by_hand=frozenset(), one: Network = PRUNED) -> list[str]:
    return diagram_of(one, by_hand)["layers"][1]["words"]


def decoded(matrix, *shape: int) -> np.ndarray:
    return np.frombuffer(base64.b64decode(matrix["weights"]), "<f4").reshape(shape)


# What the browser is given


def test_layers_stand_in_order_with_their_names_and_what_is_kept():
    """Inputs x and y, the hidden layer with one truth value a unit, and the classes by name."""
    data = diagram_of(by_hand={("hidden1", 1)}, classes=("left", "right"))
    assert [layer["name"] for layer in data["layers"]] == ["inputs", "hidden1", "output"]
    assert [layer["title"] for layer in data["layers"]] == ["inputs", "hidden layer 1", "output"]
    assert data["layers"][0]["labels"] == ["x", "y"]
    assert data["layers"][2]["labels"] == ["left", "right"]
    assert data["layers"][1]["kept"] == [True, True, False]
    assert data["layers"][1]["by_hand"] == [False, True, False]


def test_weights_travel_unchanged_row_by_row():
    """Base64 of little-endian float32, one matrix from each layer to the next."""
    first, last = diagram_of()["matrices"]
    np.testing.assert_array_equal(decoded(first, 3, 2), PRUNED.weights["hidden1.weight"])
    np.testing.assert_array_equal(decoded(last, 2, 3), PRUNED.weights["output.weight"])


def test_widths_are_scaled_by_the_largest_weight_of_both_networks():
    """Matrix by matrix: 4 is the pruned network's, 6 the dense one's."""
    assert [matrix["largest"] for matrix in diagram_of()["matrices"]] == [4, 6]


def test_a_matrix_of_zeros_is_divided_by_one():
    """Without any weight there is no largest; the browser must not divide by 0."""
    empty = network(hidden1=np.zeros((3, 2)))
    assert diagram(empty, empty, frozenset(), ("a", "b"), "light")["matrices"][0]["largest"] == 1


def test_a_kept_unit_tells_its_sum_and_rank():
    """|3| + |−1| and |−4| + |0| are both 4, and so both first."""
    assert words()[0] == "hidden layer 1, unit 1 of 3: kept · sum of |incoming weights| 4.00 (rank 1 of 3)"
    assert words()[1] == "hidden layer 1, unit 2 of 3: kept · sum of |incoming weights| 4.00 (rank 1 of 3)"


def test_a_removed_unit_tells_its_sum_and_rank_in_the_dense_network():
    """The sums of the dense network are 4, 1 and 2: the third unit was second."""
    told = "sum of |incoming weights| in the dense network 2.00 (rank 2 of 3)"
    assert words()[2] == f"hidden layer 1, unit 3 of 3: removed by pruning · {told}"
    assert words({("hidden1", 2)})[2] == f"hidden layer 1, unit 3 of 3: removed by hand · {told}"


def test_a_unit_that_is_kept_by_hand_was_restored():
    """By hand can only mean that pruning had removed it."""
    assert "unit 1 of 3: restored by hand · sum" in words({("hidden1", 0)})[0]


def test_a_diverged_network_is_told_of_and_drawn():
    """Weights that are no numbers have no sum and no part in the scale, and the data stay valid JSON."""
    broken = network(hidden1=[[np.nan, 1], [np.inf, 1], [1, 1]])
    assert words(one=broken)[0] == "hidden layer 1, unit 1 of 3: kept · sum of |incoming weights| is not a number"
    assert words(one=broken)[1] == "hidden layer 1, unit 2 of 3: kept · sum of |incoming weights| is not a number"
    json.dumps(diagram_of(broken), allow_nan=False)


def test_drawing_is_no_writing():
    """Both networks are as they were, and the same ones give the same data."""
    before = {name: value.copy() for name, value in PRUNED.weights.items()}
    assert diagram_of() == diagram_of()
    for name, value in before.items():
        np.testing.assert_array_equal(PRUNED.weights[name], value)


def test_a_trained_network_can_be_drawn():
    """Layers and matrices of a real experiment fit each other, and removed units have no weight."""
    outcome = run(Experiment(hidden=(8, 5), prune_ratio=0.5, max_epochs=2), ratios=(0.0, 0.5))
    data = diagram(outcome.pruned, outcome.dense, frozenset(), ("a", "b"), "dark")
    sizes = [len(layer.get("kept", layer.get("labels"))) for layer in data["layers"]]
    assert sizes == [2, 8, 5, 2]
    for matrix, before, after in zip(data["matrices"], data["layers"], data["layers"][1:], strict=False):
        n_in, n_out = (len(layer.get("kept", layer.get("labels"))) for layer in (before, after))
        alive = np.outer(after.get("kept", [True] * n_out), before.get("kept", [True] * n_in))
        assert (decoded(matrix, n_out, n_in)[~alive] == 0).all()


def test_what_is_not_on_the_plane_is_refused():
    """Three inputs, or convolutions, have no drawing; the message gives the shapes."""
    with pytest.raises(
        ValueError, match=r"hidden1.*\(3, 4\).*only fully connected layers can, over the 2 inputs x and y"
    ):
        diagram_of(network(hidden1=np.zeros((3, 4))))
    with pytest.raises(ValueError, match=r"\(3, 2, 5, 5\)"):
        diagram_of(network(hidden1=np.zeros((3, 2, 5, 5))))


def test_every_class_needs_a_name():
    """One name for two classes is refused with both numbers."""
    with pytest.raises(ValueError, match=r"\['only'\]; this network needs 2 names"):
        diagram_of(classes=("only",))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_signs_stand_out_and_differ_in_lightness(theme):
    """Each colour has contrast 3:1 on the page, and the two are apart for those who see no hue."""

    def luminance(colour: str) -> float:
        channel = rgb(colour) / 255
        linear = np.where(channel <= 0.04045, channel / 12.92, ((channel + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    def contrast(one: str, other: str) -> float:
        low, high = sorted((luminance(one), luminance(other)))
        return (high + 0.05) / (low + 0.05)

    colours = diagram_of(theme=theme)["colours"]
    assert colours == SIGNS[theme]
    assert all(contrast(colour, PAPER[theme]) >= 3 for colour in colours.values())
    assert contrast(*colours.values()) >= 1.5


# What the browser sends


def test_a_click_names_a_unit():
    """Layer and position, both of units that are kept and of those that are not."""
    data = diagram_of()
    assert clicked({"layer": "hidden1", "unit": 0, "count": 1}, data) == ("hidden1", 0)
    assert clicked({"layer": "hidden1", "unit": 2, "count": 9}, data) == ("hidden1", 2)


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        "hidden1",
        [],
        ["hidden1", 0],
        {},
        {"layer": "hidden1", "unit": 0},
        {"unit": 0, "count": 1},
        {"layer": "hidden2", "unit": 0, "count": 1},
        {"layer": "inputs", "unit": 0, "count": 1},
        {"layer": "output", "unit": 0, "count": 1},
        {"layer": ["hidden1"], "unit": 0, "count": 1},
        {"layer": None, "unit": 0, "count": 1},
        {"layer": "hidden1", "unit": 3, "count": 1},
        {"layer": "hidden1", "unit": -1, "count": 1},
        {"layer": "hidden1", "unit": True, "count": 1},
        {"layer": "hidden1", "unit": 1.0, "count": 1},
        {"layer": "hidden1", "unit": "1", "count": 1},
        {"layer": "hidden1", "unit": float("nan"), "count": 1},
        {"layer": "hidden1", "unit": 10**30, "count": 1},
        {"layer": "hidden1", "unit": 0, "count": "1"},
        {"layer": "hidden1", "unit": 0, "count": True},
    ],
)
def test_anything_else_is_no_click(value):
    """Unknown layers, units out of range and wrong types are as good as nothing."""
    assert clicked(value, diagram_of()) is None


def page(data, sent) -> None:
    from types import SimpleNamespace

    import streamlit as st

    from views.browser import network_diagram

    def instead(key, data, on_unit_change):
        st.session_state.given = (key, data["heard"])
        if sent is not None:
            st.session_state[key] = SimpleNamespace(unit=sent)
            on_unit_change()

    network_diagram.NETWORK = instead
    network_diagram.draw_network(data, lambda unit: st.session_state.update(answer=unit), st.container())


@pytest.fixture
def page_that_is_sent(monkeypatch):
    """A page with the drawing, which a browser has sent something."""
    monkeypatch.setattr(network_diagram, "NETWORK", None)  # put back after the test
    return lambda sent: AppTest.from_function(page, args=(diagram_of(), sent), default_timeout=60)


def test_a_click_reaches_python_and_later_data_have_heard_of_it(page_that_is_sent):
    """What is drawn before the click has not heard of it; what is drawn after it has."""
    app = page_that_is_sent({"layer": "hidden1", "unit": 1, "count": 4}).run()
    assert app.session_state.answer == ("hidden1", 1)
    assert app.session_state.given == ("network", 0)
    app.run()
    assert app.session_state.given == ("network", 4)


def test_nonsense_is_not_heard_of(page_that_is_sent):
    """With a click on no unit nobody is told, and later runs know of nothing new."""
    app = page_that_is_sent({"layer": "hidden1", "unit": 7, "count": 9})
    app.session_state.network_heard = 4
    app.run()
    assert "answer" not in app.session_state
    assert app.session_state.network_heard == 4


def test_the_drawing_can_be_mounted():
    """The real component takes these data, and nobody has clicked yet."""

    def mounted(data) -> None:
        import streamlit as st

        from views.browser.network_diagram import draw_network

        draw_network(data, lambda unit: st.session_state.update(answer=unit), st.container())

    app = AppTest.from_function(mounted, args=(diagram_of(),), default_timeout=60).run()
    assert not app.exception
    assert "answer" not in app.session_state

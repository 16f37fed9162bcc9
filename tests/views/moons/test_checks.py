"""Invariants on the page: green where a run keeps them, red by name where it does not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pruning import Experiment, Network, run
from pruning.inspect import recording
from pruning.inspect.invariants import INVARIANTS
from pruning.inspect.recording import record
from pruning.inspect.replay import Check, Recording
from pruning.model import cost
from pruning.outcome import PlaneOutcome, TrainedNetwork
from tests.conftest import Carry, train_instead, use
from views.moons.checks import all_checks
from views.text.names import layers_named

PAGE = Path(__file__).parents[3] / "streamlit_app.py"
SMALL = {"points": "200", "hidden": "10", "patience": "5", "view": "Checks"}
TINY = Experiment(points=200, hidden=(10,), patience=5)
AGAIN = "The same seed gives the same network"
NAMES = (*(name for name, *_ in INVARIANTS), AGAIN)
GREEN = "All 8 invariants hold in this run."
STATES = {
    "one-shot": {},
    "iterative": {"strategy": "Iterative, re-initialised", "hidden": "16-16", "rewind": "2", "scope": "Global"},
    "iterative in rounds": {"strategy": "Iterative, fine-tuned", "rounds": "3", "ratio": "0.8"},
    "no retraining": {"strategy": "No retraining", "dataset": "Three blobs"},
    "random tickets": {"strategy": "Random tickets (control)", "ratio": "0.95"},
    "nothing pruned": {"ratio": "0.0"},
    "changed by hand": {"units": "hidden1.3-hidden1.5"},
}


@pytest.fixture
def visit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Opens the tab with an empty store and small networks."""
    use(monkeypatch, tmp_path / "store")
    monkeypatch.setattr(cost, "latency", partial(cost.latency, repeats=1))

    def opened(**link: str) -> AppTest:
        app = AppTest.from_file(str(PAGE), default_timeout=60)
        app.query_params.update(SMALL | link)
        app.run()
        assert not app.exception
        assert not app.warning
        return app

    return opened


def lines(app: AppTest) -> dict[str, str]:
    """Name of a check → its line on the page."""
    (text,) = (element.value for element in app.markdown if "The optimiser is new" in element.value)
    return {re.search(r"\*\*([^*]+)\.\*\*", line)[1]: line for line in text.splitlines()}


def colours(app: AppTest) -> dict[str, str]:
    """Name of a check → green or red."""
    return {name: line.removeprefix("- :").split("[")[0] for name, line in lines(app).items()}


def broken(found: Recording, *names: str) -> Recording:
    """The recording as if these of its checks had failed."""
    checks = tuple(
        replace(check, holds=False, found="at prune ratio 0.5 something was wrong") if check.name in names else check
        for check in found.checks
    )
    return replace(found, checks=checks)


def flipped(network: Network, layer: str, place: tuple[int, ...]) -> Network:
    """The network with the last bit of one of its weights turned over."""
    weights = {name: value.copy() for name, value in network.weights.items()}
    weights[layer].view(np.uint32)[place] ^= 1
    return replace(network, weights=weights)


def with_pruned(outcome: PlaneOutcome, network: Network) -> PlaneOutcome:
    networks = tuple(network if one is outcome.pruned else one for one in outcome.networks)
    return replace(outcome, networks=networks)


# Green


@pytest.mark.parametrize("link", STATES.values(), ids=STATES)
def test_every_check_holds_on_the_page(visit, link):
    """Whatever the strategy, all of them are green, are named once, and nothing is called broken."""
    app = visit(**link)
    assert [element.value for element in app.success] == [GREEN]
    assert not app.error
    assert colours(app) == dict.fromkeys(NAMES, "green")


def test_a_line_says_what_must_be_true_and_what_was_found(visit):
    """Mark, name, meaning and finding; the finding begins with a capital and is a sentence."""
    found = lines(visit())
    assert found["Counts are exact"] == (
        "- :green[holds] · **Counts are exact.** round(ratio · n) units go from a layer of "
        "n, or as many in all; none is emptied. *Kept: 5 of 10 units in hidden layer 1.*"
    )
    assert found[AGAIN] == (
        f"- :green[holds] · **{AGAIN}.** The run is repeated, and must end in the weights "
        "that the run on this page ended in. *Bit for bit, in every layer.*"
    )
    assert all(re.search(r"\. \*[A-Z][^*]*[^.]\.\*$", line) for line in found.values())


def test_the_page_says_where_the_checks_come_from(visit):
    """That the run was repeated and watched stands under them."""
    app = visit()
    assert any(
        caption.value.startswith("The run that led to the pruned network was repeated and looked at in every epoch.")
        for caption in app.caption
    )


# Red


@pytest.mark.parametrize("names", [("Pruned stays pruned",), ("Counts are exact", "A unit takes its bias along")])
def test_a_broken_check_is_red_and_named(visit, monkeypatch, names):
    """On top stands which are broken, in their lines how; all others stay green."""
    monkeypatch.setattr(recording, "record", lambda *args: broken(record(*args), *names))
    app = visit()
    assert [element.value for element in app.error] == [f"Broken in this run: {'; '.join(names)}."]
    assert not app.success
    assert colours(app) == {name: "red" if name in names else "green" for name in NAMES}
    for name in names:
        assert ":red[**broken**] · " in lines(app)[name]
        assert lines(app)[name].endswith("*At prune ratio 0.5 something was wrong.*")


def altering(ratio: float, change: Callable[[TrainedNetwork], TrainedNetwork]) -> Carry:
    """Training, after which the network of one ratio is kept with a change."""

    def instead(function: Carry, order: Any, *, report: Callable[[Any], None]) -> dict[str, Any]:
        found = function(order, report=lambda news: None)
        for step in order.batch.steps:
            if step.key in found and step.prune_ratio == ratio:
                found[step.key] = change(found[step.key])
        return found

    return instead


@pytest.mark.parametrize(("layer", "place"), [("hidden1.weight", (0, 0)), ("output.bias", (1,))])
def test_a_network_that_is_off_by_one_bit_is_not_the_same(visit, monkeypatch, layer, place):
    """If what is stored had another last bit in one weight, the page would say in which layer."""

    def altered(network: TrainedNetwork) -> TrainedNetwork:
        kept = int(np.flatnonzero(network.masks["hidden1"])[0])
        at = (kept, *place[1:]) if layer == "hidden1.weight" else place
        return flipped(network, layer, at)

    train_instead(monkeypatch, altering(0.5, altered))
    app = visit()
    assert [element.value for element in app.error] == [f"Broken in this run: {AGAIN}."]
    assert colours(app) == {name: "red" if name == AGAIN else "green" for name in NAMES}
    assert lines(app)[AGAIN].endswith(f"*Other weights came out in {layers_named(layer)}.*")


def test_another_network_of_the_run_is_not_looked_at(visit, monkeypatch):
    """The recording is of the chain that leads to the chosen ratio: what another ratio has does not matter here."""

    train_instead(monkeypatch, altering(0.9, lambda network: flipped(network, "output.bias", (0,))))
    assert [element.value for element in visit().success] == [GREEN]
    assert [element.value for element in visit(ratio="0.9").error] == [f"Broken in this run: {AGAIN}."]


# Without a page


@pytest.fixture(scope="module")
def pair() -> tuple[Recording, Network]:
    """A recording, and the network of the same experiment as it is shown."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cost, "latency", partial(cost.latency, repeats=1))
        return record(TINY), run(TINY).pruned


def test_the_last_check_is_added_to_those_of_the_recording(pair):
    """They stand first and as they were found; the network that is shown is the last line's."""
    film, network = pair
    *first, last = all_checks(film, network)
    assert tuple(first) == film.checks
    assert last == Check(AGAIN, last.meaning, True, "bit for bit, in every layer")


def test_every_layer_that_differs_is_named(pair):
    """In the order of the network, weights and biases apart."""
    film, network = pair
    other = flipped(flipped(network, "output.weight", (0, 0)), "hidden1.bias", (2,))
    last = all_checks(film, other)[-1]
    assert not last.holds
    assert last.found == "other weights came out in hidden1.bias, output.weight"


def test_another_seed_is_another_network(pair):
    """Every layer of it differs."""
    film, network = pair
    other = run(replace(TINY, seed=1)).pruned
    assert all_checks(film, other)[-1].found == f"other weights came out in {', '.join(network.weights)}"

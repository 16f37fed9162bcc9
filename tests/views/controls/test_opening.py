"""What the pages open on, and that the address of a page never opens another state than the one that is seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.conftest import briefly, train_instead
from tests.views.link_cases import SMALL, controls, opened, shared_store
from views.controls.moons import ALL, OPENING

CONTROLS = {control.name: control for control in ALL}


@pytest.fixture(autouse=True, scope="module")
def _store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One store for all visits, and networks of one epoch."""

    with shared_store(tmp_path_factory.mktemp("opening")), pytest.MonkeyPatch.context() as patch:
        train_instead(patch, briefly)
        yield


def state(app: AppTest) -> dict[str, Any]:
    """What the controls say."""
    assert not app.exception
    assert not app.warning
    return {name: app.session_state[name] for name in controls(app) if name in CONTROLS}


def moved(app: AppTest, **values: Any) -> AppTest:
    """Controls are moved, one after the other; as in a browser the address follows, and drops what is a default."""
    for name, value in values.items():
        app.query_params.pop(name, None)
        if value != CONTROLS[name].default:
            app.query_params[name] = CONTROLS[name].show(value)
        controls(app)[name].set_value(value).run()
    return app


def test_without_a_word_in_the_address_the_page_opens_on_its_opening():
    """And on the defaults where the link says anything."""
    app = opened({})
    assert OPENING.items() <= state(app).items()
    assert app.query_params == {}
    assert state(opened({"seed": "3"})) == {name: CONTROLS[name].default for name in state(app)} | {"seed": 3}


@pytest.mark.parametrize(
    "moves",
    [
        {"samples": 30},
        {"ratio": 0.8},
        {"ratio": 0.5},
        {"colour": "probability"},
        {"ratio": 0.5, "colour": "probability"},
        {"ratio": 0.5, "colour": "probability", "seed": 3},
        {"ratio": 0.5, "colour": "probability", "ratio ": 0.9, "colour ": "entropy"},
        {"seed": 3, "seed ": 0},
    ],
    ids=str,
)
def test_whoever_loads_the_page_anew_finds_what_was_seen(moves):
    """Whatever is moved, also all of it to the defaults, or back."""
    app = opened({})
    for name, value in moves.items():
        moved(app, **{name.strip(): value})
    app.run()
    assert state(opened(app.query_params)) == state(app)
    app.run()
    assert state(opened(app.query_params)) == state(app)


def test_a_link_of_nothing_but_defaults_says_so():
    """Streamlit takes each of them out of the address, and what would be left is that of the opening."""
    app = opened({"ratio": "0.5", "seed": "0"})
    assert app.query_params == {"from": "defaults"}
    assert state(opened(app.query_params)) == state(app)
    moved(app, ratio=0.3)
    assert app.query_params == {"ratio": "0.3"}


def test_a_word_more_is_said_nowhere_else():
    """Not beside controls that are named."""
    app = opened({**SMALL, "from": "defaults"})
    assert not app.warning
    assert app.query_params == SMALL

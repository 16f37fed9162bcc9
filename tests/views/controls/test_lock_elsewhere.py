"""A link that is locked for one page, and what its visitor meets on the other: no complaint, and no training."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from cache import runs, services
from pruning import ImageExperiment
from pruning.lottery.engine import carry_out
from tests.conftest import train_instead
from tests.views.link_cases import APP, SMALL, controls
from views.controls.moons import ALL
from views.controls.url import ELSEWHERE, link

HELD = {**SMALL, "only": "ratio", "rewind": "5", "samples": "200", "seed": "3"}


@pytest.fixture
def moons(here: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is trained on the moons page."""
    trained: list[Any] = []

    def noting(function: Any, order: Any, *, report: Any) -> Any:
        trained.extend(step for step in order.batch.steps if function is carry_out and not step.levels)
        return function(order, report=report)

    train_instead(monkeypatch, noting)
    return trained


def opened(page: str, said: dict[str, str]) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.query_params.update(said)
    return app.switch_page(page).run() if page else app.run()


def turned(app: AppTest, page: str) -> AppTest:
    """The same visit on another page, with nothing in the address, as the navigation leads there."""
    app.query_params.clear()
    return app.switch_page(page).run()


def test_a_locked_moons_link_is_no_fault_on_the_images(here, moons):
    """What is legal there alone is not complained of, what is legal here too holds, and nothing trains unasked."""
    app = turned(opened("", HELD), "views/pages/images.py")
    assert not app.exception
    assert [warning.value for warning in app.warning] == []
    assert ELSEWHERE in [info.value for info in app.info]
    assert set(controls(app)) == {"ratio"}
    assert here.trained == []
    assert {"only": "ratio", "seed": "3"}.items() <= app.query_params.items()
    assert "rewind" not in app.query_params
    (button,) = [button for button in app.button if button.label == "Train"]
    button.click().run()
    job = services.queue().get(runs.key(ImageExperiment(seed=3)))
    assert job is not None
    job.wait(60)


def test_a_whole_locked_link_from_share_is_none_either(here, moons):
    """It names every control of its page, also those that the other page has not or knows other values of."""
    said = dict(parse_qsl(link({}, ALL, {"only": "seed,data_seed"})))
    app = turned(opened("", {**said, **SMALL}), "views/pages/images.py")
    assert not app.exception
    assert not app.warning
    assert set(controls(app)) == {"seed"}


def test_back_on_its_own_page_the_lock_holds_what_it_said(here, moons):
    """Also what the other page could not hold."""
    app = turned(turned(opened("", HELD), "views/pages/images.py"), "views/pages/moons.py")
    assert not app.exception
    assert HELD.items() <= app.query_params.items()
    assert ELSEWHERE not in [info.value for info in app.info]
    assert len(moons) == 1


def test_a_locked_images_link_trains_no_moons_without_a_click(here, moons):
    """What is stored is shown; else a button asks, and then it trains."""
    app = turned(
        opened("views/pages/images.py", {"only": "ratio", "images": "100", "epochs": "2"}), "views/pages/moons.py"
    )
    assert not app.exception
    assert moons == []
    (button,) = [button for button in app.button if button.label == "Train these networks"]
    button.click().run()
    assert len(moons) == 1
    assert not [button for button in app.button if button.label == "Train these networks"]
    assert len(app.table) == 1


@pytest.mark.parametrize("wrong", [{"rewind": "5"}, {"only": "data_seed"}])
def test_a_link_to_the_images_themselves_is_told_as_ever(here, wrong):
    """Who writes it there has made a mistake."""
    app = opened("views/pages/images.py", {"only": "ratio", "images": "100", "epochs": "2", **wrong})
    assert len(app.warning) == 1
    assert ELSEWHERE not in [info.value for info in app.info]

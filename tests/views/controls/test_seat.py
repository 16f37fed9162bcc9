"""The link for a class: a seed for everybody, the study that these seeds are, and where it is gathered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from cache.seats import LONGEST, VISITORS, Seats
from cache.services import SEATS, services
from cache.turns import Visitor
from pruning import Experiment
from tests.conftest import use
from views.controls import moons as controls
from views.controls import seat
from views.controls import study as study_controls
from views.shared.over_seeds import study_of

PAGE = Path(__file__).parents[3] / "views" / "pages" / "moons.py"
SHOWN = Experiment(points=200, hidden=(10,), patience=5, strategy="random_mask", prune_ratio=0.3)


def browsers(count: int) -> list[Visitor]:
    return [Visitor("192.0.2.1", f"browser {i}") for i in range(count)]


def test_everybody_has_the_next_seed_and_keeps_it():
    """In the order in which they come; after the last one it goes round."""
    seats, everybody = Seats(3), browsers(5)
    assert [seats.take("monday", each) for each in everybody] == [0, 1, 2, 0, 1]
    assert [seats.take("monday", each) for each in reversed(everybody)] == [1, 0, 2, 1, 0]
    assert seats.take("tuesday", everybody[4]) == 0


def test_what_a_stranger_sends_is_bounded():
    """Names as long as they like, more visitors than a class has: the first may then come again as another one."""
    seats, everybody = Seats(10**6), browsers(VISITORS + 1)
    assert seats.take("x" * 10**6, everybody[0]) == 0
    assert seats.take("x" * LONGEST, everybody[0]) == 0
    for each in everybody:
        seats.take("monday", each)
    assert seats.take("monday", everybody[0]) == VISITORS + 1


def page(name: str, **link: str) -> AppTest:
    """The moons page, opened by a link for a class."""
    app = AppTest.from_file(str(PAGE), default_timeout=60)
    app.query_params.update({"points": "200", "hidden": "10", "patience": "5", seat.WORD: name, **link})
    app.run()
    assert not app.exception
    assert [each.value for each in app.warning] == []
    return app


@pytest.mark.parametrize("link", [{}, {"seed": "7", "data_seed": "9"}, {"seed": "none"}], ids=str)
def test_who_comes_by_the_link_has_a_seed_and_points_of_their_own(tmp_path, monkeypatch, link):
    """Whatever seed the link says beside it; the address then names the seed, and no class."""
    use(monkeypatch, tmp_path / "store")
    services().seats.take("monday", Visitor("", "somebody else"))
    app = page("monday", **link)
    assert app.number_input(key="seed").value == 1
    assert app.number_input(key="data_seed").value == 43
    assert seat.WORD not in app.query_params
    assert app.query_params["seed"] in ("1", ["1"])


@pytest.mark.parametrize("name", ["", "<b>", "x" * 10_000], ids=["empty", "markup", "long"])
def test_any_name_is_a_class(tmp_path, monkeypatch, name):
    """Nobody is turned away, and nothing of it is shown."""
    use(monkeypatch, tmp_path / "store")
    assert page(name).number_input(key="seed").value == 0


def test_the_seeds_of_a_class_are_a_study():
    """Seat n shows the run that the study has of seed n, and the link to gather it asks for that study."""
    study = study_of(SHOWN)
    links = seat.links({"points": 200}, controls.ALL, study)
    query = dict(parse_qsl(links.everybody))
    assert query["class"] == seat.name_of(study)
    assert not query.keys() & {"seed", "data_seed"}
    whole = replace(study, seeds=tuple(range(SEATS)))
    said = dict(parse_qsl(links.gathering.removeprefix("./study?")))
    assert (said["seeds"], said["gather"]) == (str(SEATS), "true")
    assert study_controls.settings_of(whole).items() <= _values(said).items()
    run = whole.run(SHOWN.strategy, 4, prune_ratio=SHOWN.prune_ratio)
    assert run == replace(SHOWN, seed=4, data_seed=controls.DATA_SEED.default + 4)


def _values(said: dict[str, str]) -> dict[str, object]:
    known = {control.name: control for control in study_controls.known(study_controls.POINTS)}
    return {name: known[name].read(text) for name, text in said.items()}


def test_one_class_is_not_another():
    """What is trained decides, and not who looks at which ratio or seed."""
    alike = study_of(replace(SHOWN, seed=5, prune_ratio=0.9))
    assert seat.name_of(alike) == seat.name_of(study_of(SHOWN))
    others = ({}, {"points": 400}, {"strategy": "one_shot"})
    names = {seat.name_of(study_of(replace(SHOWN, **other))) for other in others}
    assert len(names) == 3
    assert all(len(name) == 8 for name in names)

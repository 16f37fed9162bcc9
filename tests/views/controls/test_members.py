"""How many samples a method may be asked for: members of an ensemble, samples, draws; nothing of a single pass."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from uncertainty.options import ENSEMBLE_MEMBERS, Method
from views.controls import images as image_controls
from views.controls import moons as controls
from views.controls.older_links import renewed
from views.controls.url import link

ENSEMBLE = Method.ENSEMBLE.label
# What a link said that was handed out before members had a control of their own.
OLDER = {
    "strategy": "One-shot", "ratio": "0.5", "method": ENSEMBLE, "samples": "50", "tempered": "false", "bins": "15",
    "seed": "0",
}  # fmt: skip


def page(which: str) -> None:
    """The controls alone, and how many samples they ask for."""
    import streamlit as st

    from views.controls import images, moons

    choice: Any = (moons if which == "moons" else images).draw_controls()
    st.session_state["asked for"] = choice.n_samples


def opened(which: str = "moons", **link: str) -> AppTest:
    app = AppTest.from_function(page, kwargs={"which": which}, default_timeout=30)
    app.query_params.update(link)
    app.run()
    assert not app.exception
    return app


def asked_for(app: AppTest) -> int:
    return app.session_state["asked for"]


def slider(app: AppTest, name: str) -> Any:
    return app.select_slider(key=name)


def switched(app: AppTest, method: Method) -> AppTest:
    app.selectbox(key="method").set_value(method).run()
    assert not app.exception
    return app


@pytest.mark.parametrize("which", ["moons", "images"])
def test_an_ensemble_offers_its_members(which):
    """From one to all of them, all where nobody says otherwise; it never shows fifty."""
    app = opened(which, method=ENSEMBLE)
    members = slider(app, "members")
    assert members.label == "Ensemble members"
    assert members.options == [str(number) for number in range(1, ENSEMBLE_MEMBERS + 1)]
    assert (members.value, asked_for(app)) == (ENSEMBLE_MEMBERS, ENSEMBLE_MEMBERS)
    members.set_value(4).run()
    assert asked_for(app) == 4


@pytest.mark.parametrize(("which", "many"), [("moons", 75), ("images", 20)])
def test_a_method_that_is_tried_takes_nobodys_number_away(which, many):
    """Each method finds its own number where it was left, however often one goes to and fro."""
    app = opened(which, samples=str(many))
    slider(switched(app, Method.ENSEMBLE), "members").set_value(3).run()
    assert asked_for(app) == 3
    assert asked_for(switched(app, Method.MC_DROPOUT)) == many
    assert asked_for(switched(app, Method.SINGLE_PASS)) == 1
    assert asked_for(switched(app, Method.LAST_LAYER)) == many
    assert asked_for(switched(app, Method.ENSEMBLE)) == 3
    assert (slider(app, "samples").value, slider(app, "members").value) == (many, 3)


def test_a_single_pass_says_that_there_is_no_number():
    """And Laplace calls its samples draws."""
    app = opened(method="Single pass", samples="50")
    assert controls.ONE_PASS in [caption.value for caption in app.caption]
    assert asked_for(app) == 1
    assert slider(switched(app, Method.SURVIVORS), "samples").label == "Laplace draws"
    assert controls.ONE_PASS not in [caption.value for caption in app.caption]
    assert slider(switched(app, Method.MC_DROPOUT), "samples").label == "MC-dropout samples"


@pytest.mark.parametrize(("samples", "members"), [("50", 10), ("200", 10), ("10", 10), ("3", 3), ("1", 1)])
def test_an_older_link_means_the_members_that_it_meant(samples, members):
    """As many of the samples as there are members; without a warning."""
    app = opened(**{**OLDER, "samples": samples})
    assert not app.warning
    assert (slider(app, "members").value, asked_for(app)) == (members, members)


def test_a_locked_older_link_leaves_the_members_too():
    """Who was left to move the samples of an ensemble moves its members; who was not does not."""
    app = opened(**OLDER, only="samples")
    assert not app.warning
    slider(app, "members").set_value(2).run()
    assert asked_for(app) == 2
    held = opened(**{**OLDER, "samples": "5"}, only="ratio")
    assert not held.warning
    assert [each.key for each in held.select_slider] == ["ratio"]
    assert asked_for(held) == 5


def test_members_are_seen_where_their_neighbour_is_locked():
    """A link of today may leave them alone."""
    app = opened(**OLDER, members="7", only="members")
    assert [each.key for each in app.select_slider] == ["members"]
    assert asked_for(app) == 7


def test_links_of_today_are_taken_at_their_word():
    """What names the members, an address that says little, another method, and what is no number of samples."""
    for said in (
        {**OLDER, "members": "2"},
        {"method": ENSEMBLE, "samples": "5"},
        {**OLDER, "method": "MC dropout"},
        {**OLDER, "samples": "0"},
        {**OLDER, "samples": "٣"},
        {**OLDER, "samples": "9" * 30},
        {},
    ):
        assert renewed(said) == said
    assert renewed(OLDER) == {**OLDER, "members": "10"}


@pytest.mark.parametrize(
    "known", [controls.ALL, image_controls.known(image_controls.TASK.default)], ids=["moons", "images"]
)
def test_a_link_says_both_numbers(known):
    """Whatever the method is, so that whoever opens it finds both."""
    said = link({"method": Method.ENSEMBLE, "samples": 20, "members": 4}, known)
    assert "samples=20" in said
    assert "members=4" in said

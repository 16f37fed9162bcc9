"""The tour, as the server sees it: what it tells the browser, and the words for the moons page."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from views.browser.page_tour import IMAGES, MOONS, Step


def page(quiet):
    import streamlit as st

    from views.browser.page_tour import Step, draw_tour

    draw_tour("there", [Step("A title", "A text.", "somewhere")], st.container(), quiet)


@pytest.mark.parametrize("quiet", [True, False])
def test_the_tour_is_mounted_with_its_steps(quiet):
    """The component stands on the page under its key, rerun after rerun, with steps and mood."""
    app = AppTest.from_function(page, kwargs={"quiet": quiet}, default_timeout=60).run().run()
    assert not app.exception
    (element,) = app.get("bidi_component")
    assert element.proto.component_name == "explorer_page_tour"
    steps = [{"title": "A title", "text": "A text.", "target": "somewhere"}]
    assert json.loads(element.proto.json) == {"page": "there", "steps": steps, "quiet": quiet}


@pytest.mark.parametrize(
    ("steps", "targets"),
    [(MOONS, ["controls", "planes", "more"]), (IMAGES, ["controls", "tabs", "tabs"])],
    ids=["moons", "images"],
)
def test_the_steps_are_short_and_lead_down_the_page(steps: tuple[Step, ...], targets: list[str]):
    """Three steps: the controls, the pictures, the tabs; a title for one line, one or two sentences."""
    assert [step.target for step in steps] == targets
    for step in steps:
        assert len(step.title) <= 30
        assert 1 <= step.text.count(". ") + 1 <= 2
        assert step.text.endswith(".")
        assert len(step.text) <= 180

"""A place on the page: its content is replaced, never added to, for as long as a wait may last."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def test_a_place_can_be_drawn_on_for_hours():
    """Thousands of replacements leave one element, the last, and do not grow anything."""

    def page() -> None:
        import streamlit as st

        from views.shared.placeholder import Placeholder

        place = Placeholder(st.container())
        place.skeleton(100)
        for i in range(3000):
            place.progress(i / 3000, f"step {i}")
        place.markdown("the end")

    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception
    assert [element.value for element in app.markdown] == ["the end"]
    assert not app.get("progress")
    assert not app.get("skeleton")


def test_a_place_that_is_cleared_is_empty():
    """Nothing of what was drawn in this run stays."""

    def page() -> None:
        import streamlit as st

        from views.shared.placeholder import Placeholder

        place = Placeholder(st.container())
        place.progress(0.5, "half")
        place.clear()

    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception
    assert not app.get("progress")

"""A select box in which one looks for an option by typing, and one that is too short for that."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def page(count: int) -> None:
    from views.controls.control import Control

    names = tuple(f"class {i}" for i in range(count))
    Control("of", "Class", "", names[0], names, "select").draw()


@pytest.mark.parametrize(("count", "mode"), [(3, "none"), (12, "none"), (13, "contains"), (110, "contains")])
def test_long_lists_are_searched_for_what_is_typed(count, mode):
    """Whatever holds the letters typed, as 110 classes of pictures ask for; a phone's keyboard stays away else."""
    app = AppTest.from_function(page, kwargs={"count": count}, default_timeout=60).run()
    assert not app.exception
    proto = app.selectbox[0].proto
    modes = type(proto).DESCRIPTOR.fields_by_name["filter_mode"].enum_type.values_by_number
    assert modes[proto.filter_mode].name.lower().endswith(mode)

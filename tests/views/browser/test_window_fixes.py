"""What is set right of Streamlit's own doing is set right where somebody has looked, and nowhere else."""

from __future__ import annotations

import pytest
import streamlit as st

from views.browser.window_fixes import KNOWN, is_known


@pytest.mark.parametrize(
    ("version", "known"),
    [
        ("1.67.0", True),
        ("1.67.3", True),
        ("1.67.1.dev20261103", True),
        ("1.66.0", False),
        ("1.68.0", False),
        ("2.67.0", False),
        ("1", False),
        ("", False),
        ("next", False),
        ("1.x", False),
    ],
)
def test_a_version_is_known_or_not(version, known):
    """The range has both its ends, and what is no version at all is not known."""
    assert KNOWN == ((1, 67), (1, 67))
    assert is_known(version) is known


def test_the_installed_version_is_known():
    """Who installs another runs the tests in the browser and moves the range, or leaves the fixes away."""
    assert is_known(st.__version__)

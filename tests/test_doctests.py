"""Examples in docstrings do what they say; only files that have some are imported for it."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("uncertainty", "pruning", "cache", "views")
FIRST = ("uncertainty", "pruning/evaluation")  # where people begin to read who work without the page


def with_examples(package: str) -> list[str]:
    """The modules of a package whose text has an example."""
    files = sorted((ROOT / package).rglob("*.py"))
    return [
        file.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
        for file in files
        if ">>> " in file.read_text()
    ]


@pytest.mark.parametrize("name", [name for package in PACKAGES for name in with_examples(package)])
def test_the_examples_are_true(name):
    """Every example gives what stands below it."""
    found = doctest.testmod(import_module(name))
    assert found.attempted
    assert not found.failed


@pytest.mark.parametrize("package", FIRST)
def test_what_is_read_first_has_examples(package):
    """Two or more files of each have something to try."""
    assert len(with_examples(package)) >= 2


def test_an_example_that_is_wrong_is_found():
    """The check above can fail."""
    wrong = ModuleType("wrong", ">>> 1 + 1\n3\n")
    quiet = doctest.testmod(wrong, report=False, verbose=False)
    assert (quiet.attempted, quiet.failed) == (1, 1)

"""Where results are kept, by the environment: what it names, or the usual folder where that can be nobody's."""

from __future__ import annotations

from pathlib import Path

import pytest

from cache import services


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project, for once an empty folder, with nothing made so far."""
    monkeypatch.setattr(services, "ROOT", tmp_path)
    monkeypatch.setattr(services, "_current", None)
    monkeypatch.delenv(services.VARIABLE, raising=False)
    return tmp_path


@pytest.mark.parametrize("wish", [None, "", "  "])
def test_without_a_wish_the_store_is_in_the_project(
    root: Path, wish: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if wish is not None:
        monkeypatch.setenv(services.VARIABLE, wish)
    store = services.services().store
    assert store.folder == root / "cache" / "store"
    assert store.note is None


def test_the_environment_names_another_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(services.VARIABLE, f" {root / 'elsewhere'} ")
    assert services.services().store.folder == root / "elsewhere"


def test_in_the_home_of_nobody_the_usual_folder_is_used_and_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked for is named for as long as the server runs; results are kept all the same."""
    monkeypatch.setenv(services.VARIABLE, "~nobody-of-that-name/x")
    store, usual = services.services().store, root / "cache" / "store"
    store.fetch("key", lambda: "value")
    assert store.note == (
        "EXPLORER_CACHE is '~nobody-of-that-name/x', but there is no such user, or no home of that user: "
        f"results are kept in {usual}."
    )
    assert type(store)(usual, store.version).get("key") == "value"

"""The arrows between the packages, held against their imports; and proof that a wrong arrow is seen."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent

# folder or file → the parts of this project it may import
ALLOWED = {
    "streamlit_app.py": {"views"},
    "views": {"views", "pruning", "uncertainty", "cache"},
    "pruning": {"pruning", "uncertainty"},
    "uncertainty": {"uncertainty"},
    "cache": {"cache"},
}
OWN = {"views", "pruning", "uncertainty", "cache", "tests", "streamlit_app"}
# library → the only places, whole folders or single files, that may import it
CONFINED = {
    "streamlit": {"streamlit_app.py", "views"},
    "altair": {"views"},
    "torchvision": {"pruning/cifar.py"},
    "joblib": {"cache"},
    "sklearn": {"pruning"},
}
# Arrays in, numbers out: these must never need a network.
WITHOUT_TORCH = (
    "uncertainty/predictive.py",
    "uncertainty/calibration.py",
    "uncertainty/estimate.py",
    "uncertainty/expected.py",
    "uncertainty/floor.py",
    "uncertainty/paired.py",
    "uncertainty/ood.py",
    "uncertainty/rejection.py",
    "uncertainty/proportion.py",
)


def imported(source: str) -> Iterator[str]:
    """The top-level name of everything a source text imports, wherever in the text."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.split(".")[0]


def violations(root: Path) -> list[str]:
    """Every import that goes against an arrow, as `file imports name`."""
    found = []
    for place, allowed in ALLOWED.items():
        path = root / place
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            names, name = set(imported(file.read_text())), file.relative_to(root).as_posix()
            wrong = (names & OWN) - allowed
            wrong |= {
                library for library, homes in CONFINED.items() if library in names and not homes & {place, name}
            }
            if name in WITHOUT_TORCH:
                wrong |= names & {"torch"}
            found += [f"{name} imports {module}" for module in sorted(wrong)]
    return found


def test_no_import_goes_against_an_arrow():
    """The packages depend on each other in one direction only."""
    assert violations(ROOT) == []


def test_a_wrong_arrow_is_seen(tmp_path):
    """The check above can fail: each kind of wrong import is found, in functions too."""
    for place in ("views", "pruning", "uncertainty", "cache"):
        (tmp_path / place).mkdir()
    (tmp_path / "streamlit_app.py").write_text("import views.moons\n")
    (tmp_path / "uncertainty" / "calibration.py").write_text("from pruning import run\nimport torch\n")
    (tmp_path / "cache" / "store.py").write_text("def f():\n    import uncertainty.floor\n")
    (tmp_path / "pruning" / "cifar.py").write_text("def f():\n    from torchvision import datasets\n")
    (tmp_path / "pruning" / "sweep.py").write_text("import streamlit as st\nimport torchvision.datasets\n")
    assert violations(tmp_path) == [
        "pruning/sweep.py imports streamlit",
        "pruning/sweep.py imports torchvision",
        "uncertainty/calibration.py imports pruning",
        "uncertainty/calibration.py imports torch",
        "cache/store.py imports uncertainty",
    ]

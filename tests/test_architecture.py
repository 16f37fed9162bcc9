"""The arrows between packages and files, held against their imports; and proof that a wrong arrow is seen."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent

PACKAGES = ("cache", "pruning", "uncertainty")
SHARED = ("views/shared", "views/controls", "views/charts", "views/text", "views/browser", *PACKAGES)
# folder or file → the parts of this project it may import, itself included; what is most particular decides
ALLOWED = {
    "streamlit_app.py": ("views",),
    "views": ("views", "cache", "pruning", "uncertainty"),
    "views/charts": ("views/charts", "pruning", "uncertainty"),
    "views/text": ("views/text", "pruning", "uncertainty"),
    # The rooms of the three pages know nothing of each other, and what they share knows of none.
    "views/browser": ("views/browser", "views/controls", "views/charts", "views/text", *PACKAGES),
    "views/controls": ("views/controls", "views/text", "views/browser", *PACKAGES),
    "views/shared": SHARED,
    **{f"views/{page}": (f"views/{page}", *SHARED) for page in ("moons", "images", "study")},
    "views/prepare.py": ("cache",),
    "cache": ("cache", "pruning", "uncertainty"),
    # The boxes and the queue know nobody; results, which know pruning, are made of them.
    "cache/store.py": ("cache/private.py", "cache/plain_data.py"),
    "cache/plain_data.py": (),
    "cache/private.py": (),
    "cache/jobs.py": ("cache/turns.py",),
    "cache/turns.py": (),
    "cache/workers": ("cache/workers", "cache/jobs.py"),
    "pruning": ("pruning", "uncertainty"),
    "pruning/options.py": ("uncertainty/options.py",),
    # What is measured is read off outcomes and images: nothing here trains, builds or asks a network.
    "pruning/evaluation": (
        "pruning/evaluation",
        "pruning/outcome.py",
        "pruning/options.py",
        "pruning/data/images.py",
        "uncertainty",
    ),
    "uncertainty": ("uncertainty",),
}
# library → the only places, whole folders or single files, that may import it
CONFINED = {
    "streamlit": ("streamlit_app.py", "views"),
    "altair": ("views/charts",),
    "torchvision": ("pruning/data/image_download.py",),
    "joblib": ("cache",),
    "sklearn": ("pruning/data",),
}
# place → libraries that must never be imported there, anywhere in the text
WITHOUT = {
    "views/charts": ("streamlit", "torch"),
    "views/text": ("streamlit", "torch"),
    # Arrays in, numbers out: these must never need a network.
    **dict.fromkeys(
        (
            "pruning/evaluation",
            "uncertainty/predictive.py",
            "uncertainty/calibration.py",
            "uncertainty/estimate.py",
            "uncertainty/expected.py",
            "uncertainty/floor.py",
            "uncertainty/paired.py",
            "uncertainty/ood.py",
            "uncertainty/rejection.py",
            "uncertainty/proportion.py",
            "uncertainty/temperature.py",
            "uncertainty/decomposition.py",
            "uncertainty/conformal.py",
            "uncertainty/tolerance.py",
        ),
        ("torch",),
    ),
}


def sources(root: Path) -> dict[str, Path]:
    """Every file of the project by the name under which it is imported; a package by its folder's."""
    folders = ("views", "cache", "pruning", "uncertainty")
    files = [*root.glob("*.py"), *(file for folder in folders for file in (root / folder).rglob("*.py"))]
    named = {file.relative_to(root).with_suffix("").as_posix().replace("/", "."): file for file in files}
    return {name.removesuffix(".__init__"): file for name, file in sorted(named.items())}


def imported(source: str) -> Iterator[tuple[str, ...]]:
    """For everything a source text imports, wherever in the text, the modules it may be, the likeliest first."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name,) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "an import says where from in full"
            yield from ((f"{node.module}.{alias.name}", node.module) for alias in node.names)


def arrows(files: Mapping[str, Path]) -> dict[str, set[str]]:
    """Which modules each one imports: those of the project by their name, libraries by their first part."""
    return {
        name: {
            next((each for each in asked if each in files), asked[-1].split(".")[0])
            for asked in imported(file.read_text())
        }
        for name, file in files.items()
    }


def lies_in(path: str, place: str) -> bool:
    return path == place or path.startswith(place + "/")


def violations(root: Path) -> list[str]:
    """Every import that goes against an arrow, as `file imports name`."""
    files = sources(root)
    paths = {name: file.relative_to(root).as_posix() for name, file in files.items()}
    found = []
    for name, targets in arrows(files).items():
        path = paths[name]
        places = [place for place in ALLOWED if lies_in(path, place)]
        assert places, f"nobody says what {path} may import"
        allowed = ALLOWED[max(places, key=len)]
        never = {library for place, libraries in WITHOUT.items() if lies_in(path, place) for library in libraries}
        for target in sorted(targets):
            if target in files:
                wrong = not any(lies_in(paths[target], place) for place in allowed)
            else:
                homes = CONFINED.get(target)
                wrong = target in never or (homes is not None and not any(lies_in(path, home) for home in homes))
            if wrong:
                found.append(f"{path} imports {target}")
    return found


def circle(root: Path) -> list[str]:
    """Files that import each other in a circle, lazy imports and those for types alone included; none if all is well.

    A package is only what its own `__init__` imports.
    """
    try:
        TopologicalSorter(arrows(sources(root))).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_import_goes_against_an_arrow():
    """The packages depend on each other in one direction only."""
    assert violations(ROOT) == []


def test_no_files_import_each_other_in_a_circle():
    """Whoever reads a file can read first what it stands on, to the ground."""
    assert circle(ROOT) == []


def written(root: Path, **texts: str) -> Path:
    """A small project; `a__b` stands for a/b.py."""
    for name, text in texts.items():
        file = root / (name.replace("__", "/") + ".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def test_a_wrong_arrow_is_seen(tmp_path):
    """The check above can fail: each kind of wrong import is found, in functions too."""
    written(
        tmp_path,
        streamlit_app="import views.pages.moons\nimport cache.store\n",
        views__shared__sections="from views.moons import body\nfrom views.text import names\n",
        views__moons__body="from views.shared import sections\n",
        views__images__body="from views.shared import sections\nfrom views.moons import body\n",
        views__pages__moons="import streamlit as st\n",
        views__charts__vega="def f():\n    import streamlit\n",
        views__text__names="from views.pages import moons\nfrom views.charts import vega\n",
        uncertainty__calibration="from pruning import run\nimport torch\n",
        cache__store="def f():\n    import uncertainty.calibration\n",
        cache__results="import views.text.names\nimport uncertainty.calibration\n",
        cache__jobs="from cache import results\n",
        pruning__evaluation__detection="import torch\nimport altair\nfrom pruning import run\n",
        pruning__data__image_download="def f():\n    from torchvision import datasets\n",
        pruning__sweep="import streamlit as st\nimport torchvision.datasets\nimport altair\n",
        pruning__run="import sklearn.datasets\nfrom cache.store import f\n",
    )
    assert violations(tmp_path) == [
        "cache/jobs.py imports cache.results",
        "cache/results.py imports views.text.names",
        "cache/store.py imports uncertainty.calibration",
        "pruning/evaluation/detection.py imports altair",
        "pruning/evaluation/detection.py imports pruning.run",
        "pruning/evaluation/detection.py imports torch",
        "pruning/run.py imports cache.store",
        "pruning/run.py imports sklearn",
        "pruning/sweep.py imports altair",
        "pruning/sweep.py imports streamlit",
        "pruning/sweep.py imports torchvision",
        "streamlit_app.py imports cache.store",
        "uncertainty/calibration.py imports pruning.run",
        "uncertainty/calibration.py imports torch",
        "views/charts/vega.py imports streamlit",
        "views/images/body.py imports views.moons.body",
        "views/shared/sections.py imports views.moons.body",
        "views/text/names.py imports views.charts.vega",
        "views/text/names.py imports views.pages.moons",
    ]


def test_a_circle_is_seen(tmp_path):
    """Of imports in functions and of those for types, over any number of files; a package in between closes none."""
    written(
        tmp_path,
        pruning____init__="from pruning.a import f\n",
        pruning__a="def f():\n    from pruning.b import g\n",
        pruning__b="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pruning import c\n",
        pruning__c="x = 1\n",
    )
    assert circle(tmp_path) == []
    written(tmp_path, pruning__c="import pruning.a\n")
    assert set(circle(tmp_path)) == {"pruning.a", "pruning.b", "pruning.c"}


SESSION = "views/controls/state.py"


def keepers(root: Path) -> list[str]:
    """The files that read or write the session themselves, under whatever name it was imported."""
    files = ((path.relative_to(root).as_posix(), path.read_text()) for path in sources(root).values())
    return sorted(name for name, text in files if "session_state" in text or "SafeSessionState" in text)


def test_what_a_visit_keeps_stands_in_one_register():
    """Two modules cannot come to use one name of the session for two things; one mends how all are kept."""
    assert keepers(ROOT) == ["views/browser/whole_callbacks.py", SESSION]


def test_a_key_beside_the_register_is_seen(tmp_path):
    """The check above can fail."""
    written(tmp_path, views__a="import streamlit as st\nst.session_state.x = 1\n", views__b="x = 1\n")
    assert keepers(tmp_path) == ["views/a.py"]

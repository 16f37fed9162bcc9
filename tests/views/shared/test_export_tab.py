"""What is taken home from a page: its code gives the page's figures, its files hold the page's networks."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from streamlit.delta_generator import DeltaGenerator
from streamlit.testing.v1 import AppTest

from cache import services
from cache.services import Services
from cache.store import Store
from pruning import RATIOS, ImageExperiment, Outcome, run
from pruning.data.csv_points import read_points
from pruning.data.images import shown
from pruning.data.own_points import Points
from pruning.evaluation import Evaluated
from pruning.evaluation.metrics import Figures
from pruning.model import cost
from pruning.model.network_file import load_network
from tests.conftest import CLOCK, keep
from uncertainty.estimate import Estimate
from uncertainty.expected import Scores
from uncertainty.sampling import single_pass
from views.charts import export
from views.shared import export_tab, sections
from views.text import program as program_text
from views.text.figure_table import ROWS

ROOT = Path(__file__).parents[3]
PATIENCE = 30  # seconds before a test gives up on something that hangs
SMALL = {"points": "200", "hidden": "10", "patience": "5", "judged": "Test points"}
CONTROLS = {
    "judged": "Test points", "strategy": "Iterative, fine-tuned", "ratio": "0.8",
    "samples": "10", "dataset": "Circles", "noise": "0.1",
    "label_noise": "0.1", "points": "400", "hidden": "16-16", "dropout": "0.4", "learning_rate": "0.03",
    "patience": "10", "criterion": "Taylor (gradient × activation)", "scope": "Global", "rewind": "2", "rounds": "3",
    "bins": "30", "seed": "7", "data_seed": "3",
}  # fmt: skip
BY_HAND = {"units": "hidden1.3-hidden1.5", "ratio": "0.3"}
STATES = {
    "small": {},
    "nothing pruned": {"ratio": "0.0", "samples": "1"},
    "many controls": CONTROLS,
    "by hand": BY_HAND,
    "another strategy": {
        "against": "Random tickets (control)", "against_scope": "Global", "strategy": "One-shot, re-initialised",
    },
    "by hand, three classes": {
        "dataset": "Three blobs", "hidden": "16-16", "units": "hidden1.0-hidden1.1-hidden2.15", "samples": "5",
    },
}  # fmt: skip
DIGITS = ImageExperiment(train_images=100, max_epochs=2)
NAMES = ("left", "right, above", "“far” away")
OWN = "x;y;class\n" + "".join(
    f"{i % 9 / 7 + i % 3:.3f};{i * i % 11 / 3 - i % 3:.3f};{NAMES[i % 3]}\n".replace(".", ",") for i in range(80)
)


class Home:
    """What the tab was given to draw, and what its buttons hold: label → (file name, content or what makes it)."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[str, Any]] = {}
        self.seen: Any = None

    @property
    def outcome(self) -> Outcome:
        return self.seen.outcome

    @property
    def figures(self) -> tuple[Figures, Figures]:
        return sections.both_figures(self.seen)

    def press(self, label: str) -> Any:
        """What the browser gets when the button is pressed."""
        content = self.files[label][1]
        return content() if callable(content) else content


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Home:
    """Notes what happens in the tab; a clock that is read once."""
    found, button, draw = Home(), DeltaGenerator.download_button, export_tab.draw

    def note_file(place: Any, label: str, data: Any, file_name: str, *args: Any, **options: Any) -> bool:
        found.files[label] = (file_name, data)
        return button(place, label, data, file_name, *args, **options)

    def note_drawing(seen: Evaluated, *args: Any) -> None:
        found.files, found.seen = {}, seen
        draw(seen, *args)

    monkeypatch.setattr(DeltaGenerator, "download_button", note_file)
    monkeypatch.setattr(export_tab, "draw", note_drawing)
    monkeypatch.setattr(cost, "latency", partial(cost.latency, repeats=1))
    return found


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("taken") / "store", "test")


@pytest.fixture
def visit(store: Store, monkeypatch: pytest.MonkeyPatch, home: Home) -> Callable[..., AppTest]:
    """Opens the moons page on this tab, or on that of the link, with small networks."""
    monkeypatch.setattr(services, "_current", Services(store))

    def opened(link: dict[str, str], points: Points | None = None) -> AppTest:
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
        app.query_params.update(SMALL | {"view": "Take home"} | link)
        if points:
            app.session_state["own_points"] = points
        return stands(app.run())

    return opened


def stands(app: AppTest) -> AppTest:
    """The page, if nothing on it has gone wrong."""
    assert not app.exception
    assert not app.error
    assert not app.warning
    return app


def program(app: AppTest) -> str:
    """The code that the page shows."""
    (code,) = (element.value for element in app.code if element.language == "python")
    return code


def untimed(measured: Figures) -> dict[str, Any]:
    """The figures but for the clock's."""
    return {name: value for name, value in asdict(measured).items() if name not in CLOCK}


def carried_out(code: str) -> list[Figures]:
    """The figures that the code leaves in its names, of the dense network or what takes its place, and pruned."""
    names: dict[str, Any] = {}
    exec(code, names)
    return [names.get("dense") or names["reference"], names["pruned"]]


def assert_equal(found: list[Figures], shown: tuple[Figures, Figures]) -> None:
    """Every figure but the clock's, to the last bit."""
    assert [untimed(measured) for measured in found] == [untimed(measured) for measured in shown]


def assert_written(found: list[Figures], app: AppTest) -> None:
    """The table of the page writes these very figures."""
    table = {row[1]: (row[2], row[3]) for row in app.table[0].value.itertuples()}
    for row in ROWS:
        if row.field not in CLOCK:
            assert table[row.label] == tuple(row.number.write(getattr(measured, row.field)) for measured in found)


# The code of the moons page


@pytest.mark.parametrize("link", STATES.values(), ids=STATES)
def test_the_code_of_the_page_gives_its_figures(visit, home, link):
    """In whatever state the page is, the text that stands there computes what its table says, to the last bit."""
    app = visit(link)
    found = carried_out(program(app))
    assert_equal(found, home.figures)
    assert_written(found, visit(link | {"view": "Reliability"}))


def test_other_states_have_other_figures(visit, home):
    """The comparison above can fail: no two of its states have the same figures of the pruned network."""
    figures = []
    for link in STATES.values():
        visit(link)
        figures.append(str(untimed(home.figures[1])))
    assert len(set(figures)) == len(STATES)


def test_the_code_of_own_points_reads_the_file_that_is_taken_home_with_it(visit, home, tmp_path, monkeypatch):
    """Points that came with semicolons and decimal commas, and labels with commas and quotation marks."""
    points = read_points(OWN.encode())
    app = visit({"samples": "20"}, points)
    name = home.files["Your points"][0]
    (tmp_path / name).write_text(home.press("Your points"))
    monkeypatch.chdir(tmp_path)
    found = carried_out(program(app))
    assert_equal(found, home.figures)
    assert_written(found, visit({"samples": "20", "view": "Reliability"}, points))


def test_the_code_of_own_points_changed_by_hand_runs_in_a_fresh_process(visit, home, tmp_path):
    """Both at once, with two threads to compute in: what is printed is what the page shows."""
    app = visit(BY_HAND, read_points(OWN.encode()))
    (tmp_path / "points.csv").write_text(home.press("Your points"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "2"}
    command = [sys.executable, "-c", program(app)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    names = {kind.__name__: kind for kind in (Figures, Scores, Estimate)} | {"nan": nan}
    printed = [eval(line, names) for line in done.stdout.splitlines()]
    assert_equal(printed, home.figures)


# The files of the moons page


def test_the_code_is_a_file_too(visit, home):
    """The button gives the very text that stands above it."""
    app = visit({})
    assert home.files["Code"][0] == "moons-one-shot-0.5-figures.py"
    assert home.press("Code") == program(app) + "\n"


def test_every_file_has_a_name_that_says_what_it_is(visit, home):
    """Data set, strategy, ratio and contents; own points have a button only where there are some."""
    visit({"dataset": "Three blobs", "ratio": "0.8", "strategy": "Iterative, re-initialised"})
    assert {label: name for label, (name, _) in home.files.items()} == {
        "Code": "blobs-iterative-0.8-figures.py",
        "All figures, every ratio": "blobs-iterative-0.8-figures.csv",
        "Charts as SVG and PNG": "blobs-iterative-0.8-charts.zip",
        "The pruned network": "blobs-iterative-0.8-network.pt",
    }
    visit({}, read_points(OWN.encode()))
    assert list(home.files)[-1] == "Your points"


def test_the_table_of_figures_reads_back(visit, home):
    """One row a ratio, in order; the dense row and that of the chosen ratio are the page's own figures."""
    visit(CONTROLS)
    table = pd.read_csv(io.StringIO(home.press("All figures, every ratio"))).set_index("prune_ratio")
    assert tuple(table.index) == RATIOS
    for ratio, measured in zip((0.0, 0.8), home.figures, strict=True):
        due = {name: value for name, value in asdict(measured).items() if not isinstance(value, dict | None)}
        assert {name: table.loc[ratio, name] for name in due} == due
    assert set(table.n_bins) == {30}
    assert set(table.n_samples) == {10}


def test_the_table_of_figures_is_of_the_networks_as_they_were_pruned(visit, home):
    """What was changed by hand is of one ratio alone, and is not among its rows: they are those without it."""
    visit(BY_HAND)
    changed = home.press("All figures, every ratio")
    assert home.outcome.by_hand is not None
    by_hand = home.figures[1]
    visit({"ratio": "0.3"})
    assert home.outcome.by_hand is None
    assert changed == home.press("All figures, every ratio")
    row = pd.read_csv(io.StringIO(changed)).set_index("prune_ratio").loc[0.3]
    assert row.nll == home.figures[1].nll != by_hand.nll


@pytest.mark.parametrize("link", STATES.values(), ids=STATES)
def test_the_network_that_is_saved_answers_as_that_on_the_page(visit, home, link):
    """PyTorch reads the file without trusting it, and the module made of it gives the page's logits to the bit."""
    visit(link)
    data, outcome = home.press("The pruned network"), home.outcome
    assert torch.load(io.BytesIO(data), weights_only=True)["n_classes"] == outcome.n_classes
    model = load_network(io.BytesIO(data))
    np.testing.assert_array_equal(single_pass(model, outcome.test_inputs), outcome.pruned.test.logits)
    parameters = sum(value.numel() for value in model.parameters())
    assert parameters == home.figures[1].parameters


@pytest.mark.parametrize("link", [{}, BY_HAND], ids=["as pruned", "by hand"])
def test_the_network_of_own_points_takes_the_values_of_the_file_beside_it(visit, home, link):
    """What `points.csv` holds goes in as it is, and the page's logits come out; the tab says so, for these alone."""
    app = visit(link, read_points(OWN.encode()))
    outcome, model = home.outcome, load_network(io.BytesIO(home.press("The pruned network")))
    content = torch.load(io.BytesIO(home.press("The pruned network")), weights_only=True)
    assert content["classes"] == sorted(NAMES)
    assert content["notes"][0] == export_tab.OWN
    points = read_points(home.press("Your points").encode())
    values = pd.read_csv(io.StringIO(home.press("Your points")))[["x", "y"]].to_numpy(np.float32)
    place = {tuple(row): i for i, row in enumerate(points.learned(outcome.experiment.data_seed).tolist())}
    tested = values[[place[tuple(row)] for row in outcome.test_inputs.tolist()]]
    np.testing.assert_allclose(single_pass(model, tested), outcome.pruned.test.logits, atol=1e-4)
    assert any(export_tab.VALUES in element.value for element in app.markdown)
    assert not any(export_tab.VALUES in element.value for element in visit(link).markdown)


def test_the_points_that_are_saved_are_those_that_were_learned(visit, home):
    """Read again they are equal to the bit, with the names of their classes."""
    points = read_points(OWN.encode())
    visit({}, points)
    again = read_points(home.press("Your points").encode())
    assert again.key() == points.key()
    assert again.classes == points.classes == tuple(sorted(NAMES))


# When it is made


def test_nothing_is_made_before_its_button_is_pressed(visit, home, monkeypatch):
    """Opening the tab draws no chart as a file, writes no table and packs no network; each button makes its own."""
    made = []
    for module, name in ((program_text, "figures_csv"), (export, "archive")):
        monkeypatch.setattr(module, name, lambda *_, name=name, **__: made.append(name))
    monkeypatch.setattr("pruning.model.network_file.network_file", lambda *_: made.append("network_file"))
    visit({})
    assert made == []
    for label in ("All figures, every ratio", "Charts as SVG and PNG", "The pruned network"):
        home.press(label)
    assert made == ["figures_csv", "archive", "network_file"]


def test_opening_the_tab_loads_neither_pytorch_nor_what_draws_files(tmp_path):
    """Of a state that is stored, all of the tab is drawn without the two largest libraries."""
    link = SMALL | {"view": "Take home"}
    script = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_file({str(ROOT / 'streamlit_app.py')!r}, default_timeout=60)\n"
        f"app.query_params.update({link!r})\n"
        "app.run()\n"
        "print(len(app.get('download_button')), 'torch' in sys.modules, 'vl_convert' in sys.modules)\n"
    )
    environment = {**os.environ, "EXPLORER_CACHE": str(tmp_path / "store")}
    command = [sys.executable, "-W", "ignore", "-c", script]
    printed = [
        subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True).stdout.strip()
        for _ in range(2)
    ]
    assert printed == ["4 True False", "4 False False"]


# The image page


def digits(**link: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "views" / "pages" / "images.py"), default_timeout=60)
    app.query_params.update({"images": "100", "epochs": "2", "tab": "Take home"} | link)
    return app


def trained(app: AppTest) -> AppTest:
    """The page once all of its networks are there."""
    app.run()
    end = time.monotonic() + PATIENCE
    while services.queue().watchers():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
    return stands(app.run())


def test_the_code_of_the_image_page_gives_its_figures(here, home):
    """Digits of a hundred pictures and two epochs, with other samples, bins and layers than by default."""
    link = {"samples": "10", "bins": "10", "ratio": "0.8", "layers": "Fully connected only", "drop": "0.3"}
    app = trained(digits(**link))
    found = carried_out(program(app))
    assert_equal(found, home.figures)
    assert_written(found, stands(digits(**link, tab="Reliability").run()))


def test_the_files_of_the_image_page(here, home):
    """Table, network and the names of all charts; the network takes pixels and gives the page's logits."""
    trained(digits())
    table = pd.read_csv(io.StringIO(home.press("All figures, every ratio"))).set_index("prune_ratio")
    assert tuple(table.index) == RATIOS
    assert table.loc[0.5, "nll"] == home.figures[1].nll
    name, _ = home.files["The pruned network"]
    assert name == "digits-one-shot-0.5-network.pt"
    model = load_network(io.BytesIO(home.press("The pruned network")))
    pictures = shown(DIGITS.dataset).test.pixels
    np.testing.assert_array_equal(single_pass(model, pictures), home.outcome.pruned.test.logits)


def test_the_code_is_of_the_network_that_stands_in(here, home):
    """While the chosen network is not there yet, the code names the nearest one, whose figures are shown."""
    keep(run(DIGITS, ratios=(0.0, 0.3)), 0.0, 0.3)
    here.instead = lambda *_, **__: pytest.fail("trained, where the page is only looked at")
    app = digits()
    assert not app.run().exception
    assert "prune_ratio=0.3" in program(app)
    assert home.outcome.experiment == replace(DIGITS, prune_ratio=0.3)
    assert_equal(carried_out(program(app)), home.figures)

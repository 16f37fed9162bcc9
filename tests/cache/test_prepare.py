"""Training beforehand from a terminal: wrong arguments, what is done twice, what fails, and Ctrl-C."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cache import prepare, runs, services
from cache.jobs import Cancelled
from pruning import RATIOS, Architecture, Diverged, ImageExperiment, ImageSet, Strategy
from pruning.data import image_download as cifar
from pruning.data.download import DownloadError
from tests.conftest import use
from tests.pruning.lottery.orders import steps
from uncertainty.options import ENSEMBLE_MEMBERS, MC_DROPOUT, Method, Source

PATIENCE = 30  # seconds before a test gives up on something that hangs
SMALL = ("--task", "digits", "--images", "100", "--epochs", "1")
ONE = (*SMALL, "--strategies", "prune_only")
TWO = (*SMALL, "--strategies", "one_shot", "iterative")


class Training:
    """In place of `runs.train`: notes what is asked for, and does what it is told for a strategy."""

    def __init__(self) -> None:
        self.asked: list[ImageExperiment] = []
        self.sources: list[Source] = []
        self.instead: dict[Strategy, Callable[[Callable[..., None]], None]] = {}

    def __call__(
        self,
        experiment: ImageExperiment,
        report: Callable[..., None],
        finished: Callable[[set[str]], None],
        source: Source,
    ) -> None:
        self.asked.append(experiment)
        self.sources.append(source)
        self.instead.get(experiment.strategy, lambda report: None)(report)
        finished({step.key for step in steps(experiment, RATIOS)})


@pytest.fixture
def training(here: Any, monkeypatch: pytest.MonkeyPatch) -> Training:
    """Training that takes no time."""
    fake = Training()
    monkeypatch.setattr(runs, "train", fake)
    return fake


def raising(error: Exception) -> Callable[[Callable[..., None]], None]:
    def fail(report: Callable[..., None]) -> None:
        raise error

    return fail


# Arguments


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seeds", "-1"], "seed is -1; it must be a whole number from 0 to"),
        (["--epochs", "0"], "max_epochs is 0; it must be a whole number from 1 to"),
        (["--images", "99999999"], "train_images is 99999999; it must be a whole number from 0 to"),
        (
            ["--networks", "lenet"],
            "network 'lenet' needs pictures of 16 × 16 or larger, those of 'digits' are 8 × 8; choose one of: small",
        ),
    ],
)
def test_a_value_that_no_experiment_takes_is_a_sentence(training, arguments, words):
    """The name, the value and what is legal, without a trace; nothing is trained."""
    with pytest.raises(SystemExit, match=words):
        prepare.main(["--task", "digits", *arguments])
    assert training.asked == []


@pytest.mark.parametrize(
    ("arguments", "known"),
    [
        (["--task", "letters"], ImageSet),
        (["--strategies", "magic"], Strategy),
        (["--networks", "huge"], Architecture),
        (["--seeds", "one"], ()),
        (["--method", "magic"], Method),
        (["--tempered", "perhaps"], ()),
    ],
)
def test_an_unknown_word_is_named_with_the_known_ones(training, arguments, known, capsys):
    """The usual exit code 2, and the word that was not understood."""
    with pytest.raises(SystemExit) as stop:
        prepare.main(arguments)
    assert stop.value.code == 2
    error = capsys.readouterr().err.partition("error: ")[2]
    assert f"'{arguments[1]}'" in error
    assert all(choice.value in error for choice in known)
    assert "<" not in error
    assert training.asked == []


def test_the_help_lists_what_can_be_chosen(capsys):
    """Every task, network and strategy is there as it must be written."""
    with pytest.raises(SystemExit) as stop:
        prepare.main(["--help"])
    text = capsys.readouterr().out
    assert stop.value.code == 0
    for choice in (*ImageSet, *Strategy):
        assert choice.value in text


def test_the_grid_is_every_combination(training):
    """Networks, strategies and seeds, each with each; the rest as it was said."""
    chosen = ["--networks", "small", "wide", "--strategies", "one_shot", "prune_only", "--seeds", "0", "7"]
    assert prepare.main([*SMALL, *chosen]) == 0
    asked = {(one.network.value, one.strategy.value, one.seed) for one in training.asked}
    assert len(training.asked) == len(asked) == 8
    assert ("wide", "prune_only", 7) in asked
    assert {(one.train_images, one.max_epochs, one.dataset) for one in training.asked} == {(100, 1, ImageSet.DIGITS)}


def test_without_wishes_it_is_what_the_page_offers_first(training):
    """The network, seed and settings of the page's own defaults with every strategy: what a class will find."""
    assert prepare.main(["--task", "digits"]) == 0
    assert training.asked == [ImageExperiment(strategy=strategy) for strategy in Strategy]


# Training


def test_the_second_time_nothing_is_trained(here, capsys):
    """All networks are stored and found again, and the page finds them too."""
    assert prepare.main(ONE) == 0
    assert len(here.keys) == len(RATIOS)
    assert f"11 networks, 0 of them stored already in {services.services().store.folder}" in capsys.readouterr().out
    assert prepare.main(ONE) == 0
    assert len(here.keys) == len(RATIOS)
    assert "11 networks, 11 of them stored already" in capsys.readouterr().out
    experiment = ImageExperiment(strategy="prune_only", train_images=100, max_epochs=1)
    assert len(runs.stored(experiment).networks) == len(RATIOS)


def test_networks_that_are_shared_count_once(training, capsys):
    """Two strategies on one dense network are 21 networks, not 22."""
    assert prepare.main(TWO) == 0
    assert "21 networks, 0 of them stored already" in capsys.readouterr().out


def test_one_that_diverges_is_named_and_the_others_go_on(training, capsys):
    """The sentence of the error after the name of the experiment, exit code 1, all others asked for."""
    training.instead[Strategy.ONE_SHOT] = raising(Diverged("its loss is no longer a number."))
    assert prepare.main(TWO) == 1
    assert "One-shot, Small CNN, seed 0: its loss is no longer a number." in capsys.readouterr().out
    assert [one.strategy for one in training.asked] == [Strategy.ONE_SHOT, Strategy.ITERATIVE]


def test_ctrl_c_stops_what_runs_and_drops_what_waits(training, monkeypatch, capsys):
    """The work hears of it, the next experiment does not begin, a sentence tells how to go on, exit code 130."""
    begun, stopped = threading.Event(), threading.Event()

    def long(report: Callable[..., None]) -> None:
        begun.set()
        end = time.monotonic() + PATIENCE
        try:
            while time.monotonic() < end:
                report(None)
                time.sleep(0.005)
        except Cancelled:
            stopped.set()
            raise

    def interrupted(futures: object) -> None:
        assert begun.wait(PATIENCE)
        raise KeyboardInterrupt

    training.instead[Strategy.ONE_SHOT] = long
    monkeypatch.setattr(prepare, "as_completed", interrupted)
    assert prepare.main(TWO) == 130
    assert stopped.is_set()
    assert [one.strategy for one in training.asked] == [Strategy.ONE_SHOT]
    out = capsys.readouterr().out
    assert "Stopped. What is finished is kept; the same command goes on from there." in out


def test_a_store_that_keeps_nothing_is_told(training, tmp_path, monkeypatch, capsys):
    """Where results cannot be written, preparing has failed: the sentence says where, exit code 1."""
    (tmp_path / "file").write_text("")
    use(monkeypatch, tmp_path / "file" / "store")
    assert prepare.main(ONE) == 1
    assert f"Results cannot be kept in {tmp_path / 'file' / 'store'}" in capsys.readouterr().out


# Images


def test_cifar_is_downloaded_where_it_is_missing(monkeypatch, tmp_path):
    """Into the folder of the images; an error of the download is a sentence and no trace."""
    fetched = []

    def fetch(folder: Path, report: Callable[[Any], None], *, names: tuple[str, ...]) -> None:
        assert names == ("cifar10", "cifar100")
        fetched.append(folder)
        report(cifar.Fetching("cifar10", "unpacking"))
        raise DownloadError("The server does not answer.")

    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    monkeypatch.setattr(cifar, "fetch", fetch)
    with pytest.raises(SystemExit, match="The server does not answer"):
        prepare.main(["--task", "cifar10"])
    assert fetched == [tmp_path]


def test_cifar_that_is_there_is_not_downloaded(monkeypatch, tmp_path):
    """Both files in the folder are enough."""
    for name in ("cifar10.npz", "cifar100.npz"):
        (tmp_path / name).write_bytes(b"")
    grids: list[list[ImageExperiment]] = []
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    monkeypatch.setattr(cifar, "fetch", raising(AssertionError("downloaded")))
    monkeypatch.setattr(prepare, "_train", lambda grid, sources: grids.append(grid) or 0)
    assert prepare.main(["--strategies", "one_shot"]) == 0
    assert grids == [[ImageExperiment(dataset="cifar10", network="lenet", strategy="one_shot")]]


# Methods


def test_networks_are_asked_by_every_method_that_is_named(training, capsys):
    """Each with a temperature and without; MC dropout where none is named."""
    assert prepare.main([*ONE, "--method", "single_pass", "last_layer", "--tempered", "both"]) == 0
    methods = (Method.SINGLE_PASS, Method.LAST_LAYER)
    assert training.sources == [Source(method, tempered) for method in methods for tempered in (False, True)]
    said = capsys.readouterr().out
    assert "Asked by Single pass, Single pass, tempered, Last-layer Laplace, Last-layer Laplace, tempered" in said
    training.sources.clear()
    assert prepare.main([*ONE]) == 0
    assert training.sources == [MC_DROPOUT]


def test_the_members_of_an_ensemble_are_among_the_networks(training, capsys):
    """Ten times as many are told of."""
    prepare.main([*ONE])
    alone = int(capsys.readouterr().out.split()[0])
    prepare.main([*ONE, "--method", "ensemble", "mc_dropout"])
    assert int(capsys.readouterr().out.split()[0]) == ENSEMBLE_MEMBERS * alone


def test_what_is_prepared_is_there_for_the_page(here):
    """The answers of every ratio by that method, and the next time nothing is trained."""
    arguments = [*ONE, "--method", "last_layer"]
    assert prepare.main(arguments) == 0
    experiment = ImageExperiment(train_images=100, max_epochs=1, strategy=Strategy.PRUNE_ONLY)
    outcome = runs.stored(experiment, source=Source(Method.LAST_LAYER))
    assert [network.prune_ratio for network in outcome.networks] == list(RATIOS)
    before = len(here.trained)
    assert prepare.main(arguments) == 0
    assert len(here.trained) == before > 0


def test_what_fails_says_by_which_method(training, capsys):
    """Beside strategy, network and seed."""
    training.instead[Strategy.PRUNE_ONLY] = raising(RuntimeError("no"))
    assert prepare.main([*ONE, "--method", "last_layer"]) == 1
    assert "seed 0, Last-layer Laplace: no" in "".join(capsys.readouterr())

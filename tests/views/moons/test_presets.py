"""Every story of the moons page is legal, and what it says is what the networks do, with most seeds.

Each bound is about half the margin that was seen, so that only a change that makes a text false is noticed.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest

from pruning import RATIOS, Experiment, Network, PlaneOutcome, Strategy, module, run, run_seeds
from pruning.data.plane_tasks import make_task
from pruning.evaluation.metrics import Figures, figures
from pruning.inspect.plane import RESOLUTION, Maps, extent, make_plane
from pruning.model import cost
from uncertainty.calibration import accuracy, reliability_bins
from uncertainty.floor import calibration_floor
from uncertainty.predictive import entropy
from uncertainty.sampling import single_pass
from views.controls.moons import ALL
from views.moons import presets
from views.moons.presets import PRESETS

CONTROLS = {control.name: control for control in ALL}
FIELDS = {"ratio": "prune_ratio", "rewind": "rewind_epoch"}  # control → field of an experiment, where they differ
PICTURE = {"samples", "bins", "binning"}  # controls that change what is shown, not what is trained
DATA_SEEDS = range(1, 6)
N_SAMPLES = 50  # the default of the page

every_story = pytest.mark.parametrize("story", PRESETS, ids=lambda story: story.name)


@pytest.fixture(autouse=True, scope="module")
def _brief_latency() -> Iterator[None]:
    """No story speaks of latency."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cost, "latency", partial(cost.latency, repeats=1))
        yield


def experiment(name: str, **changes: object) -> Experiment:
    """What the page trains for the story of this name, with some fields changed."""
    (story,) = (story for story in PRESETS if story.name == name)
    values = {
        FIELDS.get(control, control): value for control, value in story.settings.items() if control not in PICTURE
    }
    return replace(Experiment(**values), **changes)


@cache
def outcomes(chosen: Experiment, n_seeds: int, ratios: tuple[float, ...] = ()) -> list[PlaneOutcome]:
    """The story as it opens, seed 0, and as many more seeds."""
    return run_seeds(chosen, range(n_seeds), ratios=ratios)


@cache
def elsewhere(
    chosen: Experiment, ratios: tuple[float, ...] = (), data_seeds: Sequence[int] = DATA_SEEDS
) -> list[PlaneOutcome]:
    """The story as it opens, on other points: an outcome for each of five data seeds."""
    return [run(replace(chosen, data_seed=seed), ratios=ratios) for seed in data_seeds]


def accuracies(outcome: PlaneOutcome) -> list[float]:
    """Of the dense and of the pruned network."""
    return [accuracy(each.test.probs(N_SAMPLES), outcome.test_labels) for each in (outcome.dense, outcome.pruned)]


def measured(found: list[PlaneOutcome]) -> list[tuple[Figures, Figures]]:
    """The figures of the dense and of the pruned network for each seed."""
    return [tuple(figures(o, network, N_SAMPLES) for network in (o.dense, o.pruned)) for o in found]


def maps(outcome: PlaneOutcome, network: Network) -> Maps:
    return make_plane(outcome.experiment, network, outcome.n_classes, extent(outcome), (N_SAMPLES,)).maps(N_SAMPLES)


@every_story
def test_settings_are_legal_and_not_the_defaults(story):
    """A story names controls of the page, gives each a legal value, and lists no default of what it tells."""
    asked = [*story.settings.items(), *story.view.items(), *story.trial.items()]
    for name, value in asked:
        assert CONTROLS[name].allows(value)
        assert type(value) is type(CONTROLS[name].default)
    assert all(value != CONTROLS[name].default for name, value in story.settings.items())
    assert set(story.view) <= {"colour", "show", "view"}
    assert not set(story.settings) & {"colour", "show", "view"}


@every_story
def test_a_trial_changes_something(story):
    """What a story asks to try is not what it has set, and it asks for it in words."""
    assert all(
        {**story.settings, **story.view}.get(name, CONTROLS[name].default) != v for name, v in story.trial.items()
    )
    assert bool(story.trial) == any(word in story.look_at for word in ("set ", "Switch", "Raise", "Show"))


@every_story
def test_a_story_is_short(story):
    """What is seen and why it matters is about a line of a laptop's screen, what to look at half of one."""
    assert len(story.sentences) <= 240
    assert len(story.look_at) <= 150


@every_story
def test_a_story_is_two_sentences_and_an_imperative(story):
    """Two full sentences, and one more that begins with a verb."""
    told, look_at = (re.split(r"(?<=[.!?])\s+", text) for text in (story.sentences, story.look_at))
    assert (len(told), len(look_at)) == (2, 1)
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in told + look_at)
    assert look_at[0].split()[0] in {"Compare", "Switch", "Look", "Raise", "Show", "Follow"}


def test_there_are_seven_stories_with_names_of_their_own():
    """The order is that of a lesson; a name is short enough for a button."""
    names = [story.name for story in PRESETS]
    assert names == [
        "A winning ticket", "The control that fails", "Pruned to collapse", "Confident and wrong",
        "Dropout off", "Label noise", "As published: 2-30-2",
    ]  # fmt: skip
    assert max(map(len, names)) <= 24


def test_labels_that_are_quoted_exist():
    """Where a text names a strategy, it is written as on the page."""
    text = " ".join(story.look_at for story in PRESETS)
    for member in (Strategy.RANDOM_MASK, Strategy.ONE_SHOT):
        assert f"Switch the strategy to {member.label}:" in text


def test_the_module_needs_no_streamlit():
    """Presets are plain data."""
    assert "streamlit" not in inspect.getsource(presets)


def wins(outcome: PlaneOutcome) -> bool:
    """Whether the pruned network is as accurate as the dense one, to two points, in no more epochs."""
    dense, pruned = (figures(outcome, network, N_SAMPLES) for network in (outcome.dense, outcome.pruned))
    as_good = pruned.accuracy > dense.accuracy - 2.5 / len(outcome.test_labels)
    return as_good and stop(outcome) <= outcome.dense.kept_epoch


def stop(outcome: PlaneOutcome) -> int:
    """The pruned network's early stop, in epochs in all."""
    return outcome.pruned.epochs_in_all or 0


def test_the_winning_ticket_wins():
    """45 of 64 units, the dense accuracy, a quarter fewer epochs; a winning ticket with most seeds, elsewhere too."""
    chosen = experiment("A winning ticket")
    found = outcomes(chosen, 8)
    assert (found[0].pruned.units, found[0].dense.units) == (45, 64)
    assert stop(found[0]) <= 0.85 * found[0].dense.kept_epoch
    assert wins(found[0])
    assert sum(map(wins, found)) >= 5
    assert sum(map(wins, elsewhere(chosen))) >= 4


def test_the_lead_of_the_ticket_is_gone_when_rewound_to_the_start():
    """With rewind epoch 0 the pruned network is not sooner; that half of the seeds win is what chance would do."""
    found = outcomes(experiment("A winning ticket", rewind_epoch=0), 8)
    assert not wins(found[0])
    assert sum(map(wins, found)) <= 5


def test_the_control_fails():
    """Same mask, fresh weights: later than dense, and than the ticket with most seeds, elsewhere too; as accurate."""
    chosen, ticket = experiment("The control that fails"), experiment("A winning ticket")
    assert replace(chosen, strategy=ticket.strategy) == ticket
    found, tickets = outcomes(chosen, 8), outcomes(ticket, 8)
    np.testing.assert_equal(found[0].pruned.masks, tickets[0].pruned.masks)
    assert stop(found[0]) > found[0].dense.kept_epoch
    assert sum(stop(one) > stop(other) for one, other in zip(found, tickets, strict=True)) >= 6
    assert all(accuracies(one)[1] > accuracies(one)[0] - 0.03 for one in found)
    pairs = zip(elsewhere(chosen), elsewhere(ticket), strict=True)
    assert sum(stop(one) > stop(other) for one, other in pairs) >= 4
    (by_chance,) = outcomes(replace(chosen, strategy=Strategy.RANDOM_MASK), 1)
    assert stop(tickets[0]) < stop(by_chance) < stop(found[0])


def test_the_collapsed_network_knows_one_class():
    """One class on the plane, a coin's accuracy, all doubt aleatoric, with most seeds; training brings it back."""
    chosen = experiment("Pruned to collapse")
    found = outcomes(chosen, 6)
    plane = maps(found[0], found[0].pruned)
    assert len(np.unique(plane.probs.argmax(axis=-1))) == 1
    assert plane.entropy.mean() > 0.5
    assert plane.epistemic.mean() < 0.05 * plane.entropy.mean()
    pairs = measured(found)
    assert pairs[0][1].accuracy < 0.6
    assert sum(p.accuracy < 0.6 and d.accuracy > 0.9 for d, p in pairs) >= 4
    shares = [o.pruned.ood.epistemic(N_SAMPLES).mean() / entropy(o.pruned.ood.probs(N_SAMPLES)).mean() for o in found]
    assert sum(share < 0.1 for share in shares) >= 4
    trained = replace(chosen, strategy=Strategy.ONE_SHOT)
    assert all(p.accuracy > 0.75 for _, p in measured(outcomes(trained, 1)))
    lost = elsewhere(chosen)
    assert sum(len(np.unique(maps(each, each.pruned).probs.argmax(axis=-1))) == 1 for each in lost) >= 4
    assert all(accuracies(each)[1] < 0.6 for each in lost)
    assert sum(accuracies(each)[1] > 0.75 for each in elsewhere(trained)) >= 4


def test_the_confident_network_is_wrong():
    """A third of the points wrong, most above 90 % confidence, far over-confident; other seeds and points."""
    chosen = experiment("Confident and wrong")
    found = [is_confident_and_wrong(outcome) for outcome in outcomes(chosen, 4)]
    assert found[0]
    assert sum(found) >= 3
    assert sum(map(is_confident_and_wrong, elsewhere(chosen))) >= 4


def is_confident_and_wrong(outcome: PlaneOutcome) -> bool:
    dense, pruned = (network.test.probs(N_SAMPLES) for network in (outcome.dense, outcome.pruned))
    labels, confidence = outcome.test_labels, pruned.max(axis=1)
    wrong, sure = pruned.argmax(axis=1) != labels, confidence > 0.9
    bins = reliability_bins(pruned, labels)
    return (
        bins.error > calibration_floor(pruned, bins).high + 0.05
        and confidence.mean() - (1 - wrong.mean()) > 0.1
        and accuracy(dense, labels) > 0.97
        and 0.2 < wrong.mean() < 0.5
        and (wrong & sure).sum() >= 0.5 * wrong.sum()
        and confidence.mean() > dense.max(axis=1).mean() - 0.1
        and bins.mean_outcome[-1] < bins.mean_score[-1] - 0.1
    )


def test_without_dropout_nothing_disagrees():
    """Epistemic uncertainty is zero over plane and test points, on other points too."""
    chosen = experiment("Dropout off")
    for outcome in (*outcomes(chosen, 1), *elsewhere(chosen)):
        for network in (outcome.dense, outcome.pruned):
            assert maps(outcome, network).epistemic.max() < 1e-6
            assert network.test.epistemic(N_SAMPLES).max() < 1e-6


def test_with_dropout_the_samples_disagree_most_away_from_the_points():
    """At a dropout rate of 0.2, as tried, most of the epistemic uncertainty is where no point is near."""
    (story,) = (story for story in PRESETS if story.name == "Dropout off")
    assert dict(story.trial) == {"dropout": 0.2}
    for outcome in outcomes(experiment("Dropout off", dropout=0.2), 3):
        away = _away_from_points(outcome)
        for network in (outcome.dense, outcome.pruned):
            epistemic = maps(outcome, network).epistemic
            near = epistemic[away < 0.1].mean()
            assert epistemic[away > 0.5].mean() > 1.5 * near > 0.002
            assert away.flat[epistemic.argmax()] > 0.5


def _away_from_points(outcome: PlaneOutcome) -> np.ndarray:
    """How far each cell of the plane (side, side) is from the nearest point."""
    x0, x1, y0, y1 = extent(outcome)
    across, up = (
        low + (high - low) * (np.arange(RESOLUTION) + 0.5) / RESOLUTION for low, high in ((x0, x1), (y0, y1))
    )
    points = np.concatenate([outcome.train_inputs, outcome.test_inputs])
    squares = np.full((RESOLUTION, RESOLUTION), np.inf)
    for x, y in points:
        np.minimum(squares, (across[None] - x) ** 2 + (up[:, None] - y) ** 2, out=squares)
    return np.sqrt(squares)


def test_wrong_labels_are_not_learned_by_heart():
    """Few wrong labels are repeated, most errors are wrong labels, pruning changes little; other seeds and points."""
    chosen = experiment("Label noise")
    found = [passes_noise_by(outcome) for outcome in outcomes(chosen, 3)]
    assert found[0]
    assert sum(found) >= 2
    assert sum(map(passes_noise_by, elsewhere(chosen))) >= 4


def passes_noise_by(outcome: PlaneOutcome) -> bool:
    chosen = outcome.experiment
    clean = make_task(chosen.dataset, chosen.points, chosen.noise, 0.0, chosen.data_seed)
    dense, pruned = (figures(outcome, network, N_SAMPLES) for network in (outcome.dense, outcome.pruned))
    return (
        all(_passes_noise_by(outcome, network, clean) for network in (outcome.dense, outcome.pruned))
        and abs(dense.accuracy - pruned.accuracy) < 0.03
        and abs(dense.nll - pruned.nll) < 0.03
    )


def _passes_noise_by(outcome, network, clean):
    """Whether a network repeats few wrong labels, errs mostly on them, and is confident by about three quarters."""
    probs, labels = network.test.probs(N_SAMPLES), outcome.test_labels
    wrong, flipped = probs.argmax(axis=1) != labels, clean.test_labels != labels
    mislabelled = outcome.train_labels != clean.train_labels
    fitted = single_pass(module(outcome.experiment, network, outcome.n_classes), outcome.train_inputs).argmax(axis=1)
    repeated = (fitted == outcome.train_labels)[mislabelled].mean()
    return (
        repeated < 0.2
        and (wrong & flipped).sum() > 0.65 * wrong.sum()
        and abs(probs.max(axis=1).mean() - 0.75) < 0.06
    )


def test_the_published_network_keeps_half_and_loses_at_the_end():
    """Two points of the accuracy to ratio 0.5; at 0.9 less, NLL doubled, ECE up; most seeds, other points."""
    chosen = experiment("As published: 2-30-2")
    found = outcomes(chosen, 2, RATIOS[:6])
    assert [found[0].at(ratio).units for ratio in (0.0, 0.5, 0.9)] == [30, 15, 3]
    assert all(map(keeps_half, found))
    assert sum(map(keeps_half, elsewhere(chosen, RATIOS[:6], DATA_SEEDS[:3]))) >= 2  # ten levels each: three will do


def keeps_half(outcome: PlaneOutcome) -> bool:
    dense, *half, last = (figures(outcome, network, N_SAMPLES) for network in outcome.networks)
    return (
        all(f.accuracy > dense.accuracy - 0.021 for f in half)
        and last.accuracy < dense.accuracy - 0.04
        and last.nll > 1.6 * dense.nll
        and last.ece > dense.ece + 0.01
    )

"""The controls of the moons page, and the experiment they describe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from pruning import RATIOS, Experiment
from pruning.inspect.plane import DRAWN, SAMPLES
from uncertainty.options import ENSEMBLE_MEMBERS, MC_DROPOUT, DropoutLayers, Method, Score, Source
from views.controls import compare
from views.controls.control import Control, check, choice, draw_row, draw_settings, fields_set
from views.controls.recipes import draw_recipes
from views.controls.sets_and_refusal import ALPHA, REFUSE, SET_SCORE, TOLERATED
from views.controls.url import warn_of_link

if TYPE_CHECKING:
    from uncertainty.calibration import Binning

STANDARD = Experiment()
FIFTH = 0.2  # of what is left, a round
UNITS = "units"  # of the link: those that are toggled by hand


def _layers(widths: tuple[int, ...]) -> str:
    return "-".join(str(width) for width in widths)


def rounds_in_words(value: float) -> str:
    return "20 %" if value == FIFTH else str(value)


def rounds_of(value: float) -> dict[str, Any]:
    """The fields of an experiment that the control stands for: the number of rounds, or a share of what is left."""
    return {"round_share": value} if value == FIFTH else {"rounds": value}


STRATEGY = replace(
    choice("strategy", "Strategy", "How the pruned network comes about.", STANDARD.strategy, field="strategy"),
    width=1.4,
)
RATIO = Control(
    "ratio",
    "Prune ratio",
    "The share of units (neurons) removed from every hidden layer. It is not the share of weights.",
    STANDARD.prune_ratio,
    RATIOS,
    field="prune_ratio",
)
N_SAMPLES = Control(
    "samples",
    "MC-dropout samples",
    "How many thinned networks are averaged. One sample knows no disagreement, so no epistemic uncertainty.",
    50,
    SAMPLES,
)
MEMBERS = Control(
    "members",
    "Ensemble members",
    f"How many networks are averaged, {ENSEMBLE_MEMBERS} at most; each was trained and pruned from its own seed.",
    ENSEMBLE_MEMBERS,
    tuple(range(1, ENSEMBLE_MEMBERS + 1)),
)
LAPLACE = "Laplace draws", "How many draws of the weights are averaged."  # label and help of the same control
ONE_PASS = "**Samples**: a single pass is one, nothing to move."
METHOD = replace(choice("method", "Method", "Where class probabilities come from.", MC_DROPOUT.method), width=1.75)
TEMPERED = check(
    "tempered", "Temperature",
    "Divides all logits by one number, that which fits the validation examples best. It changes how sure a single "
    "pass is, and none of its answers.",
    default=MC_DROPOUT.tempered,
)  # fmt: skip
MAIN = (STRATEGY, RATIO, METHOD, N_SAMPLES, MEMBERS)
ROW = (STRATEGY, compare.AGAINST, RATIO, METHOD, N_SAMPLES)


REWIND = Control(
    "rewind", "Rewind epoch",
    "Re-initialised weights are those of this epoch of the dense run (its last, if it stopped sooner); "
    "0: the start.",
    STANDARD.rewind_epoch, (0, 1, 2, 5, 10, 20, 50), field="rewind_epoch",
)  # fmt: skip
# Sets one of two fields: see `rounds_of`.
ROUNDS = Control(
    "rounds", "Rounds of iterative pruning",
    "0 prunes step by step along the ratios of the slider, at its end half of what is left; n takes n equal "
    "fractions instead, 20 % a fifth of what is left each time, as Frankle & Carbin do.",
    STANDARD.rounds, (0, 1, 2, 3, 5, 10, FIFTH), show=rounds_in_words,
)  # fmt: skip
SEED = Control(
    "seed", "Seed", "Decides initial weights and dropout; the same seed gives the same figures.",
    STANDARD.seed, (0, 9999), "number", field="seed",
)  # fmt: skip
DATA_SEED = Control(
    "data_seed", "Data seed", "Decides which points are drawn and how they are split.",
    STANDARD.data_seed, (0, 9999), "number", field="data_seed",
)  # fmt: skip
SETTINGS: Mapping[str, tuple[Control, ...]] = {
    "Data": (
        choice("dataset", "Dataset", "The task the networks learn.", STANDARD.dataset, field="dataset"),
        Control(
            "noise", "Noise", "Standard deviation of the Gaussian noise on the points.",
            STANDARD.noise, (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5), field="noise",
        ),
        Control(
            "label_noise", "Label noise",
            "Share of points whose label is replaced by another class: of those that train, validate and test alike.",
            STANDARD.label_noise, (0.0, 0.05, 0.1, 0.2, 0.3, 0.4), field="label_noise",
        ),
        Control(
            "points", "Points", "How many points are drawn; 70 % train, 15 % validate, 15 % test.",
            STANDARD.points, (200, 400, 700, 1000, 1500, 2000, 3000), field="points",
        ),
    ),
    "Network": (
        Control(
            "hidden", "Hidden layers",
            "Units per hidden layer; 30 is the width of the study's network, trained here in this page's own way.",
            STANDARD.hidden, ((10,), (30,), (64,), (128,), (16, 16), (64, 64), (128, 128), (32, 32, 32)),
            "select", _layers, field="hidden",
        ),
        Control(
            "dropout", "Dropout rate", "Share of hidden units silenced at random; at 0 all MC samples are equal.",
            STANDARD.dropout, (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5), field="dropout",
        ),
        choice(
            "dropout_rule", "Dropout after pruning",
            "What becomes of the rate where units are removed, in training and in MC dropout alike.",
            STANDARD.dropout_rule, field="dropout_rule",
        ),
        Control(
            "learning_rate", "Learning rate", "Step size of Adam, in training and after pruning.",
            STANDARD.learning_rate, (0.001, 0.003, 0.01, 0.03, 0.1), field="learning_rate",
        ),
        Control(
            "patience", "Patience",
            "Training stops after so many epochs in which the validation loss has not fallen by 0.0001 nats.",
            STANDARD.patience, (5, 10, 20, 50, 100), field="patience",
        ),
    ),
    "Pruning": (
        choice("criterion", "Criterion", "What makes a unit important.", STANDARD.criterion, field="criterion"),
        choice("scope", "Scope", "Where the least important units are looked for.", STANDARD.scope, field="scope"),
        REWIND,
        ROUNDS,
    ),
    "Measurement": (
        Control(
            "bins", "Bins", "Bins of the reliability diagrams and of every calibration error.",
            15, (5, 10, 15, 20, 30),
        ),
        Control(
            "binning", "Bins of a diagram",
            "Of equal width, as ECE and UCE are defined, or of equal mass: as many examples in each, so that a few "
            "make no zigzag. The error beside a diagram follows; curves and table keep equal width.",
            "width", ("width", "mass"), "buttons", lambda name: f"Equal {name}",
        ),
        choice(
            "dropping", "Dropout in samples",
            "Which layers drop in MC dropout; nothing is trained anew. The fewer, the less samples disagree.",
            MC_DROPOUT.layers, widget="buttons",
        ),
        SEED,
        DATA_SEED,
    ),
}  # fmt: skip

OTHERS = "Compared with"  # the title of what may be otherwise there
COMPARED = (compare.AGAINST, *compare.differing(REWIND))

QUANTITY = Control(
    "colour",
    "Colour",
    "What colours the plane. Predictive entropy is the sum of two parts: aleatoric (expected entropy), the doubt "
    "that each sample has on its own, and epistemic, the disagreement between them. The former is the "
    "noise in the data only where the network fits: pruned hard, it grows while the data stay the same. Of a "
    "generated task the truth is known: the exact class probabilities; their entropy, the noise in the data; and the "
    "error, a network's distance from them.",
    "probability",
    ("probability", "entropy", "aleatoric", "epistemic", "error", "truth", "noise"),
    "buttons",
    lambda name: {"entropy": "Predictive entropy", "noise": "True entropy"}.get(name, name.capitalize()),
)
# Of one's own points nobody knows the truth.
OWN_QUANTITY = replace(QUANTITY, options=QUANTITY.options[:4])
POINTS = Control(
    "show", "Points shown", "Which points are drawn; a ring marks test points that the network gets wrong.",
    "test", ("test", "training", "none"), "buttons", str.capitalize,
)  # fmt: skip

DRAWS = check(
    "draws", "Single samples",
    f"The decision boundary of each of the first {DRAWN} samples, as fine lines: thinned networks, members of the "
    "ensemble, or draws of the weights. What they agree on is not in doubt, however unsure each of them is.",
    default=False,
)  # fmt: skip

# What the page opens on where nothing is asked for: a ratio at which pruning shows, and where networks are unsure.
OPENING: Mapping[str, Any] = {RATIO.name: 0.9, QUANTITY.name: "entropy"}

BASIS = Control(
    "judged", "Measured on",
    "A generated task is known: figures are those of 4,096 fresh points against the exact class probabilities. The "
    "test points are what a study would have; their intervals say how little so few can tell.",
    "truth", ("truth", "test"), "buttons", lambda name: {"truth": "The truth", "test": "Test points"}[name],
)  # fmt: skip

OVER_SEEDS = check(
    "over_seeds", "Over 10 seeds",
    "Ten runs of the same, each on points of its own, train after this one: a line for their mean, a band from the "
    "lowest to the highest, and whether ten seeds can tell a difference. Measured with 50 samples and 15 bins.",
    default=False,
)  # fmt: skip
GUESS = check(
    "guess", "Guess first",
    "A story asks before it shows: pictures, figures and what it says come once a guess is locked. Guesses and what "
    "came are kept on a worksheet to take home.",
    default=False,
)  # fmt: skip
NO_SEEDS = (
    f"No switch for ten seeds: those of an ensemble are {10 * ENSEMBLE_MEMBERS} networks at every ratio. Run them "
    "as a study."
)
TEMPERATURE = Control(
    "t", "Temperature T",
    "All logits of a single pass are divided by it, of the dense and of the pruned network alike: above 1 they get "
    "less sure, below 1 surer. What is shown elsewhere on the page stays as it is.",
    1.0, (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 10.0),
    show=lambda value: f"{value:g}",
)  # fmt: skip
SCORE = choice(
    "score", "Score", "What a point is judged by.", Score.MSP, (Score.MSP, Score.ENTROPY, Score.INFORMATION),
    "buttons",
)  # fmt: skip
IN_TABS = (TEMPERATURE, ALPHA, SET_SCORE, TOLERATED, SCORE, REFUSE)
EXPERIMENT = (*MAIN, TEMPERED, *(control for controls in SETTINGS.values() for control in controls))
TABS = (
    "Reliability", "Methods", "Sets and refusal", "Watch it train", "The network", "Checks", "Your own points",
    "Take home",
)  # fmt: skip
TAB = Control("view", "Tab", "What is shown below the planes.", TABS[0], TABS, "tabs")
ALL = (*EXPERIMENT, *COMPARED, QUANTITY, POINTS, DRAWS, BASIS, OVER_SEEDS, GUESS, TAB, *IN_TABS)
VIEW = (QUANTITY, POINTS, TAB, *COMPARED)  # how a preset may have it looked at
# What decides how networks are asked and shown, of which no preset tells.
UNTOLD = frozenset({"samples", "members", "binning", "method", "tempered", "dropping"})
SEEDS = frozenset({SEED.name, DATA_SEED.name})


@dataclass(frozen=True)
class Choice:
    """What the controls of the moons page say."""

    experiment: Experiment
    n_samples: int
    n_bins: int
    binning: Binning = "width"  # of the reliability diagrams
    values: Mapping[str, Any] = field(default_factory=dict)  # control → value
    over_seeds: bool = False
    basis: str = "truth"  # what figures are measured on: see `views.shared.basis`
    quantity: str = "entropy"  # that colours the planes
    points: str = "test"  # that are drawn on them
    draws: bool = False  # whether the boundaries of single samples are drawn on them
    source: Source = MC_DROPOUT  # of the class probabilities
    other: Experiment | None = None  # that it is compared with; None for the dense network


def values_of(experiment: Experiment) -> dict[str, Any]:
    """What the controls say where they describe this experiment; name → value."""
    said = {control.name: getattr(experiment, control.field) for control in EXPERIMENT if control.field}
    return {**said, ROUNDS.name: experiment.round_share or experiment.rounds}


def draw_controls() -> Choice:
    """The strategy, what it is compared with and two sliders in a row, everything else folded away beneath them."""
    return warn_of_link("moons", lambda: ALL, _draw_controls, also=[UNITS])


def _draw_controls() -> Choice:
    return choice_of(draw_main(ROW) | draw_settings({**SETTINGS, OTHERS: COMPARED[1:], "In a lesson": (GUESS,)}))


def choice_of(values: Mapping[str, Any]) -> Choice:
    """What is chosen where the controls above the pictures and beside the page say this."""
    experiment = Experiment(**fields_set(EXPERIMENT, values), **rounds_of(values["rounds"]))
    source, other = source_of(values), compare.other_of(experiment, values)
    n_samples = samples_of(source.method, values)
    return Choice(experiment, n_samples, values["bins"], values["binning"], values, source=source, other=other)


def draw_main(controls: Sequence[Control]) -> dict[str, Any]:
    """The main controls in a row, the strategy with all recipes beside it and the method with its temperature."""
    tempered: list[bool] = []
    beside = {STRATEGY.name: draw_recipes, METHOD.name: lambda method: tempered.append(TEMPERED.draw())}
    own = next(control for control in controls if control.name == N_SAMPLES.name)
    values = draw_row(controls, beside, {own.name: lambda values: _draw_numbers(own, values[METHOD.name])})
    if MEMBERS.name not in values:  # its neighbour is locked
        values |= _draw_numbers(own, values[METHOD.name])
    # Where the method is locked, nothing stands beside it.
    return {**values, TEMPERED.name: tempered[0] if tempered else TEMPERED.draw()}


def _draw_numbers(own: Control, method: Method) -> dict[str, Any]:
    """The number of samples, `own`, and that of members; the one that the method has not is there, but not seen.

    So it keeps what it says, and the address does. The browser would lose that of a control that moves about.
    """
    if method not in (Method.MC_DROPOUT, Method.ENSEMBLE):
        own = replace(own, label=LAPLACE[0], help=LAPLACE[1])
    values, counts = {}, None if method == Method.SINGLE_PASS else MEMBERS if method == Method.ENSEMBLE else own
    for control in (own, MEMBERS):
        with st.container(key=f"{'seen' if control is counts else 'unseen'}_{control.name}"):
            values[control.name] = control.draw()
    if counts is None:
        st.caption(ONE_PASS)
    return values


def samples_of(method: Method, values: Mapping[str, Any]) -> int:
    """How many samples of a method the controls ask for."""
    return values[MEMBERS.name] if method == Method.ENSEMBLE else method.samples(values[N_SAMPLES.name])


def has_seeds(source: Source) -> bool:
    """Whether ten seeds may be asked for beside the curves: not where each has ten networks at every ratio."""
    return source.method.trainings == 1


def source_of(values: Mapping[str, Any]) -> Source:
    """The source of class probabilities that the controls say."""
    method = values[METHOD.name]
    layers = values["dropping"] if method == Method.MC_DROPOUT else DropoutLayers.ALL
    return Source(method, values[TEMPERED.name], layers)

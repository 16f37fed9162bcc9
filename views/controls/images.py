"""The controls of the image page, and the experiment they describe. Some offer what the chosen task allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from pruning import ImageExperiment, ImageSet
from pruning.data.images import NoImages, Shown, shown
from pruning.outcome import IMAGE_SAMPLES
from uncertainty.options import MC_DROPOUT, Score, Source
from views.controls import compare
from views.controls import moons as moons_controls
from views.controls.control import Control, choice, draw_settings, fields_set
from views.controls.sets_and_refusal import ALPHA, REFUSE, SET_SCORE, TOLERATED
from views.controls.url import warn_of_link

if TYPE_CHECKING:
    from pruning import Outcome
    from uncertainty.calibration import Binning

STANDARD = ImageExperiment()

TASK = choice(
    "task",
    "Task",
    "What the network learns, and what it has never seen.",
    STANDARD.dataset,
    (),
    "buttons",
    field="dataset",
)
RATIO = replace(
    moons_controls.RATIO,
    help="The share of units (channels and neurons) removed from every layer that is pruned. Not of weights.",
)
N_SAMPLES = replace(moons_controls.N_SAMPLES, options=IMAGE_SAMPLES)
STRATEGY = moons_controls.STRATEGY
METHOD, TEMPERED = moons_controls.METHOD, moons_controls.TEMPERED
MAIN = (STRATEGY, RATIO, METHOD, N_SAMPLES, moons_controls.MEMBERS)
ROW = (STRATEGY, compare.AGAINST, RATIO, METHOD, N_SAMPLES)
REWIND = replace(moons_controls.REWIND, options=(0, 1, 2, 4, 8))  # of the few epochs of a run on images
COMPARED = (compare.AGAINST, *compare.differing(REWIND))


def settings(task: ImageSet) -> Mapping[str, tuple[Control, ...]]:
    """The controls that are folded away, with what this task allows."""
    networks = task.networks
    own = {control.name: control for controls in moons_controls.SETTINGS.values() for control in controls}
    return {
        "Network": (
            choice("network", "Network", "What is trained and pruned.", networks[0], networks, field="network"),
            replace(own["dropout"], name="drop", default=STANDARD.dropout),
            own["dropout_rule"],
        ),
        "Training": (
            Control(
                "images", "Training images", "A few thousand for a quick look, all for the real figure.",
                0, task.train_sizes, "steps", lambda number: f"{number:,}" if number else "all", field="train_images",
            ),
            Control(
                "epochs", "Epochs", "The longest training; most networks stop sooner.",
                STANDARD.max_epochs, (2, 4, 8, 12, 16, 20, 30), field="max_epochs",
            ),
            Control(
                "rate", "Learning rate", "Reached within one epoch, then constant.",
                STANDARD.learning_rate, (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2), field="learning_rate",
            ),
            replace(own["patience"], name="stop_after", options=(2, 3, 5, 10), default=STANDARD.patience),
        ),
        "Pruning": (
            choice(
                "layers", "Pruned layers", "Which layers lose units.", STANDARD.pruned_layers, field="pruned_layers",
            ),
            own["criterion"],
            own["scope"],
            REWIND,
            own["rounds"],
        ),
        "Measurement": (own["bins"], own["binning"], own["dropping"], own["seed"]),
    }  # fmt: skip


TAB = Control(
    "tab", "Tab", "", "Reliability",
    (
        "Reliability", "Methods", "Gallery", "Mistaken for", "Detection", "Prediction sets", "Your picture",
        "Take home",
    ), "tabs",
)  # fmt: skip


# What the page opens on where nothing is asked for: pictures, and a ratio at which pruning shows.
OPENING: Mapping[str, Any] = {RATIO.name: 0.9, TAB.name: "Gallery"}

PICTURES = Control(
    "pictures", "Pictures", "Classes that no network has learned, or test images of the classes it knows.",
    "never seen", ("never seen", "test images"), "buttons", str.capitalize,
)  # fmt: skip
ORDER = Control(
    "order", "Order",
    "By the pruned network's confidence or predictive entropy, or by how much the prune ratios disagree "
    "(mutual information between picture and ratio).",
    "confident first", ("confident first", "doubtful first", "highest entropy", "most disagreement"),
    "select", str.capitalize,
)  # fmt: skip
OVER_SEEDS = replace(
    moons_controls.OVER_SEEDS,
    help="Ten runs of the same, each with another seed on the same images, train after this one: a line for their "
    "mean, a band from the lowest to the highest, and whether ten seeds can tell a difference. Measured with 50 "
    "samples and 15 bins. Only digits have this switch, as they train in seconds; of other images the line under "
    "a curve appears once it has run as a study, on the study page.",
)
MISTAKEN_ROWS = Control(
    "rows", "Rows", "The classes whose answers differ most between the two networks, or all.",
    "largest change", ("largest change", "all classes"), "buttons", str.capitalize,
)  # fmt: skip
SCORE = choice(
    "score", "Score", "What an image is judged by. OOD, out of distribution, is an image of a class that the network "
    "has never seen.", Score.MSP, (), "buttons",
)  # fmt: skip
ALL_CLASSES = "all classes"


def of_class(images: Shown) -> Control:
    """The filter of the gallery, over the classes of the pictures that may be shown."""
    names = (ALL_CLASSES, *images.ood.classes, *images.test.classes)
    return Control("of", "Class", "Show one class alone.", ALL_CLASSES, tuple(dict.fromkeys(names)), "select")


def has_seeds(task: ImageSet) -> bool:
    """Whether ten seeds may be asked for beside the curves: of bundled images, which train in seconds."""
    return not task.sources


def pair(dataset: ImageSet, images: Shown) -> tuple[Control, Control]:
    """An unknown class and the known one it may be mistaken for."""
    unknown, known = dataset.confused
    return (
        Control("unknown", "How often is", "A class never learned.", unknown, images.ood.classes, "select"),
        Control("taken_for", "called", "A class the network knows.", known, images.test.classes, "select"),
    )


def in_tabs(task: ImageSet) -> tuple[Control, ...]:
    """The controls that stand further down the page."""
    fixed = (TAB, *((OVER_SEEDS,) if has_seeds(task) else ()), PICTURES, ORDER, MISTAKEN_ROWS, SCORE, REFUSE)
    fixed += ALPHA, SET_SCORE, TOLERATED, moons_controls.TEMPERATURE
    try:
        images = shown(task)
    except NoImages:  # whose classes nobody knows
        return fixed
    return (*fixed, of_class(images), *pair(task, images))


VIEW = (TAB, PICTURES, ORDER, SCORE, REFUSE, *COMPARED)  # how a preset may have it looked at


def of_presets() -> tuple[Control, ...]:
    """What presets tell of: the digits, which anybody's machine trains while one waits."""
    return (TASK, *MAIN, *(control for controls in settings(ImageSet.DIGITS).values() for control in controls))


@dataclass(frozen=True)
class ImageChoice:
    """What the controls of the image page say."""

    experiment: ImageExperiment
    n_samples: int
    n_bins: int
    binning: Binning = "width"  # of the reliability diagrams
    values: Mapping[str, Any] = field(default_factory=dict)  # control → value
    source: Source = MC_DROPOUT  # of the class probabilities
    other: ImageExperiment | None = None  # that it is compared with; None for the dense network


def experiment_of(outcome: Outcome) -> ImageExperiment:
    """The experiment of an outcome on images."""
    assert isinstance(outcome.experiment, ImageExperiment)
    return outcome.experiment


def values_of(experiment: ImageExperiment) -> dict[str, Any]:
    """What the controls say where they describe this experiment; name → value."""
    folded = (control for group in settings(experiment.dataset).values() for control in group)
    said = {each.name: getattr(experiment, each.field) for each in (TASK, *MAIN, *folded) if each.field}
    return {**said, moons_controls.ROUNDS.name: experiment.round_share or experiment.rounds}


def draw_controls() -> ImageChoice:
    """The task, the strategy, what it is compared with and two sliders, everything else folded away."""
    return warn_of_link("images", lambda: known(_task_of_link()), _draw_controls)


def known(task: ImageSet) -> tuple[Control, ...]:
    """Every control of the page, with what this task allows."""
    folded = (control for controls in settings(task).values() for control in controls)
    return (TASK, *MAIN, TEMPERED, *folded, *COMPARED, *in_tabs(task))


def _task_of_link() -> ImageSet:
    """The task that decides which values of the link are legal."""
    return TASK.legal().get(st.query_params.get("task", ""), TASK.default)


def _draw_controls() -> ImageChoice:
    with st.container(horizontal=True, key="task_row"):
        task = TASK.draw()
    groups = settings(task)
    shown = {**groups, moons_controls.OTHERS: COMPARED[1:]}
    values = {TASK.name: task, **moons_controls.draw_main(ROW), **draw_settings(shown)}
    controls = (TASK, *MAIN, *(control for group in groups.values() for control in group))
    experiment = ImageExperiment(**fields_set(controls, values), **moons_controls.rounds_of(values["rounds"]))
    source, other = moons_controls.source_of(values), compare.other_of(experiment, values)
    n_samples = moons_controls.samples_of(source.method, values)
    return ImageChoice(experiment, n_samples, values["bins"], values["binning"], values, source, other)

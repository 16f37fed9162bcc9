"""The controls of the study page, and the study they describe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from pruning import RATIOS, Experiment, ImageExperiment, ImageSet, Strategy
from pruning.experiment import Recipe
from pruning.study import BASE, SEEDS, Study, Variant
from pruning.study_presets import VARIED
from uncertainty.options import MC_DROPOUT, Source
from views.controls import images as image_controls
from views.controls import moons as moons_controls
from views.controls.control import Control, check, draw_settings, fields_set
from views.controls.url import warn_of_link
from views.text.study_figures import AXES, FIGURES

POINTS = "points"
MOST_SEEDS = 30
GRIDS: Mapping[str, tuple[float, ...]] = {
    "0.1 to 0.95": RATIOS[1:],
    "0.3, 0.5, 0.7, 0.9": (0.3, 0.5, 0.7, 0.9),
    "0.5, 0.8, 0.95": (0.5, 0.8, 0.95),
    "0.8": (0.8,),
}
NOTHING = "nothing"
METHOD, TEMPERED = moons_controls.METHOD, moons_controls.TEMPERED
VARY_NAMES = {"criterion": "criterion", "scope": "scope", "rewind_epoch": "rewind epoch", "dropout": "dropout rate",
              "label_noise": "label noise", "method": "method", "noise": "noise"}  # fmt: skip
RANDOM_TICKET = Strategy.RANDOM_MASK.value

TASK = Control(
    "study", "Task", "Points of the plane train in seconds, digits in minutes, the other pictures in hours.",
    POINTS, (POINTS, *ImageSet), "buttons", lambda task: "Points" if task == POINTS else task.label,
)  # fmt: skip
STRATEGIES = {each: check(f"run_{each.value}", each.label, each.help) for each in Strategy}
N_SEEDS = Control(
    "seeds", "Seeds", "How often everything is repeated, with other initial weights and other dropout. With fewer "
    "than 5 nothing can be told.", len(SEEDS), (1, MOST_SEEDS), "number",
)  # fmt: skip
GRID = Control("ratios", "Prune ratios", "At which every strategy is run.", next(iter(GRIDS)), tuple(GRIDS), "select")
OWN_DATA = check(
    "own_data", "Points of its own for every seed",
    "One test set is the largest error of all: with the same points for all seeds a verdict holds for these alone.",
)  # fmt: skip
VARY = Control(
    "vary", "Compare, too", "Every strategy is run with each value of this setting. Methods ask the same networks, "
    "each with and without a temperature; deep ensembles, which are among them, train ten networks in place of one.",
    NOTHING, (NOTHING, *VARIED), "select", lambda name: VARY_NAMES.get(name, name).capitalize(),
)  # fmt: skip
FIGURE = Control(
    "figure", "Figure", "What the large chart shows and the verdict is about.",
    "accuracy", tuple(FIGURES), "select", lambda name: FIGURES[name].label,
)  # fmt: skip
AXIS = Control(
    "axis", "Against", "A prune ratio is a share of units; the others say what that is worth in parameters and in "
    "multiply–adds.", "prune_ratio", tuple(AXES), "buttons", lambda name: AXES[name].capitalize(),
)  # fmt: skip
AGAINST = Control(
    "against", "Verdict against", "The dense network of the same seed, or the random ticket at the same ratio, in "
    "which as many units of each layer are picked by chance.", "dense", ("dense", RANDOM_TICKET), "buttons",
    lambda line: {"dense": "Dense"}.get(line, "Random ticket"),
)  # fmt: skip
GATHER = check(
    "gather", "Gather what others train",
    "Nothing is trained here: every run that visitors of this server have had trained comes in by itself. The link "
    "for a class, under *Share* of the moons page, gives each of them another seed.",
    default=False,
)  # fmt: skip
LOOKS = (FIGURE, AXIS, moons_controls.BASIS, AGAINST)
OPENING: Mapping[str, Any] = {}
# Decided by the study itself, or by how a page shows one run.
_NOT_OF_A_STUDY = {"seed", "data_seed", "bins", "binning"}


def settings(task: ImageSet | str) -> dict[str, tuple[Control, ...]]:
    """The settings of the explorer pages that are folded away, as far as a study leaves them free."""
    groups = moons_controls.SETTINGS if task == POINTS else image_controls.settings(ImageSet(task))  # type: ignore[call-arg]
    free = {
        title: tuple(each for each in group if each.name not in _NOT_OF_A_STUDY) for title, group in groups.items()
    }
    return {title: group for title, group in free.items() if group}


def known(task: ImageSet | str) -> tuple[Control, ...]:
    """Every control of the page, with what this task allows."""
    return (*of_study(task), *LOOKS, GATHER)


def of_study(task: ImageSet | str) -> tuple[Control, ...]:
    """Those that decide the study."""
    folded = (each for group in settings(task).values() for each in group)
    return (TASK, *STRATEGIES.values(), N_SEEDS, GRID, OWN_DATA, VARY, METHOD, TEMPERED, *folded)


@dataclass(frozen=True)
class StudyChoice:
    """What the controls of the study page say; no study where no strategy is chosen."""

    study: Study | None
    task: ImageSet | str
    figure: str = "accuracy"
    axis: str = "prune_ratio"
    basis: str = "truth"
    against: str = "dense"
    gather: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)


def draw_controls() -> StudyChoice:
    """Task and strategies, how often and at which ratios; the settings of the explorer pages folded away."""
    return warn_of_link("study", lambda: known(_task_of_link()), _draw)


def _task_of_link() -> ImageSet | str:
    """The task that decides which values of the link are legal."""
    task: ImageSet | str = TASK.legal().get(st.query_params.get(TASK.name, ""), TASK.default)
    return task


def _draw() -> StudyChoice:
    with st.container(horizontal=True, key="task_row"):
        task = TASK.draw()
    with st.container(horizontal=True, key="strategies_row", gap="medium"):
        values = {control.name: control.draw() for control in STRATEGIES.values()}
    chosen = tuple(strategy for strategy, control in STRATEGIES.items() if values[control.name])
    with st.container(horizontal=True, key="repeat_row", gap="medium", vertical_alignment="bottom"):
        values |= {control.name: control.draw() for control in (N_SEEDS, GRID, VARY)}
        if task == POINTS:
            values |= {control.name: control.draw() for control in (OWN_DATA, GATHER)}
        if values[VARY.name] != METHOD.name:
            values |= {control.name: control.draw() for control in (METHOD, TEMPERED)}
    groups = settings(task)
    values |= {TASK.name: task, **draw_settings(groups)}
    base = _base(task, values)
    study = Study(
        base, chosen, GRIDS[values["ratios"]], tuple(range(values["seeds"])), values.get("own_data", True),
        _variants(base, values["vary"]), _source(values),
    ) if chosen else None  # fmt: skip
    return StudyChoice(study, task, gather=values.get(GATHER.name, False), values=values)


def _base(task: ImageSet | str, values: Mapping[str, Any]) -> Recipe:
    controls = [each for group in settings(task).values() for each in group]
    chosen = {**fields_set(controls, values), **moons_controls.rounds_of(values["rounds"])}
    return Experiment(**chosen) if task == POINTS else ImageExperiment(dataset=ImageSet(task), **chosen)  # type: ignore[call-arg]


def _variants(base: Recipe, vary: str) -> tuple[Variant, ...]:
    """What is compared beside strategies; nothing where this kind of experiment has no such field."""
    return VARIED[vary] if vary == METHOD.name or hasattr(base, vary) else (BASE,)


def _source(values: Mapping[str, Any]) -> Source:
    """Where class probabilities come from; where methods are compared, each of these says so itself."""
    return MC_DROPOUT if values[VARY.name] == METHOD.name else moons_controls.source_of(values)


def draw_looks(choice: StudyChoice) -> StudyChoice:
    """What the charts show, and what is judged."""
    with st.container(horizontal=True, key="study_looks", gap="medium", vertical_alignment="bottom"):
        values = {FIGURE.name: FIGURE.draw(), AXIS.name: AXIS.draw()}
        if choice.task == POINTS:
            values[moons_controls.BASIS.name] = moons_controls.BASIS.draw()
        has_ticket = choice.study is not None and Strategy.RANDOM_MASK in choice.study.strategies
        against = AGAINST.draw() if has_ticket else "dense"
    basis = values.get(moons_controls.BASIS.name, "test")
    looks = {**values, **({AGAINST.name: against} if has_ticket else {})}
    return replace(
        choice, figure=values["figure"], axis=values["axis"], basis=basis, against=against,
        values={**choice.values, **looks},
    )  # fmt: skip


def task_of(study: Study) -> ImageSet | str:
    """What the control of the task says of a study."""
    return study.base.dataset if isinstance(study.base, ImageExperiment) else POINTS


def settings_of(study: Study) -> dict[str, Any]:
    """What the controls say where they ask for this study: name → value, defaults left out.

    Raises StopIteration for ratios that no control offers.
    """
    task = task_of(study)
    said: dict[str, Any] = {TASK.name: task, N_SEEDS.name: len(study.seeds), OWN_DATA.name: study.own_data}
    said |= {control.name: strategy in study.strategies for strategy, control in STRATEGIES.items()}
    said[GRID.name] = next(name for name, grid in GRIDS.items() if grid == study.ratios)
    said |= {METHOD.name: study.source.method, TEMPERED.name: study.source.tempered}
    said[VARY.name] = next((name for name, variants in VARIED.items() if variants == study.variants), NOTHING)
    said |= {
        control.name: getattr(study.base, control.field)
        for group in settings(task).values()
        for control in group
        if control.field
    }
    defaults = {control.name: control.default for control in of_study(task)}
    return {name: value for name, value in said.items() if value != defaults[name]}

"""Every knob once: its name in the link, its label, its help, its choices, its default.

A page draws the knobs and gets back an `Experiment` with what else the pictures need.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from pruning import RATIOS, Criterion, Dataset, Experiment, Scope, Strategy
from pruning.options import Option
from pruning.plane import SAMPLES


@dataclass(frozen=True)
class Knob:
    """One control. `name` is its widget key and its name in the link; `show` turns a value into words."""

    name: str
    label: str
    help: str
    default: Any
    options: Sequence[Any]
    widget: Literal["select", "steps", "buttons", "number"] = "steps"
    show: Callable[[Any], str] = str

    def legal(self) -> dict[str, Any]:
        """What the link may say for this knob, and the value it stands for."""
        return {self.show(option): option for option in self.options}

    def draw(self) -> Any:
        """Draw the control; the value chosen."""
        common: dict[str, Any] = {"key": self.name, "help": self.help, "bind": "query-params"}
        if self.widget == "number":
            low, high = self.options[0], self.options[-1]
            return st.number_input(self.label, low, high, self.default, **common)
        if self.widget == "select":
            start = list(self.options).index(self.default)
            return st.selectbox(self.label, self.options, start, format_func=self.show, filter_mode=None, **common)
        if self.widget == "buttons":
            return st.segmented_control(
                self.label,
                self.options,
                default=self.default,
                required=True,
                format_func=self.show,
                wrap=True,
                **common,
            )
        return st.select_slider(self.label, self.options, self.default, format_func=self.show, **common)


def _choice(name: str, label: str, help: str, kind: type[Option], default: Option) -> Knob:
    """A knob over the members of an enum; each member's own sentence joins the help."""
    sentences = "\n".join(f"- **{member.label}**: {member.help}" for member in kind)
    return Knob(name, label, f"{help}\n\n{sentences}", default, tuple(kind), "select", lambda member: member.label)


def _layers(widths: tuple[int, ...]) -> str:
    return "-".join(str(width) for width in widths)


STANDARD = Experiment()

STRATEGY = _choice("strategy", "Strategy", "How the pruned network comes about.", Strategy, STANDARD.strategy)
RATIO = Knob(
    "ratio",
    "Prune ratio",
    "The share of units (neurons) removed from every hidden layer. It is not the share of weights.",
    STANDARD.prune_ratio,
    RATIOS,
)
N_SAMPLES = Knob(
    "samples",
    "MC-dropout samples",
    "How many thinned networks are averaged. One sample knows no disagreement, so no epistemic uncertainty.",
    50,
    SAMPLES,
)
MAIN = (STRATEGY, RATIO, N_SAMPLES)

SETTINGS: Mapping[str, tuple[Knob, ...]] = {
    "Data": (
        _choice("dataset", "Dataset", "The task the networks learn.", Dataset, STANDARD.dataset),
        Knob(
            "noise", "Noise", "Standard deviation of the Gaussian noise on the points.",
            STANDARD.noise, (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5),
        ),
        Knob(
            "label_noise", "Label noise", "Share of points whose label is replaced by another class.",
            STANDARD.label_noise, (0.0, 0.05, 0.1, 0.2, 0.3, 0.4),
        ),
        Knob(
            "points", "Points", "How many points are drawn; 70 % train, 15 % validate, 15 % test.",
            STANDARD.points, (200, 400, 700, 1000, 1500, 2000, 3000),
        ),
    ),
    "Network": (
        Knob(
            "hidden", "Hidden layers", "Units per hidden layer; 30 is the network of the study.",
            STANDARD.hidden, ((10,), (30,), (64,), (128,), (16, 16), (64, 64), (128, 128), (32, 32, 32)),
            "select", _layers,
        ),
        Knob(
            "dropout", "Dropout rate", "Share of hidden units silenced at random; at 0 all MC samples are equal.",
            STANDARD.dropout, (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5),
        ),
        Knob(
            "learning_rate", "Learning rate", "Step size of Adam, in training and after pruning.",
            STANDARD.learning_rate, (0.001, 0.003, 0.01, 0.03, 0.1),
        ),
        Knob(
            "patience", "Patience", "Training stops after so many epochs without a lower validation loss.",
            STANDARD.patience, (5, 10, 20, 50, 100),
        ),
    ),
    "Pruning": (
        _choice("criterion", "Criterion", "What makes a unit important.", Criterion, STANDARD.criterion),
        _choice("scope", "Scope", "Where the least important units are looked for.", Scope, STANDARD.scope),
        Knob(
            "rewind", "Rewind epoch",
            "Kept weights go back to this epoch of the dense run (its last, if it stopped sooner); 0: the start.",
            STANDARD.rewind_epoch, (0, 1, 2, 5, 10, 20, 50),
        ),
        Knob(
            "rounds", "Rounds of iterative pruning",
            "0 prunes step by step along the ratios of the slider; n takes n equal fractions instead.",
            STANDARD.rounds, (0, 1, 2, 3, 5, 10),
        ),
    ),
    "Measurement": (
        Knob(
            "bins", "Bins", "Bins of the reliability diagrams and of every calibration error.",
            15, (5, 10, 15, 20, 30),
        ),
        Knob(
            "seed", "Seed", "Decides initial weights and dropout; the same seed gives the same figures.",
            STANDARD.seed, (0, 9999), "number",
        ),
        Knob(
            "data_seed", "Data seed", "Decides which points are drawn and how they are split.",
            STANDARD.data_seed, (0, 9999), "number",
        ),
    ),
}  # fmt: skip

QUANTITY = Knob(
    "colour",
    "Colour",
    "What colours the plane. Predictive entropy is the sum of the aleatoric part (noise in the data) "
    "and the epistemic part (disagreement between the samples).",
    "probability",
    ("probability", "entropy", "aleatoric", "epistemic"),
    "buttons",
    lambda name: {"entropy": "Predictive entropy"}.get(name, name.capitalize()),
)
POINTS = Knob(
    "show", "Points", "Which points are drawn; a ring marks those the network gets wrong.",
    "test", ("test", "training", "none"), "buttons", str.capitalize,
)  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """What the controls of the moons page say."""

    experiment: Experiment
    n_samples: int
    n_bins: int


def draw_controls() -> Choice:
    """The three sliders in a row, everything else folded away beneath them.

    Above them stands what the link got wrong, until a control is moved.
    """
    # Streamlit drops from the address what it cannot use, so this is read before the knobs are drawn.
    problems = st.session_state.setdefault("link_problems", link_problems(st.query_params.to_dict()))
    place = st.container()
    choice = _draw_knobs()
    if st.session_state.setdefault("link_choice", choice) == choice:
        for problem in problems:
            place.warning(problem, icon=":material/link_off:")
    return choice


def _draw_knobs() -> Choice:
    values: dict[str, Any] = {}
    for column, knob in zip(st.columns(3, gap="medium"), MAIN, strict=True):
        with column:
            values[knob.name] = knob.draw()
    with st.expander("More settings", icon=":material/tune:"):
        for column, (title, knobs) in zip(st.columns(len(SETTINGS), gap="medium"), SETTINGS.items(), strict=True):
            with column:
                st.markdown(f"**{title}**")
                values |= {knob.name: knob.draw() for knob in knobs}
    return Choice(_experiment(values), values["samples"], values["bins"])


def _experiment(values: Mapping[str, Any]) -> Experiment:
    own = {"samples", "bins", "ratio", "rewind"}
    same = {name: value for name, value in values.items() if name not in own}
    return Experiment(prune_ratio=values["ratio"], rewind_epoch=values["rewind"], **same)


ALL = (*MAIN, *(knob for knobs in SETTINGS.values() for knob in knobs), QUANTITY, POINTS)


def link_problems(params: Mapping[str, str]) -> list[str]:
    """A sentence for everything in the link that no knob understands; the page then uses the default."""
    known = {knob.name: knob for knob in ALL}
    return [sentence for name, value in params.items() if (sentence := _problem(known.get(name), name, value))]


def _problem(knob: Knob | None, name: str, value: str) -> str | None:
    shown = _quoted(value)
    if knob is None:
        known = ", ".join(knob.name for knob in ALL)
        return f"The link sets {_quoted(name)}, which this page does not know. It knows: {known}."
    if knob.widget == "number":
        low, high = knob.options[0], knob.options[-1]
        if value.isdecimal() and value.isascii() and low <= int(value) <= high:
            return None
        return (
            f"The link sets {name} to {shown}; it must be a whole number from {low} to {high}. Using {knob.default}."
        )
    if value in knob.legal():
        return None
    choices = " · ".join(knob.legal())  # labels have commas of their own
    return f"The link sets {name} to {shown}; it must be one of: {choices}. Using {knob.show(knob.default)}."


def _quoted(text: str) -> str:
    """At most 40 characters of something a stranger wrote, as code, so that nothing in it is markup."""
    clean = "".join(c for c in text if c.isprintable() and c != "`")
    return f"`{clean[:40]}{'…' if len(clean) > 40 else ''}`" if clean else "nothing"

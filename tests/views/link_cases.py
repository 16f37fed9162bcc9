"""Links to the moons page, right, wrong and hostile, with what the page must say of each; and what opens one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from cache.store import Store
from pruning.model import cost
from tests.conftest import use
from views.controls.moons import ALL

APP = Path(__file__).parents[2] / "streamlit_app.py"
SMALL = {"points": "200", "hidden": "10", "patience": "5"}

NO_NUMBER = "it must be a whole number from 0 to 9999. Using "
NO_UNITS = "it must look like hidden1.3-hidden2.7. None is."
UNKNOWN = "which this page does not know. It knows: strategy, ratio, method, samples, "
LEGAL = {
    "strategy": "One-shot · One-shot, re-initialised · One-shot, randomly re-initialised · Iterative, re-initialised",
    "ratio": "0.0 · 0.1 · 0.2 · 0.3 · 0.4 · 0.5 · 0.6 · 0.7 · 0.8 · 0.9 · 0.95. Using 0.5.",
    "samples": "1 · 2 · 3 · 5 · 7 · 10 · 15 · 20 · 30 · 50 · 75 · 100 · 150 · 200. Using 50.",
    "members": "1 · 2 · 3 · 4 · 5 · 6 · 7 · 8 · 9 · 10. Using 10.",
    "dataset": "Two moons · Circles", "criterion": "L1 of incoming weights · L2 of incoming weights",
    "noise": "0.0 · 0.05 · 0.1 · 0.15 · 0.2 · 0.25 · 0.3 · 0.4 · 0.5. Using 0.2.",
    "label_noise": "0.0 · 0.05 · 0.1 · 0.2 · 0.3 · 0.4. Using 0.0.",
    "points": "200 · 400 · 700 · 1000 · 1500 · 2000 · 3000. Using 1000.",
    "hidden": "10 · 30 · 64 · 128 · 16-16 · 64-64 · 128-128 · 32-32-32. Using 64-64.",
    "dropout": "0.0 · 0.05 · 0.1 · 0.2 · 0.3 · 0.4 · 0.5. Using 0.2.",
    "patience": "5 · 10 · 20 · 50 · 100. Using 20.", "learning_rate": "0.001 · 0.003 · 0.01 · 0.03 · 0.1.",
    "rewind": "0 · 1 · 2 · 5 · 10 · 20 · 50. Using 0.", "rounds": "0 · 1 · 2 · 3 · 5 · 10 · 20 %. Using 0.",
    "bins": "5 · 10 · 15 · 20 · 30. Using 15.", "show": "Test · Training · None. Using Test.",
    "binning": "Equal width · Equal mass. Using Equal width.",
    "colour": "Probability · Predictive entropy · Aleatoric · Epistemic · Error · Truth · True entropy. "
    "Using Probability.",
    **dict.fromkeys(("over_seeds", "draws", "guess", "tempered"), "true · false. Using false."),
    "method": "MC dropout · Single pass · Deep ensemble · Last-layer Laplace · Laplace of the survivors. Using MC",
    "against": "Dense network · One-shot · One-shot, re-initialised · One-shot, randomly re-initialised · Iterative",
    "against_criterion": "The same · L1 of incoming weights · L2", "against_scope": "The same · Per layer · Global",
    "against_rewind": "The same · 0 · 1 · 2 · 5 · 10 · 20 · 50. Using The same.",
    "view": "Reliability · Methods · Sets and refusal · Watch it train · The network · Checks · Your own points · "
    "Take home. Using Reliability.",
    "alpha": "0.01 · 0.02 · 0.05 · 0.1 · 0.15 · 0.2 · 0.3. Using 0.05.",
    "sets": "LAC · APS · APS, randomised. Using LAC.",
}  # fmt: skip
HOSTILE = (  # each at most 40 printable characters without a backtick, so shown as it is
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&lt;b&gt;&#x41;", "**b** [l](http://example.org)",
    "![p](http://example.org/p.png)", "|a|b| |-|-|", "$$\\frac{1}{0}$$", ":red[all clear]",
    ":material/check: :smile:", "../../../../etc/passwd", "..\\..\\boot.ini", "{{7*7}} ${7*7} %s {0}",
    "'; DROP TABLE points; --", "$(reboot); x | y & z", "__import__('os').system('true')", "一次性剪枝", "🧠✂️",
    '{"ratio": 0.3}',
)  # fmt: skip
DISGUISED = {  # the text → how it is shown
    "`<b>code</b>`": "`<b>code</b>`", "``` \n# Title\n```": "` # Title`", "a\0b": "`ab`", "\x1b[31mred": "`[31mred`",
    "0.3\r\nSet-Cookie: a=b": "`0.3Set-Cookie: a=b`", "\u202e3.0": "`3.0`", "0.3\u200b": "`0.3`",
    "\ufeff0.3": "`0.3`", "`": "nothing", "\0": "nothing", "x" * 41: f"`{'x' * 40}…`",
    "<b>" * 3400: f"`{('<b>' * 14)[:40]}…`",
}  # fmt: skip

Pieces = tuple[str, ...]


@dataclass(frozen=True)
class LinkCase:
    """A link: what it says beside `SMALL`, what each sentence over the page holds, and what of it stands."""

    name: str
    params: Mapping[str, str | Sequence[str]]
    said: tuple[Pieces, ...] = ()
    kept: Mapping[str, str] = field(default_factory=dict)

    def stands(self) -> dict[str, str]:
        """What a link to the page must say once this one is open."""
        return {name: value for name, value in SMALL.items() if name not in self.params} | dict(self.kept)


def link_cases() -> list[LinkCase]:
    """All of them, the same each time."""
    groups = (_right, _no_choice, _no_number, _hostile, _unknown, _repeated, _units, _locks)
    return [case for group in groups for case in group()]


def _right() -> Iterator[LinkCase]:
    for name, value in {
        "strategy": "No retraining", "ratio": "0.95", "samples": "1", "dataset": "Circles", "noise": "0.05",
        "label_noise": "0.4", "points": "400", "hidden": "16-16", "dropout": "0.0", "learning_rate": "0.1",
        "patience": "10", "criterion": "L2 of incoming weights", "scope": "Global", "rewind": "5", "rounds": "2",
        "bins": "30", "seed": "9999", "data_seed": "0", "colour": "Predictive entropy", "show": "None",
        "view": "Take home", "units": "hidden1.3", "binning": "Equal mass", "alpha": "0.3", "sets": "APS, randomised",
        "loss": "10 points", "score": "Mutual information", "refuse": "30 %", "method": "Last-layer Laplace",
        "members": "4", "tempered": "true", "guess": "true", "against": "Random tickets (control)", "t": "2",
        "against_rewind": "5",
    }.items():  # fmt: skip
        yield LinkCase(f"right: {name}", {name: value}, (), {name: value})
    yield LinkCase("nothing more", {})
    yield LinkCase("a default, said", {"ratio": "0.5", "seed": "0", "view": "Reliability"})
    yield LinkCase("zeros in front", {"seed": "0007"}, (), {"seed": "7"})
    yield LinkCase("a frame around the page", {"embed": "true", "embed_options": "dark_theme"})
    many = {"ratio": "0.9", "samples": "10", "colour": "Epistemic", "show": "Training", "view": "Checks"}
    yield LinkCase("many at once", many, (), many)


def _no_choice() -> Iterator[LinkCase]:
    for name, values in {
        "strategy": ("one_shot", "ONE-SHOT", "0"), "samples": ("0", "4", "201", "-50"), "dataset": ("digits",),
        "members": ("0", "11", "50"),
        "ratio": ("0.55", "1", "-0.1", "50%", "0,5", ".5", "0.50", "1e-1", "nan", "inf", "٠.٣", "True", "0"),
        "noise": ("0.6", "[0.1]"), "label_noise": ("20 %",), "points": ("100000000", "200.0"), "dropout": ("1.0",),
        "hidden": ("10-10", "(10,)"), "learning_rate": ("1e-3",), "patience": ("2000",), "criterion": ("l1",),
        "rewind": ("3",), "rounds": ("null",), "bins": ("15.0",), "colour": ("entropy", "Epistemic,Probability"),
        "alpha": ("0", "5 %"), "sets": ("lac", "RAPS"),
        "show": ("test",), "method": ("mc_dropout", "Laplace"), "tempered": ("yes", "1"), "guess": ("maybe",),
        "view": ("2", "The Network"), "against": ("dense", "random_mask"),
        "against_criterion": ("same",), "against_scope": ("layer",), "against_rewind": ("3",),
    }.items():  # fmt: skip
        for value in ("", *values):
            shown = f"`{value}`" if value else "nothing"
            yield LinkCase(f"{name}={value}", {name: value}, (_sets(name, shown, LEGAL[name]),))


def _no_number() -> Iterator[LinkCase]:
    for value in (
        "-1", "10000", "1.5", "7.0", "1e3", "1e999", "inf", "nan", "0x10", "+5", " 5", "1_000", "٣", "５", "²",
        "seven", "9" * 20,
    ):  # fmt: skip
        yield LinkCase(f"seed={value}", {"seed": value}, (_sets("seed", f"`{value}`", f"{NO_NUMBER}0."),))
    for name, default in (("seed", 0), ("data_seed", 42)):
        said = _sets(name, f"`{'9' * 40}…`", f"{NO_NUMBER}{default}.")
        yield LinkCase(f"{name} of 5,000 digits", {name: "9" * 5000}, (said,))
        yield LinkCase(f"{name} left empty", {name: ""}, (_sets(name, "nothing", f"{NO_NUMBER}{default}."),))
    yield LinkCase("a line behind a seed", {"seed": "3\n"}, (_sets("seed", "`3`", NO_NUMBER),))


def _hostile() -> Iterator[LinkCase]:
    """Each text in one place after the other: as a control's value, as units, as the name of something unknown."""
    places = ("ratio", "units", "strategy", "", "view", "seed", "colour")
    texts = [*((value, f"`{value}`") for value in HOSTILE), *DISGUISED.items()]
    for i, (value, shown) in enumerate(texts):
        place = places[i % len(places)]
        if place == "":
            yield LinkCase(f"unknown: {value[:20]!r}", {value: value}, ((f"The link sets {shown}, ", UNKNOWN),))
        elif place == "units":
            yield LinkCase(f"{value[:20]!r} as units", {"units": value}, ((f"the units {shown}; ", NO_UNITS),))
        else:
            legal = NO_NUMBER if place == "seed" else LEGAL[place]
            yield LinkCase(f"{value[:20]!r} as {place}", {place: value}, (_sets(place, shown, legal),))


def _unknown() -> Iterator[LinkCase]:
    images = "task images epochs layers drop rate stop_after tab pictures order network"
    within = "lock own_points visit_store story left by_hand_last moons_problems own_file"
    for name in [*images.split(), *within.split(), "Ratio", "ratio ", "ratio[]", "__class__", "utm_source", "比率"]:
        yield LinkCase(f"unknown: {name}", {name: "0.3"}, ((f"The link sets `{name}`, ", UNKNOWN),))
    told = (*((f"`n{i}`", UNKNOWN) for i in range(20)), ("180 more things in the link are wrong",))
    yield LinkCase("200 unknown", {f"n{i}": "<b>" * 9 for i in range(200)}, told)
    both = (_sets("ratio", "`2`", LEGAL["ratio"]), ("`page`", UNKNOWN))
    yield LinkCase("one right, two wrong", {"ratio": "2", "page": "images", "bins": "30"}, both, {"bins": "30"})


def _repeated() -> Iterator[LinkCase]:
    """What is said last counts."""
    yield LinkCase("ratio twice", {"ratio": ["0.3", "0.9"]}, (), {"ratio": "0.9"})
    yield LinkCase("seed, first wrong", {"seed": ["x", "3"]}, (), {"seed": "3"})
    yield LinkCase("ratio, last wrong", {"ratio": ["0.3", "2"]}, (_sets("ratio", "`2`", LEGAL["ratio"]),))
    yield LinkCase("view twice", {"view": ["Checks", "Take home"]}, (), {"view": "Take home"})


def _units() -> Iterator[LinkCase]:
    every = "-".join(f"hidden1.{i}" for i in range(10))
    yield LinkCase("two units", {"units": "hidden1.7-hidden1.0"}, (), {"units": "hidden1.0-hidden1.7"})
    yield LinkCase("one unit often", {"units": "-".join(["hidden1.3"] * 900)}, (), {"units": "hidden1.3"})
    yield LinkCase("no unit", {"units": ""})
    yield LinkCase("every unit, of which half come back", {"units": every}, (), {"units": every})
    empty = (f"units `{every[:40]}…`", "would remove the last unit of hidden1; at least one must stay", "None is.")
    yield LinkCase("an empty layer", {"units": every, "ratio": "0.0"}, (empty,), {"ratio": "0.0"})
    for value in ("hidden1.10", "hidden2.0", "hidden9.9999"):
        said = (f"units `{value}`", "there are units 0 to 9 of hidden1", "None is.")
        yield LinkCase(f"units={value}", {"units": value}, (said,))
    for value in (
        "hidden1", "hidden1.03", "hidden1.-1", "hidden1.٣", "hidden1.3,hidden1.4", "hidden1.3-", "output.0",
        "hidden1.99999",
    ):  # fmt: skip
        yield LinkCase(f"units={value}", {"units": value}, ((f"the units `{value}`; ", NO_UNITS),))


def _locks() -> Iterator[LinkCase]:
    for value, stands in {
        "ratio": "ratio", "nothing": "nothing", " seed , ratio ": "ratio,seed",
        "colour,show,view": "colour,show,view", "ratio,ratio": "ratio",
    }.items():  # fmt: skip
        yield LinkCase(f"only={value!r}", {"only": value}, (), {"only": stands})
    for value in ("", ",, ,"):
        said = ("to no name", "`nothing` or name some of: strategy, ratio, method, samples", "None is locked.")
        yield LinkCase(f"only={value!r}", {"only": value}, (said,))
    for value in ("only", "units", "Ratio", "story", "𝟛", "<script>alert(1)</script>", ":red[x]", "$$x$$", "../.."):
        said = (f"leaves the control `{value}`", "There are: strategy, ratio, method, samples")
        yield LinkCase(f"only={value}", {"only": value}, (said,), {"only": value})
    yield LinkCase("a lock, said twice", {"only": ["ratio", "seed"]}, (), {"only": "seed"})
    names = ",".join(f"c{i:04}" for i in range(2000))
    told = (*((f"the control `c{i:04}`",) for i in range(20)), ("1980 more things in the link are wrong",))
    yield LinkCase("a lock that names 2,000 controls", {"only": names}, told, {"only": names})


def _sets(name: str, shown: str, legal: str) -> Pieces:
    return (f"The link sets {name} to {shown}; ", legal)


# ---- what opens a link


@contextmanager
def shared_store(folder: Path) -> Iterator[Store]:
    """An empty store and a queue for all visits within, so that of equal ones only the first trains."""
    with pytest.MonkeyPatch.context() as patch:
        store = use(patch, folder / "store").store
        patch.setattr(cost, "latency", partial(cost.latency, repeats=1))
        yield store


def opened(link: Mapping[str, Any]) -> AppTest:
    """A new visit that comes by this link."""
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.query_params.update(link)
    return app.run()


def turned_to(app: AppTest, tab: str) -> AppTest:
    """The same visit with another tab open."""
    app.query_params.pop("view", None)  # it would win over the session
    app.session_state["view"] = tab
    app.run()
    assert app.session_state["view"] == tab
    return app


def shared(app: AppTest, which: int = 0) -> dict[str, str]:
    """What the link in the Share popover says where that is no default; 1 is the locked one. It names them all."""
    said = dict(parse_qsl(app.code[which].value.partition("?")[2], keep_blank_values=True))
    defaults = {control.name: control.show(control.default) for control in ALL}
    assert set(defaults) <= set(said)
    return {name: value for name, value in said.items() if value != defaults.get(name)}


def table(app: AppTest) -> dict[str, tuple[str, str, str]]:
    """Figure → (reference, pruned, difference), whatever the two are called."""
    return {row[1]: tuple(row[2:]) for row in app.table[0].value.itertuples()}


def sentence(app: AppTest) -> str:
    """The sentence over the planes."""
    (words,) = [m.value for m in app.markdown if m.value.startswith(("Pruned to", "Nothing is pruned"))]
    return words


def controls(app: AppTest) -> dict[str, Any]:
    """Name → control, of those that are drawn."""
    kinds = ("select_slider", "selectbox", "number_input", "button_group", "multiselect", "checkbox")
    return {widget.key: widget for kind in kinds for widget in app.get(kind)}


def charts(app: AppTest) -> dict[str, Any]:
    """Description → chart."""
    return {chart.proto.alt: chart for chart in app.get("vega_lite_chart")}

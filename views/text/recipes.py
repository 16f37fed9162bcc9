"""The recipes of the strategies, drawn: a row of steps each, from the first weights to the network that is shown."""

from __future__ import annotations

from html import escape

from pruning.options import Strategy

STARTS = {"trained": "keep weights", "rewound": "rewind", "random": "new weights"}
MASKS = {"scores": "prune by score", "chance": "prune by chance"}
STYLE = """<style>
.recipes { display: grid; gap: 0.2rem; max-width: 46rem; font-size: 0.875rem; }
.recipes section { padding: 0.35rem 0.6rem; border-left: 3px solid transparent; }
.recipes .chosen { border-color: #a855f7; background: rgba(168, 85, 247, 0.1); }
.recipes ol { display: flex; flex-wrap: wrap; align-items: center; margin: 0.3rem 0 0; padding: 0; list-style: none; }
.recipes li { display: flex; align-items: center; margin: 0 0 0.2rem; padding: 0; font-size: 0.8125rem; }
.recipes li + li::before { content: "→"; padding: 0 0.35rem; opacity: 0.7; }
.recipes span { padding: 0.05rem 0.5rem; border: 1px solid rgba(128, 136, 148, 0.6); border-radius: 0.5rem; }
.recipes .again span { border-style: dashed; border-color: #a855f7; }
</style>"""
CAPTION = "Dashed steps are repeated, a few units at a time, until the prune ratio is reached."


def steps(strategy: Strategy) -> tuple[tuple[str, bool], ...]:
    """What is done one after the other, and whether it is done again and again."""
    again = [MASKS[strategy.mask_from], STARTS[strategy.start_from], *(["train"] if strategy.retrain else [])]
    return (("initialise", False), ("train", False), *((step, strategy.iterative) for step in again))


def diagram(chosen: Strategy) -> str:
    """All recipes as HTML, one below the other; that of the chosen strategy stands out."""
    return f'{STYLE}<div class="recipes">{"".join(_row(each, each == chosen) for each in Strategy)}</div>'


def _row(strategy: Strategy, chosen: bool) -> str:
    marked = ' class="chosen" aria-current="true"' if chosen else ""
    items = "".join(map(_item, *zip(*steps(strategy), strict=True)))
    return f"<section{marked}><strong>{escape(strategy.label)}</strong><ol>{items}</ol></section>"


def _item(step: str, again: bool) -> str:
    marked = ' class="again"' if again else ""
    return f"<li{marked}><span>{escape(step)}</span></li>"

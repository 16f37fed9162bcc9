"""Tables of studies that never ran, small enough to be followed by hand."""

from __future__ import annotations

import pandas as pd

from pruning.evaluation.rows import DENSE


def table(columns: dict[str, dict[tuple[str, float], list[float]]]) -> pd.DataFrame:
    """Rows of a study: column → (line, prune ratio) → its values by seed."""
    places = list(dict.fromkeys(place for values in columns.values() for place in values))
    found = []
    for line, ratio in places:
        strategy, _, variant = line.partition(", ")
        n = max(len(values.get((line, ratio), ())) for values in columns.values())
        for seed in range(n):
            row = {
                "line": line, "variant": variant, "strategy": strategy, "prune_ratio": ratio, "seed": seed,
                "stop_compares": strategy != DENSE, "trained": True, "winning": False,
            }  # fmt: skip
            found.append(
                row | {name: values.get((line, ratio), [None] * n)[seed] for name, values in columns.items()}
            )
    return pd.DataFrame(found)


def five(mean: float, spread: float = 0.01) -> list[float]:
    """Five values with this mean."""
    return [mean + spread * step for step in (-2, -1, 0, 1, 2)]

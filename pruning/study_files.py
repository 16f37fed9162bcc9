"""A study as files: its table for spreadsheets and programs, and the Python that repeats it."""

from __future__ import annotations

import io
import json
import os
import platform
from dataclasses import fields
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pruning.code_version import LIBRARIES
from pruning.experiment import Recipe
from pruning.study import BASE, SEEDS, Study
from uncertainty.options import MC_DROPOUT, DropoutLayers, Option

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = ("csv", "parquet", "json")


def written(study: Study, table: pd.DataFrame, ending: str) -> bytes:
    """The table as CSV, Parquet or JSON; the last one with the study, versions and machine beside it.

    Raises ValueError for another ending.
    """
    if ending == "csv":
        return bytes(table.to_csv(index=False).encode())
    if ending == "parquet":
        file = io.BytesIO()
        table.to_parquet(file, index=False)
        return file.getvalue()
    if ending == "json":
        rows = json.loads(table.to_json(orient="records"))
        return json.dumps({**about(study), "failed": table.attrs.get("failed", {}), "rows": rows}, indent=1).encode()
    raise ValueError(f"the ending is {ending!r}; it must be one of: {', '.join(ENDINGS)}")


def about(study: Study) -> dict[str, Any]:
    """What a reader of the table needs to know: the study, when, by which versions, on what machine."""
    return {
        "study": json.loads(study.key),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        "machine": {"system": platform.platform(), "processor": platform.machine(), "cores": os.cpu_count()},
    }


def program(study: Study) -> str:
    """Python that repeats the study, in the project's folder."""
    strategies = ", ".join(repr(each.value) for each in study.strategies)
    parts = [
        _call(study.base),
        f"strategies=({strategies},)",
        f"ratios={study.ratios!r}",
        *([f"seeds={_seeds(study.seeds)}"] if study.seeds != SEEDS else []),
        *([] if study.own_data else ["own_data=False"]),
    ]
    asked = study.source != MC_DROPOUT
    if asked:
        tempered = ", tempered=True" * study.source.tempered
        layers = f", layers={study.source.layers.value!r}" * (study.source.layers != DropoutLayers.ALL)
        parts.append(f"source=Source({study.source.method.value!r}{tempered}{layers})")
    variants = study.variants != (BASE,)
    if variants:
        named = [", ".join([repr(each.name), *_changes(dict(each.changes))]) for each in study.variants]
        parts.append(f"variants=({''.join(f'Variant.of({each}), ' for each in named)})")
    lines = "".join(f"    {part},\n" for part in parts)
    imports = "Study, Variant, run_study, summary" if variants else "Study, run_study, summary"
    return (
        f"from pruning import {type(study.base).__name__}{', Source' * asked}\n"
        f"from pruning.study import {imports}\n\n"
        f"study = Study(\n{lines})\n"
        "table = run_study(study)\n"
        'table.to_csv("study.csv", index=False)\n'
        'print(summary(table, "accuracy"))\n'
    )


def _call(base: Recipe) -> str:
    changed = {each.name: getattr(base, each.name) for each in fields(base) if each.name != "prune_ratio"}
    defaults = {each.name: each.default for each in fields(base)}
    named = _changes({name: value for name, value in changed.items() if value != defaults[name]})
    return f"{type(base).__name__}({', '.join(named)})"


def _changes(changes: dict[str, Any]) -> list[str]:
    return [f"{name}={(value.value if isinstance(value, Option) else value)!r}" for name, value in changes.items()]


def _seeds(seeds: tuple[int, ...]) -> str:
    return f"tuple(range({len(seeds)}))" if seeds == tuple(range(len(seeds))) else repr(seeds)

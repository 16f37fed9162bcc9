"""Run a study and write its table; the page shows at once what has been computed here, and the other way round.

    python -m cache.study --preset as-published --out study.csv
    python -m cache.study --task digits --strategies one_shot random_mask --seeds 5 --out digits.parquet
    python -m cache.study --strategies one_shot --method single_pass last_layer --tempered both

It can be stopped and started again: what is finished is kept, in the store of the app.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from cache import services, studies
from pruning.data.images import NoImages
from pruning.experiment import Experiment, ImageExperiment, Recipe
from pruning.options import Dataset, ImageSet, Strategy
from pruning.study import BASE, Study, StudyProgress, by_methods
from pruning.study_files import ENDINGS, written
from pruning.study_presets import PRESETS, VARIED
from uncertainty.options import Method, Source

TEMPERED = {"no": (False,), "yes": (True,), "both": (False, True)}
TASKS = {each.value: each for each in (*Dataset, *ImageSet)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments ask for; 0 if all of it is in the table."""
    chosen = _parser().parse_args(arguments)
    if chosen.dask:
        os.environ["EXPLORER_DASK"] = chosen.dask
    try:
        study = _study(chosen)
        _check_out(chosen.out)
        table = _run(study)
    except KeyboardInterrupt:
        print("Stopped. What is finished is kept; the same command goes on from there.")
        return 130
    except (NoImages, OSError, RuntimeError, ValueError) as error:  # what the arguments or the environment ask for
        sys.exit(str(error))
    chosen.out.write_bytes(written(study, table, chosen.out.suffix[1:]))
    print(f"{len(table)} networks in {chosen.out}")
    for run, reason in table.attrs["failed"].items():
        print(f"{run}: {reason}")
    if note := services.services().store.note:
        print(note)
    return 1 if table.attrs["failed"] else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cache.study", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--preset", choices=list(PRESETS), help="what the other arguments then change")
    parser.add_argument("--task", choices=list(TASKS), help="default: the preset's, else moons")
    parser.add_argument("--strategies", nargs="+", choices=[each.value for each in Strategy], help="default: all")
    parser.add_argument("--ratios", nargs="+", type=float, help="default: those of the page")
    parser.add_argument("--seeds", type=int, help="how many; default: 10")
    parser.add_argument(
        "--method", nargs="+", choices=[each.value for each in Method],
        help="where class probabilities come from; several are compared. Default: the preset's, else mc_dropout",
    )  # fmt: skip
    parser.add_argument(
        "--tempered", choices=list(TEMPERED), default="no", help="whether by a temperature; default: no"
    )
    parser.add_argument("--first-seed", type=int, default=0, help="from which on they are counted; default: 0")
    parser.add_argument("--one-data-set", action="store_true", help="the same points for all seeds")
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="FIELD=VALUE", help="of the experiment, as hidden=64,64 or noise=0.3"
    )
    parser.add_argument("--dask", metavar="ADDRESS", help="of a cluster that trains, as tcp://host:8786")
    parser.add_argument("--out", type=Path, default=Path("study.csv"), help=f"ends in one of: {', '.join(ENDINGS)}")
    return parser


def _study(chosen: argparse.Namespace) -> Study:
    study = PRESETS[chosen.preset].study if chosen.preset else Study()
    if chosen.task and TASKS[chosen.task] is not study.base.dataset:  # type: ignore[attr-defined]
        task = TASKS[chosen.task]
        kind: type[Recipe] = Experiment if isinstance(task, Dataset) else ImageExperiment
        base = study.base if isinstance(study.base, kind) else kind()
        study = replace(study, base=replace(base, **_fitting(task)))
    if chosen.set:
        study = replace(study, base=replace(study.base, **dict(_field(study.base, each) for each in chosen.set)))
    if chosen.strategies:
        study = replace(study, strategies=tuple(chosen.strategies))
    if chosen.ratios:
        study = replace(study, ratios=tuple(chosen.ratios))
    if chosen.seeds is not None:
        if chosen.seeds < 1:
            raise ValueError(f"--seeds is {chosen.seeds}; at least 1 is needed")
        study = replace(study, seeds=tuple(range(chosen.seeds)))
    if chosen.first_seed:
        study = replace(study, seeds=tuple(chosen.first_seed + seed for seed in study.seeds))
    if chosen.method or chosen.tempered != "no":
        methods = chosen.method or [study.source.method]
        sources = [Source(method, tempered) for method in methods for tempered in TEMPERED[chosen.tempered]]
        study = _by(study, sources)
    return replace(study, own_data=False) if chosen.one_data_set else study


def _by(study: Study, sources: Sequence[Source]) -> Study:
    """The study by one source, or with several of them as variants; raises ValueError where it has others already."""
    if len(sources) == 1:
        return replace(study, source=sources[0])
    if study.variants not in ((BASE,), VARIED["method"]):
        names = ", ".join(variant.name for variant in study.variants)
        raise ValueError(f"--method names {len(sources)} sources; the preset compares {names} already, so name one")
    return replace(study, variants=by_methods(dict.fromkeys(sources)))


def _fitting(task: Dataset | ImageSet) -> dict[str, Any]:
    """The data set, and a network that fits it."""
    return {"dataset": task} | ({"network": task.networks[0]} if isinstance(task, ImageSet) else {})


def _field(base: Recipe, text: str) -> tuple[str, Any]:
    """`hidden=64,64` → the field and its value; raises ValueError with what may be set."""
    name, equals, value = text.partition("=")
    legal = [each.name for each in fields(base) if each.name not in ("strategy", "prune_ratio", "seed")]
    if not equals or name not in legal:
        raise ValueError(f"--set is {text!r}; it must be FIELD=VALUE with one of: {', '.join(legal)}")
    if name == "hidden":
        return name, tuple(int(width) if width.strip().isdecimal() else width for width in value.split(","))
    kind = type(getattr(base, name))
    try:
        return name, kind(value) if kind in (int, float) else value
    except ValueError:
        raise ValueError(f"--set is {text!r}; {name} must be a number") from None


def _check_out(path: Path) -> None:
    """Before hours are spent: whether the table could be written."""
    if path.suffix[1:] not in ENDINGS:
        raise ValueError(
            f"--out is {str(path)!r}; it must end in one of: {', '.join(f'.{each}' for each in ENDINGS)}"
        )
    if not path.parent.is_dir():
        raise ValueError(f"--out is {str(path)!r}; there is no folder {str(path.parent)!r}")


def _run(study: Study) -> Any:
    with tqdm(unit="network", disable=None) as bar:

        def report(progress: StudyProgress) -> None:
            bar.total = progress.total
            bar.n = progress.done
            bar.set_description_str(progress.message[:60], refresh=False)
            bar.refresh()

        return studies.train(study, report)


if __name__ == "__main__":
    sys.exit(main())

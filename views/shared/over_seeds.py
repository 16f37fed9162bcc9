"""Over seeds: what ten runs of the experiment that a page shows say of it, beside the curves of the one run."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from cachetools import LRUCache

from cache import studies
from pruning.experiment import Experiment, Recipe
from pruning.study import Study, summary, verdicts
from uncertainty.options import MC_DROPOUT, Source
from views.controls import lock
from views.controls import study as study_controls
from views.controls.moons import has_seeds
from views.controls.url import link
from views.shared import study_job
from views.shared.job_panel import follow, leave, leave_others
from views.text import study_readings
from views.text.study_figures import FIGURES, column_of

if TYPE_CHECKING:
    import pandas as pd
    from streamlit.delta_generator import DeltaGenerator

_TOLD: LRUCache[Hashable, dict[float, str]] = LRUCache(256)  # by ratio: a slider asks for one after the other
_LOCK = threading.Lock()
AFTERWARDS = "The ten seeds are trained once all networks of this run are there."
BAND = ("seeds_mean", "seeds_low", "seeds_high")  # columns of `vega.curve_chart`


@dataclass(frozen=True)
class OverSeeds:
    """The study of one strategy under a page's settings, and what there is of it."""

    study: Study
    table: pd.DataFrame
    ratio: float  # that the page shows
    drawn: bool  # in the curves, too
    whole: bool = True  # whether all seeds have run

    def band(self, figure: str, ratios: pd.Series, *, truth: bool) -> pd.DataFrame:
        """Mean over the seeds at each ratio, and the lowest and highest run; empty where it is not to be drawn."""
        import pandas as pd

        if not self.drawn or self.table.empty:
            return pd.DataFrame(index=ratios.index)
        found = self.table.groupby("prune_ratio")[column_of(FIGURES[figure], truth)].agg(["mean", "min", "max"])
        return found.reindex(ratios).set_axis(BAND, axis=1).set_index(ratios.index).astype(float)

    def sentence(self, figure: str, *, truth: bool) -> str:
        """What the seeds say of the chosen ratio in one sentence; empty before there are any."""
        if self.table.empty:
            return ""
        column = column_of(FIGURES[figure], truth)
        key = (self.study, tuple(self.table.seed.unique()), column)
        with _LOCK:
            told = _TOLD.get(key)
        if told is None:
            found = summary(self.table, column), verdicts(self.table, column)
            ratios = (0.0, *self.study.ratios)
            told = {ratio: study_readings.of_seeds(*found, FIGURES[figure], ratio) for ratio in ratios}
            with _LOCK:
                _TOLD[key] = told
        return told[self.ratio]

    @property
    def key(self) -> Hashable:
        """What stands for all that is drawn and said of it."""
        return (self.study, self.ratio, self.drawn, len(self.table))

    @property
    def address(self) -> str:
        """The study page with this very study, beside the page that shows one run."""
        task = study_controls.task_of(self.study)
        return f"./study?{link(study_controls.settings_of(self.study), study_controls.known(task))}"


@lru_cache(maxsize=256)
def study_of(experiment: Recipe, source: Source = MC_DROPOUT) -> Study:
    """The experiment's strategy at all prune ratios over ten seeds, each on data of its own where these are drawn.

    The source is that of the class probabilities.

    It is the one that the study page asks for, whatever seeds the experiment has.
    """
    usual = type(experiment)()
    base = replace(experiment, seed=usual.seed, strategy=usual.strategy)
    if isinstance(base, Experiment):
        base = replace(base, data_seed=Experiment().data_seed)
    return Study(base, (experiment.strategy,), source=source)


def of(experiment: Recipe, source: Source = MC_DROPOUT, *, wanted: bool) -> OverSeeds | None:
    """What seeds say of an experiment by a source: as far as they have run where that is `wanted` and may be, else if
    all of them have."""
    study = study_of(experiment, source)
    table = studies.finished(study)
    if table is not None:
        return OverSeeds(study, table, experiment.prune_ratio, drawn=wanted)
    wanted = wanted and has_seeds(source)
    return OverSeeds(study, studies.table(study), experiment.prune_ratio, drawn=True, whole=False) if wanted else None


def draw(over: OverSeeds | None, place: DeltaGenerator, *, due: bool = True) -> None:
    """Have the seeds trained that are missing, with how far that is; and the way to the study.

    due: whether what was asked for has been trained, which goes before the seeds.
    """
    if over is None or over.whole:
        leave(SEEDS)
    elif not due:
        leave(SEEDS)
        place.caption(AFTERWARDS)
    elif not lock.waits(place):
        with place:
            follow(SEEDS, over.study.key, partial(studies.join, over.study), None)
    if over:
        place.caption(f"[Ten seeds of this strategy as a study]({over.address})")


def settle(experiment: Recipe, source: Source = MC_DROPOUT) -> None:
    """Leave seeds of anything but this experiment by this source, whether or not the page shows the curves that they
    belong to."""
    leave_others(SEEDS, study_of(experiment, source).key)


SEEDS = study_job.kind("seeds")

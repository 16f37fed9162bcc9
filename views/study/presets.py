"""Presets of the study page: the questions of `pruning.study_presets`, as its controls put them."""

from __future__ import annotations

from pruning.study_presets import PRESETS as STUDIES
from pruning.study_presets import StudyPreset
from views.controls.study import AGAINST, FIGURE, RANDOM_TICKET, settings_of
from views.shared.preset import Preset

CHART = "study_chart"


def _preset(preset: StudyPreset) -> Preset:
    against = RANDOM_TICKET if preset.against == RANDOM_TICKET else AGAINST.default
    return Preset(
        preset.name,
        preset.question,
        "Press Run, where not all of it is there: the chart fills in seed by seed.",
        settings_of(preset.study),
        {FIGURE.name: preset.figure.removeprefix("truth_"), AGAINST.name: against},
        CHART,
    )


PRESETS: tuple[Preset, ...] = tuple(map(_preset, STUDIES.values()))

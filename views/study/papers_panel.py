"""Papers say, you got: published figures beside those of this study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pruning.study import Study
from views.text import study_papers
from views.text.papers import linked

if TYPE_CHECKING:
    import pandas as pd
    from streamlit.delta_generator import DeltaGenerator


def draw(study: Study, table: pd.DataFrame, place: DeltaGenerator) -> None:
    """A table of claims; verdicts on it are each corrected among all ratios of their figure."""
    place.header("Papers say, you got", anchor=False)
    compared = study_papers.compared(table)
    place.table(compared.assign(Source=compared.Source.map(linked)), hide_index=True, border="horizontal")

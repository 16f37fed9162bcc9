"""Answer of the networks to what the moons page asks: the outcome as trained and as toggled, held against labels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from cache.visitor import Visit
from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.metrics import Figures
from pruning.outcome import PlaneOutcome
from views.controls.moons import Choice
from views.controls.state import Units
from views.moons import toggled_network
from views.moons.planes import View
from views.shared import basis, sections
from views.text.figure_table import Nouns


@dataclass(frozen=True)
class Answer:
    """What the page shows, and how it is looked at."""

    trained: PlaneOutcome
    units: Units  # that a visitor has toggled by hand
    choice: Choice
    view: View
    visit: Visit
    other: PlaneOutcome | None = None  # whose networks take the place of the dense one

    @cached_property
    def outcome(self) -> PlaneOutcome:
        """With the pruned network as it is once the units have been toggled."""
        return toggled_network.applied(self.trained, self.units, self.choice, self.visit)

    @cached_property
    def seen(self) -> Evaluated:
        """The outcome as the controls want it measured."""
        return basis.measured_on(self.outcome, self.choice, self.other)

    @property
    def nouns(self) -> Nouns:
        """What the examples that are measured are called."""
        return basis.nouns(self.seen)

    @cached_property
    def figures(self) -> tuple[Figures, Figures]:
        """Of the reference and of the pruned network."""
        return sections.both_figures(self.seen)

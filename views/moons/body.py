"""Lower half of the moons page: planes and curves as networks arrive, what they say, and the tab that is open."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from cache import results, runs
from cache.jobs import QueueFull
from cache.services import services
from pruning.outcome import PlaneOutcome
from views.browser.page_tour import MOONS, draw_tour
from views.charts import vega
from views.controls import compare, lock, seat, share, state
from views.controls import moons as controls
from views.controls.state import Units
from views.moons import (
    guess,
    planes,
    points_tab,
    reveal,
    slider_preview,
    tabs,
    toggled_network,
    toggled_units,
)
from views.moons.answer import Answer
from views.moons.head import Asked, Places
from views.shared import basis, over_seeds, sections
from views.shared.glossary_popover import draw_depth
from views.shared.over_seeds import OverSeeds
from views.shared.placeholder import Placeholder, theme
from views.text import comparison, untrained

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from cache.visitor import Visit

PLANE_TERMS = ("MC dropout", "Predictive entropy", "Expected entropy", "Mutual information")
CURVE_TERMS = ("Prune ratio", "ECE", "Floor", "Early-stop epoch")
NOT_CARRIED = "A link cannot carry your own points: who opens it sees the data set instead."


def draw(asked: Asked) -> None:
    """Everything that networks are needed for."""
    places, visit = asked.places, asked.visit
    if asked.asks:
        _draw_share(asked, toggled_units.NONE)
        _train_meanwhile(asked)
        return
    if lock.current() is None:  # a tour speaks of controls that may not be there
        draw_tour("moons", MOONS, places.tour, quiet=bool(st.query_params))
    if visit.points:
        points_tab.draw_banner(visit.points, places.banner)
    opened: dict[str, DeltaGenerator] = {title: tab for title, tab in places.tabs.items() if tab.open}
    if tabs.OWN_POINTS in opened:
        opened[tabs.OWN_POINTS] = points_tab.draw(theme(), opened[tabs.OWN_POINTS])
    if compare.is_itself(asked.choice.values, asked.choice.other):
        places.banner.info(compare.ITSELF, icon=":material/compare_arrows:")
    view = planes.View(asked.choice.quantity, asked.choice.points, theme(), asked.choice.draws)
    slots = _Slots.of(places)
    over = _over_seeds(asked)
    entry = guess.locked(asked.story)
    told = places.guess.empty()
    if entry and not entry.came:
        told.caption(guess.WAITS.format(entry.guess))
    answer = _follow(asked, view, slots, over)
    if answer is None:
        return
    _draw_words(answer, slots, places)
    if asked.story and entry:
        reveal.draw(asked.story, entry, answer, told)
    over_seeds.draw(over, places.seeds)
    _draw_share(asked, answer.units)
    for title, place in opened.items():
        tabs.TABS[title](answer, place)
    notes = untrained.notes(answer.outcome, services().store.note)
    for note in [*notes, *untrained.of_other(comparison.curves(answer.seen), answer.other)]:
        st.caption(note)
    slider_preview.draw(answer, places.headline)


@dataclass(frozen=True)
class _Slots:
    """The places whose content is replaced while networks arrive."""

    line: Placeholder  # how far it is; at last the headline
    planes: Placeholder
    plane_words: Placeholder
    curves: tuple[tuple[Placeholder, Placeholder], ...]  # of a chart, of its sentence

    @classmethod
    def of(cls, places: Places) -> _Slots:
        curves = tuple((Placeholder(each.chart), Placeholder(each.words)) for each in places.curves)
        return cls(Placeholder(places.headline), Placeholder(places.planes), Placeholder(places.plane_words), curves)

    def skeletons(self) -> None:
        """Grey shapes, for a first visit on which there is nothing to keep."""
        self.planes.skeleton(vega.PLANE_HEIGHT)
        for (chart, _), height in zip(self.curves, vega.CURVE_HEIGHTS, strict=True):
            chart.skeleton(height)

    def fail(self, sentence: str) -> None:
        """Say what went wrong, in the place of what is not there."""
        self.line.error(sentence)
        for place in (self.planes, self.plane_words, *(part for pair in self.curves for part in pair)):
            place.clear()


def _follow(asked: Asked, view: planes.View, slots: _Slots, over: OverSeeds | None) -> Answer | None:
    """Draw planes and curves as the networks arrive; the answer of all, or None after a word on why there is none."""
    choice, visit, places = asked.choice, asked.visit, asked.places
    wanted = [each for each in (choice.experiment, choice.other) if each]
    stored = not lock.is_elsewhere() or all(results.is_stored(each, visit, choice.source) for each in wanted)
    if not stored and lock.waits(places.headline):
        return None
    drawn = state.DRAWN.of("moons")
    if not drawn.get():
        slots.skeletons()
    answer = None
    try:
        with closing(_arriving(asked, slots)) as arriving:
            for pair in arriving:
                trained, other = pair.trained, pair.other
                _draw_curves(pair, asked, slots, over)
                if answer is None and pair.has(choice.experiment.prune_ratio):
                    answer = Answer(trained, toggled_units.asked(trained), choice, view, visit, other)
                    slots.planes.clear()
                    planes.draw_planes(answer.outcome, choice, view, visit, places.planes, other)
                    slots.plane_words.caption(planes.sentence(answer.outcome, choice, view, visit, other))
                    drawn.set(True)
    except (QueueFull, runs.Failure) as problem:
        slots.fail(str(problem))
        return None
    return answer and replace(answer, trained=trained, other=other)


@dataclass(frozen=True)
class _Pair:
    """What there is of the run that was asked for, and of the one that it is compared with."""

    trained: PlaneOutcome
    other: PlaneOutcome | None
    awaited: bool  # whether more is to come of the other
    visit: Visit  # whose they are

    def has(self, ratio: float) -> bool:
        """Whether both have a network of this ratio."""
        theirs = self.other is not None and self.other.has(ratio)
        return self.trained.has(ratio) and (theirs or not self.awaited)

    @property
    def is_complete(self) -> bool:
        return runs.complete(self.trained, self.visit) and not self.awaited


def _arriving(asked: Asked, slots: _Slots) -> Generator[_Pair, None, None]:
    """What was asked for as it arrives, and after it what it is compared with; without that, if it fails."""
    choice, visit = asked.choice, asked.visit
    other = results.so_far(choice.other, visit, choice.source) if choice.other else None
    awaited = choice.other is not None and not runs.complete(other, visit)
    with closing(results.outcomes(choice.experiment, slots.line, visit, choice.source)) as arriving:
        for trained in arriving:
            yield _Pair(trained, other, awaited, visit)
    if choice.other is None or not awaited:
        return
    try:
        with closing(results.outcomes(choice.other, slots.line, visit, choice.source)) as arriving:
            for other in arriving:
                yield _Pair(trained, other, not runs.complete(other, visit), visit)
    except (QueueFull, runs.Failure) as problem:
        words = f"{problem} That was {choice.other.strategy.label}, to compare with; the dense network stays."
        asked.places.banner.warning(words, icon=":material/compare_arrows:")
        yield _Pair(trained, None, False, visit)


def _over_seeds(asked: Asked) -> OverSeeds | None:
    """What ten seeds say; of one's own points there are no others to draw."""
    if asked.visit.points:
        return None
    return over_seeds.of(asked.choice.experiment, asked.choice.source, wanted=asked.choice.over_seeds)


def _draw_curves(pair: _Pair, asked: Asked, slots: _Slots, over: OverSeeds | None) -> None:
    """The curves over the ratios that are there, once they can be measured as they are to be."""
    measured = basis.measured_on(pair.trained, asked.choice, pair.other)
    if basis.is_ready(measured, asked.choice.basis):
        answers = controls.RATIO.is_open and pair.is_complete
        sections.draw_curves(measured, slots.curves, basis.nouns(measured), answers=answers, stacked=True, over=over)


def _draw_words(answer: Answer, slots: _Slots, places: Places) -> None:
    """The headline, and what planes and curves need to be read."""
    toggled_network.draw_banner(answer.units, answer.trained.pruned, places.banner)
    slots.line.markdown(sections.read(answer.seen, *answer.figures, answer.nouns))
    draw_depth(places.plane_terms, *PLANE_TERMS)
    toggled_network.draw_caveat(answer.units, places.curve_terms)
    draw_depth(places.curve_terms, *CURVE_TERMS)


def _draw_share(asked: Asked, units: Units) -> None:
    choice, visit = asked.choice, asked.visit
    caveat = NOT_CARRIED if visit.points else ""
    of_class = None
    if not visit.points:
        study = over_seeds.study_of(choice.experiment, choice.source)
        of_class = seat.links(choice.values, controls.ALL, study)
        if choice.values[controls.GUESS.name]:
            of_class = of_class._replace(draw_questions=partial(reveal.draw_questions, choice, visit))
    extra = toggled_units.in_link(units)
    share.draw_share(choice.values, controls.ALL, extra, caveat, asked.places.share, of_class)


def _train_meanwhile(asked: Asked) -> None:
    """Have the networks ready for who locks a guess; of what goes wrong is told when they are to be shown."""
    wanted = (asked.choice.experiment, asked.choice.other)
    unseen = Placeholder(asked.places.headline)
    with suppress(QueueFull, runs.Failure):
        for each in wanted if not lock.is_elsewhere() else ():
            if each:
                with closing(results.outcomes(each, unseen, asked.visit, asked.choice.source)) as arriving:
                    for _ in arriving:
                        pass

"""Significance in words: a direction, in bold, only where the interval of a difference excludes zero.

Everything is judged on the numbers as they are printed as well: what looks equal is never called a change.
A `basis` is what an interval rests on, in words: `150 points`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pruning.evaluation.comparison import Interval, direction
from uncertainty.floor import Floor
from views.text.names import listed

GAP_DIGITS = 2
PERCENT = "\u00a0%"  # no line breaks before the sign


@dataclass(frozen=True)
class Change:
    """A figure before and after, or of two networks, and what is known of the difference."""

    name: str
    before: float
    after: float
    difference: Interval
    digits: int = 3
    unit: str = ""
    apart: bool = False  # whether `before` is that of another network, which this one never was

    @property
    def told(self) -> int:
        """The direction that may be told: that of the difference, unless both numbers are printed alike."""
        return direction(self.difference) if self._before != self._after else 0

    @property
    def words(self) -> str:
        """What is told, with its verb in bold."""
        if self.apart:
            return f"{self.name} is **{'higher' if self.told > 0 else 'lower'}** ({self.numbers})"
        return f"{self.name} **{'rises' if self.told > 0 else 'falls'}** {self.numbers}"

    @property
    def numbers(self) -> str:
        if self._before == self._after:
            return f"{self._after}{self.unit} for both"
        if self.apart:
            return f"{self._after} against {self._before}{self.unit}"
        return f"{self._before} → {self._after}{self.unit}"

    @property
    def margin(self) -> str:
        """Half the interval: the difference that could have been told."""
        return half_width(self.difference, self.digits)

    @property
    def _before(self) -> str:
        return f"{self.before:z.{self.digits}f}"

    @property
    def _after(self) -> str:
        return f"{self.after:z.{self.digits}f}"


def half_width(difference: Interval, digits: int = 3) -> str:
    """±0.028, and never ±0.000; of an interval without an end, any size."""
    half = max((difference.high - difference.low) / 2, 10**-digits)
    return f"±{half:.{digits}f}" if half < float("inf") else "of any size"


def no_difference(basis: str) -> str:
    return f"no difference that {basis} could tell"


def changed(changes: Sequence[Change], basis: str) -> str:
    """What is told first, then what is not, with the size that could have been told."""
    told = [change.words for change in changes if change.told]
    silent = [f"{change.name} ({change.numbers}, {change.margin})" for change in changes if not change.told]
    return "; ".join(
        [*([listed(told)] if told else []), *([f"{no_difference(basis)} in {listed(silent)}"] if silent else [])]
    )


def side(gap: Interval) -> int:
    """1 for over-, −1 for under-confident, of a signed gap, mean confidence − accuracy; 0 if neither is told."""
    return direction(gap) if round(gap.value, GAP_DIGITS) else 0


def leaning(gap: Interval) -> str:
    """`over-confident by 0.03`; nothing if the gap's interval holds zero, or it is printed as one."""
    if not side(gap):
        return ""
    return f"**{'over' if side(gap) > 0 else 'under'}-confident** by {abs(gap.value):.{GAP_DIGITS}f}"


def calibrated(name: str, ece: float, floor: Floor, gap: Interval, basis: str, smallest: float) -> str:
    """What a calibration error says of a network: to which side it errs, that it errs, or that nothing can be told.

    gap: signed, mean confidence − accuracy. smallest: see `uncertainty.power.smallest_detectable_ece`.
    """
    if words := leaning(gap):
        return f"{name} is {words}, ECE {ece:.3f}"
    if place(ece, floor) == "above":
        return f"{name} is **not calibrated**, ECE {ece:.3f}"
    return f"{basis} cannot tell {name} from calibrated, ECE {ece:.3f} ({findable(smallest)})"


def truly_calibrated(name: str, ece: float, gap: Interval) -> str:
    """What the truth says of a network's confidence."""
    return f"{name} {f'is {leaning(gap)}' if side(gap) else 'leans to neither side'}, true ECE {ece:.3f}"


def findable(smallest: float) -> str:
    """What the examples would have found."""
    if smallest != smallest:
        return "so few would find none"
    return f"{smallest:.2f} they would find, four times in five"


def place(error: float, floor: Floor) -> Literal["below", "within", "above"]:
    """Where a binned error stands beside the band that chance gives a calibrated network, both as printed."""
    value, low, high = (round(float(each), 3) for each in (error, floor.low, floor.high))
    return "below" if value < low else "within" if value <= high else "above"


def beside(error: float, floor: Floor, minimum: bool) -> str:
    """Where a binned error stands beside its floor, in bold where that speaks against the network.

    minimum: whether a calibrated network cannot be far below the floor, as with ECE and unlike UCE.
    """
    where = place(error, floor)
    against = where == "above" or (where == "below" and not minimum)
    return f"{f'**{where}**' if against else where} its floor {band(floor)}"


def band(floor: Floor) -> str:
    return f"{floor.mean:.3f} ({floor.low:.3f}–{floor.high:.3f})"


def percent(share: float) -> str:
    """A share in whole percent, unbroken; none and all are said only where they are meant."""
    written = f"{100 * share:.0f}"
    if written == "0" and share > 0:
        return f"less than 1{PERCENT}"
    return f"more than 99{PERCENT}" if written == "100" and share < 1 else f"{written}{PERCENT}"

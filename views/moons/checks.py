"""The invariants of pruning, held against the very run that is on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pruning import Network
from pruning.inspect.replay import Check, Recording
from views.text.names import layers_named

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def all_checks(recording: Recording, network: Network) -> tuple[Check, ...]:
    """Those of the recording, and whether it ended in the network as it was trained for the page."""
    unequal = [
        name for name, value in network.weights.items() if value.tobytes() != recording.weights[name].tobytes()
    ]
    again = Check(
        "The same seed gives the same network",
        "The run is repeated, and must end in the weights that the run on this page ended in.",
        not unequal,
        f"other weights came out in {', '.join(unequal)}" if unequal else "bit for bit, in every layer",
    )
    return (*recording.checks, again)


def draw_checks(recording: Recording, network: Network, place: DeltaGenerator) -> None:
    """Every check with what it means and what was found; first how many hold."""
    checks = all_checks(recording, network)
    broken = [check.name for check in checks if not check.holds]
    if broken:
        place.error(f"Broken in this run: {'; '.join(broken)}.", icon=":material/error:")
    else:
        place.success(f"All {len(checks)} invariants hold in this run.", icon=":material/verified:")
    place.markdown("\n".join(_line(check) for check in checks))
    place.caption(
        "The run that led to the pruned network was repeated and looked at in every epoch. Each line is computed "
        "from its numbers."
    )


def _line(check: Check) -> str:
    mark = ":green[holds]" if check.holds else ":red[**broken**]"
    found = layers_named(check.found)
    return f"- {mark} · **{check.name}.** {check.meaning} *{found[:1].upper()}{found[1:]}.*"

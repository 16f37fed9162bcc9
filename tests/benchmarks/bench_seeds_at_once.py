"""Thirty visitors open the moons page at once, each with a seed of their own, and nothing is stored: what each waits.

Measured against one seed alone in the same run: the time to the first picture, which is that of both planes, and to
the end of the page's run, with all prune ratios. Meanwhile a bystander moves a slider between stored ratios.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from statistics import median, quantiles

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.benchmarks.bench_class import APP, RATIOS, SLIDER, server, stored
from tests.benchmarks.session import Session
from tests.benchmarks.timing import report

VISITORS = 30
PICTURE = "explorer_planes"  # the component that draws them
EVERY = 0.5  # seconds between two moves of the bystander
ALONE = 40  # of their moves


@dataclass
class Waiting(Session):
    """A visitor who notes when the first picture has come, in seconds of the clock."""

    shown: float = 0.0

    def _note(self, message: ForwardMsg) -> None:
        super()._note(message)
        if not self.shown and message.delta.new_element.bidi_component.component_name == PICTURE:
            self.shown = time.perf_counter()


async def opened(address: str, seed: int) -> tuple[float, float]:
    """Seconds to the first picture, and to the end."""
    async with Waiting(address, f"seed={seed}") as visitor:
        start = time.perf_counter()
        answer = await visitor.open()
        return visitor.shown - start, answer.seconds


async def moved(bystander: Session, i: int) -> float:
    """Seconds that a move takes; then a moment's rest."""
    answer = await bystander.move(SLIDER, RATIOS[i % len(RATIOS)])
    await asyncio.sleep(max(EVERY - answer.seconds, 0))
    return answer.seconds


async def measure(address: str) -> None:
    async with Session(address) as bystander:
        await stored(bystander)  # PyTorch is loaded by now
        quiet = [await moved(bystander, i) for i in range(ALONE)]
        first, whole = await opened(address, 1000)
        everybody = asyncio.gather(*(opened(address, 1 + i) for i in range(VISITORS)))
        busy: list[float] = []
        while not everybody.done():
            busy.append(await moved(bystander, len(busy)))
        firsts, wholes = zip(*await everybody, strict=True)
    for what, waits, alone, target in (
        ("first picture", firsts, first, "at most 15 s"),
        ("all prune ratios", wholes, whole, "less than one after the other"),
    ):
        report(
            f"{VISITORS} seeds at once, {what} of the slowest, against one alone",
            max(waits) / alone,
            target,
            f"{alone:.1f} s → {max(waits):.1f} s, median {median(waits):.1f} s",
        )
    late, later = (quantiles(each, n=20)[-1] for each in (quiet, busy))
    report(
        "a stored move of a bystander meanwhile, p95, against p95 alone",
        later / late,
        "at most 3",
        f"{late:.2f} s → {later:.2f} s; medians {median(quiet):.2f} s → {median(busy):.2f} s, {len(busy)} moves",
    )


def main() -> None:
    with server(APP) as (address, _):
        asyncio.run(measure(address))


if __name__ == "__main__":
    main()

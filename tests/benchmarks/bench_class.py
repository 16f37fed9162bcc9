"""A class on one server: what a stored move of the slider costs, and how long 1, 10 and 30 visitors wait for theirs.

The visitors are lines to the server without a browser, each with a move every two seconds; a bare Streamlit page
with as many charts is the reference in the same run. Processor time is the server's own, user and system; bytes
are those of the messages before the line compresses them.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from tests.benchmarks.session import Session
from tests.benchmarks.timing import report
from tests.browser.conftest import start_server

APP, BARE = "streamlit_app.py", "tests/benchmarks/bare_page.py"
RATIOS = tuple(f"{tenth / 10}" for tenth in range(1, 9))
SLIDER = "Prune ratio"
EVERY = 2.0  # seconds between two moves of a visitor
MOVES = 8  # of each visitor of a class
FEW, MANY = 40, 400  # visits
ALONE = 40  # of one visitor after the other, for processor time
EARLIER = 163  # milliseconds of processor time that a stored move once took, where the bare page's took 332


@dataclass(frozen=True)
class Cost:
    """What one stored move costs."""

    processor: float  # seconds of the server
    bytes: float


@contextmanager
def server(script: str) -> Iterator[tuple[str, int]]:
    """Its address and its process."""
    process, address = start_server(Path(tempfile.mkdtemp()), script, OMP_NUM_THREADS="1")
    try:
        yield address, process.pid
    finally:
        process.terminate()
        process.wait(10)


def processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def stored(visitor: Session) -> None:
    """Every move that is to be timed has been made once."""
    await visitor.open()
    for ratio in RATIOS:
        await visitor.move(SLIDER, ratio)


async def cost(address: str, process: int) -> Cost:
    """Of a move to a ratio that has been shown before, by one visitor who hardly rests."""
    async with Session(address) as visitor:
        await stored(visitor)
        before, size = processor_seconds(process), 0
        for i in range(ALONE):
            size += (await visitor.move(SLIDER, RATIOS[i % len(RATIOS)])).size
        return Cost((processor_seconds(process) - before) / ALONE, size / ALONE)


async def first_bytes(address: str) -> float:
    """The bytes of a move to a ratio that this visitor has not seen."""
    async with Session(address) as visitor:
        await visitor.open()
        return median([(await visitor.move(SLIDER, ratio)).size for ratio in RATIOS])


async def moves(address: str, wait: float, seed: int) -> list[float]:
    """The seconds that one of a class waits for each move."""
    chance = random.Random(seed)
    async with Session(address) as visitor:
        await visitor.open()
        await asyncio.sleep(wait)
        waited = []
        for _ in range(MOVES):
            answer = await visitor.move(SLIDER, chance.choice(RATIOS))
            waited.append(answer.seconds)
            await asyncio.sleep(max(EVERY - answer.seconds, 0))
        return waited


async def a_class(address: str, visitors: int) -> list[float]:
    """The waits of all; they do not begin at the same moment."""
    waits = (EVERY * i / visitors for i in range(visitors))
    found = await asyncio.gather(*(moves(address, wait, seed) for seed, wait in enumerate(waits)))
    return [wait for each in found for wait in each]


def memory(process: int) -> float:
    """Bytes that the server holds."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return 1024 * float(next(line.split()[1] for line in lines if line.startswith("VmRSS")))


async def visits(address: str, count: int) -> None:
    """Come, move the slider once, and go, one visitor after the other."""
    for i in range(count):
        async with Session(address) as visitor:
            await visitor.open()
            await visitor.move(SLIDER, RATIOS[i % len(RATIOS)])


async def growth(address: str, process: int) -> tuple[float, float]:
    """The server's memory after the first few visits, and after many more."""
    await visits(address, FEW)
    before = memory(process)
    await visits(address, MANY)
    return before, memory(process)


async def measure(script: str) -> tuple[Cost, float, dict[int, list[float]]]:
    with server(script) as (address, process):
        found = await cost(address, process)
        new = await first_bytes(address)
        return found, new, {visitors: await a_class(address, visitors) for visitors in (1, 10, 30)}


def main() -> None:
    (ours, new, waits), (bare, _, theirs) = (asyncio.run(measure(script)) for script in (APP, BARE))
    with server(APP) as (address, process):
        few, many = asyncio.run(growth(address, process))
    report(
        "Processor time of a stored move, against the bare page",
        ours.processor / bare.processor,
        f"at most {0.4 * EARLIER / 332:.2f}",
        f"{1000 * bare.processor:.0f} ms bare → {1000 * ours.processor:.0f} ms",
    )
    report(
        "Bytes of a stored move, against the bare page",
        ours.bytes / bare.bytes,
        "less",
        f"{bare.bytes / 1000:.0f} kB bare → {ours.bytes / 1000:.0f} kB; {new / 1000:.0f} kB to a ratio not yet seen",
    )
    detail = f"{few / 2**20:.0f} → {many / 2**20:.0f} MiB"
    report(f"Memory after {MANY} more visits, against that after {FEW}", many / few, "about 1", detail)
    for visitors, found in waits.items():
        middle, late = median(found), quantiles(found, n=20)[-1]
        report(
            f"{visitors} visitors, a move every {EVERY:g} s: median wait, against one visitor's",
            middle / median(waits[1]),
            "30: at most 1 s, p95 at most 2 s",
            f"median {middle:.2f} s, p95 {late:.2f} s; bare page {median(theirs[visitors]):.2f} s, "
            f"p95 {quantiles(theirs[visitors], n=20)[-1]:.2f} s",
        )


if __name__ == "__main__":
    main()

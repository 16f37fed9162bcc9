"""The prune ratio dragged over all its stops, in a browser at a fourth of its speed: how soon both planes follow.

A step is timed from the slider's new value until the planes are painted, which the browser shows in one frame, and
from the pointer's move that Streamlit makes that value of. Every stop is painted for the first time.
"""

from __future__ import annotations

import tempfile
import zlib
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright

from pruning import RATIOS
from tests.benchmarks.bench_page import APP, STILL
from tests.benchmarks.timing import report
from tests.browser.conftest import OVERHEAR, SENTENCE, executable, start_server
from views.controls.moons import QUANTITY

SLOWER, ALLOWED = 4, 33  # times, by the browser's own brake; milliseconds of a step, two frames of a screen
MOVES = 60  # of the pointer, from one end of the line to the other
READY = """() => [...document.querySelectorAll(".st-key-preview_ratio *")].some((part) =>
  Number(part.shadowRoot?.querySelector(".root")?.dataset.stops))"""
# Each time that planes are painted: milliseconds since the slider has had its value, and since the pointer's move.
WATCH = """(() => {
  window.steps = [];
  let [pointer, moved, changed, value] = [0, 0, 0, ""];
  document.addEventListener("pointermove", ({ timeStamp }) => { pointer = timeStamp; }, true);
  new MutationObserver(([{ target }]) => {
    if (target.ariaValueText === value) return;
    [value, moved, changed] = [target.ariaValueText, pointer, performance.now()];
  }).observe(document, { subtree: true, attributeFilter: ["aria-valuetext"] });
  new PerformanceObserver((list) => list.getEntriesByName("planes").forEach(({ startTime, duration }) =>
    steps.push([startTime + duration - changed, startTime + duration - moved]))).observe({ type: "measure" });
})()"""


def dragged(browser: Browser, address: str, quantity: str) -> tuple[list[list[float]], bool, bytes]:
    """Both times of each step, whether the server was asked meanwhile, and the message that holds the stops."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    frames: list[bytes] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(frame)))
    page.add_init_script(OVERHEAR)
    page.add_init_script(WATCH)
    page.goto(f"{address}/?ratio=0.0&colour={QUANTITY.show(quantity)}")
    page.get_by_text(SENTENCE).first.wait_for(timeout=120_000)
    page.wait_for_function(READY, timeout=120_000)
    page.locator(STILL).wait_for(timeout=60_000)
    page.wait_for_timeout(1500)
    line = page.locator(".st-key-ratio [role=group] > div").bounding_box()
    assert line is not None
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    before = page.evaluate("() => { window.steps = []; return window.overheard.asked }")
    y = line["y"] + line["height"] / 2
    page.mouse.move(line["x"] + 1, y)
    page.mouse.down()
    for move in range(1, MOVES + 1):
        page.mouse.move(line["x"] + move / MOVES * line["width"], y)
        page.wait_for_timeout(100)
    steps, after = page.evaluate("() => [window.steps, window.overheard.asked]")
    context.close()
    stops = next(frame for frame in frames if b'"stops": [{' in frame or b'"stops":[{' in frame)
    return steps, before != after, stops


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=["--no-sandbox", "--disable-gpu"])
        process, address = start_server(Path(tempfile.mkdtemp()), APP)
        dragged(browser, address, "probability")  # so that everything is stored
        for quantity in ("probability", "entropy", "epistemic"):
            steps, asked, stops = dragged(browser, address, quantity)
            own, whole = (median(times) for times in zip(*steps, strict=True))
            words = f"{own:.0f} ms, {whole:.0f} ms from the pointer's move, {len(steps)} steps of {len(RATIOS) - 1}"
            report(f"Step of a drag to planes drawn, {quantity}", own / ALLOWED, f"at most 1, {ALLOWED} ms", words)
            print(f"The server {'was' if asked else 'was not'} asked meanwhile (it is not to be)")
        size, packed = len(stops) / 1000, len(zlib.compress(stops)) / 1000
        print(f"All stops of the ratio: {size:.0f} kB, {packed:.0f} kB as compressed on the wire (once a run)")
        browser.close()
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    main()

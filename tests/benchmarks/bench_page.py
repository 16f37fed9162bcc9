"""The page in a real browser, against a bare Streamlit page with charts of the same sizes.

Slider to redrawn page: from the key press until the plane's new picture has been painted, with
everything cached; the page shows it before the server has answered. First paint: from starting the server
until the controls can be seen.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright

from tests.benchmarks.timing import report, seconds
from tests.browser.conftest import SENTENCE, executable, start_server

APP, BARE = "streamlit_app.py", "tests/benchmarks/bare_page.py"
STILL = "[data-testid=stApp][data-test-script-state=notRunning]"

# Resolves with the milliseconds from now until the picture is another and two frames have passed.
WATCH = """() => new Promise(resolve => {
  const image = () => document.querySelectorAll('[data-testid=stVegaLiteChart] image')[1]?.href.baseVal;
  const drawn = (part) => part.shadowRoot?.querySelector('[data-panel="1"]')?.dataset.drawn;
  const plane = () => [...document.querySelectorAll('.st-key-plane_pair *')].map(drawn).find(Boolean) ?? image();
  const before = plane(), start = performance.now();
  const look = () => plane() !== undefined && plane() !== before
    ? requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - start)))
    : requestAnimationFrame(look);
  window.redrawn = true; look();
})"""


def redraws(page: Page, moves: int = 12) -> list[float]:
    """Milliseconds of each move of the ratio slider, up and down again so that all is cached."""
    slider = page.get_by_role("slider", name="Prune ratio")
    times = []
    for i in range(moves):
        page.evaluate("watch => { window.result = eval(watch)() }", WATCH)
        slider.press("ArrowRight" if i % 2 == 0 else "ArrowLeft")
        times.append(page.evaluate("() => window.result"))
        page.locator(STILL).wait_for()
        page.wait_for_timeout(400)
    return times[2:]


def clicks_on_a_curve(page: Page, moves: int = 8) -> list[float]:
    """Milliseconds of each move of the ratio by a click on a curve, which no preview answers before the server."""
    circles = page.locator('[aria-label^="Accuracy against"] [aria-roledescription=circle]')
    times = []
    for i in range(moves):
        page.evaluate("watch => { window.result = eval(watch)() }", WATCH)
        circles.nth(6 - i % 2).click(force=True)
        times.append(page.evaluate("() => window.result"))
        page.locator(STILL).wait_for()
        page.wait_for_timeout(400)
    return times[2:]


def changes_of_method(page: Page, moves: int = 8) -> list[float]:
    """Milliseconds of each change between two methods, to and fro so that all is stored."""
    times = []
    for i in range(moves):
        page.get_by_role("combobox", name="Method").click()
        option = page.get_by_role("option", name=("Single pass", "MC dropout")[i % 2], exact=True)
        option.wait_for()
        page.evaluate("watch => { window.result = eval(watch)() }", WATCH)
        option.click()
        times.append(page.evaluate("() => window.result"))
        page.locator(STILL).wait_for(timeout=60_000)
        page.wait_for_timeout(400)
    return times[2:]


def after_a_click(page: Page, control: str, chosen: str) -> tuple[float, float]:
    """Seconds from choosing a strategy or method that is not stored to its picture, and to the complete page."""
    page.get_by_role("combobox", name=control).click()
    page.evaluate("watch => { window.result = eval(watch)() }", WATCH)
    start = time.perf_counter()
    page.get_by_role("option", name=chosen, exact=True).click()
    page.evaluate("() => window.result")
    first = time.perf_counter() - start
    page.locator(STILL).wait_for(timeout=60_000)
    page.get_by_text(SENTENCE).first.wait_for(timeout=60_000)
    complete = time.perf_counter() - start
    page.wait_for_timeout(1000)
    return first, complete


def first_paint(browser: Browser, script: str, words: str) -> tuple[float, subprocess.Popen[bytes], Page, str]:
    """Seconds from starting the server until `words` are on the page."""
    folder = Path(tempfile.mkdtemp())
    start = time.perf_counter()
    process, address = start_server(folder, script)
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address)
    page.get_by_text(words).first.wait_for(timeout=60_000)
    return time.perf_counter() - start, process, page, address


def main() -> None:
    torch_import = seconds(lambda: subprocess.run([sys.executable, "-c", "import torch"], check=True), 3)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=["--no-sandbox", "--disable-gpu"])
        paints: dict[str, list[float]] = {APP: [], BARE: []}
        moves: dict[str, list[float]] = {APP: [], BARE: []}
        methods: list[float] = []
        clicks: list[float] = []
        uncached: dict[tuple[str, str], list[tuple[float, float]]] = {
            ("Strategy", "One-shot, randomly re-initialised"): [],
            ("Strategy", "Iterative, re-initialised"): [],
            ("Method", "Last-layer Laplace"): [],
            ("Method", "Laplace of the survivors"): [],
            ("Method", "Deep ensemble"): [],
        }
        for _ in range(3):
            for script in (APP, BARE):
                paint, process, page, _ = first_paint(browser, script, "Prune ratio")
                page.get_by_text(SENTENCE).first.wait_for(timeout=120_000)
                page.locator(STILL).wait_for(timeout=60_000)
                page.wait_for_timeout(1500)
                paints[script].append(paint)
                moves[script] += redraws(page)
                if script == APP:
                    clicks += clicks_on_a_curve(page)
                    methods += changes_of_method(page)
                    for asked, times in uncached.items():
                        times.append(after_a_click(page, *asked))
                page.close()
                process.terminate()
                process.wait(10)
        browser.close()
    ours, bare = median(moves[APP]), median(moves[BARE])
    report("Cached slider to redrawn page", ours / bare, "at most 1.5", f"{bare:.0f} ms bare → {ours:.0f} ms")
    allowed = torch_import + median(paints[BARE])
    report(
        "Start to first paint, against importing torch plus a bare page",
        median(paints[APP]) / allowed,
        "at most 1.3",
        f"{torch_import:.1f} + {median(paints[BARE]):.1f} s → {median(paints[APP]):.1f} s",
    )
    report(
        "Another method, all stored, against another ratio by a click on a curve",
        median(methods) / median(clicks),
        "at most 1.5",
        f"{median(clicks):.0f} ms → {median(methods):.0f} ms",
    )
    for (_, chosen), times in uncached.items():
        first, complete = (median(column) for column in zip(*times, strict=True))
        print(f"{chosen}, nothing cached: first picture {first:.1f} s after the click, all ratios {complete:.1f} s")


if __name__ == "__main__":
    main()

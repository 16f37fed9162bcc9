"""A first visit in a real browser: where things stand, and how far they jump while they arrive.

Printed for five sizes, by day and by night, with and without a story. Layout shift is the sum, over the visit, of
the shares of the window that moved times how far they did (poor is above 0.25).
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

from tests.benchmarks.bench_page import APP
from tests.browser.conftest import SENTENCE, executable, start_server
from views.controls import moons as moons_controls
from views.controls.url import link
from views.moons.presets import PRESETS

SIZES = {
    "phone": (375, 812), "tablet": (768, 1024), "small laptop": (1366, 768), "laptop": (1440, 900),
    "projector": (1920, 1080),
}  # fmt: skip
LINKS = {"moons": "", "a story": f"?{link(PRESETS[0].settings, moons_controls.ALL)}", "images": "images"}
WATCH = """
window.shift = 0;
new PerformanceObserver((list) => list.getEntries().forEach((each) => {
  if (!each.hadRecentInput) window.shift += each.value;
})).observe({ type: "layout-shift", buffered: true });
"""
PARTS = {"sliders": ".st-key-controls", "plane": ".plane >> visible=true", "sentence": ".st-key-headline"}


def bottom(page: Page, selector: str) -> float | None:
    """Where the first of these parts ends, in pixels from the window's top; None where there is none."""
    part = page.locator(selector).first
    box = part.bounding_box() if part.count() else None
    return box and box["y"] + box["height"]


def visited(browser: Browser, address: str, size: tuple[int, int], theme: Literal["light", "dark"]) -> str:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=theme)
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(address)
    if "images" not in address:
        page.get_by_text(SENTENCE).first.wait_for(timeout=120_000)
    page.wait_for_timeout(5000)
    ends = {name: bottom(page, selector) for name, selector in PARTS.items()}
    shift = page.evaluate("() => window.shift")
    context.close()
    places = ", ".join(
        f"{name} ends at {end:.0f}{'' if end <= size[1] else ' (below the window)'}"
        for name, end in ends.items()
        if end
    )
    return f"layout shift {shift:.3f} (at most 0.1); {places}"


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=["--no-sandbox", "--disable-gpu"])
        process, address = start_server(Path(tempfile.mkdtemp()), APP)
        for where in LINKS.values():  # so that everything is stored
            visited(browser, f"{address}/{where}", SIZES["laptop"], "light")
        for name, where in LINKS.items():
            for size, pixels in SIZES.items():
                for theme in ("light", "dark"):
                    words = visited(browser, f"{address}/{where}", pixels, theme)
                    print(f"{name}, {size} {pixels[0]} × {pixels[1]}, {theme}: {words}", flush=True)
        browser.close()
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    main()

"""A component of the page alone in a browser, without a server: mounted, given data again, and overheard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from views.browser.component import source

# What Streamlit tells a component about the theme.
STYLE = {
    "light": "--st-text-color: #31333f; --st-background-color: #ffffff; --st-secondary-background-color: #f0f2f6; "
    "--st-primary-color: #1d4ed8; --st-border-color: rgba(49, 51, 63, 0.2);",
    "dark": "--st-text-color: #fafafa; --st-background-color: #0e1117; --st-secondary-background-color: #262730; "
    "--st-primary-color: #60a5fa; --st-border-color: rgba(250, 250, 250, 0.2);",
}
SHARED = "--st-font: sans-serif; --st-base-radius: 0.5rem;"
MOUNT = """async ({ js, css, data }) => {
  const shadow = document.getElementById("host").attachShadow({ mode: "open" });
  shadow.innerHTML = `<style>${css}</style><div class="root"></div>`;
  const address = URL.createObjectURL(new Blob([js], { type: "text/javascript" }));
  const component = await import(address);
  const events = [];
  const record = (name, value) => events.push([name, value]);
  const given = { key: "test", parentElement: shadow, setTriggerValue: record, setStateValue: record };
  const render = async (data) => { mounted.remove = await component.default({ ...given, data }); };
  window.mounted = { events, render };
  await render(data);
}"""


@contextmanager
def blank_page(chromium, **options: Any) -> Iterator[Any]:
    """An empty page of a new visitor; afterwards no error may have been raised or logged on it."""
    context = chromium.new_context(**{"viewport": {"width": 1000, "height": 900}, **options})
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert errors == []


def mount(page, name: str, data: dict[str, Any], theme: str = "light", width: int = 800):
    """The root of the component, drawn alone on the page, in a place of `width` pixels."""
    style = f"{STYLE[theme]} {SHARED}"
    page.set_content(
        f'<body style="margin: 0; background: var(--st-background-color); {style}">'
        f'<div id="host" style="width: {width}px"></div></body>'
    )
    page.evaluate(MOUNT, {"js": source(name, "js"), "css": source(name, "css"), "data": data})
    return page.locator("#host .root")


def remount(page, data: dict[str, Any]) -> None:
    """What a rerun does: the same component is called again, with these data."""
    page.evaluate("data => mounted.render(data)", data)


def unmount(page) -> None:
    """What leaving the page does: the function that the last call returned is called."""
    page.evaluate("() => mounted.remove()")


def events(page) -> list[list[Any]]:
    """What the component has sent so far, each as [name of the trigger or state, value]."""
    return page.evaluate("() => mounted.events")

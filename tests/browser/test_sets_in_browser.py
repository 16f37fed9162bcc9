"""Prediction sets and refusal as a person meets them: α and the share refused by keyboard, on a phone, by a link."""

from __future__ import annotations

LINK = "?strategy=One-shot&ratio=0.9&points=400&hidden=10&patience=5&view=Sets+and+refusal"
PLANE = "Pruned network: prediction sets on the plane."


def shown(visitor, alt: str) -> str:
    return visitor.chart(alt).first.inner_html()


def test_alpha_repaints_the_sets_and_is_in_the_address(visit):
    """By keyboard; whom it refuses stays as it is. Whoever opens the address finds the same."""
    visitor = visit(LINK).complete()
    sets, refused = shown(visitor, PLANE), shown(visitor, "Pruned network: refused")
    visitor.slider("α").press("End")
    visitor.settle()
    assert visitor.query()["alpha"] == "0.3"
    assert shown(visitor, PLANE) != sets
    assert shown(visitor, "Pruned network: refused") == refused
    visitor.page.reload()
    visitor.settle()
    assert visitor.slider("α").get_attribute("aria-valuetext") == "0.3"
    visitor.slider("Refuse the most uncertain").press("End")
    visitor.settle()
    assert visitor.query()["refuse"] == "90 %"
    assert shown(visitor, "Pruned network: refused") != refused
    assert visitor.errors == []


def test_on_a_phone_the_tab_is_no_wider_than_the_screen(visit):
    """Planes and curves stand one below the other."""
    visitor = visit(LINK, viewport={"width": 390, "height": 844}).complete()
    planes = [visitor.chart(name).first.bounding_box() for name in ("Dense network: prediction", PLANE)]
    assert planes[1]["y"] >= planes[0]["y"] + planes[0]["height"]
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert visitor.errors == []

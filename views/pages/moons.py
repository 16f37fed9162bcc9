"""The start page: three sliders, and what they do to a decision boundary and to its doubt."""

from views.moons import head


def page() -> None:
    """The controls, then the pictures."""
    asked = head.draw()
    from views.moons import body  # after the controls, which need not wait for what draws charts

    body.draw(asked)


page()

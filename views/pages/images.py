"""The image page: networks on pictures they know and on pictures they have never seen."""

from views.images import head


def page() -> None:
    """The controls, then the pictures."""
    asked = head.draw()
    from views.images import body  # after the controls, which need not wait for what draws charts

    body.draw(asked)


page()

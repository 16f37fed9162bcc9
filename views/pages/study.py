"""The study page: several strategies at many prune ratios over many seeds, and what that tells."""

from views.study import head


def page() -> None:
    """The controls, then the charts."""
    asked = head.draw()
    from views.study import body  # after the controls, which need not wait for what draws charts

    body.draw(asked)


page()

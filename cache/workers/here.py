"""Long work in this process, where it is to start no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cache.workers.protocol import Report


class ThisProcess:
    """Carries out a call in the thread that asks for it; see Workers."""

    count = 1

    def call(self, function: Callable[..., Any], *args: Any, report: Report) -> Any:
        """The result; what `report` raises is raised within the function, as it stands, and out of it."""
        return function(*args, report=report)

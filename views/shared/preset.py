"""A preset: settings worth a look, with what is seen there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from views.text.questions import Question


@dataclass(frozen=True)
class Preset:
    """A preset with its commentary."""

    name: str  # short: for a button
    sentences: str  # two: what is seen, and why it matters
    look_at: str  # the one thing to look at, or to try
    settings: Mapping[str, Any]  # what it tells of: control → value; all others of the page stand at their defaults
    view: Mapping[str, Any]  # how that is looked at: on the moons page colour, points and tab
    target: str  # the part of the page that is to be seen: the key of its container
    trial: Mapping[str, Any] = field(default_factory=dict)  # what `look_at` asks to set, if it asks for that
    question: Question | None = None  # what it may ask before it shows

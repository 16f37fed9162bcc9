"""Labelled examples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs (N, …) with labels (N,) from 0 to C − 1."""

    inputs: np.ndarray
    labels: np.ndarray

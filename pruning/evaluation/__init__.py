"""Evaluation of trained networks: what a page shows in numbers, from arrays alone and without PyTorch.

    from pruning.evaluation import Confusion, Evaluated

`Evaluation` measures one network's predictions, `Comparison` two of them, `Detection` a score of one network,
`Confusion` what unknown classes are called; `Evaluated` has them all for the networks of an outcome.
"""

from __future__ import annotations

from pruning.evaluation.calibration import Evaluation
from pruning.evaluation.comparison import Comparison
from pruning.evaluation.confusion import Confusion
from pruning.evaluation.detection import Detection
from pruning.evaluation.evaluated import Evaluated, on_fresh_points

__all__ = [
    "Comparison",
    "Confusion",
    "Detection",
    "Evaluated",
    "Evaluation",
    "on_fresh_points",
]

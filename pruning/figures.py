"""Former name of `pruning.evaluation.metrics`."""

from pruning.evaluation.metrics import *

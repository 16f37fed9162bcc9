"""Former name of `pruning.model.cost`."""

from pruning.model.cost import *

"""Former name of `pruning.model.shrink`."""

from pruning.model.shrink import *

"""Former name of `pruning.model.importance`."""

from pruning.model.importance import *

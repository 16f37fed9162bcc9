"""Former name of `pruning.data.posterior`."""

from pruning.data.posterior import *

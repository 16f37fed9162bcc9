"""Former name of `pruning.data.download`."""

from pruning.data.download import *

"""Former name of `pruning.data.images`."""

from pruning.data.images import *

"""Former name of `pruning.model.network_file`."""

from pruning.model.network_file import *

"""Former name of `pruning.inspect.recording`."""

from pruning.inspect.recording import *

"""Former name of `pruning.inspect.ablation`."""

from pruning.inspect.ablation import *

"""Former name of `pruning.data.cifar`."""

from pruning.data.cifar import *

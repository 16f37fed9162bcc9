"""Former name of `pruning.data.csv_points`."""

from pruning.data.csv_points import *

"""Former name of `pruning.data.image_download`."""

from pruning.data.image_download import *

"""Former name of `pruning.data.picture_upload`."""

from pruning.data.picture_upload import *

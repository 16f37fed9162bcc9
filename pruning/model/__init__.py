"""Networks as structures: layers, units, masks, importance, the physically smaller form, and what it costs."""

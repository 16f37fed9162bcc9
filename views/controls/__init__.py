"""Controls: their names in links, their choices, locks, and what of them is shared."""

"""A trained run looked into: over the plane, epoch by epoch, against its invariants, unit by unit."""

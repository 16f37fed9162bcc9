"""What trained networks are worth, in numbers."""

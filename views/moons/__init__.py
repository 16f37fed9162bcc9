"""The parts of the moons page."""

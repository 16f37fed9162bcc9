"""The parts of the image page."""

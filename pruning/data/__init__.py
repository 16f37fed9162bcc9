"""What networks learn from: generated points, somebody's own points and pictures, image sets and their download."""

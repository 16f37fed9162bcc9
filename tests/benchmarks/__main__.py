"""Run every benchmark, each in a process of its own: `python -m tests.benchmarks`."""

import subprocess
import sys

if __name__ == "__main__":
    numbers = ("training", "study", "sampling", "laplace", "images", "trained")
    for name in (*numbers, "page", "place", "drag", "layout", "image_page", "class", "seeds_at_once"):
        subprocess.run([sys.executable, "-m", f"tests.benchmarks.bench_{name}"], check=True)

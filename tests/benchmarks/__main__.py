"""Run every benchmark, each in a process of its own: `python -m tests.benchmarks`."""

import subprocess
import sys

if __name__ == "__main__":
    short = ("training", "sampling", "laplace", "drag", "page")  # first: whoever has ten minutes has these
    for name in (*short, "study", "place", "layout", "image_page", "class", "seeds_at_once", "images", "trained"):
        subprocess.run([sys.executable, "-m", f"tests.benchmarks.bench_{name}"], check=True)

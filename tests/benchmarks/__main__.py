"""Run every benchmark, each in a process of its own: `python -m tests.benchmarks`."""

import subprocess
import sys

if __name__ == "__main__":
    first = ("training", "sampling", "laplace", "drag", "page")  # all that CI waits for: it ends after ten minutes
    for name in (*first, "study", "place", "layout", "image_page", "class", "seeds_at_once", "images", "trained"):
        subprocess.run([sys.executable, "-m", f"tests.benchmarks.bench_{name}"], check=True)

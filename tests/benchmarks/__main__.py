"""Run every benchmark, each in a process of its own: `python -m tests.benchmarks`."""

import subprocess
import sys

if __name__ == "__main__":
    for name in ("training", "study", "sampling", "images", "trained", "page", "place", "layout", "image_page"):
        subprocess.run([sys.executable, "-m", f"tests.benchmarks.bench_{name}"], check=True)

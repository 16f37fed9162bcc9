"""Run every benchmark: `python -m tests.benchmarks`."""

from tests.benchmarks import bench_page, bench_sampling, bench_training

if __name__ == "__main__":
    bench_training.main()
    bench_sampling.main()
    bench_page.main()

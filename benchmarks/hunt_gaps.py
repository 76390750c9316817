"""Random planar sets with slivers and singular maps, against brute force: gaps, unions, images and fixed sets.

Run as `python benchmarks/hunt_gaps.py --minutes 10 --seed 0`; every seed has other sets, and a failure names its own.
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests import planar_checks


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("--minutes", type=float, default=10.0)
    reader.add_argument("--seed", type=int, default=0)
    reader.add_argument("--only", type=int, nargs="*", help="numbers of cases, instead of all in turn")
    chosen = reader.parse_args()
    seen: Counter[str] = Counter()
    end, count, failed = time.monotonic() + 60.0 * chosen.minutes, 0, 0
    cases = iter(chosen.only) if chosen.only else iter(range(10**9))
    for count in cases:
        if time.monotonic() > end:
            break
        rng = np.random.default_rng([chosen.seed, count])
        try:
            seen[planar_checks.one(rng)] += 1
        except Exception as error:  # the hunt goes on, and ends with a failure
            failed += 1
            print(f"case {count} of seed {chosen.seed}: {type(error).__name__}: {str(error)[:600]}", flush=True)
    print(f"{sum(seen.values())} cases in {chosen.minutes:g} minutes, {failed} failures: {dict(sorted(seen.items()))}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

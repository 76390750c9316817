"""How long `conservative --help` takes, against importing NumPy in the same run."""

import statistics
import subprocess
import sys
import time


def _seconds(command: list[str], *, repeats: int = 15) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def test_help_against_import_numpy() -> None:
    numpy = _seconds([sys.executable, "-c", "import numpy"])
    shown = _seconds([sys.executable, "-m", "conservative", "--help"])
    print(f"\nconservative --help: {shown / numpy:.2f} × `import numpy` ({numpy * 1e3:.0f} ms); wanted at most 1.5")
    assert shown > 0

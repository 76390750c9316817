"""Ctrl-C on the command line: one line and exit code 130 at any moment, imports included, and never a traceback."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

# The interrupt comes after so many calls of functions, counted from the first line of the command's own process.
DRIVER = """
import os, signal, sys
from conservative.__main__ import run
left = [int(sys.argv.pop(1))]
def count(frame, event, argument):
    left[0] -= 1
    if left[0] == 0:
        sys.setprofile(None)
        os.kill(os.getpid(), signal.SIGINT)
sys.setprofile(count)
run()
"""
MOMENTS = [
    20,
    100,
    400,
    2_000,
    8_000,
    20_000,
    60_000,
    150_000,
    300_000,
    600_000,
    1_000_000,
    1_400_000,
    2_000_000,
    4_000_000,
]


def interrupted(folder: Path, moment: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", DRIVER, str(moment), *arguments], capture_output=True, text=True, check=False, cwd=folder
    )


@pytest.mark.slow
@pytest.mark.parametrize("command", ["analyze half-absolute", "jsr golden --plot a.svg", "explain half-absolute"])
def test_an_interrupt_at_any_moment_is_one_line(command: str, tmp_path: Path) -> None:
    codes = set()
    for moment in MOMENTS:
        done = interrupted(tmp_path, moment, *command.split())
        codes.add(done.returncode)
        assert done.returncode in (130, 0), (moment, done.stderr)
        assert "Traceback" not in done.stderr, moment
        if done.returncode == 130:
            lines = done.stderr.strip().splitlines()
            assert len(lines) == 1, (moment, done.stderr)
            assert lines[0].startswith("conservative: interrupted"), moment
        assert not list(tmp_path.glob(".*.part"))
    assert 130 in codes


def test_an_interrupt_during_the_first_imports_is_one_line(tmp_path: Path) -> None:
    done = interrupted(tmp_path, 2_000, "analyze", "heavy-ball")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "conservative: interrupted\n")


def test_a_search_that_is_interrupted_prints_what_is_proved_and_exits_130(tmp_path: Path) -> None:
    code = """
import os, signal
from conservative.__main__ import run
from conservative.spectral.radius import family_radius
stages = family_radius.stages
def interrupted(*arguments, **options):
    yield next(stages(*arguments, **options))
    os.kill(os.getpid(), signal.SIGINT)
    yield from ()
family_radius.stages = interrupted
run()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, "jsr", "heavy-ball"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 130, done.stderr
    assert "joint spectral radius" in done.stdout
    assert "interrupted: the bracket holds" in done.stdout
    assert done.stderr == "conservative: interrupted; what was known by then has been printed\n"


def test_an_interrupt_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    code = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" + DRIVER
    done = subprocess.run(
        [sys.executable, "-c", code, "2000", "gallery", "golden"], capture_output=True, text=True, check=False,
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "golden" in done.stdout
    assert os.name != "posix" or signal.getsignal(signal.SIGINT) is not signal.SIG_IGN

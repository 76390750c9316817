"""The JAX program of a counterexample: forward differentiation grows at the ties and nowhere else."""

import subprocess
import sys

import pytest

import conservative as cj

pytestmark = pytest.mark.peers
pytest.importorskip("jax")


def test_the_jax_script_diverges_at_the_ties_only():
    family = [[["3/4", "-3/4"], [1, 0]], [["7/4 - k", "-3/4"], [1, 0]]]
    found = cj.counterexample(family, ranges={"k": ("1/5", "1/4")})
    assert found.word == (0, 0, 1, 1)
    done = subprocess.run([sys.executable, "-c", found.script("jax")], capture_output=True, text=True, check=True)
    at_ties, off = done.stdout.split("off the kink")
    rows = [[line.split() for line in part.splitlines() if line[:1].isdigit()] for part in (at_ties, off)]
    assert float(rows[0][-1][2]) > 1e5
    assert {row[1] for row in rows[0]} == {"0.0"}
    assert max(float(row[2]) for row in rows[1]) < 20
    assert float(rows[1][-1][1]) < 1e-20

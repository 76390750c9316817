"""Algorithms on problems from the command line: cases of the gallery, and a user's own arrays."""

import json
from pathlib import Path

import numpy as np
import pytest

from conservative.cli import main

TABLES = Path(__file__).parents[1] / "algorithms" / "truth.json"


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(capsys, *arguments):
    code = main(list(arguments))
    return code, *capsys.readouterr()


BY = [
    ("forward-backward", ["--setting", "step=1/10"], "forward–backward α=1/10"),
    ("fista", ["--setting", "step=1/10", "--setting", "momentum=1/2"], "FISTA, constant β=1/2, α=1/10"),
    ("admm", ["--setting", "penalty=4"], "ADMM ρ=4 (state z, u scaled)"),
]


@pytest.mark.parametrize(("name", "settings", "row"), BY, ids=[name for name, *_ in BY])
def test_the_lasso_at_a_breakpoint_by_several_algorithms(capsys, name, settings, row):
    """Brackets of the radius meet those of the table; the state is what the problem's solution lifts to."""
    code, out, err = run(capsys, "jsr", "lasso-breakpoint", "--algorithm", name, *settings, "--json")
    assert code == 0, err
    found = json.loads(out)
    tables = json.loads(TABLES.read_text(encoding="utf-8"))
    lower, upper = next(t["radius"] for t in tables if (t["case"], t["algorithm"]) == ("L1", row))
    assert found["lower"] <= upper + 1e-9
    assert found["upper"] >= lower - 1e-9


def test_an_analysis_speaks_of_the_output_and_of_the_algorithm(capsys):
    code, out, _ = run(capsys, "analyze", "lasso-breakpoint", "--algorithm", "admm", "--setting", "penalty=4")
    assert code == 0
    assert "where a coordinate enters the path, by admm" in out
    assert "of the output: (-0.142857, -0.0714286)" in out
    assert "of the output: (-0.2, 0)" in out
    assert "proved: the matrices contract" in out
    entry = next(line for line in out.splitlines() if line.strip().startswith("d z[0] / d lambda"))
    assert entry.split("  ")[2:] == ["[-0.202244, -0.142857]", "[-0.202244, -0.142857]", "[-0.2, -0.142857]"]


def test_arrays_of_a_file_make_a_problem_at_the_parameter_that_is_named(capsys):
    np.savez("data.npz", X=[[2, 1], [1, 2], [0, 1]], y=[4, 3, -1])
    asked = ("data.npz", "--problem", "lasso", "--algorithm", "forward-backward", "--setting", "step=1/10")
    code, out, _ = run(capsys, "explain", *asked, "--at", "lambda=1")
    assert code == 0
    assert "1 tie" in out
    smooth = run(capsys, "explain", *asked, "--at", "lambda=5")[1]
    assert "no tie" in smooth
    np.savez("more.npz", X=[[2, 1], [1, 2], [0, 1]], y=[4, 3, -1], notes=[1])
    assert "has no array 'notes'" in run(capsys, "explain", "more.npz", *asked[1:], "--at", "lambda=1")[2]
    picked = run(capsys, "jsr", "more.npz", *asked[1:], "--at", "lambda=1", "--variable", "X", "--variable", "y")
    assert picked[0] == 0, picked[2]


def test_a_quotient_is_judged_where_one_is_within_the_rounding(capsys):
    """The Sinkhorn update has the eigenvalue 1; its Jacobian in doubles has one of 1 - 2^-53, which proves nothing."""
    code, out, _ = run(capsys, "analyze", "transport-small", "--require", "contraction")
    assert code == 3
    assert "as close to 1 as the entries are rounded" in out
    assert "proved on a quotient" in out
    assert "(up to rounding)" in out
    assert "of the output: (-0.098306, 0.098306, 0.098306, -0.098306)" in out  # dP11/d eps = -e^-1 / (2 (1 + e^-1)^2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lasso-breakpoint", "--algorithm", "adm"], "Did you mean admm?"),
        (["lasso-breakpoint", "--algorithm", "admm", "--setting", "rho=1"], "has no setting 'rho'; it takes penalty"),
        (["lasso-breakpoint", "--algorithm", "admm", "--setting", "penalty"], "--setting wants NAME=VALUE, as in"),
        (["lasso-breakpoint", "--algorithm", "admm", "--at", "theta=1"], "gives each parameter a value: lambda"),
        (["heavy-ball", "--algorithm", "admm"], "is no problem for an algorithm; those are lasso-breakpoint"),
        (["data.npz", "--problem", "lasso"], "--problem needs --algorithm"),
        (["data.npz", "--problem", "laso", "--algorithm", "admm"], "Did you mean lasso"),
        (["only.npz", "--problem", "lasso", "--algorithm", "admm"], "needs the arrays X, y"),
        (["data.csv", "--problem", "lasso", "--algorithm", "admm"], "come in an .npz file"),
        (["lasso-breakpoint", "--algorithm", "admm", "--library", "jax"], "--library is for a program"),
    ],
)
def test_mistakes_are_told_with_the_remedy(capsys, arguments, message):
    np.savez("data.npz", X=[[2, 1], [1, 2], [0, 1]], y=[4, 3, -1])
    np.savez("only.npz", X=[[2, 1], [1, 2], [0, 1]])
    code, out, err = run(capsys, "jsr", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err

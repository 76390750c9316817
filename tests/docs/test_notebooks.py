"""Notebooks: the reviewed `.py` and the stripped `.ipynb` say the same, and every cell's assertions hold."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
SCRIPTS = sorted(NOTEBOOKS.glob("*.py"))


def test_every_notebook_is_a_pair():
    assert (
        {p.stem for p in SCRIPTS}
        == {p.stem for p in NOTEBOOKS.glob("*.ipynb")}
        >= {"elephant_in_the_room", "heavy_ball"}
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.stem)
def test_notebook_is_stripped(script):
    notebook = json.loads(script.with_suffix(".ipynb").read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    # Blank lines before a definition are the one thing that jupytext notes down.
    assert all(set(cell["metadata"]) <= {"lines_to_next_cell"} for cell in notebook["cells"])


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.stem)
def test_pair_is_in_step(script):
    jupytext = pytest.importorskip("jupytext")
    texts = [
        [(cell.cell_type, cell.source) for cell in jupytext.read(path).cells]
        for path in (script, script.with_suffix(".ipynb"))
    ]
    assert texts[0] == texts[1], f"run: jupytext --to ipynb {script.name}"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.stem)
def test_notebook_asserts_something(script):
    assert script.read_text(encoding="utf-8").count("\nassert ") >= 5


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.stem)
def test_notebook_runs(script, tmp_path):
    environment = {**os.environ, "MPLBACKEND": "agg"}
    command = [sys.executable, "-W", "error", str(script)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    assert list(tmp_path.iterdir()) == [], "a notebook leaves no file behind"

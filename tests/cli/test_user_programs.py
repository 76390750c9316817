"""Programs by name on the command line: MODULE:FUNCTION is imported and analysed at a point from a file."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from conservative.cli import main

MODULE = """
import numpy as np

def step(x, theta):
    return theta - np.abs(x) / 2

def grown(x, theta):
    return theta - 2 * np.abs(x)

def alone(x):
    return np.maximum(x, 0) / 2

import conservative as cj
built = cj.from_numpy(step, [0], [0])
number = 3
_hidden = 4
"""


@dataclass(frozen=True)
class Result:
    exit_code: int
    stdout: str
    stderr: str


Call = Callable[..., Result]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    def called(*arguments: str) -> Result:
        capsys.readouterr()
        code = main(list(arguments))
        return Result(code, *capsys.readouterr())

    return called


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "loops_of_mine.py").write_text(MODULE)
    (tmp_path / "broken_of_mine.py").write_text("1 / 0\n")
    np.savez(tmp_path / "origin.npz", x=np.zeros(1), theta=np.zeros(1))
    np.savez(tmp_path / "alone.npz", x=np.zeros(1))
    np.savez(tmp_path / "odd.npz", start=np.zeros(1))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name in ("loops_of_mine", "broken_of_mine"):
        sys.modules.pop(name, None)


def test_a_function_is_analysed_at_the_point_of_a_file(folder: Path, call: Call) -> None:
    result = call("analyze", "loops_of_mine:step", "--at", "origin.npz", "--json", "--no-certificate")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["contraction"]["name"] == "PROVED"
    assert call("analyze", "loops_of_mine:grown", "--at", "origin.npz", "--require", "contraction").exit_code == 1


def test_a_map_that_is_built_stands_for_itself_and_writes_its_certificate(folder: Path, call: Call) -> None:
    result = call("analyze", "loops_of_mine:built")
    assert result.exit_code == 0
    assert (folder / "loops_of_mine-built.certificate.json").exists()
    assert call("check", "loops_of_mine-built.certificate.json").exit_code == 0


def test_explain_names_the_line(folder: Path, call: Call) -> None:
    result = call("explain", "loops_of_mine:step", "--at", "origin.npz")
    assert result.exit_code == 0
    assert "loops_of_mine.py:5" in result.stdout
    document = json.loads(call("explain", "loops_of_mine:built", "--json").stdout)
    assert document["ties"][0]["source"] == "loops_of_mine.py:5"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["loops_of_mine:step"], "must be told where"),
        (["loops_of_mine:absent"], "has no absent; it has"),
        (["loops_of_mine:number"], "neither a function nor a map"),
        (["broken_of_mine:step"], "ZeroDivisionError"),
        (["nowhere_of_mine:step"], "could not be imported"),
        (["loops_of_mine:built", "--at", "origin.npz"], "a map already"),
        (["loops_of_mine:step", "--at", "odd.npz"], "needs an array named x"),
        (["loops_of_mine:step", "--at", "absent.npz"], "absent.npz"),
        (["loops_of_mine:alone", "--at", "origin.npz"], "alone"),
        (["heavy-ball", "--library", "numpy"], "is for a program"),
        (["heavy-ball", "--at", "origin.npz"], "is for a program"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(folder: Path, call: Call, arguments: list[str], message: str) -> None:
    result = call("explain", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_files_are_never_run(folder: Path, call: Call) -> None:
    """A file of the name is read as one, whatever stands in it."""
    Path("loops_of_mine:step.toml").write_text("title = 3")
    result = call("explain", "loops_of_mine:step.toml")
    assert result.exit_code == 2
    assert "loops_of_mine" not in sys.modules

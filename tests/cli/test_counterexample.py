"""`conservative counterexample`: files, families by name, programs, maps, and refusals."""

import json
import subprocess
import sys

import pytest

from conservative.cli import main

FILE = """
title = "heavy ball, step 1"
matrices = [
  [["1 + beta - 1", "-beta"], [1, 0]],
  [["1 + beta - kappa", "-beta"], [1.0, "0"]],
]

[ranges]
beta = 0.75
kappa = ["1/5", 0.25]
"""


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "family.toml").write_text(FILE, encoding="utf-8")
    return tmp_path


def run(capsys, *arguments):
    code = main(["counterexample", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_example_of_the_talk_from_a_file(capsys, tmp_path):
    code, out, err = run(capsys, "family.toml", "--script", "show.py", "--certificate", "proof.json")
    assert (code, err) == (0, "")
    assert out.startswith(
        "heavy ball, step 1\n\nAt beta = 3/4, kappa = 1/4 every matrix is stable, and the product 1122"
    )
    assert main(["check", "proof.json"]) == 0
    done = subprocess.run([sys.executable, "show.py"], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "off the kink" in done.stdout


def test_json_is_one_object(capsys):
    code, out, _ = run(capsys, "family.toml", "--json")
    document = json.loads(out)
    assert code == 0
    assert document["parameters"] == {"beta": "3/4", "kappa": "1/4"}
    assert document["product"]["word"] == [1, 1, 2, 2]
    assert document["no_shorter_product_expands"] is True
    assert document["trajectories"]["status"] == "decays"


def test_a_family_by_name_with_other_ranges_and_a_map(capsys, tmp_path):
    code, out, _ = run(
        capsys, "heavy-ball", "--range", "kappa=4", "--range", "alpha=0:3/2", "--max-length", "3", "--plot", "map.png"
    )
    assert code == 0
    assert "kappa = 4" in out
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")


def test_none_found_exits_3(capsys):
    code, out, _ = run(capsys, "heavy-ball", "--range", "beta=0:1/10", "--range", "alpha=0:1/10", "--max-length", "3")
    assert code == 3
    assert "which proves nothing" in out
    code, out, _ = run(capsys, "heavy-ball", "--range", "alpha=9:10", "--json")
    assert (code, json.loads(out)["found"]) == (3, False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["heavy-bal"], "no family is called"),
        (["missing.toml"], "missing.toml"),
        (["family.toml", "--plot", "map.png"], "two parameters"),
        (["family.toml", "--plot", "map.gif"], ".png"),
        (["heavy-ball", "--range", "alpha"], "NAME=LOWER:UPPER"),
        (["heavy-ball", "--range", "alpha=1:0"], "empty"),
        (["heavy-ball", "--range", "alpha=x:1"], "rational number"),
        (["heavy-ball", "--range", "delta=0:1"], "no entry depends"),
    ],
)
def test_mistakes_exit_2(capsys, arguments, message):
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert message in err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("matrices = 3\n[ranges]\na = [0, 1]", "list of square matrices"),
        ("matrices = [[[true]]]\n[ranges]\na = [0, 1]", "list of square matrices"),
        ("matrices = []\n[ranges]\na = [0, 1]", "list of square matrices"),
        ('matrices = [[["a", "a"]]]\n[ranges]\na = [0, 1]', "square matrices of one order"),
        ('matrices = [[["__import__(1)"]]]\n[ranges]\na = [0, 1]', "__import__"),
        ('matrices = [[["a"]]]\nranges = 3', "needs a table"),
        ('matrices = [[["a"]]]', "`ranges` is missing"),
        ('matrices = [[["a"]]]\nextra = 1\n[ranges]\na = [0, 1]', "unknown key"),
        ("title = 3\nmatrices = [[[1]]]\n[ranges]\na = [0, 1]", "`title` needs text"),
        ("matrices = [[[", "not a TOML file"),
        ('matrices = [[["a"]]]\n[ranges]\na = [0, "1 metre"]', "rational number"),
    ],
)
def test_hostile_files_give_one_message(capsys, tmp_path, text, message):
    (tmp_path / "bad.toml").write_text(text, encoding="utf-8")
    code, out, err = run(capsys, "bad.toml")
    assert (code, out) == (2, "")
    assert message in err
    assert "bad.toml" in err

"""`conservative experiment`: its list, one run with table and figure, mistakes."""

import json

import pytest

import conservative as cj
from conservative.cli import main


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys, *arguments):
    code = main(["experiment", *arguments])
    return code, *capsys.readouterr()


def test_the_list_is_in_the_order_of_the_talk(capsys):
    code, out, _ = run(capsys, "--list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(cj.experiments.names())
    code, out, _ = run(capsys, "--json")
    assert [row["name"] for row in json.loads(out)["experiments"]] == list(cj.experiments.names())


def test_one_run_writes_its_table_and_its_figure(capsys, in_an_empty_folder):
    code, out, _ = run(capsys, "elephant", "--plot", "e.svg", "--table", "e.csv")
    assert code == 0
    assert "held    a program of the function 0 returns a derivative that is not 0" in out
    assert "figure written to e.svg" in out
    assert sorted(path.name for path in in_an_empty_folder.iterdir()) == ["e.csv", "e.svg"]
    claims = json.loads(run(capsys, "elephant", "--json")[1])["claims"]
    assert all(set(claim) == {"sentence", "measured", "bound", "held"} for claim in claims)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["elefant"], "Did you mean elephant?"),
        (["elephant", "--plot", "e.gif"], ".svg"),
        (["elephant", "--table", "e.xls"], ".csv"),
        (["elephant", "--table", "nowhere/e.csv"], "nowhere"),
    ],
)
def test_mistakes_are_found_before_the_work(capsys, monkeypatch, arguments, message):
    if len(arguments) > 1:
        monkeypatch.setattr("conservative.experiments.run", lambda *_, **__: pytest.fail("the work was begun"))
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err

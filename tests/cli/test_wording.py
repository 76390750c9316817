"""What a newcomer reads: options and files instead of calls, before the work, also with `--json`."""

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from conservative._core.errors import BudgetError
from conservative.cli import main
from conservative.cli.wording import spoken

HEAD = 'state = ["x"]\nparameters = ["t"]\n'
AT = "\nat = { x = 0, t = 0 }\n"
TEXTS = {
    "sizes.json": "[[[1, 2], [3, 4]], [[1]]]",
    "nonsquare.json": "[[[1, 2]]]",
    "ragged.json": "[[[1, 2], [3]]]",
    "empty.json": "[]",
    "hollow.json": "[[]]",
    "null.json": "[[[null]]]",
    "flat.json": "[[1, 2], [3, 4]]",
    "object.json": '{"matrices": [[[1]]]}',
    "huge.json": f"[[[{'9' * 400}]]]",
    "sizes.csv": "1,2\n3,4\n\n1\n",
    "nonsquare.csv": "1,2\n",
    "words.csv": "a,b\n1,2\n",
    "empty.csv": "",
    "bad.npy": "hello",
    "bad.mat": "hello",
    "nopoint.toml": HEAD + 'F = ["x/2 + t"]',
    "moved.toml": HEAD + 'F = ["x/2 + t + 1"]' + AT,
    "symbol.toml": HEAD + 'F = ["x/2 + z"]' + AT,
    "jump.toml": HEAD + 'F = ["Piecewise((1, x >= 0), (0, True))"]' + AT,
    "log.toml": HEAD + 'F = ["log(x)"]' + AT,
    "sqrt.toml": HEAD + 'F = ["sqrt(x)"]' + AT,
    "syntax.toml": HEAD + 'F = ["x +* 2"]' + AT,
    "call.toml": HEAD + 'F = ["foo(x)"]' + AT,
    "twice.toml": 'state = ["x"]\nparameters = ["x"]\nF = ["x"]\nat = { x = 0 }',
    "many.toml": HEAD + 'F = ["x", "t"]' + AT,
    "initial.toml": HEAD + 'F = ["x/2 + t"]' + AT + 'initial = [[["1e400"]]]',
}
OK = HEAD + 'F = ["Abs(x)/3 + t"]' + AT
PYTHON = re.compile(
    r"\w\(\w+=|\bNone\b|`[a-z_.]+\(|read_family|read_function|A\[None\]|J\.state|time_limit|max_length|Traceback"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in TEXTS.items():
        Path(name).write_text(text)
    Path("ok.toml").write_text(OK)
    np.savez("two.npz", A=np.eye(2), B=np.eye(3))
    np.save("nan.npy", np.full((1, 2, 2), np.nan))
    scipy.io.savemat("m.mat", {"x": np.ones((2, 3))})
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The message of a command that fails, which names no call of Python, and which `--json` says too."""
    code = main(list(arguments))
    out, err = capsys.readouterr()
    assert (code, out) == (2, ""), (arguments, err)
    assert not PYTHON.search(err), err
    assert main([*arguments, "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert set(document) == {"error", "exit_code"}
    assert document["error"] in err
    assert document["exit_code"] == 2
    return err


@pytest.mark.parametrize("command", ["analyze", "jsr", "iterate"])
@pytest.mark.parametrize("name", [*TEXTS, "two.npz", "nan.npy", "m.mat", "missing.json", "missing.toml", "heavy-bal"])
def test_what_is_wrong_with_a_file_is_said_of_the_file(
    command: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if command == "jsr" and name in ("moved.toml", "initial.toml"):
        # Neither a fixed point nor a first set is needed for a radius.
        assert main([command, name]) == 0
        return
    message = refused(capsys, command, name)
    assert name in message or "at x = 0, t = 0" in message


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        ("analyze ok.toml --at x=0", "`--at` has no value for t. Give all of x, t."),
        ("analyze ok.toml --at x=0,t=a", "`--at`: t = 'a'"),
        ("iterate ok.toml --at x=0,z=1", "`--at`: 'z' is not among the symbols x, t"),
        ("explain ok.toml --at x=0,t=1e9999", "`--at`: t = '1e9999'"),
        ("analyze ok.toml --at x=1,t=0", "`--at` needs a fixed point"),
        ("analyze moved.toml", "moved.toml: key `at` needs a fixed point"),
        ("analyze nopoint.toml", "nopoint.toml: key `at` needs the point"),
        ("analyze golden --at x=0", "`--at` needs a function; the source holds matrices only. Leave `--at` out."),
        ("analyze golden --kind program", "--kind is about the Jacobian of a function"),
        ("jsr sizes.json --kind conical", "sizes.json"),
        ("jsr golden --kind conical", "golden holds matrices only"),
        ("analyze golden --tolerance 1e-3", "--tolerance is about the Jacobian of a function"),
        ("analyze golden --steps 3", "--steps is about the set of derivatives"),
        ("iterate golden", "the source needs blocks [A B]"),
        ("analyze golden --variable A", "`--variable` needs the name of an .npz or .mat file"),
        ("jsr two.npz --variable C", "holds no variable 'C'. It holds A (2 x 2), B (3 x 3)"),
        ("jsr two.npz --variable A --variable B", "the first is 2 x 2, number 2 is 3 x 3"),
        ("analyze ok.toml --tolerance nan", "`--tolerance` needs a finite number >= 0"),
        ("analyze ok.toml --time-limit nan", "`--time-limit` needs seconds above 0, or `inf` for no limit"),
        ("jsr golden --tol nan", "`--tol` needs a number"),
        ("jsr golden --certificate -", "standard output holds the result only"),
        ("analyze golden --certificate -", "standard output holds the result only"),
        ("counterexample heavy-ball --script -", "standard output holds the result only"),
        ("jsr golden --certificate /proc/x.json", "/proc/x.json: cannot be written"),
        ("iterate ok.toml --plot /proc/x.png", "/proc/x.png: cannot be written"),
        ("counterexample heavy-ball --plot /proc/x.png", "/proc/x.png: cannot be written"),
        ("counterexample heavy-ball --script nowhere/x.py", "cannot be written there"),
        (f"jsr golden --certificate {'n' * 300}.json", "cannot be written"),
        ("counterexample heavy-ball --kind jax", "--kind is about the program that --script writes"),
        ("counterexample heavy-ball --range alpha=1:0", "`--range`: the range of alpha is empty"),
        ("counterexample heavy-ball --range zeta=1", "`--range` names zeta"),
        ("counterexample sizes.json", "ends in .toml"),
        ("counterexample golden", "no family is called 'golden'"),
        ("iterate two.npz --variable A", "the source holds square matrices only"),
        ("iterate two.npz", "with `--variable NAME`"),
        ("explain two.npz", "`conservative explain` needs a function; two.npz holds matrices only."),
        ("analyze ok.toml --at x=0.1,t=a --tolerance 1", "`--at`: t = 'a'"),
        ("explain golden", "`conservative explain` needs a function"),
        ("gallery nothing", "no case is called 'nothing'. `conservative gallery` lists them all."),
        ("jsr nonsquare.json", "needs square matrices, all of one size; got 1 of 1 x 2."),
        ("analyze initial.toml", "initial.toml: key `initial`: an entry is about 1e"),
        ("jsr", "Missing argument"),
        ("jsr golden --frobnicate", "No such option"),
    ],
)
def test_messages_speak_of_options(command: str, wanted: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert wanted in refused(capsys, *command.split())


def test_who_cannot_write_here_is_told_how_to_do_without(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/proc")
    message = refused(capsys, "analyze", "golden")
    assert "--no-certificate" in message
    assert main(["analyze", "golden", "--no-certificate"]) == 0
    assert "certificate (" not in capsys.readouterr().out


def test_a_reading_and_a_tolerance_reach_jsr_and_iterate(capsys: pytest.CaptureFixture[str]) -> None:
    # max(x, 0)/2 + x/4 - max(x, 0)/2 is x/4; the program may return 3/4 and -1/4 at 0 too.
    Path("k.toml").write_text(HEAD + 'F = ["Max(x, 0)/2 + x/4 - Max(x, 0)/2 + Min(x, 0)/2 - Min(x, 0)/2 + t"]' + AT)
    radii = {}
    for kind in ("program", "conical"):
        assert main(["jsr", "k.toml", "--kind", kind, "--json"]) == 0
        radii[kind] = json.loads(capsys.readouterr().out)["upper"]
    assert radii["conical"] == pytest.approx(1 / 4)
    assert radii["program"] >= radii["conical"]
    near = ["ok.toml", "--at", "x=0,t=0", "--tolerance", "1e-6", "--json"]
    assert main(["iterate", *near, "--kind", "conical", "--steps", "2"]) == 0
    assert len(json.loads(capsys.readouterr().out)["gaps"]) == 2
    assert main(["explain", *near]) == 0


def test_an_exhausted_budget_is_exit_code_3(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_work(*_: object, **__: object) -> None:
        raise BudgetError("`analyze(source=...)`: too much work; raise `time_limit`.")

    monkeypatch.setattr("conservative.analysis.analyze", out_of_work)
    assert main(["analyze", "golden", "--json"]) == 3
    out, err = capsys.readouterr()
    assert json.loads(out) == {"error": "too much work; raise `--time-limit`.", "exit_code": 3}
    assert err == "conservative: too much work; raise `--time-limit`.\n"


def test_only_names_of_the_command_are_put_in_place_of_arguments() -> None:
    options = ["at", "tol", "range"]
    assert spoken("raise `tol`, or `max_vertices`", options=options) == "raise `--tol`, or `max_vertices`"
    assert spoken("a.toml: key `at` needs a table", options=options) == "a.toml: key `at` needs a table"
    assert spoken("`counterexample(ranges=...)`: empty", options=options, given=["range"]) == "`--range`: empty"
    assert spoken("`iterate_set` takes them") == "`conservative.iterate_set` in Python takes them"


def test_a_tolerance_makes_decimals_of_the_point_doubles(capsys: pytest.CaptureFixture[str]) -> None:
    near = ["analyze", "ok.toml", "--at", "x=1e-7,t=0", "--no-certificate", "--json"]
    assert main(near) == 2
    capsys.readouterr()
    assert main([*near, "--tolerance", "1e-6"]) == 0
    assert len(json.loads(capsys.readouterr().out)["jacobian"]["vertices"]) == 2


def test_state_parts_that_blocks_share_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("shared.toml").write_text(HEAD + 'F = ["x/2 + Abs(t)"]' + AT)
    assert main(["analyze", "shared.toml", "--no-certificate"]) == 0
    out = capsys.readouterr().out
    assert "state parts: A_1 of [A B]_1, [A B]_2" in out
    assert main(["analyze", "ok.toml", "--no-certificate"]) == 0
    assert "state parts" not in capsys.readouterr().out


def test_a_family_of_another_kind_on_standard_input_is_told_what_is_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"1, 2\n3, 4\n")))
    assert main(["jsr", "-"]) == 2
    assert "A JSON family begins with a bracket; other kinds are read from files." in capsys.readouterr().err

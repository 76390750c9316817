"""The command line: real work, exit codes that mean something, and one clear message for every mistake."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

from conservative import ConservativeError
from conservative._core.errors import FileFormatError
from conservative.analysis import subject_from_text
from conservative.certificates import Certificate
from conservative.cli import main
from conservative.cli.commands import commands

HEAVY_BALL = [[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]]
FUNCTION = """
title = "heavy ball on a piecewise quadratic"
state = ["x", "y"]
parameters = ["theta"]
F = ["x - Piecewise((x, x >= 0), (x/4, True)) + 3*(x - y)/4", "x"]
at = { x = 0, y = 0, theta = 0 }
initial = [[["1"], ["0"]]]
"""


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    code, out, err = run(capsys, *arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def test_analyze_heavy_ball_from_function_to_checked_certificate(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, _ = run(capsys, "analyze", "heavy-ball", "--plot", "figure.png")
    assert code == 0
    assert "A_1122 has spectral radius 1.125, eigenvalue -9/8 exactly" in out
    assert "fails: max" in out
    assert "every vertex alone is stable: spectral radii 0.8660254037844" in out
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    code, out, _ = run(capsys, "check", "heavy-ball.certificate.json")
    assert (code, out[:6]) == (0, "valid:")


def test_analyze_json_is_one_object_with_the_known_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "analyze", "heavy-ball", "--no-certificate", "--require", "contraction", "--json")
    assert code == 1
    document = json.loads(out)
    assert document["joint_spectral_radius"]["lower"] >= 1.0321435
    assert document["joint_spectral_radius"]["upper"] >= 1.0321435344
    assert document["joint_spectral_radius"]["word"] == [int(c) for c in "11211221122"]
    assert document["expanding_product"]["word"] == [1, 1, 2, 2]
    assert document["expanding_product"]["eigenvalue"] == "-9/8"
    assert document["contraction"]["name"] == "REFUTED"
    assert document["assumption_a"]["holds"] is False
    assert document["trajectory"]["gaps"][-1]["lower"] > 2 * document["trajectory"]["gaps"][3]["upper"]
    assert not list(Path().glob("*.json"))


def test_a_function_file_and_a_family_file_say_the_same(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "hb.toml").write_text(FUNCTION)
    (tmp_path / "hb.json").write_text(json.dumps(HEAVY_BALL))
    np.savez(tmp_path / "hb.npz", np.array([[0.75, -0.75], [1, 0]]), np.array([[1.5, -0.75], [1, 0]]))
    np.save(tmp_path / "hb.npy", np.array([[[0.75, -0.75], [1, 0]], [[1.5, -0.75], [1, 0]]]))
    results = [run_json(capsys, "analyze", f"hb.{suffix}", "--no-certificate") for suffix in ("toml", "json")]
    lowers = {r["joint_spectral_radius"]["lower"] for r in results}
    lowers |= {run_json(capsys, "jsr", f"hb.{suffix}")["lower"] for suffix in ("npz", "npy")}
    assert max(lowers) - min(lowers) < 1e-12
    assert results[0]["trajectory"] is not None
    assert results[1]["trajectory"] is None


def test_standard_input_holds_a_function_file_or_a_family(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in (FUNCTION, json.dumps(HEAVY_BALL)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        assert run_json(capsys, "jsr", "-")["lower"] >= 1.0321435


def test_standard_input_tells_json_from_toml_by_more_than_two_characters() -> None:
    for text in (json.dumps(HEAVY_BALL, indent=2), "\n[\n[[1]],\n[[2]]\n]\n", "[\t[\r\n [1]]]", ' [[["1"]]]'):
        assert subject_from_text(text).family is not None
    for text in ("[\n\n1]", "{}", "[", "[]"):
        with pytest.raises(ConservativeError, match=r"list of matrices|JSON|matrix"):
            subject_from_text(text)
    for text in ("[table]\nx = 1", '[[ "a b" ]]\n', "[a.b]\n"):
        with pytest.raises(ConservativeError, match=r"state|TOML|table"):
            subject_from_text(text)


def test_the_variable_of_a_matlab_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pair = np.array([[[0.75, -0.75], [1, 0]], [[1.5, -0.75], [1, 0]]])
    scipy.io.savemat(tmp_path / "m.mat", {"M": pair, "P": np.eye(2), "n": 2.0, "note": "text"})
    code, _, error = run(capsys, "jsr", "m.mat")
    assert code == 2
    assert "M (2 x 2 x 2), P (2 x 2)" in error
    assert run_json(capsys, "jsr", "m.mat", "--variable", "P")["upper"] == 1.0
    found = run_json(capsys, "analyze", "m.mat", "--variable", "M", "--no-certificate")
    assert found["joint_spectral_radius"]["lower"] > 1.032
    for source in ("heavy-ball", "hb.toml", "-"):
        assert run(capsys, "jsr", source, "--variable", "M")[0] == 2


def test_families_have_figures_and_proofs_keep_their_exit_code(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "half.json").write_text('[[["1/2", 0], [0, "1/3"]]]')
    options = ("--plot", "half.png", "--require", "contraction", "--no-certificate")
    code, out, _ = run(capsys, "analyze", "half.json", *options)
    assert code == 0
    assert "figure written to half.png" in out
    assert (tmp_path / "half.png").read_bytes().startswith(b"\x89PNG")
    document = run_json(capsys, "jsr", "half.json", "--plot", "radius.svg")
    assert document["upper"] == 0.5
    assert (tmp_path / "radius.svg").stat().st_size > 1000
    assert run(capsys, "jsr", "half.json", "--plot", "radius.gif")[0] == 2


@pytest.mark.parametrize(("source", "code"), [("strictness", 0), ("half-absolute", 0), ("golden", 1), ("relu-zero", 3)])
def test_require_contraction_sets_the_exit_code(capsys: pytest.CaptureFixture[str], source: str, code: int) -> None:
    if source == "relu-zero":
        # The program set is [−1, 1]: spectral radius exactly 1, so no norm contracts.
        code = 1
    assert run(capsys, "analyze", source, "--require", "contraction", "--no-certificate")[0] == code


def test_strictness_intervals_come_out(capsys: pytest.CaptureFixture[str]) -> None:
    document = run_json(capsys, "analyze", "strictness", "--no-certificate")
    assert sorted(v[0][0] for v in document["implicit"]["exact_vertices"]) == ["4/5", "4/7"]
    hull = [v[0][0] for v in document["fixed_set"]["hull_vertices"]]
    assert min(hull) == pytest.approx(4 / 13, abs=1e-6)
    assert max(hull) == pytest.approx(12 / 13, abs=1e-6)


def test_iterate_shows_gaps_against_bounds(capsys: pytest.CaptureFixture[str]) -> None:
    document = run_json(capsys, "iterate", "half-absolute", "--steps", "12")
    assert len(document["gaps"]) >= 12
    code, out, _ = run(capsys, "iterate", "half-absolute", "--steps", "3", "--plot", "gaps.svg")
    assert code == 0
    assert "dist(X_t, X_t+1)" in out
    assert Path("gaps.svg").read_text().lstrip().startswith("<?xml")


def test_explain_names_the_tie_and_its_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "hb.toml").write_text(FUNCTION)
    code, out, _ = run(capsys, "explain", "hb.toml")
    assert code == 0
    assert "Piecewise((x, x >= 0), (x/4, True))" in out
    assert "hb.toml, line 5" in out
    document = run_json(capsys, "explain", "hb.toml")
    assert len(document["ties"]) == 1
    assert document["ties"][0]["lines"] == [5]
    code, out, err = run(capsys, "explain", "golden")
    assert (code, out) == (2, "")
    assert "needs a function" in err


def test_gallery_lists_and_shows(capsys: pytest.CaptureFixture[str]) -> None:
    names = [row["name"] for row in run_json(capsys, "gallery")["cases"]]
    assert {"heavy-ball", "lasso-diabetes", "golden"} <= set(names)
    assert "M₁M₁M₂M₂" in run(capsys, "gallery", "heavy-ball")[1]


def test_no_colour_and_no_progress_off_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, err = run(capsys, "analyze", "half-absolute", "--no-certificate")
    assert "\x1b" not in out
    assert err == ""


BAD = {
    "nan.json": "[[[NaN]]]",
    "infinity.json": "[[[1e999]]]",
    "shape.json": "[[[1, 2]]]",
    "empty.json": "[]",
    "ragged.json": "[[[1, 2], [3]]]",
    "truncated.json": "[[[1, 2], [3",
    "text.json": '[[["__import__(\\"os\\")"]]]',
    "deep.json": "[" * 100_000,
    "unknown.toml": 'state = ["x"]\nF = ["x + z"]\nat = { x = 0 }\n',
    "call.toml": 'state = ["x"]\nF = ["__import__(\\"os\\")"]\nat = { x = 0 }\n',
    "jump.toml": 'state = ["x"]\nF = ["Piecewise((1, x >= 0), (0, True))"]\nat = { x = 0 }\n',
    "floor.toml": 'state = ["x"]\nF = ["floor(x)"]\nat = { x = 0 }\n',
    "power.toml": 'state = ["x"]\nF = ["x**(9**9**9)"]\nat = { x = 0 }\n',
    "moved.toml": 'state = ["x"]\nF = ["x/2 + 1"]\nat = { x = 0 }\n',
    "short.toml": 'state = ["x", "y"]\nF = ["x", "y"]\nat = { x = 0 }\n',
    "nopoint.toml": 'state = ["x"]\nF = ["x/2"]\n',
    "broken.toml": 'state = ["x"\n',
    "unknown.txt": "1 2 3",
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_give_one_message_and_exit_2(capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(BAD[name])
    code, out, err = run(capsys, "analyze", name)
    assert code == 2
    assert out == ""
    assert err.startswith("conservative: ")
    assert "Traceback" not in err
    assert len(err) < 1000
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_the_residual_of_a_point_that_is_not_fixed_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "moved.toml").write_text(BAD["moved.toml"])
    assert "F(x, θ) − x is 1 in x" in run(capsys, "analyze", "moved.toml")[2]


def test_the_tolerance_of_a_floating_point_is_exposed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "near.toml").write_text(
        'state = ["x"]\nparameters = ["t"]\nF = ["Abs(x)/3 + t"]\nat = { x = 1e-7, t = 0 }\n'
    )
    assert run(capsys, "analyze", "near.toml")[0] == 2
    document = run_json(capsys, "analyze", "near.toml", "--tolerance", "1e-6", "--no-certificate")
    assert len(document["jacobian"]["vertices"]) == 2


def test_other_hostile_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes('title = "é"'.encode("latin-1"))
    np.save(tmp_path / "pickled.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with (tmp_path / "huge.json").open("wb") as stream:
        stream.truncate(100 * 2**20)
    (tmp_path / "folder.json").mkdir()
    for name in ("latin.toml", "pickled.npy", "huge.json", "folder.json", "missing.json", "heavy-bal", "huge.json"):
        code, out, err = run(capsys, "analyze", name)
        assert (code, out) == (2, ""), name
        assert err.startswith("conservative: "), name
    assert "heavy-ball" in run(capsys, "analyze", "heavy-bal")[2]


def test_a_changed_certificate_exits_1(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "golden.json"
    assert run(capsys, "jsr", "golden", "--certificate", str(path))[0] == 0
    text = path.read_text()
    assert run(capsys, "check", str(path))[0] == 0
    document = json.loads(text)
    without_proof = {name: value for name, value in document.items() if name != "proof"}
    other_letter = document | {"proof": document["proof"] | {"word": [99]}}
    other_digit = document | {"problem": document["problem"] | {"matrices": HEAVY_BALL}}
    for changed in (without_proof, other_letter, other_digit):
        path.write_text(json.dumps(changed))
        code, out, err = run(capsys, "check", str(path))
        assert code == 1
        assert "Traceback" not in out + err


@pytest.mark.parametrize(
    "arguments",
    [
        ["analyze"],
        ["analyze", "heavy-ball", "--steps", "0"],
        ["frobnicate"],
        ["analyze", "heavy-ball", "--at", "x"],
        ["check"],
    ],
)
def test_wrong_usage_exits_2(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert "Usage" in err or "--at" in err


def test_a_figure_of_an_unknown_type_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "iterate", "half-absolute", "--steps", "2", "--plot", "figure.xyz")
    assert code == 2
    assert ".png" in err


def test_help_is_quick_to_reach_and_complete() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "conservative", "--help"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert done.returncode == 0
    for command in ("analyze", "jsr", "iterate", "check", "gallery"):
        assert command in done.stdout


def test_a_thousand_blocks_are_judged_though_not_iterated(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    states = [f"x{i}" for i in range(5)]
    pieces = [f"Max(x{i} + t, x{(i + 1) % 5})/2 - Abs(x{(i + 2) % 5})/4" for i in range(5)]
    at = ", ".join(f"{s} = 0" for s in [*states, "t"])
    (tmp_path / "many.toml").write_text(
        f'state = {json.dumps(states)}\nparameters = ["t"]\nF = {json.dumps(pieces)}\nat = {{ {at} }}\n'
    )
    document = run_json(capsys, "analyze", "many.toml", "--no-certificate")
    assert document["contraction"]["name"] == "PROVED"
    assert "1024 blocks" in document["left_out"]


def test_a_proved_verdict_stands_when_the_fixed_set_is_left_out(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "steep.toml").write_text(
        'state = ["x", "y"]\nparameters = ["t"]\nF = ["x/2 + 10**6*Abs(y) + t", "y/3"]\nat = { x = 0, y = 0, t = 0 }\n'
    )
    code, out, _ = run(capsys, "analyze", "steep.toml", "--require", "contraction", "--no-certificate")
    assert code == 0
    assert "proved" in out


@pytest.mark.parametrize("target", ["--plot", "--certificate"])
def test_targets_are_checked_before_the_work(capsys: pytest.CaptureFixture[str], target: str) -> None:
    code, out, err = run(capsys, "analyze", "heavy-ball", target, "/nonexistent/x.png")
    assert (code, out) == (2, "")
    assert "cannot be written there" in err


def test_names_and_streams_that_the_system_refuses(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    refused, _, told = run(capsys, "analyze", "x" * 300)
    assert refused == 2
    assert told.startswith("conservative: ")
    code = f"{sys.executable} -m conservative"
    for command in (f"{code} check - <&-", f"{code} gallery >/dev/full"):
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 2, command
        assert done.stderr.startswith("conservative: ")
        assert "Traceback" not in done.stderr


def test_no_control_character_reaches_the_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    escape = "\x1b[31m"
    written = FUNCTION.replace("heavy ball on", r"\u001b[31m\r\nheavy \u202eball on")
    (tmp_path / f"{escape}.toml").write_text(written)
    (tmp_path / f"{escape}.json").write_text("[[[1, 2]]]")
    for arguments, wanted in (
        (["iterate", f"{escape}.toml", "--plot", f"{escape}.svg"], 0),
        (["explain", f"{escape}.toml"], 0),
        (["explain", f"{escape}.toml", "--json"], 0),
        (["jsr", f"{escape}.json"], 2),
        (["jsr", f"{escape}.nothing"], 2),
        (["check", escape], 2),
        (["gallery", escape], 2),
        (["jsr", "x", f"--{escape}"], 2),
        (["jsr", "x", escape], 2),
        ([escape], 2),
        (["explain", f"{escape}.toml", "--at", f"{escape}=1"], 2),
    ):
        code, out, err = run(capsys, *arguments)
        assert code == wanted, (arguments, err)
        assert (out + err).replace("\n", "").isprintable(), arguments


def test_a_title_is_not_read_as_mathematics(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(FUNCTION.replace("heavy ball on", r"$\\frac{1 costs 3$ of"))
    assert run(capsys, "iterate", "a.toml", "--plot", "a.svg")[0] == 0


@pytest.mark.parametrize(
    "command",
    [
        "analyze hb.json --certificate hb.json",
        "analyze hb.json --certificate ./hb.json",
        "analyze hb.json --plot a.svg --certificate a.svg",
        "jsr hb.json --certificate link.json",
        "iterate hb.svg --plot hb.svg",
        "counterexample hb.json --certificate hb.json",
        "counterexample hb.svg --plot hb.svg",
        "counterexample x --script s --certificate s",
    ],
)
def test_no_output_replaces_an_input_or_another_output(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
) -> None:
    for name in ("hb.json", "hb.svg"):
        (tmp_path / name).write_text(json.dumps(HEAVY_BALL))
    (tmp_path / "link.json").symlink_to("hb.json")
    code, out, err = run(capsys, *command.split())
    assert (code, out) == (2, "")
    assert "this is also an input, or another output" in err
    assert json.loads((tmp_path / "hb.json").read_text()) == HEAVY_BALL


def test_a_certificate_never_replaces_a_device(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "jsr", "heavy-ball", "--certificate", "/dev/null")
    assert (code, out) == (2, "")
    assert "not a regular file" in err
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("command", ["analyze", "jsr"])
def test_a_result_is_printed_before_its_certificate_is_written(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Certificate, path: object) -> None:
        raise FileFormatError("no space left")

    monkeypatch.setattr(Certificate, "save", full)
    code, out, err = run(capsys, command, "golden", "--certificate", "golden.json")
    assert code == 2
    assert "joint spectral radius = 1.6180339887" in out
    assert "no space left" in err


@pytest.mark.parametrize("command", [("analyze", "--certificate"), ("jsr", "--certificate"), ("iterate", "--plot")])
def test_an_unwritable_path_is_found_before_the_work(
    command: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, command[0], "strictness", command[1], "missing/file.png")
    assert (code, out) == (2, "")
    assert "missing" in err


def test_a_contraction_in_the_euclidean_norm_is_certified_at_whatever_time_limit(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    matrices = np.random.default_rng(1).standard_normal((10, 20, 20))
    np.save(tmp_path / "ten.npy", 0.9 * matrices / np.linalg.norm(matrices, 2, axis=(1, 2), keepdims=True))
    options = ("--require", "contraction", "--time-limit", "1e-3", "--certificate", "ten.json")
    code, out, _ = run(capsys, "analyze", "ten.npy", *options)
    assert code == 0
    assert "prove it again with: conservative check ten.json" in out
    claim = Certificate((tmp_path / "ten.json").read_text()).claim
    assert claim.upper is not None
    assert claim.upper < 1
    assert run(capsys, "check", "ten.json")[0] == 0


def test_options_that_contradict_each_other_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for options in (
        ("--certificate", "a.json", "--no-certificate"),
        ("--certificate", ""),
        ("--at", "x=0,theta=0,x=1"),
    ):
        assert run(capsys, "analyze", "half-absolute", *options)[0] == 2


DECIMALS = {"a.json": "[[[0.1]]]", "b.json": '[[["0.1"]]]', "c.csv": "0.1\n", "d.csv": "1/10\n"}


@pytest.mark.parametrize("name", DECIMALS)
def test_analyze_prints_the_matrices_that_it_read_and_says_where_decimals_became_doubles(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text(DECIMALS[name])
    exact = name[0] in "bd"
    code, out, _ = run(capsys, "analyze", name, "--no-certificate")
    assert code == 0
    assert ("A_1 = [ 1/10 ]" in out) == exact
    assert ("A_1 ≈ [ 0.1 ]" in out) != exact
    assert ("stand for the doubles nearest to them" in out) != exact
    document = run_json(capsys, "analyze", name, "--no-certificate")
    assert document["matrices"] == [[["1/10" if exact else "3602879701896397/36028797018963968"]]]


def test_analyze_says_that_a_point_is_one_of_doubles(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = 'state = ["x"]\nparameters = ["t"]\nF = ["0.1*x + t"]\nat = { x = 0, t = %s }\n'
    for value, doubles in (("0.0", True), ('"0.0"', False), ("0", False)):
        (tmp_path / "p.toml").write_text(text % value)
        out = run(capsys, "analyze", "p.toml", "--no-certificate")[1]
        assert ("the point is taken in doubles" in out) == doubles
        assert ("F(x, θ) = x exactly" in out) != doubles
        assert "x/10" in out


def test_every_command_and_exit_code_is_in_the_documentation() -> None:
    root = Path(__file__).parents[2]
    readme = (root / "README.md").read_text(encoding="utf-8")
    reference = (root / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    for name in commands.commands:
        assert f"conservative {name} " in readme or f"conservative {name}\n" in readme, name
        assert f"conservative {name} " in reference, name
    for code in (0, 1, 2, 3, 130):
        assert f"\n| {code} |" in reference


def test_analyze_json_holds_the_certificate_that_is_saved(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name, kind in (("strictness", "equality"), ("heavy-ball", "exact")):
        path = tmp_path / f"{name}.json"
        document = run_json(capsys, "analyze", name, "--certificate", str(path))
        assert document["certificate"] == json.loads(path.read_text(encoding="utf-8"))
        assert document["certificate"]["kind"] == kind
        assert "certificate" not in document["joint_spectral_radius"]

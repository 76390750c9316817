"""Documents made to confuse, crash or stall the checker: each is invalid with a reason."""

import json
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from strategies.certificates import changed, seal

from conservative._core.errors import ArgumentTypeError, CertificateError, FileFormatError
from conservative.certificates import (
    Certificate,
    check,
    check_text,
    checker,
    contraction_certificate,
    expansion_certificate,
    load_certificate,
)
from conservative.certificates.standalone import join

pytestmark = pytest.mark.usefixtures("each_checker")
GOLDEN = [[[1, 1], [0, 1]], [[1, 0], [1, 1]]]
EXPANSION = expansion_certificate(GOLDEN, (0, 1)).document
CONTRACTION = contraction_certificate([[["1/2", "1/4"], [0, "1/2"]]], [[1, 0], [0, 1]], "4/5").document
CHECKER = join.TARGET


@pytest.mark.parametrize(
    ("document", "path", "value", "reason"),
    [
        (EXPANSION, "version", 2, "version"),
        (EXPANSION, "version", True, "version"),
        (EXPANSION, "format", "other", "format"),
        (EXPANSION, "kind", "other", "kind"),
        (EXPANSION, "kind", ["expansion"], "kind"),
        (EXPANSION, "kind", "contraction", "lacks the field"),
        (EXPANSION, "note", "x", "unknown field"),
        (EXPANSION, "claim.relation", "<=", "relation"),
        (EXPANSION, "claim.relation", None, "relation"),
        (EXPANSION, "claim.quantity", "norm", "quantity"),
        (EXPANSION, "claim.bound", "-3", "negative"),
        (EXPANSION, "claim.bound", "0", "positive"),
        (EXPANSION, "claim.bound", "2/2", "lowest terms"),
        (EXPANSION, "claim.bound", "NaN", "rational"),
        (EXPANSION, "claim.bound", 1, "rational"),
        (EXPANSION, "claim.bound", "1" * 601, "digits"),
        (EXPANSION, "claim.bound", "1" * 5000, "rational"),
        (EXPANSION, "claim.bound", "2", "no eigenvalue"),
        (EXPANSION, "claim.bound", "17/10", "no eigenvalue"),
        (EXPANSION, "proof.word", [], "letters"),
        (EXPANSION, "proof.word", [0] * 10_001, "letters"),
        (EXPANSION, "proof.word", {"0": 1}, "letters"),
        (EXPANSION, "proof.word", [0, 2], "from 0 to 1"),
        (EXPANSION, "proof.word", [0, -1], "from 0 to 1"),
        (EXPANSION, "proof.word", [0, True], "from 0 to 1"),
        (EXPANSION, "proof.word", [0, "1"], "from 0 to 1"),
        (EXPANSION, "proof.word", [0], "no eigenvalue"),
        (EXPANSION, "problem.matrices.0.0", ["1"], "square"),
        (EXPANSION, "problem.matrices.0", [["1"]], "one size"),
        (EXPANSION, "problem.matrices.0.0.0", "__import__('os')", "row 1, column 1"),
        (CONTRACTION, "claim.relation", ">=", "relation"),
        (CONTRACTION, "claim.bound", "-4/5", "negative"),
        (CONTRACTION, "claim.bound", "1/2", "not positive semidefinite for matrix 1"),
        (CONTRACTION, "claim.bound", "0", "not positive semidefinite"),
        (CONTRACTION, "proof.P", [["1", "1/2"], ["0", "1"]], "symmetric"),
        (CONTRACTION, "proof.P", [["1", "1"], ["1", "1"]], "not positive definite"),
        (CONTRACTION, "proof.P", [["0", "0"], ["0", "0"]], "not positive definite"),
        (CONTRACTION, "proof.P", [["-1", "0"], ["0", "-1"]], "not positive definite"),
        (CONTRACTION, "proof.P", [["1"]], "size"),
        (CONTRACTION, "proof.P", [], "rows"),
        (CONTRACTION, "proof.P", "1", "rows"),
    ],
)
def test_a_sealed_document_with_one_thing_wrong(document: dict[str, Any], path: str, value: Any, reason: str) -> None:
    verdict = check(changed(document, path, value))
    assert not verdict
    assert reason in verdict.reason
    assert "\n" not in verdict.reason
    assert len(verdict.reason) < 300


@pytest.mark.parametrize(("field", "reason"), [("sentence", "must read"), ("problem_sha256", "matrices were changed")])
def test_what_follows_from_the_rest_must_agree_even_under_a_fresh_digest(field: str, reason: str) -> None:
    document = json.loads(json.dumps(EXPANSION))
    target = document["claim"] if field == "sentence" else document
    target[field] = "0" * 64
    del document["sha256"]
    verdict = check(document | {"sha256": checker.digest(document)})
    assert not verdict
    assert reason in verdict.reason


@pytest.mark.parametrize("matrices", [[], [[]], [[[]]], {}, None, "1", [None], [[None]], [[[None]]], [[["1"]], []]])
def test_problems_without_matrices(matrices: Any) -> None:
    assert not check(json.loads(json.dumps(EXPANSION)) | {"problem": {"matrices": matrices}})


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{}", "1", "NaN", "-Infinity", '"x"', "{", "\ufeff{}", "\x00", "[" * 200_000,
        '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000, '{"format": 1e999}', '{"format": ' + "9" * 10_000 + "}",
        "\ud800", '{"\\ud800": 1}', "x" * (checker.MAX_CHARACTERS + 1), '__import__("os").system("true")',
    ],
)  # fmt: skip
def test_texts_that_are_no_document(text: str) -> None:
    verdict = check_text(text)
    assert not verdict
    assert len(verdict.reason) < 300
    verdict.reason.encode("ascii")


def test_a_field_named_twice_is_refused() -> None:
    text = json.dumps(EXPANSION)
    assert check_text(text)
    twice = text.replace('"version": 1', '"version": 1, "version": 1')
    assert check_text(twice).reason == "an object names one of its fields twice"


def test_costs_are_bounded_before_they_are_paid() -> None:
    primes = [str(10**599 + 2 * i + 1) for i in range(10_000)]
    coprime = [[f"1/{primes[100 * r + c]}" for c in range(100)] for r in range(100)]
    assert "common denominator" in check(changed(EXPANSION, "problem.matrices", [coprime])).reason
    dense = [[str(7**600 % (10**500) + r + c) for c in range(60)] for r in range(60)]
    long_word = seal(changed(EXPANSION, "problem.matrices", [dense]) | {"proof": {"word": [0] * 10_000}})
    assert "too long" in check(long_word).reason
    wide = seal(CONTRACTION | {"problem": {"matrices": [dense]}, "proof": {"P": dense}})
    assert "too long" in check(wide).reason
    many = [[[]] * 400] * 7
    assert "entries" in check(changed(EXPANSION, "problem.matrices", many)).reason


@pytest.mark.parametrize(
    "place", ["proof.word", "proof", "claim.bound", "claim.sentence", "problem.matrices", "sha256"]
)
def test_deep_values_in_every_place(place: str) -> None:
    text = json.dumps(changed(EXPANSION, "note", None))
    *parents, last = place.split(".")
    marked = json.loads(text)
    del marked["note"]
    target = marked
    for name in parents:
        target = target[name]
    target[last] = "MARK"
    for depth in [*range(900, 1010, 3), 5000, 50_000]:
        verdict = check_text(json.dumps(marked).replace('"MARK"', "[" * depth + "]" * depth))
        assert not verdict
        with pytest.raises(CertificateError):
            Certificate("[" * depth + "]" * depth)


def test_documents_that_are_not_json() -> None:
    loop: dict[str, Any] = {}
    loop["format"] = loop
    assert not check(loop)
    assert not check(EXPANSION | {"proof": {"word": {0, 1}}})
    assert not check(EXPANSION | {"version": float("nan")})
    assert not check(EXPANSION | {1: 2})
    with pytest.raises(ArgumentTypeError, match="needs a certificate"):
        check(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"{", None])
def test_files_that_are_no_certificate(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "c.json"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(FileFormatError, match=r"c\.json"):
        load_certificate(path)


def test_a_certificate_needs_the_form_but_not_the_proof() -> None:
    with pytest.raises(CertificateError, match="lacks the field"):
        Certificate("{}")
    wrong = Certificate(json.dumps(changed(EXPANSION, "claim.bound", "2")))
    assert not check(wrong)


@pytest.mark.parametrize("document", [EXPANSION, CONTRACTION])
def test_the_one_file_works_alone_in_an_isolated_interpreter(tmp_path: Path, document: dict[str, Any]) -> None:
    alone = tmp_path / "stranger.py"
    shutil.copy(CHECKER, alone)
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(document), encoding="utf-8")
    bad.write_text(json.dumps(document).replace('"1/2"', '"1/3"').replace("[0, 1]", "[0, 0]"), encoding="utf-8")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", str(alone), *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)

    assert (run(str(good)).returncode, run(str(good)).stdout) == (0, f"valid: {document['claim']['sentence']}\n")
    assert run(str(bad)).returncode == 1
    assert run(str(bad)).stdout.startswith("invalid: ")
    for arguments in ([], ["nowhere.json"], [str(tmp_path)], ["a", "b"]):
        done = run(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Traceback" not in done.stderr


def test_the_checker_runs_as_a_module_of_the_package(tmp_path: Path) -> None:
    good = tmp_path / "good.json"
    good.write_text(json.dumps(EXPANSION), encoding="utf-8")
    command = [sys.executable, "-W", "error", "-m", "conservative.certificates.checker", str(good)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_importing_the_checker_runs_nothing() -> None:
    assert "check_text" in runpy.run_path(str(CHECKER), run_name="imported")

"""Sealed certificates with one thing wrong in the proof: each is refused with a reason that says what."""

import json
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from strategies.certificates import changed, seal
from strategies.proofs import cross_polytope, identity
from strategies.samples import DIAGONAL, samples

from conservative._core.errors import CertificateError
from conservative.certificates import (
    BlocksProof,
    ExactProof,
    PathCompleteProof,
    PolytopeProof,
    QuadraticProof,
    Verdict,
    check,
    check_text,
    checker,
    equality_certificate,
    exact_certificate,
    upper_certificate,
)
from conservative.certificates.standalone.join import TARGET
from conservative.cli.main import main

pytestmark = pytest.mark.usefixtures("each_checker")
SAMPLES = {name: certificate.document for name, certificate in samples().items()}
BODY, COEFFICIENT = "is not proved to be inside", "coefficient"


@pytest.mark.parametrize(
    ("name", "path", "value", "reason"),
    [
        ("vector", "claim.bound", "0", "positive"),
        ("vector", "claim.bound", "1618/1000", "lowest"),
        ("vector", "claim.bound", "1619/1000", "vector does not prove"),
        ("vector", "proof.vector", ["0", "0"], "nonnegative"),
        ("vector", "proof.vector", ["1", "-1"], "nonnegative"),
        ("vector", "proof.vector", ["-89", "-55"], "nonnegative"),
        ("vector", "proof.vector", ["1", "0"], "vector does not prove"),
        ("vector", "proof.vector", ["89"], "length 2"),
        ("vector", "proof.vector", ["89", "55", "1"], "length 2"),
        ("vector", "proof.vector", [], "length 2"),
        ("vector", "proof.vector", "89", "length 2"),
        ("vector", "proof.vector", None, "length 2"),
        ("vector", "proof.vector.0", 89, "string"),
        ("vector", "proof.vector.0", "89/2", "string"),
        ("vector", "proof.vector.0", "1" * 601, "digits"),
        ("vector", "proof.word", [0], "vector does not prove"),
        ("vector", "proof.word", [2], "letter"),
        ("vector", "proof.eigenpair", {}, "unknown field"),
        ("vector", "problem.matrices.0.1.0", "-1", "nonnegative"),
        ("vector", "problem.matrices.1.1.0", "0", "vector does not prove"),
        ("expansion", "proof.vector", ["1", "1"], "nonnegative"),
        ("expansion", "proof.eigenpair", {}, "eigenpair lacks"),
        ("eigenpair", "claim.bound", "0", "positive"),
        ("eigenpair", "claim.bound", "2", "eigenpair"),
        ("eigenpair", "proof.eigenpair", None, "object"),
        ("eigenpair", "proof.eigenpair.note", "1", "unknown field"),
        ("eigenpair", "proof.eigenpair.pivot", 1, "pivot"),
        ("eigenpair", "proof.eigenpair.pivot", 2, "pivot"),
        ("eigenpair", "proof.eigenpair.pivot", True, "pivot"),
        ("eigenpair", "proof.eigenpair.eigenvalue", "9/8", "eigenpair is not proved"),
        ("eigenpair", "proof.eigenpair.eigenvalue", "-2", "eigenpair is not proved"),
        ("eigenpair", "proof.eigenpair.radius", "-1", "negative"),
        ("eigenpair", "proof.eigenpair.radius", "1/8", "eigenpair does not prove"),
        ("eigenpair", "proof.eigenpair.radius", "10", "eigenpair is not proved"),
        ("eigenpair", "proof.eigenpair.inverse", [["0", "0"], ["0", "0"]], "eigenpair is not proved"),
        ("eigenpair", "proof.eigenpair.inverse", [["1"]], "size 2 x 2"),
        ("eigenpair", "proof.eigenpair.denominator", "0", "positive"),
        ("eigenpair", "proof.eigenpair.denominator", "1", "pivot"),
        ("eigenpair", "proof.eigenpair.vector", ["1"], "length 2"),
        ("eigenpair", "proof.eigenpair.vector.1", "1" + "0" * 38, "eigenpair is not proved"),
        ("eigenpair", "proof.vector", ["1", "1"], "unknown field"),
        ("eigenpair", "proof.word", [0, 0], "eigenpair is not proved"),
        ("equality", "proof.vector", ["1", "1"], "vector does not prove"),
        ("symmetric", "claim.bound", "0", "positive"),
        ("symmetric", "claim.bound", "169/100", BODY),
        ("symmetric", "claim.relation", ">=", "relation"),
        ("symmetric", "proof.hull", "convex", "hull"),
        ("symmetric", "proof.hull", None, "hull"),
        ("symmetric", "proof.hull", ["symmetric"], "hull"),
        ("symmetric", "proof.hull", "monotone", "unknown field"),
        ("symmetric", "proof.hull", "elliptic", "a vertex"),
        ("symmetric", "proof.denominator", "0", "positive"),
        ("symmetric", "proof.denominator", "-1073741824", "positive"),
        ("symmetric", "proof.denominator", 1, "string"),
        ("symmetric", "proof.weight", "0", "positive"),
        ("symmetric", "proof.weight", "1/2", "string"),
        ("symmetric", "proof.weight", "1" * 601, "digits"),
        ("symmetric", "proof.vertices", [], "vertices"),
        ("symmetric", "proof.vertices.0", ["1"], "length 2"),
        ("symmetric", "proof.vertices.0.0", "01", "string"),
        ("symmetric", "proof.vertices.0.0", "-0", "string"),
        ("symmetric", "proof.vertices.0.0", "1\n", "string"),
        ("symmetric", "proof.vertices.0.0", "٣", "string"),
        ("symmetric", "proof.vertices.0.0", "1", BODY),
        ("symmetric", "proof.basis", [3], "length 2"),
        ("symmetric", "proof.basis", [3, 6], "name vertices"),
        ("symmetric", "proof.basis", [3, -1], "name vertices"),
        ("symmetric", "proof.basis", [3, True], "name vertices"),
        ("symmetric", "proof.basis", [3, 3], "span"),
        ("symmetric", "proof.dual", [["0", "0"], ["0", "0"]], "span"),
        ("symmetric", "proof.dual.0.0", "-53687091200", "span"),
        ("symmetric", "proof.dual_denominator", "1", "span"),
        ("symmetric", "proof.images", [], "images"),
        ("symmetric", "proof.images.0", [], "images"),
        ("symmetric", "proof.images.0.0", None, "list"),
        ("symmetric", "proof.images.0.0", [], BODY),
        ("symmetric", "proof.images.0.0", [[5, "-1073740750"]], BODY),
        ("symmetric", "proof.images.0.0", [[5, "1073741825"]], "moduli"),
        ("symmetric", "proof.images.0.0", [[5, "1073740750"], [5, "537000000"], [5, "-537000000"]], "moduli"),
        ("symmetric", "proof.images.0.0", [[6, "1073740750"]], COEFFICIENT),
        ("symmetric", "proof.images.0.0", [[5, 107374075]], "string"),
        ("symmetric", "proof.images.0.0", [["5", "1073740750"]], COEFFICIENT),
        ("symmetric", "proof.images.0.0", [[5, 0, "1", "0", "1"]], COEFFICIENT),
        ("elliptic", "claim.bound", "999/1000", BODY),
        ("elliptic", "claim.relation", "<", BODY),
        ("elliptic", "proof.hull", "symmetric", "string"),
        ("elliptic", "proof.images.0.0.0.4", "999", "modulus"),
        ("elliptic", "proof.images.0.0.0.4", "-1000", "modulus"),
        ("elliptic", "proof.images.0.0.0.1", 1, BODY),
        ("elliptic", "proof.images.0.0.0.1", 2, "conjugate"),
        ("elliptic", "proof.images.0.0.0.3", "800", BODY),
        ("elliptic", "proof.vertices.0", ["1", "0"], "part of a vertex"),
        ("elliptic", "proof.vertices.0.1", ["0", "-1"], "span"),
        ("elliptic", "proof.basis", [0, 1], "elliptic"),
        ("elliptic", "proof.basis", [[0, 0], [0, 2]], "name vertices"),
        ("elliptic", "proof.basis", [[0, 0], [0, 0]], "span"),
        ("monotone", "claim.bound", "2/3", BODY),
        ("monotone", "problem.matrices.0.0.0", "-1/3", "nonnegative"),
        ("monotone", "proof.vertices.0.0", "-2", "nonnegative"),
        ("monotone", "proof.vertices.1", ["2", "0"], "every coordinate"),
        ("monotone", "proof.images.0.0", [[0, "47"], [1, "47"], [1, "-1"]], "nonnegative"),
        ("monotone", "proof.images.0.0", [[0, "50"], [1, "50"]], BODY),
        ("monotone", "proof.images.0.0", [[0, "40"], [1, "47"]], BODY),
        ("path-complete", "claim.bound", "19/10", "not positive semidefinite"),
        ("path-complete", "claim.relation", "<", "not positive definite"),
        ("path-complete", "proof.count", 0, "nodes"),
        ("path-complete", "proof.count", True, "nodes"),
        ("path-complete", "proof.edges", [[0, 0, 0], [0, 1, 1], [1, 0, 0]], "path-complete"),
        ("path-complete", "proof.edges", [[0, 1, 0], [0, 1, 1]], "path-complete"),
        ("path-complete", "proof.edges", [], "edges"),
        ("path-complete", "proof.edges.0", [0, 0], "edge"),
        ("path-complete", "proof.edges.0", [0, 2, 0], "edge"),
        ("path-complete", "proof.edges.0", [0, 0, 2], "edge"),
        ("path-complete", "proof.P", [[["1", "0"], ["0", "1"]]], "length 2"),
        ("path-complete", "proof.P.1.0.0", "-1", "positive definite"),
        ("path-complete", "proof.P.1.0.1", "1", "symmetric"),
        ("path-complete", "proof.P.0.0.0", "1/100000", "not positive semidefinite"),
        ("sum-of-squares", "claim.bound", "19/10", "slack of matrix 1"),
        ("sum-of-squares", "claim.bound", "21/10", "slack of matrix 1"),
        ("sum-of-squares", "claim.relation", "<", "not positive definite"),
        ("sum-of-squares", "proof.degree", 0, "degree"),
        ("sum-of-squares", "proof.degree", 1, "size"),
        ("sum-of-squares", "proof.degree", 50, "size 51 x 51"),
        ("sum-of-squares", "proof.gram.1.1", "-1", "not positive definite"),
        ("sum-of-squares", "proof.gram.1.1", "0", "not positive definite"),
        ("sum-of-squares", "proof.gram.0.1", "1", "symmetric"),
        ("sum-of-squares", "proof.slacks.0.0.0", "-255/16", "not positive semidefinite"),
        ("sum-of-squares", "proof.slacks.0.1.1", "1", "slack of matrix 1 is not bound"),
        ("sum-of-squares", "proof.slacks.1", None, "rows"),
        ("blocks", "claim.bound", "19/10", BODY),
        ("blocks", "claim.relation", "<", BODY),
        ("blocks", "proof.inverse.1.0", "1", "identity"),
        ("blocks", "proof.inverse", [["0", "0"], ["0", "0"]], "identity"),
        ("blocks", "proof.basis", [["1", "0"], ["0", "1"]], "identity"),
        ("blocks", "proof.sizes", [1], "sum 2"),
        ("blocks", "proof.sizes", [2, 0], "sum 2"),
        ("blocks", "proof.sizes", [3, -1], "sum 2"),
        ("blocks", "proof.sizes", [1, True], "sum 2"),
        ("blocks", "proof.proofs", [], "length 2"),
        ("blocks", "proof.proofs.0.kind", "blocks", "kind of a part"),
        ("blocks", "proof.proofs.0.kind", "expansion", "kind of a part"),
        ("blocks", "proof.proofs.0.kind", ["polytope"], "kind of a part"),
        ("blocks", "proof.proofs.0.proof", {}, "lacks"),
        ("blocks", "problem.matrices.0.1.0", "-1", "block below"),
        ("equality", "claim.relation", "in", "relation"),
        ("equality", "claim.upper", "3", "relation"),
        ("equality", "claim.lower", "3", "above"),
        ("equality", "proof.word", [1], "no eigenvalue"),
        ("equality", "proof.word", [2], "letter"),
        ("equality", "proof.upper.kind", "equality", "kind of a part"),
        ("bracket", "claim.upper", "19/10", "relation"),
        ("bracket", "claim.lower", "21/10", "above"),
        ("bracket", "claim.lower", "-1", "negative"),
        ("bracket", "claim.upper", "199/100", "not positive semidefinite"),
        ("exact", "claim.relation", "in", "relation"),
        ("exact", "claim.lower", "0", "positive lower end"),
        ("exact", "claim.lower", "17/10", "above"),
        ("exact", "claim.lower", "169/100", "eigenpair"),
        ("exact", "claim.upper", "2", BODY),
        ("exact", "proof.word", [0, 1, 0], "eigenpair|cycle"),
        ("exact", "proof.pivot", 0, "pivot"),
        ("exact", "proof.pivot", 2, "pivot"),
        ("exact", "proof.eigenvalue", "1", "eigen"),
        ("exact", "proof.eigenvalue", "0", "eigen"),
        ("exact", "proof.radius", "0", "eigenpair"),
        ("exact", "proof.radius", "-1", "eigenvalue"),
        ("exact", "proof.radius", "1/1000", "eigenvalue"),
        ("exact", "proof.inverse", [["0", "0"], ["0", "0"]], "eigenpair"),
        ("exact", "proof.vertices.0.1", "1", "pivot"),
        ("exact", "proof.vertices.0.0", "1", "eigenpair"),
        ("exact", "proof.vertices.1.0", "1", "span"),
        ("exact", "proof.tree.1", None, "cycle"),
        ("exact", "proof.tree.1", [1, 1], "earlier vertex"),
        ("exact", "proof.tree.1", [0, 0], "cycle"),
        ("exact", "proof.tree.0", [0, 0], "earlier vertex"),
        ("exact", "proof.tree.5", None, "null if and only if"),
        ("exact", "proof.tree.3", [0, 0], BODY + "|null"),
        ("exact", "proof.images.0.0", [[5, "1"]], "null if and only if"),
        ("exact", "proof.images.0.3", None, "null if and only if"),
        ("exact", "proof.images.0.3", [[1, "1152921504606846976"]], BODY),
        ("exact", "proof.images.0.5", [], BODY),
        ("exact", "proof.basis", [0, 0], "span"),
        ("exact", "proof.hull", "monotone", "unknown field"),
        ("exact", "proof.hull", "elliptic", "hull"),
        ("exact monotone", "proof.hull", "symmetric", "lacks"),
        ("exact monotone", "problem.matrices.0.1.0", "-1", "eigen"),
        ("exact monotone", "problem.matrices.0.0.0", "2", "eigen"),
        ("exact monotone", "claim.upper", "17/10", BODY),
        ("exact monotone", "proof.eigenvalue", "-1", "eigen"),
        ("exact monotone", "proof.images.0.4", [], BODY),
        ("automaton", "problem.automaton.nodes", 0, "nodes"),
        ("automaton", "problem.automaton.nodes", 1, "edge"),
        ("automaton", "problem.automaton.nodes", 401, "nodes"),
        ("automaton", "problem.automaton.edges", [[0, 1, 0], [1, 1, 1]], "closed path"),
        ("automaton", "problem.automaton.note", 1, "unknown field"),
        ("automaton", "problem.automaton", None, "object"),
        ("automaton", "proof.word", [0], "closed path"),
        ("automaton", "proof.word", [0, 0], "closed path"),
        ("automaton", "proof.upper.proof.P", [["1", "0"], ["0", "1"]], "size 4 x 4"),
        ("automaton word", "proof.word", [0, 1, 0], "closed path"),
        ("automaton graph", "proof.edges.0", [0, 0, 2], "edge"),
    ],
)  # fmt: skip
def test_a_sealed_certificate_with_one_thing_wrong(name: str, path: str, value: Any, reason: str) -> None:
    verdict = check(changed(SAMPLES[name], path, value))
    assert not verdict
    assert any(words in verdict.reason for words in reason.split("|")), verdict.reason
    assert "\n" not in verdict.reason
    assert len(verdict.reason) < 500


def test_an_automaton_only_allows_less() -> None:
    """Without the automaton the same proof is about other matrices, and the word proves as much as before."""
    document = json.loads(json.dumps(SAMPLES["automaton word"]))
    del document["problem"]["automaton"]
    assert check(seal(document))
    document = json.loads(json.dumps(SAMPLES["automaton"]))
    del document["problem"]["automaton"]
    assert "size 2 x 2" in check(seal(document)).reason


def test_a_zero_inverse_does_not_prove_an_eigenpair() -> None:
    """With R = 0 the inequality a + b r + c r^2 <= r reads r <= r; only b < 1 excludes it."""
    proof = ExactProof([0], Fraction(1), Fraction(3), 0, Fraction(2), Fraction(1), [[0, 0], [0, 0]], 1,
                       identity(2), "symmetric", [None, None], [0, 1], 1, identity(2), 1, [[None, []]])  # fmt: skip
    with pytest.raises(CertificateError, match="eigenpair"):
        exact_certificate([[[0, 1], [1, 0]]], proof)


def test_a_nilpotent_family_has_exactly_the_radius_zero() -> None:
    nothing = [[[0, 1], [0, 0]], [[0, "1/3"], [0, 0]]]
    parts = [QuadraticProof([[1]])] * 2
    proof = BlocksProof(identity(2), identity(2), [1, 1], parts)
    certificate = equality_certificate(nothing, word=[0], lower=0, upper=0, proof=proof)
    assert str(certificate.claim).endswith("is exactly 0.")
    with pytest.raises(CertificateError, match="semidefinite"):
        equality_certificate([[[0, 1], [1, 0]]], word=[0], lower=0, upper=0, proof=QuadraticProof(identity(2)))


@pytest.mark.parametrize("scale", [Fraction(10) ** 300, Fraction(1, 10**300)])
def test_families_of_any_scale(scale: Fraction) -> None:
    family = [[[scale * x for x in row] for row in A] for A in DIAGONAL]
    bound = 2 * scale
    assert check(upper_certificate(family, cross_polytope(family, bound), bound))
    assert check(equality_certificate(family, word=[0], lower=bound, upper=bound, proof=QuadraticProof(identity(2))))


def test_costs_are_bounded_before_they_are_paid() -> None:
    digits, n, count = "7" * 590, 300, 60
    problem = {"matrices": [[["1"] * n] * n]}
    heavy = {
        "hull": "monotone", "denominator": "1", "vertices": [[digits] * n] * count, "weight": digits,
        "images": [[[[0, "1"]] * 500] * count],
    }  # fmt: skip
    assert "too long" in check(seal(SAMPLES["monotone"] | {"problem": problem, "proof": heavy})).reason
    gram = {"degree": 2, "gram": [["1"] * 400] * 400, "slacks": [[["1"] * 400] * 400]}
    lifted = {"matrices": [[[digits] * 28] * 28]}
    assert "400" in check(seal(SAMPLES["sum-of-squares"] | {"problem": lifted, "proof": gram})).reason
    wide = {"matrices": [[["1"] * 50] * 50], "automaton": {"nodes": 9, "edges": [[0, 1, 0]]}}
    proof = {"P": [["1"]]}
    assert "lifted" in check(seal(SAMPLES["contraction"] | {"problem": wide, "proof": proof})).reason


def test_errors_that_grow_along_a_deep_tree_are_refused_early() -> None:
    """A chain of 20 000 vertices, each with an error 10^300 times that of its parent: long numbers else."""
    count, huge = 20_000, 10**300
    tree = [None, *((j, 1) for j in range(count - 1))]
    images = [[None] * count, [None] * count]
    proof = ExactProof([0], Fraction(1), Fraction(3), 0, Fraction(1), Fraction(0), [[-1]], 1, [[1]] * count,
                       "symmetric", tree, [0], 1, [[1]], 1, images)  # fmt: skip
    with pytest.raises(CertificateError, match="error of vertex 2 is too large"):
        exact_certificate([[[1]], [[huge]]], proof)


def forgetting_circle(nodes: int) -> PathCompleteProof:
    """A letter turns a circle, another forgets the first of its nodes; a node apart reads every word."""
    edges = [(u, (u + 1) % nodes, letter) for u in range(nodes) for letter in range(2) if u or not letter]
    edges += [(nodes, nodes, 0), (nodes, nodes, 1)]
    return PathCompleteProof(nodes + 1, edges, [[[1]]] * (nodes + 1))


def test_the_subsets_of_a_graph_are_bounded(each_checker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CertificateError, match="4096"):
        upper_certificate([[[1]], [[1]]], forgetting_circle(13), 1)
    monkeypatch.setattr(each_checker.kernel, "MAX_WORK", 1e5)
    with pytest.raises(CertificateError, match="too long"):
        upper_certificate([[[1]], [[1]]], forgetting_circle(8), 1)


def test_the_work_is_bounded_over_the_whole_document(each_checker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten blocks, each with a proof that alone would be checked; and each document starts afresh."""

    def checked(blocks: int) -> None:
        unit = [[int(i == j) for j in range(blocks)] for i in range(blocks)]
        proof = BlocksProof(unit, unit, [1] * blocks, [forgetting_circle(6)] * blocks)
        upper_certificate([unit, unit], proof, 1)

    monkeypatch.setattr(each_checker.kernel, "MAX_WORK", 3e5)
    for _ in range(10):
        checked(1)
    with pytest.raises(CertificateError, match="too long"):
        checked(10)
    monkeypatch.setattr(each_checker.kernel, "MAX_WORK", 3e6)
    checked(10)


@pytest.mark.parametrize("unit", ["[],", "{},", '"a",', "1,"])
def test_a_document_of_too_many_values_is_refused_before_it_is_built(unit: str) -> None:
    text = "[" + unit * checker.MAX_NODES + "1]"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json, "loads", lambda *_, **__: pytest.fail("the document was parsed"))
        assert check_text(text) == Verdict(False, f"the document has more than {checker.MAX_NODES} values")


def test_common_denominators_cost_too(each_checker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    n = 10
    entries = [f"1/{10**590 + 2 * i + 1}" for i in range(n)]
    proof = {"basis": [entries] * n, "inverse": [["1"] * n] * n, "sizes": [n], "proofs": [{}]}
    document = SAMPLES["contraction"] | {"kind": "blocks", "problem": {"matrices": [[["1"] * n] * n]}, "proof": proof}
    assert "not the identity" in check(seal(document)).reason
    monkeypatch.setattr(each_checker.kernel, "MAX_WORK", 1e6)
    assert "too long" in check(seal(document)).reason


def test_ctrl_c_says_nothing_about_the_certificate(
    each_checker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(text: str) -> None:
        raise KeyboardInterrupt

    (tmp_path / "a.json").write_text("{}")
    monkeypatch.setattr(each_checker.command, "check_text", interrupted)
    assert each_checker.command.main([str(tmp_path / "a.json")]) == 130
    assert capsys.readouterr() == ("", "interrupted: nothing is said about the certificate\n")


def test_a_name_that_steers_the_terminal_is_shown_escaped(
    each_checker: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert each_checker.command.main(["\x1b[2J"]) == 2
    assert capsys.readouterr().err == "cannot read '\\x1b[2J': No such file or directory\n"


@pytest.mark.parametrize("name", list(SAMPLES))
def test_the_one_file_checks_every_kind_alone(tmp_path: Path, name: str) -> None:
    alone, good = tmp_path / "stranger.py", tmp_path / "good.json"
    alone.write_bytes(TARGET.read_bytes())
    good.write_text(json.dumps(SAMPLES[name]), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(alone), str(good)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"valid: {SAMPLES[name]['claim']['sentence']}\n")


@pytest.mark.parametrize("place", ["images", "vertices", "images.0.0", "dual"])
def test_deep_values_in_a_proof(place: str) -> None:
    marked = json.dumps(changed(SAMPLES["symmetric"], f"proof.{place}", "MARK"))
    for depth in (900, 1000, 5000, 50_000):
        assert not check_text(marked.replace('"MARK"', "[" * depth + "]" * depth))


def test_builders_refuse_what_is_no_integer_or_too_long() -> None:
    proof = PolytopeProof("symmetric", 1, [[1]], [0], 1, [[1]], 1, [[[(0, 1)]]])
    assert check(upper_certificate([[[1]]], proof, 1))
    for wrong, words in ((Fraction(1, 2), "integer"), (10**700, "digits")):
        with pytest.raises(CertificateError, match=words):
            upper_certificate([[[1]]], PolytopeProof("symmetric", 1, [[wrong]], [0], 1, [[1]], 1, [[[(0, 1)]]]), 1)
    with pytest.raises(CertificateError, match="digits"):
        upper_certificate([[[1]]], QuadraticProof([[Fraction(1, 10**700)]]), 1)


@pytest.mark.parametrize(
    ("name", "path", "value", "reason"),
    [
        ("slowest columns", "claim.quantity", "joint spectral radius", "quantity"),
        ("slowest columns", "claim.relation", "in", "relation"),
        ("slowest columns", "claim.relation", ">=", "relation"),
        ("slowest columns", "claim.upper", "1/2", "above the upper end"),
        ("slowest columns", "proof.word", [0, 1], "radius above upper"),
        ("slowest columns", "problem.matrices.0.0.0", "1/2", "not proved to be inside"),
        ("slowest columns", "proof.lower.side", "both", "side"),
        ("slowest columns", "proof.lower.kind", "polytope", "kind of a lower part"),
        ("slowest columns", "proof.lower.kind", ["cone"], "kind of a lower part"),
        ("slowest columns", "proof.lower", None, "kind of a lower part"),
        ("slowest columns", "proof.lower.vertices.0.0", "-1", "nonnegative"),
        ("slowest columns", "proof.lower.vertices.0", ["0", "0"], "not zero"),
        ("slowest columns", "proof.lower.vertices", [], "vertices"),
        ("slowest columns", "proof.lower.images.0.0", [], "list of weights"),
        ("slowest columns", "proof.lower.images.0.0", None, "null if and only if"),
        ("slowest columns", "proof.lower.images.0.0.0", [1, "1"], "weight"),
        ("slowest columns", "proof.lower.images.0.0.0", [True, "1"], "weight"),
        ("slowest columns", "proof.lower.images.0.0.0", [0, "0"], "positive"),
        ("slowest columns", "proof.lower.images.0.0.0", [0, "-1"], "positive"),
        ("slowest columns", "proof.lower.nodes", [1], "at a node"),
        ("slowest columns", "problem.matrices.0.0.1", "-1", "nonnegative"),
        ("slowest rows", "claim.lower", "201/100", "not proved to be inside"),
        ("slowest automaton", "proof.word", [0], "closed path"),
        ("slowest automaton", "proof.lower.nodes", [0, 0], "needs a vertex"),
        ("slowest automaton", "proof.lower.images.0", [None, None], "null if and only if"),
        ("slowest automaton", "proof.lower.images.0.0.0.0", 0, "at the node where"),
        ("slowest determinants", "claim.lower", "6/5", "determinant of matrix 2"),
        ("slowest determinants", "problem.matrices.1.1.1", "0", "determinant of matrix 2"),
        ("slowest determinants", "proof.lower.side", "rows", "unknown field"),
        ("slowest inverses", "proof.lower.inverses.0.0.0", "1", "inverse of matrix 1"),
        ("slowest inverses", "claim.lower", "3/5", "semidefinite"),
        ("slowest inverses", "proof.lower.upper.kind", "expansion", "kind of a part"),
        ("slowest inverses", "proof.lower.inverses", [], "length 2"),
        ("slowest block", "proof.lower.index", 1, "determinant of matrix 1"),
        ("slowest block", "proof.lower.index", 2, "name a block"),
        ("slowest block", "proof.lower.sizes", [2], "name a block|determinant"),
        ("slowest block", "proof.lower.lower.kind", "block", "kind of a lower part"),
        ("slowest block", "problem.matrices.1.1.0", "1", "block below"),
        ("slowest zero", "claim.lower", "1/2", "above the upper end"),
        ("slowest zero", "proof.lower", {"kind": "determinants"}, "unknown field"),
        ("slowest zero", "problem.matrices.0.1.0", "1", "radius above upper"),
    ],
)
def test_a_wrong_proof_about_the_slowest_growth_is_refused(name: str, path: str, value: object, reason: str) -> None:
    verdict = check(changed(SAMPLES[name], path, value))
    assert not verdict.valid
    assert re.search(reason, verdict.reason), verdict.reason


def test_the_lower_end_of_an_automaton_is_about_all_allowed_words() -> None:
    """One letter is zero: without the automaton, and at a node that it leaves out, nothing is kept away from zero."""
    document = json.loads(json.dumps(SAMPLES["slowest automaton"]))
    document["problem"]["matrices"].append([["0", "0"], ["0", "0"]])
    assert check(seal(document)).valid
    document["problem"]["automaton"]["edges"].append([0, 0, 2])
    document["proof"]["lower"]["images"].append([[[0, "1"]], None])
    assert "not proved to be inside" in check(seal(document)).reason
    del document["problem"]["automaton"]
    assert not check(seal(document)).valid


@pytest.mark.parametrize(
    ("data", "code"), [(b"", 1), (b"{}", 1), (b"\xef\xbb\xbf{}", 1), (b"\xff", 2), (b"[" * 5000, 1), (None, 2)]
)
def test_the_command_and_the_file_have_the_same_exit_codes(
    each_checker: Any, tmp_path: Path, data: bytes | None, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.json"
    if data is not None:
        path.write_bytes(data)
    assert each_checker.command.main([str(path)]) == main(["check", str(path)]) == code
    assert each_checker.command.main([str(tmp_path)]) == main(["check", str(tmp_path)]) == 2
    assert each_checker.command.main(["/dev/null"]) == main(["check", "/dev/null"]) == 2
    assert "not a regular file" in capsys.readouterr().err

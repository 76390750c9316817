"""Limits of time that are over before the work begins: valid answers, and no work that is known to take longer."""

import math
from fractions import Fraction

import numpy as np
import pytest

import conservative as cj
from conservative._core.families.as_family import as_family
from conservative.certificates import SumOfSquaresProof, expansion_certificate, upper_certificate
from conservative.spectral.growth import lower_radius
from conservative.spectral.radius import search
from conservative.spectral.reduction import redundant
from conservative.spectral.semidefinite import polynomial_forms
from conservative.spectral.semidefinite.lift import monomials, symmetric_lift
from conservative.spectral.verdict import contraction_verdict


def family(seed, k, n):
    return np.random.default_rng(seed).integers(-4, 5, (k, n, n))


def form(gram, n, half, x):
    values = [math.prod((x[i] for i in m), start=Fraction(1)) for m in monomials(n, half)]
    return sum(values[r] * entry * values[c] for r, row in enumerate(gram) for c, entry in enumerate(row))


@pytest.mark.parametrize("half", [2, 3])
def test_no_program_is_written_down_when_time_is_over_and_powers_are_proved(half, monkeypatch):
    """p(x) = (x^T P x)^d; gamma^(2 d) p(x) - p(A x) is the form of the slack, and the checker accepts both."""
    monkeypatch.setattr(polynomial_forms, "graph_pencil", lambda *_, **__: pytest.fail("a program was written down"))
    matrices = family(1, 2, 3)
    bound = cj.spectral.sum_of_squares_bound(matrices, degree=2 * half, time_limit=0.0)
    assert bound.gamma >= max(np.abs(np.linalg.eigvals(matrices)).max(axis=1)) * (1 - 1e-12)
    assert bound.certificate is None
    x = [Fraction(2), Fraction(-3, 5), Fraction(7)]
    for a, slack in zip(matrices.tolist(), bound.exact_slacks, strict=True):
        image = [sum((c * y for c, y in zip(row, x, strict=True)), Fraction(0)) for row in a]
        difference = bound.exact_gamma ** (2 * half) * form(bound.exact_gram[0], 3, half, x)
        assert difference - form(bound.exact_gram[0], 3, half, image) == form(slack, 3, half, x)
    proof = SumOfSquaresProof(half, bound.exact_gram[0], bound.exact_slacks)
    assert cj.check(upper_certificate(matrices, proof, bound.exact_gamma))


def test_large_families_are_not_taken_apart_when_time_is_over(monkeypatch):
    monkeypatch.setattr(search, "triangularise", lambda _: pytest.fail("taken apart"))
    matrices = family(2, 2, 40)
    found = cj.joint_spectral_radius(matrices, time_limit=0.0)
    assert found.lower <= found.upper < math.inf
    assert found.lower >= np.abs(np.linalg.eigvals(matrices)).max() * (1 - 1e-9)


def test_a_certificate_that_proves_less_than_the_bracket_is_named():
    """Of this family only a word is certified here; the bracket of a whole computation is what is certified."""
    matrices = [[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]]
    whole = cj.joint_spectral_radius(matrices)
    assert "certified" not in repr(whole)
    assert whole.certified.lower == pytest.approx(whole.lower, rel=1e-9)
    word = cj.JointSpectralRadius(
        whole.lower,
        whole.upper,
        whole.word,
        whole.status,
        whole.vertex_radii,
        expansion_certificate(matrices, whole.word, bound=1),
    )
    assert word.certified == cj.Bracket(1.0, math.inf)
    assert "certified in [1, inf]" in repr(word)
    assert cj.JointSpectralRadius(0.0, 1.0, (), whole.status, (), None).certified is None


def test_lifts_keep_products():
    """L(A B) = L(A) L(B), on which the powers of quadratic forms rest."""
    a, b = (np.array(m, dtype=object) for m in family(3, 2, 3).tolist())
    assert (symmetric_lift(a @ b, 2) == symmetric_lift(a, 2) @ symmetric_lift(b, 2)).all()


def test_no_work_on_large_matrices_is_begun_that_ends_long_after_the_limit(monkeypatch):
    """Each is one long step: subspaces, a norm, a certificate, the matrices of a semidefinite program."""
    begun = lambda name: lambda *_, **__: pytest.fail(f"{name} was begun")  # noqa: E731
    for module, name in (
        (contraction_verdict, "quotients"),
        (contraction_verdict, "near_quotients"),
        (contraction_verdict, "common_quadratic_norm"),
        (contraction_verdict, "contraction_certificate"),
        (polynomial_forms, "graph_pencil"),
        (lower_radius, "slowest_certificate"),
    ):
        monkeypatch.setattr(module, name, begun(name))
    matrices = np.random.default_rng(0).normal(size=(2, 60, 60)) / 13
    found = contraction_verdict.contraction_verdict(matrices, time_limit=0.0).radius  # how narrow: as the clock lets
    assert np.abs(np.linalg.eigvals(matrices)).max() * (1 - 1e-9) <= found.upper < math.inf
    contracting = contraction_verdict.contraction_verdict(matrices / 2, time_limit=0.0)
    assert contracting.contracts
    assert contracting.certificate is None
    assert cj.spectral.sum_of_squares_bound(matrices, degree=2, time_limit=0.0).gamma < 1.3
    assert cj.spectral.path_complete_bound(matrices, time_limit=0.0).gamma < 1.3
    slowest = lower_radius.lower_spectral_radius(matrices, time_limit=0.0)
    assert slowest.certificate is None
    assert slowest.lower <= slowest.upper


def test_no_work_on_many_matrices_is_begun_that_ends_long_after_the_limit(monkeypatch):
    """Forty of order twenty: each step is long because they are many. A small family is decided all the same."""
    half = [[["1/2", 4], [0, "1/2"]], [["1/2", 0], [0, "1/3"]]]
    assert contraction_verdict.contraction_verdict(half, time_limit=0.0).how.name == "QUADRATIC"
    begun = lambda name: lambda *_, **__: pytest.fail(f"{name} was begun")  # noqa: E731
    for name in ("quotients", "near_quotients", "common_quadratic_norm", "sum_of_squares_bound"):
        monkeypatch.setattr(contraction_verdict, name, begun(name))
    monkeypatch.setattr(redundant, "_support", begun("a linear program"))
    matrices = np.random.default_rng(0).normal(size=(40, 20, 20)) / 8
    verdict = contraction_verdict.contraction_verdict(matrices, time_limit=0.0)
    assert verdict.radius.lower <= verdict.radius.upper
    assert np.abs(np.linalg.eigvals(matrices)).max() * (1 - 1e-9) <= verdict.radius.upper < math.inf
    essential = redundant.essential_matrices(as_family(family(2, 12, 2), call="test"), deadline=0.0)
    assert essential.family.count == 12


def test_no_program_is_stated_whose_solution_is_not_expected_in_time(monkeypatch):
    monkeypatch.setattr("cvxpy.Problem", lambda *_: pytest.fail("a program was stated"))
    matrices = np.random.default_rng(0).normal(size=(3, 5, 5))
    norm = cj.spectral.common_quadratic_norm(matrices, time_limit=0.0)
    assert norm.gamma < np.linalg.norm(matrices, 2, axis=(1, 2)).max()
    assert norm.certificate is not None

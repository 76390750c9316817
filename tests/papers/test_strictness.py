"""Implicit and unrolled derivatives at a kink: intervals derived by hand for this project.

F(x, θ) = θ − x/4 (x ≥ 0), θ − 3x/4 (x < 0) at θ = 0; F = θ − |x|/2; the scalar lasso with step α at
y = λ; two sets of scalar blocks.
"""

from fractions import Fraction

import pytest
import sympy as sp

import conservative as cj

x, theta, lam = sp.symbols("x theta lambda", real=True)


def lasso(alpha: sp.Rational) -> cj.PiecewiseSelection:
    inner = x - alpha * (x - 1)
    step = sp.Max(inner - alpha * lam, 0) - sp.Max(-inner - alpha * lam, 0)
    return cj.from_sympy(step, state=[x], parameters=[lam])


CASES = [
    (
        cj.from_sympy(theta - sp.Piecewise((x / 4, x >= 0), (3 * x / 4, True)), state=[x], parameters=[theta]),
        [0, 0],
        ("4/7", "4/5"),
        ("4/13", "12/13"),
    ),
    (cj.from_sympy(theta - sp.Abs(x) / 2, state=[x], parameters=[theta]), [0, 0], ("2/3", "2"), ("0", "2")),
    (lasso(sp.Rational(1, 2)), [0, 1], ("-1", "0"), ("-1", "0")),
    (lasso(sp.Integer(1)), [0, 1], ("-1", "0"), ("-1", "0")),
    (lasso(sp.Rational(3, 2)), [0, 1], ("-1", "0"), ("-3/2", "0")),
]


@pytest.mark.parametrize(("F", "at", "implicit", "unrolled"), CASES)
def test_intervals(
    F: cj.PiecewiseSelection, at: list[int], implicit: tuple[str, str], unrolled: tuple[str, str]
) -> None:
    J = cj.conservative_jacobian(F, at)
    solution = cj.implicit_jacobian(J)
    values = [s[0][0] for s in solution.exact_vertices]
    assert (min(values), max(values)) == tuple(map(Fraction, implicit))
    fixed = cj.fixed_set(J, tol=1e-9, time_limit=None)
    truth = cj.MatrixPolytope([[[float(Fraction(v))]] for v in unrolled])
    assert cj.hausdorff_distance(fixed.hull, truth).upper <= 1e-8


@pytest.mark.parametrize(
    ("name", "ends"), [("independent-interval", (-2 / 3, 4 / 3)), ("correlated-interval", (-1, 2))]
)
def test_sets_of_scalar_blocks(name: str, ends: tuple[float, float]) -> None:
    fixed = cj.fixed_set(cj.gallery.load(name).jacobian, tol=1e-9, time_limit=None)
    truth = cj.MatrixPolytope([[[v]] for v in ends])
    assert cj.hausdorff_distance(fixed.hull, truth).upper <= 1e-8

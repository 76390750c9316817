"""The Schur-Cohn decision and the exact elimination against polynomials and matrices of known structure."""

from fractions import Fraction
from itertools import combinations
from math import prod

import flint
import pytest
from hypothesis import strategies as st
from strategies.stages import drawn

from conservative.certificates.checker import kernel, values

INSIDE = [[0, 1], [-1, 2], [1, 3], [1, 2, 4], [1, 0, 2], [5, 1, 7], [-2, 3], [1, -3, 5, 7, 20]]
ON = [[-1, 1], [1, 1], [1, 0, 1], [1, 1, 1], [5, -6, 5], [13, 10, 13], [1, -1, 1], [1, 1, 1, 1, 1], [25, -14, 25]]
OUTSIDE = [[-2, 1], [3, 1], [4, 2, 1], [2, 0, 1], [7, 1, 5], [-3, 2], [20, 7, 5, -3, 1], [-1001, 1000]]
RECIPROCAL = [[2, -5, 2], [2, 5, 2], [1, -3, 1], [1, 4, 1], [1, -1, -4, -1, 1]]


def multiplied(factors: list[list[int]]) -> list[int]:
    return [int(c) for c in prod((flint.fmpz_poly(f) for f in factors), start=flint.fmpz_poly([1])).coeffs()]


def some(factors: list[list[int]], *, least: int = 0) -> st.SearchStrategy[list[list[int]]]:
    return st.lists(st.sampled_from(factors), min_size=least, max_size=4)


@drawn(80, 1000, some(INSIDE), some(ON), some(OUTSIDE + RECIPROCAL), st.sampled_from([-3, -1, 1, 2]))
def test_products_of_factors_whose_roots_are_known(
    inside: list[list[int]], on: list[list[int]], outside: list[list[int]], scale: int
) -> None:
    polynomial = [scale * c for c in multiplied(inside + on + outside)]
    assert kernel.roots_inside(polynomial, closed=True) is (not outside)
    assert kernel.roots_inside(polynomial, closed=False) is (not outside and not on)


@pytest.mark.parametrize("factors", [INSIDE, ON, OUTSIDE, RECIPROCAL])
def test_the_factors_lie_where_they_are_said_to(factors: list[list[int]]) -> None:
    for factor in factors:
        moduli = [float(abs(root)) for root, _ in flint.fmpz_poly(factor).complex_roots()]
        if factors is INSIDE:
            assert max(moduli) < 0.999
        elif factors is ON:
            assert all(abs(m - 1) < 1e-12 for m in moduli)
        else:
            assert max(moduli) > 1.0009


@drawn(60, 800, st.lists(st.integers(-9, 9), min_size=1, max_size=7), st.sampled_from([-7, -1, 1, 2, 5]))
def test_random_polynomials_against_flint_enclosures(low: list[int], high: int) -> None:
    polynomial = [*low, high]
    moduli = [abs(root) for root, _ in flint.fmpz_poly(polynomial).complex_roots()]
    if not any(m == 1 or m.overlaps(flint.arb(1)) for m in moduli):
        stable = all(m < 1 for m in moduli)
        assert kernel.roots_inside(polynomial, closed=True) is stable
        assert kernel.roots_inside(polynomial, closed=False) is stable


@pytest.mark.slow
def test_all_small_polynomials_against_flint_enclosures() -> None:
    """Every polynomial of degree up to 5 with coefficients in -2..2; ties are decided by cyclotomic-free factors."""
    decided = 0
    for degree in range(1, 6):
        for code in range(5 ** (degree + 1)):
            polynomial = [code // 5**j % 5 - 2 for j in range(degree + 1)]
            if polynomial[-1] <= 0:
                continue
            enclosures = [abs(root) for root, _ in flint.fmpz_poly(polynomial).complex_roots()]
            outside = any(m > 1 for m in enclosures)
            inside = all(m < 1 for m in enclosures)
            # What is neither proved inside nor outside is on the circle: at this size no modulus is within 1e-9 of 1.
            assert all(m > 1 or m < 1 or abs(float(m) - 1) < 1e-9 for m in enclosures)
            assert kernel.roots_inside(polynomial, closed=True) is (not outside)
            assert kernel.roots_inside(polynomial, closed=False) is inside
            decided += 1
    assert decided > 7000


@drawn(80, 1000, st.integers(1, 7), st.data())
def test_characteristic_polynomials_against_flint(n: int, data: st.DataObject) -> None:
    row = st.lists(st.integers(-(10**6), 10**6), min_size=n, max_size=n)
    matrix = data.draw(st.lists(row, min_size=n, max_size=n))
    assert kernel.characteristic_polynomial(matrix) == [int(c) for c in flint.fmpz_mat(matrix).charpoly().coeffs()]


def determinant(matrix: list[list[int]]) -> int:
    return int(flint.fmpz_mat(matrix).det())


@drawn(60, 800, st.integers(1, 4), st.integers(0, 4), st.sampled_from([0, 0, -1, 1]), st.data())
def test_definiteness_against_principal_minors(n: int, rank: int, shift: int, data: st.DataObject) -> None:
    """A symmetric matrix is semidefinite when all principal minors are >= 0, definite when the leading are > 0."""
    vectors = [data.draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n)) for _ in range(rank)]
    gram = [[sum(v[i] * v[j] for v in vectors) for j in range(n)] for i in range(n)]
    place = data.draw(st.integers(0, n - 1))
    gram[place][place] += shift
    subsets = [s for size in range(1, n + 1) for s in combinations(range(n), size)]
    minors = {s: determinant([[gram[i][j] for j in s] for i in s]) for s in subsets}
    assert kernel.is_positive(gram, definite=False) is all(m >= 0 for m in minors.values())
    assert kernel.is_positive(gram, definite=True) is all(minors[tuple(range(k))] > 0 for k in range(1, n + 1))


def test_numbers_stay_short_through_the_reduction() -> None:
    """Without the common factor taken out, degree 24 would need 2^24 digits."""
    polynomial = [3**j + 7 for j in range(24)] + [10**40]
    assert kernel.roots_inside(polynomial, closed=True)


def test_the_rational_reader_is_canonical() -> None:
    assert values.read_rational("-3/4", "x") == Fraction(-3, 4)
    for text in [
        "-0",
        "0/1",
        "3/1",
        "2/4",
        "+1",
        "01",
        "1.0",
        "1e2",
        " 1",
        "1 ",
        "1\n",
        "",
        "/",
        "1/",
        "1/0",
        "١",
        1,
        None,
        ["1"],
    ]:
        with pytest.raises(kernel.InvalidError):
            values.read_rational(text, "x")

"""What happens arbitrarily near a point: jumps along guards, sides of guards that are never met, and their proofs."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import strategies as st
from strategies.stages import drawn

import conservative as cj
from conservative._core.errors import DiscontinuityError, FunctionError
from conservative._core.exactness import Exactness
from conservative.functions.continuity.power_series import Germ, GermArithmetic
from conservative.functions.continuity.sign_patterns import contradictory, local_patterns

T = sp.Symbol("t", positive=True)
x, y = sp.symbols("x y")
FIFTHS = [Fraction(3, 5), Fraction(4, 5)]


def vertices(text: str, at: list[object], state: str = "xy") -> set[tuple[float, ...]]:
    found = cj.conservative_jacobian(cj.from_sympy(text, state=list(state)), at)
    return {tuple(row) for row in found.vertices[:, 0].tolist()}


# each jumps on one side of the origin (or of the point) only, so that it is not found when F is built
@pytest.mark.parametrize("convert", [Fraction, float])
@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("Piecewise((Max(-x, 0), y > x**2), (0, True))", [0, 0], r"where y meets x\*\*2: along x = -t, y = t\*\*2"),
        ("Piecewise((Max(-x, 0), y > 0), (0, True))", [0, 0], "where y meets 0: along x = -t, y = 0"),
        ("Piecewise((Max(-x, 0)**3, y > x**3), (0, True))", [0, 0], r"jumps by about t\*\*3"),
        ("Piecewise((x, y**2 - x**3 >= 0), (-x, True))", [0, 0], r"along x = t\*\*2, y = t\*\*3"),
        ("Piecewise((Max(-x, 0), x*y > 0), (0, True))", [0, 0], r"where x\*y meets 0"),
        ("Piecewise((x, x**2 - y**2 > 0), (0, True))", [0, 0], "along x = t, y = t"),
        ("Piecewise((x, x**2 + y**2 <= 1), (2*x/sqrt(x**2 + y**2), True))", [0, 1], r"y = 1 - 1/2\*t\*\*2"),
        ("Piecewise((Max(-x, 0), y > exp(x) - 1), (0, True))", [0, 0], r"along x = -t, y = -t \+ 1/2\*t\*\*2"),
        ("Piecewise((Max(-x, 0), y > sin(x)), (0, True))", [0, 0], "jumps by about t"),
        # with numbers that are not rational
        (
            "Piecewise((pi*Max(-x, 0), y > 0), (0, True))",
            [0, 0],
            "along x = -t, y = 0, for small t > 0, component 0 jumps",
        ),
        ("Piecewise((sqrt(2)*Max(-x, 0)**2, y > x**2), (0, True))", [0, 0], "where y meets"),
        ("Piecewise((Max(-x, 0)*exp(1 + y), y > 0), (0, True))", [0, 0], "component 0 jumps"),
        # on the guard only, where an equality holds
        ("Piecewise((x, Ne(x*y, 0)), (0, True))", [0, 0], r"where x\*y meets 0: along x = t, y = 0"),
        ("Piecewise((x**2, Ne(x**2, y**3)), (0, True))", [0, 0], r"along x = t\*\*3, y = t\*\*2"),
        ("Piecewise((x**2, Ne(y*exp(x), y**2)), (0, True))", [0, 0], r"jumps by about t\*\*2"),
        ("Piecewise((0, Eq(x**2, 2*y**2)), (x**2, True))", [0, 0], "another value on it"),
        # on a line where the guard has no slope
        ("Piecewise((y**2, cosh(x) <= 1), (0, True))", [0, 0], r"along x = 0, y = t.*about t\*\*2"),
        ("Piecewise((y, x**2*exp(y) + x**4 <= 0), (0, True))", [0, 0], "meets 0: along x = 0, y = t"),
        # the parts are smooth at the point, though not beside it
        ("Piecewise((Abs(x)**(3/2), x*y > 0), (0, True))", [0, 0], r"x = t\*\*2, y = 0.*about t\*\*3"),
        ("Piecewise((x*sqrt(Abs(x)), y**3 > x**5), (0, True))", [0, 0], r"x = t\*\*6, y = t\*\*10.*t\*\*9"),
        ("Piecewise(((exp(x) - 1)/x, x > 0), (1 + y, True))", [0, 0], "along x = 0, y = t.*about t"),
        ("Piecewise(((exp(x) - 1)/x, Ne(x, 0)), (1 + y**2, True))", [0, 0], r"about t\*\*2"),
        ("Piecewise((Max(-x, 0), Abs(y) > x**2), (0, True))", [0, 0], r"where Abs\(y\) meets x\*\*2"),
        ("sign(y - x**2)*Max(-x, 0)", [0, 0], r"jumps by about 2\*t"),
        ("Piecewise((x, x**2 > 2*y**2), (y, True))", [0, 0], "along a curve through the point component 0"),
        ("Piecewise((x*y, x**3 >= 2*y**3), (y**2, True))", [0, 0], "different limits from its two sides"),
    ],
)
def test_jumps_beside_the_point_are_refused_by_name(text: str, at: list[int], words: str, convert: type) -> None:
    F = cj.from_sympy(text, state=["x", "y"])
    with pytest.raises(DiscontinuityError, match=f"disagree beside the point, .*{words}"):
        cj.conservative_jacobian(F, [convert(v) for v in at])
    with pytest.raises(DiscontinuityError, match=r"point 1: .*beside the point"):
        cj.jacobians.conservative_jacobians(F, [[5.0, -3.0], at])


def test_a_jump_along_a_curve_in_one_direction_is_found_when_f_is_built() -> None:
    with pytest.raises(DiscontinuityError, match=r"from_sympy.*where y meets x\*\*2: component 0 is -"):
        cj.from_sympy("Piecewise((x, y > x**2), (-x, True))", state=["x", "y"])


@pytest.mark.parametrize(
    ("text", "at", "wanted"),
    [
        ("Piecewise((y, y > x**2), (x**2, True))", [0, 0], {(0, 1), (0, 0)}),
        ("Piecewise((y - x**2, y > x**2), (0, True))", [0, 0], {(0, 1), (0, 0)}),
        ("Piecewise((1e9*exp(1 + y)*(y - x**2)*x, y > x**2), (0, True))", [0, 0], {(0, 0)}),
        ("Piecewise((exp(1 + x)*(y - x**2), y > x**2), (0, True))", [0, 0], {(0, float(sp.E)), (0, 0)}),
        ("Piecewise((x*(y - x**2), y > x**2), (0, True))", [0, 0], {(0, 0)}),
        ("Piecewise((x*y, x*y > 0), (0, True))", [0, 0], {(0, 0)}),
        ("Piecewise((x + x**2 - 2*y**2, x**2 > 2*y**2), (x, True))", [0, 0], {(1, 0)}),
        ("Piecewise((x, (x**2 - 2*y**2)**2 >= 0), (y, True))", [0, 0], {(1, 0)}),
        ("Piecewise((y**2, y**2 > x**3), (x**3, True))", [0, 0], {(0, 0)}),
        ("Piecewise((Max(-x, 0), y > 0), (0, True))", [1, 0], {(0, 0)}),
        ("Piecewise((x, x**2 + y**2 <= 1), (x/sqrt(x**2 + y**2), True))", FIFTHS, {(1, 0), (0.64, -0.48)}),
        ("Piecewise((x, x**2 + y**2 <= 1), (x/sqrt(x**2 + y**2), True))", [0.6, 0.8], {(1, 0), (0.64, -0.48)}),
        ("Piecewise((Abs(y), Abs(y) > x**2), (x**2, True))", [0, 0], {(0, 1), (0, -1), (0, 0)}),
    ],
)
def test_pieces_that_meet_along_a_guard_are_not_refused(
    text: str, at: list[object], wanted: set[tuple[float, ...]]
) -> None:
    assert vertices(text, at) == wanted


@pytest.mark.parametrize("convert", [Fraction, float])
@pytest.mark.parametrize(
    ("text", "at", "wanted"),
    [
        ("Piecewise((x, x**2 + x**4 >= 0), (7, True))", [0, 0], (1, 0)),
        ("Piecewise((x, x**2 + y**2 >= 0), (7, True))", [0, 0], (1, 0)),
        ("Piecewise((7, x**2 + y**2 < 2*x*y), (x, True))", [1, 1], (1, 0)),
        ("Piecewise((7, y**2 < 4*x*(y - x)), (x, True))", [1, 2], (1, 0)),
        ("Piecewise((7, And(y > x**2, y < -x**2)), (x, True))", [0, 0], (1, 0)),
        ("Piecewise((7, And(y > x**2, y < x**2/2)), (x, True))", [0, 0], (1, 0)),
        ("Piecewise((7, cos(x) > 1), (x, True))", [0, 0], (1, 0)),
        ("Piecewise((7, exp(x) < 1 + x), (x, True))", [0, 0], (1, 0)),
        ("Piecewise((7, sqrt(1 + x) > 1 + x/2), (x, True))", [0, 0], (1, 0)),
    ],
)
def test_sides_that_no_point_meets_are_dropped(
    text: str, at: list[int], wanted: tuple[float, ...], convert: type
) -> None:
    assert vertices(text, [convert(v) for v in at]) == {wanted}
    found = cj.conservative_jacobian(cj.from_sympy(text, state=["x", "y"]), at)
    assert found.exactness is Exactness.EXACT


def test_sums_of_squares_in_many_variables() -> None:
    spread = "x**2 + y**2 + z**2 - x*y - y*z - x*z"
    assert vertices(f"Piecewise((x, {spread} >= 0), (7, True))", [1, 1, 1], "xyz") == {(1, 0, 0)}
    assert vertices(f"Piecewise((7, And({spread} + w < 0, w > x**4)), (x, True))", [0] * 4, "xyzw") == {(1, 0, 0, 0)}


@pytest.mark.parametrize("convert", [Fraction, float])
@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("Piecewise((x, x**2 + y**2 > 0), (7, True))", [0, 0]),
        ("Piecewise((x, (x**2 - y)*(x - y) >= 0), (7, True))", [0, 0]),
        ("Piecewise((7, exp(x) > 1 + x), (x, True))", [0, 0]),
        ("Piecewise((7, And(y > x**2, y < 2*x**2)), (x, True))", [0, 0]),
        ("Piecewise((7, And(y > x**2, y*2 < 3*x**2, x > 0)), (x, True))", [0, 0]),
    ],
)
def test_sides_that_are_met_to_higher_order_only_are_jumps(text: str, at: list[int], convert: type) -> None:
    with pytest.raises(DiscontinuityError, match=r"meets .*: component 0 is .* at the point and .* beside it"):
        vertices(text, [convert(v) for v in at])


def test_what_is_not_decided_is_refused_by_name() -> None:
    motzkin = "x**4*y**2 + x**2*y**4 + z**6 - 3*x**2*y**2*z**2"
    with pytest.raises(DiscontinuityError, match=r"x\*\*4\*y\*\*2.* meets 0, and it cannot be told"):
        vertices(f"Piecewise((x, {motzkin} >= 0), (7, True))", [0, 0, 0], "xyz")


FUNCTIONS = ("exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "asinh", "atan", "atanh", "log")
POWERS = (Fraction(1, 2), Fraction(-1), Fraction(-3, 2), Fraction(3))


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("coefficients", [(1, Fraction(-1, 2), 3), (0, 2), (Fraction(2, 3), 0, 0, 1)])
def test_germs_are_the_series_of_sympy(name: str, coefficients: tuple[Fraction, ...]) -> None:
    """Oracle: sympy's own series."""
    inner, shown = inside(name == "log", coefficients)
    assert_series(GermArithmetic().smooth(name, inner), getattr(sp, name)(shown))


@pytest.mark.parametrize("exponent", POWERS)
@pytest.mark.parametrize("coefficients", [(1, Fraction(-1, 2), 3), (0, 2), (Fraction(2, 3), 0, 0, 1)])
def test_powers_of_germs_are_the_series_of_sympy(exponent: Fraction, coefficients: tuple[Fraction, ...]) -> None:
    inner, shown = inside(4, coefficients)
    power = shown ** sp.Rational(exponent.numerator, exponent.denominator)
    assert_series(GermArithmetic().power(inner, exponent), power)


def inside(start: int, coefficients: tuple[Fraction, ...]) -> tuple[Germ, sp.Expr]:
    terms = [Fraction(start), *map(Fraction, coefficients)]
    return Germ.of(terms), sum(sp.Rational(c.numerator, c.denominator) * T**i for i, c in enumerate(terms))


def assert_series(germ: Germ, wanted: sp.Expr) -> None:
    terms = sp.Poly(sp.series(wanted, T, 0, 5).removeO(), T)
    assert [germ.term(i) for i in range(5)] == [Fraction(int(c.p), int(c.q)) for c in map(terms.nth, range(5))]


def test_germs_refuse_what_they_do_not_know() -> None:
    arithmetic = GermArithmetic()
    t = Germ.power_of_t(1)
    for call in (
        lambda: arithmetic.power(t, Fraction(1, 2)),
        lambda: arithmetic.power(t, Fraction(-1)),
        lambda: arithmetic.power(Germ.of((Fraction(2),)), Fraction(1, 2)),
        lambda: arithmetic.smooth("exp", Germ.of((Fraction(1),))),
        lambda: arithmetic.compare(arithmetic.smooth("exp", t), arithmetic.smooth("exp", t)),
        lambda: arithmetic.smooth("exp", t).term(99),
    ):
        with pytest.raises(FunctionError):
            call()
    assert str(arithmetic.add([t, Germ.of((Fraction(1, 2), Fraction(0), Fraction(-1)))])) == "1/2 + t - t**2"


EXPONENTS = st.tuples(st.integers(0, 3), st.integers(0, 3)).filter(lambda e: 0 < sum(e) <= 4)
POLYNOMIALS = st.dictionaries(EXPONENTS, st.sampled_from([-2, -1, 1, 2]).map(Fraction), min_size=1, max_size=3)


@drawn(20, 200, st.lists(POLYNOMIALS, min_size=1, max_size=2))
def test_signs_seen_near_the_origin_are_among_the_patterns(polynomials: list[dict[tuple[int, ...], Fraction]]) -> None:
    """Every pattern sampled along curves y = c x^k is listed, and none that is listed is called contradictory."""
    patterns = local_patterns(polynomials)
    assert patterns is not None
    tiny = Fraction(1, 10**12)
    for a in (tiny, -tiny, Fraction(0)):
        for c in (-3, -1, Fraction(-1, 3), 0, Fraction(1, 3), 1, 3):
            for k in (1, 2, 3) if a else (1,):
                b = c * abs(a) ** k if a else c * tiny
                values = [sum((f * a**i * b**j for (i, j), f in p.items()), Fraction(0)) for p in polynomials]
                assert tuple(int(np.sign(v)) for v in values) in patterns
    assert not any(contradictory(polynomials, p) for p in patterns)

"""Whether polynomials vanish where others do: certificates are multiplied out, whatever finds them."""

from fractions import Fraction

import numpy as np
import pytest
import sympy

from conservative.functions.continuity.ideals import parts_on, vanishes_on

NAMES = sympy.symbols("x y z")


def polynomial(text):
    found = sympy.Poly(sympy.sympify(text), *NAMES)
    return {tuple(map(int, e)): Fraction(int(c.p), int(c.q)) for e, c in found.terms() if c}


@pytest.mark.parametrize(
    ("gap", "forms", "vanishes", "parts"),
    [
        ("z*(x - y) + x**2 - z**2", ["x - y", "y - z"], True, False),
        ("x*z", ["x - y", "y - z"], False, True),
        ("(2*x - 3*y)*(z + 1) + (y - 5*z)*x**3", ["2*x - 3*y", "y - 5*z"], True, False),
        ("(2*x - 3*y)*(z + 1) + (y - 4*z)*x**3", ["2*x - 3*y", "y - 5*z"], False, True),
        ("x*z", ["x**2 + y**4"], True, False),
        ("x*y + z", ["x**2 + y**4"], False, True),
        ("x*y*z", ["-x**2*y**2"], True, False),
        ("z*x", ["x**2*y**2"], False, True),
        ("x - y**2", ["(x - y**2)**3"], True, None),
        ("x**4 - z", ["x**2 - y", "y**2 - z"], True, None),
        ("x**4 + z", ["x**2 - y", "y**2 - z"], False, None),
        ("0", ["x - y"], True, False),
        ("0", [], True, False),
        ("x", [], False, True),
    ],
)
def test_known_ideals(gap, forms, vanishes, parts):
    gap, forms = polynomial(gap), [polynomial(form) for form in forms]
    assert vanishes_on(gap, forms) is vanishes
    if parts is not None:
        assert parts_on(gap, forms) is parts


def test_a_wrong_certificate_proves_nothing(monkeypatch):
    gap, form = polynomial("x*z - y*z"), polynomial("x - y")
    assert vanishes_on(gap, [form])
    ideal = type(sympy.QQ.old_poly_ring(*NAMES).ideal(NAMES[0]))
    for wrong, right in [([], False), (["d0"], False), ([0], False), (["d2", "d2"], False), (["d2"], True)]:
        monkeypatch.setattr(
            ideal,
            "in_terms_of_generators",
            lambda own, _, qs=wrong: [own.ring.from_sympy(sympy.sympify(q)) for q in qs],
        )
        assert vanishes_on(gap, [form]) is right


def test_a_wrong_part_without_multiple_factors_is_not_used(monkeypatch):
    form = polynomial("(x - y**2)**2")
    monkeypatch.setattr(sympy, "sqf_part", lambda _: sympy.Symbol("d2"))
    assert not vanishes_on(polynomial("z"), [form])
    assert vanishes_on(form, [form])


@pytest.mark.parametrize("seed", range(10))
def test_members_vanish_and_others_part_at_points_of_the_subspace(seed):
    rng = np.random.default_rng(seed)
    point = [Fraction(int(v)) for v in rng.integers(1, 9, 3)]
    forms = [f"{point[1]}*x - {point[0]}*y", f"{point[2]}*x - {point[0]}*z"]
    drawn = " + ".join(f"{rng.integers(-3, 4)}*{m}" for m in ("x", "y*z", "x**2", "z**3", "x*y*z"))
    value = sympy.sympify(drawn).subs(dict(zip(NAMES, [v * sympy.Symbol("t") for v in point], strict=True)))
    vanishes = sympy.expand(value) == 0
    forms = [polynomial(form) for form in forms]
    assert vanishes_on(polynomial(drawn), forms) == vanishes
    assert parts_on(polynomial(drawn), forms) != vanishes

"""Families with parameters: stable somewhere, and each with a counterexample."""

from fractions import Fraction

import pytest

import conservative as cj
from conservative.functions.parametrised import parametrised_family


@pytest.mark.parametrize("name", cj.gallery.parametrised_names())
def test_each_family_has_a_counterexample(name):
    case = cj.gallery.parametrised(name)
    found = cj.counterexample(case.matrices, ranges=case.ranges, samples=2000)
    assert cj.check(found.certificate).valid
    assert len(found.word) == (3 if name == "heavy-ball-short-steps" else 2)


@pytest.mark.parametrize("name", cj.gallery.parametrised_names())
def test_the_matrices_are_those_of_the_method(name):
    """One step on a quadratic of curvature l, from the definition of each method."""
    case = cj.gallery.parametrised(name)
    values = {"alpha": Fraction(1, 3), "beta": Fraction(2, 5), "gamma": Fraction(1, 7), "kappa": Fraction(5, 2)}
    if name == "heavy-ball-short-steps":
        values["alpha"] = Fraction(1)
    if name == "heavy-ball-optimal":  # Polyak 1987: alpha = 4/(sqrt(L) + sqrt(mu))^2, beta the squared rate
        values |= {"r": Fraction(3), "kappa": Fraction(9), "alpha": Fraction(1, 4), "beta": Fraction(1, 4)}
    family = parametrised_family(case.matrices, ranges=case.ranges, call="test")
    exact = family.at([values[n] for n in family.names]).exact
    x, y = Fraction(3), Fraction(-2)
    look = {"nesterov": values["beta"], "triple-momentum": values["gamma"]}.get(name, Fraction(0))
    for matrix, curvature in zip(exact, (Fraction(1), values["kappa"]), strict=True):
        gradient = curvature * (x + look * (x - y))
        expected = (x + values["beta"] * (x - y) - values["alpha"] * gradient, x)
        assert tuple(row[0] * x + row[1] * y for row in matrix) == expected


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(cj.ConservativeError, match="Try nesterov"):
        cj.gallery.parametrised("nestrov")

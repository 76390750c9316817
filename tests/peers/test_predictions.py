"""`explain` against the libraries themselves: every row of the table, and random formulas, infinite ones included."""

import importlib.util

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from peers.formulas import FORMULAS, STATE, TIES, VOCABULARY, selection
from peers.libraries import JAX, PYTORCH
from peers.translation import Translation

import conservative as cj
from conservative.jacobians.explanation.conventions import CONVENTIONS, VERSIONS
from conservative.jacobians.explanation.conventions import TIES as OBSERVED_AT

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]
MISSING = {
    library.name: pytest.mark.skipif(importlib.util.find_spec(module) is None, reason=f"{module} is not installed")
    for library, module in ((JAX, "jax"), (PYTORCH, "torch"))
}
LIBRARIES = [pytest.param(library, id=library.name, marks=MISSING[library.name]) for library in (JAX, PYTORCH)]
ROWS = [row for row in CONVENTIONS if row.framework != "NumPy"]

PREDICTED = {name: sorted({r.spelling for r in ROWS if r.framework == name and not r.open}) for name in VERSIONS}

_INFINITE = st.sampled_from(
    [
        "sqrt({0})", "Piecewise((sqrt({0}), {0} > 0), (0, True))", "Piecewise((log({0}), {0} > 1), ({0} - 1, True))",
        "sqrt(Max({0}, 0))", "sqrt(Abs({0}))", "Max(0, {0})**(3/2)", "1/(1 + Max({0}, {1}))", "({0})*sqrt({0})",
        "Piecewise((1/({0}), {0} > 1), ({0}, True))", "exp(Min({0}, {1}))*Abs({1})", "sqrt(Max({0}, {1}, 0))",
        "sqrt(relu({0})) + sqrt(clip({1}, 0, 1))", "log(1 + Abs({0}))", "atan({0})*sqrt(leaky_relu({1}, 0.25) + 1)",
        "sqrt(1 + hard_tanh({0}))", "sqrt(clip({0}, 0, 6))", "sqrt(median({0}, {1}, 0))",
        "sqrt(sum_largest(1, {0}, 0))",
        "Piecewise((0, {0} <= 0), (sqrt({0})*{1}, True))", "Max(sqrt(Abs({0})) - 5, {1})", "tanh({0})*Max({1}, 0)",
        "Piecewise((-1, {0} <= 0), (log({0}), True))*0",
    ]
)  # fmt: skip
_TREE = st.sampled_from(["x", "y", "x - y", "x + y", "x*y", "x - 1", "-x", "2*x + y", "Abs(x)", "Max(x, y)", "x**2"])
NAN_MAKERS = st.lists(
    st.builds(lambda word, a, b: word.format(f"({a})", f"({b})"), _INFINITE, _TREE, _TREE), min_size=1, max_size=2
)


def finite(matrix):
    return np.where(np.isfinite(matrix), matrix, np.nan)


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_version_is_the_one_of_the_table(library):
    assert library.version == VERSIONS[library.name]


@pytest.mark.parametrize(
    "row", [pytest.param(r, id=f"{r.operation} {r.switch}", marks=MISSING[r.framework]) for r in ROWS]
)
def test_every_row_of_the_table(row):
    library = JAX if row.framework == "JAX" else PYTORCH
    operation, (at, _) = library.operation(row.operation, row.switch), OBSERVED_AT[row.switch]
    np.testing.assert_allclose(library.reverse(operation, at), row.observed, atol=1e-15)
    np.testing.assert_allclose(library.forward(operation, at), row.forward or row.observed, atol=1e-15)


def check_agreement(F, at, library, spellings):
    """Compare every spelling in both modes, by one explanation and one hull."""
    explanation = cj.explain(F, at)
    for spelling in spellings:
        program = Translation(F, library, spelling)
        for mode in ("reverse", "forward"):
            observed = np.atleast_2d(getattr(library, mode)(program, [float(v) for v in at]))
            if not explanation.rounding:
                predicted = explanation.derivative(library.name, spelling=spelling, mode=mode)
                np.testing.assert_allclose(predicted, finite(observed), rtol=1e-10, atol=1e-12)
            # one median among several components shares no choice with them
            if np.isfinite(observed).all() and spelling != "median":
                assert inside(explanation.jacobians.vertices, observed)
    return explanation


def inside(vertices, derivative):
    scale = max(1.0, float(np.abs(vertices).max()))
    return bool(np.all(cj.MatrixPolytope(vertices / scale).contains(derivative[None] / scale, tol=1e-9)))


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(("components", "at"), [v[1:] for v in VOCABULARY], ids=[v[0] for v in VOCABULARY])
def test_the_vocabulary_at_ties(components, at, library):
    F = selection(components, len(at))
    spellings = {d.spelling for d in cj.explain(F, at).derivatives if d.framework == library.name}
    check_agreement(F, at, library, sorted(spellings))


@pytest.mark.parametrize("library", LIBRARIES)
def test_random_formulas_at_ties(library):
    settled = []

    @given(FORMULAS, TIES, st.sampled_from(PREDICTED[library.name]))
    @settings(deadline=None, max_examples=150)
    def compare(components, at, spelling):
        settled.append(not check_agreement(cj.from_sympy(components, state=STATE), at, library, [spelling]).rounding)

    compare()
    assert len(settled) >= 150
    assert np.mean(settled) > 0.9


@pytest.mark.parametrize("library", LIBRARIES)
def test_random_formulas_that_make_nan(library):
    infinite = []

    @given(NAN_MAKERS, TIES, st.sampled_from(PREDICTED[library.name]))
    @settings(deadline=None, max_examples=150)
    def compare(components, at, spelling):
        try:
            F = cj.from_sympy(components, state=STATE)
            explanation = check_agreement(F, at, library, [spelling])
        except cj.ConservativeError:
            assume(False)
        infinite.append(any(np.isnan(d.matrix).any() for d in explanation.derivatives))

    compare()
    assert len(infinite) >= 150
    assert sum(infinite) >= 20


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_tie_that_rounding_decides_is_said_to_be_one(library):
    F = cj.from_sympy("Max(x + y, z)", state=["x", "y", "z"])
    explanation = cj.explain(F, [0.1, 0.2, 0.3])
    assert len(explanation.rounding) == 1
    assert "Rounding decides" in str(explanation)
    observed = library.reverse(Translation(F, library), [0.1, 0.2, 0.3])
    assert inside(explanation.jacobians.vertices, observed)

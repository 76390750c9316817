"""Random formulas and table rows that both libraries are compared on."""

import sympy
from hypothesis import strategies as st
from strategies.functions import PIECEWISE_LINEAR

import conservative as cj
from conservative import vocabulary as V

STATE = ["x", "y"]
TIES = st.sampled_from([(0, 0), (1, 1), (1, -1), (0, 2), (-1, 0)])

_TREES = PIECEWISE_LINEAR.map(lambda tree: tree.text)
_WORDS = st.sampled_from(
    [
        "relu({0})", "leaky_relu({0}, 0.25)", "clip({0}, -1, 1)", "hard_tanh({0})", "hinge({0} + 1)",
        "soft_threshold({0}, 1)", "norm1({0}, {1})", "norm_inf({0}, {1})", "median({0}, {1}, x)",
        "sum_largest(2, {0}, {1}, y)", "total_variation({0}, {1}, x)", "project_simplex(1, {0}, {1}, 1)",
        "Max({0}, {1}, 0)", "Min({0}, 1)*({1} + 2)", "({0} + 1)*({1} - 2)", "({0})**2 - ({1} + 1)**3",
    ]
)  # fmt: skip
_WORDED = st.builds(lambda word, a, b: word.format(f"({a})", f"({b})"), _WORDS, _TREES, _TREES)

FORMULAS = st.lists(st.one_of(_TREES, _WORDED), min_size=1, max_size=2)
"""Components as text: piecewise affine, polynomial in such, and functions of the vocabulary; one or two of them."""

_V = sympy.symbols("v:4")
VOCABULARY = [
    ("sort", V.sort(_V[:2]), [3, 3]),
    ("sort of three", V.sort(_V[:3]), [1, 0, 1]),
    ("top two", V.top_k(_V, k=2), [1, 1, 1, 0]),
    ("median", [V.median(_V)], [1, 1, 1, 1]),
    ("sum of two largest", [V.sum_largest(_V, k=2)], [2, 1, 1, 1]),
    ("total variation", [V.total_variation(_V)], [1, 1, 1, 1]),
    ("box", V.project_box(_V), [0, 1, 0.5, 2]),
    ("nonnegative", V.project_nonnegative(_V), [0, 0, 1, -1]),
    ("halfspace", V.project_halfspace(_V[:2], normal=[1, 2], offset=3), [1, 1]),
    ("simplex", V.project_simplex(_V[:3]), [0.5, 0.5, 0]),
    ("simplex, a face", V.project_simplex(_V), [0.5, 0.5, 0, -1]),
    ("l1 ball", V.project_l1_ball(_V[:2]), [0.5, 0.5]),
    ("l1 ball, signs", V.project_l1_ball(_V), [0.25, -0.25, -0.25, 0.25]),
    ("l1 ball, centre", V.project_l1_ball(_V), [0, 0, 0, 0]),
    ("l2 ball", V.project_l2_ball(_V[:2], radius=5), [3, 4]),
    ("prox of the group norm", V.prox_group(_V[:2], weight=5), [3, 4]),
    ("prox of l1", V.prox_l1(_V, weight=1), [1, -1, 0, 2]),
    ("prox of the infinity norm", V.prox_norm_inf(_V[:2], weight=1), [0.5, 0.5]),
    ("elastic net", V.prox_elastic_net(_V[:2], weight=1, ridge=sympy.Rational(1, 2)), [-1, 1]),
    ("prox of the hinge", [V.prox_hinge(_V[0], weight=1), V.hinge(_V[0] * _V[1])], [1, 1]),
    ("leaky relu", [V.leaky_relu(_V[0]), V.soft_tanh(_V[0]), V.huber(_V[0], width=1)], [0]),
    ("norms", [V.norm1(_V), V.norm_inf(_V)], [0, 1, -1, 0]),
]
"""Name, components and a point with ties."""


def selection(components, width):
    return cj.from_sympy(components, state=_V[:width])

"""Families taken apart: exact block forms, redundant matrices and closed forms against independent oracles."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies.spectral import families, hidden_blocks, product, small_rationals, square_matrices, unimodular_pairs
from strategies.stages import drawn

from conservative import joint_spectral_radius
from conservative._core.families.as_family import as_family
from conservative.spectral import spectral_radius
from conservative.spectral.norms.scaling import balanced_family
from conservative.spectral.reduction import (
    FormKind,
    closed_form,
    essential_matrices,
    is_nilpotent_family,
    triangularise,
)
from conservative.spectral.reduction.rank_one import _better_cycle

LOOSE = {"tol": 0.02}
QUATERNIONS = [
    [[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, -1], [0, 0, 1, 0]],
    [[0, 0, -1, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, -1, 0, 0]],
]


def family_of(rows):
    return as_family(rows, call="test")


def agree(a, b):
    return a.lower <= b.upper * (1 + 1e-15) and b.lower <= a.upper * (1 + 1e-15)


def assert_is_block_form(rows, form):
    """S T = Id, S A T vanishes below the blocks and equals them on the diagonal; all in Fraction."""
    n = len(rows[0])
    identity = [[Fraction(int(i == j)) for j in range(n)] for i in range(n)]
    assert product(form.inverse, form.basis) == identity
    assert sum(form.sizes) == n
    for letter, matrix in enumerate(rows):
        changed = product(product(form.inverse, matrix), form.basis)
        start = 0
        for size, block in zip(form.sizes, form.blocks, strict=True):
            inside = range(start, start + size)
            assert all(changed[r][c] == 0 for r in inside for c in range(start))
            assert [[changed[r][c] for c in inside] for r in inside] == [list(r) for r in block.exact[letter]]
            start += size


@drawn(30, 400, hidden_blocks())
def test_hidden_block_triangular_families_are_found(case):
    sizes, rows = case
    form = triangularise(family_of(rows))
    assert_is_block_form(rows, form)
    assert len(form.sizes) >= len(sizes)
    assert max(form.sizes) <= max(sizes)


@drawn(5, 30, hidden_blocks(max_blocks=2))
def test_the_radius_is_the_largest_over_the_blocks(case):
    _, rows = case
    whole = joint_spectral_radius(rows, **LOOSE)
    blocks = [joint_spectral_radius(block, **LOOSE) for block in triangularise(family_of(rows)).blocks]
    assert whole.lower <= max(b.upper for b in blocks) * (1 + 1e-15)
    assert max(b.lower for b in blocks) <= whole.upper * (1 + 1e-15)


@given(families(max_size=3, max_count=3))
@settings(deadline=None, max_examples=80)
def test_a_block_proved_irreducible_generates_no_proper_subspace_from_any_eigenvector(rows):
    form = triangularise(family_of(rows))
    assert_is_block_form(rows, form)
    for block, proved in zip(form.blocks, form.irreducible, strict=True):
        if not proved or block.size == 1:
            continue
        unit_vectors = np.eye(block.size)
        for start in unit_vectors:
            reached = start[:, None]
            for _ in range(block.size):
                reached = np.hstack([reached, *(m @ reached for m in block.floats)])
            assert np.linalg.matrix_rank(reached) == block.size


@pytest.mark.parametrize(
    "rows",
    [
        [[[1, 1], [0, 1]], [[1, 0], [1, 1]]],
        [[[0, -1], [1, 0]]],
        [[[1, -1], [1, 1]], [[2, -3], [3, 2]]],
        [[[0, 0, 2], [1, 0, 0], [0, 1, 0]]],
    ],
    ids=["free semigroup", "rotation", "a field in the plane", "x^3 - 2"],
)
def test_irreducible_families_stay_whole_and_are_proved_so(rows):
    family = family_of(rows)
    form = triangularise(family)
    assert form.is_trivial
    assert form.irreducible == (True,)
    assert form.blocks == (family,)


@pytest.mark.parametrize("n", [2, 5, 12, 20])
def test_random_doubles_are_proved_irreducible(n):
    form = triangularise(family_of(np.random.default_rng(n).normal(size=(2, n, n))))
    assert form.irreducible == (True,)


def test_a_division_algebra_stays_whole_without_a_claim():
    form = triangularise(family_of(QUATERNIONS))
    assert form.sizes == (4,)
    assert form.irreducible == (False,)


def test_copies_of_one_family_are_told_apart():
    rows = [np.kron(np.array(m), np.eye(3, dtype=int)).tolist() for m in ([[1, 2], [0, 3]], [[1, 1], [1, 0]])]
    left, right = [[1, 2, 0, 0, 0, 1], [0, 1, 0, 0, 0, 0], [0, 3, 1, 0, 0, 0], [0, 0, 0, 1, 0, 0]], None
    left = [*left, [0, 0, -2, 0, 1, 0], [0, 0, 0, 0, 0, 1]]
    right = np.rint(np.linalg.inv(np.array(left))).astype(int).tolist()
    hidden = [product(product(left, m), right) for m in rows]
    form = triangularise(family_of(hidden))
    assert_is_block_form(hidden, form)
    assert form.sizes == (2, 2, 2)


def test_stochastic_matrices_split_off_the_constants():
    weights = np.random.default_rng(3).integers(1, 9, size=(2, 6, 6))
    rows = [[[Fraction(int(x), int(sum(row))) for x in row] for row in m] for m in weights]
    form = triangularise(family_of(rows))
    assert form.sizes == (1, 5)
    assert form.blocks[0].exact == (((Fraction(1),),),) * 2
    assert triangularise(family_of([list(zip(*m, strict=True)) for m in rows])).sizes == (5, 1)


def test_an_overflow_keeps_the_block_whole():
    big = 1.5e308
    family = family_of([[[big, big], [big, big]]])
    form = triangularise(family)
    assert form.sizes == (2,)
    assert form.irreducible == (False,)


@drawn(10, 40, st.data())
def test_nilpotent_families_are_recognised_in_any_basis(data):
    n = data.draw(st.integers(1, 4))
    left, right = data.draw(unimodular_pairs(n))
    rows = []
    for _ in range(2):
        m = data.draw(square_matrices(n))
        strict = [[x if i < j else Fraction(0) for j, x in enumerate(row)] for i, row in enumerate(m)]
        rows.append(product(product(left, strict), right))
    assert is_nilpotent_family(family_of(rows))
    rows[0] = [[x + int(i == j == 0) for j, x in enumerate(row)] for i, row in enumerate(rows[0])]
    assert not is_nilpotent_family(family_of(rows))


def test_a_trace_that_only_rounds_to_a_nonzero_double_is_zero():
    scaled = [["1/10", "1/10", "-1/10"], ["2/10", "2/10", "-2/10"], ["3/10", "3/10", "-3/10"]]
    assert sum(np.diag(family_of([scaled]).floats[0])) != 0
    assert is_nilpotent_family(family_of([scaled]))


@drawn(6, 25, st.data())
def test_combinations_are_removed_and_vertices_stay(data):
    rows = data.draw(families(max_size=2, max_count=3))
    count = data.draw(st.integers(1, 3))
    extended = list(rows)
    for _ in range(count):
        signs = data.draw(st.lists(st.integers(-3, 3), min_size=len(rows), max_size=len(rows)))
        total = max(sum(map(abs, signs)), 1)
        mixed = [
            [
                sum((Fraction(s, total) * m[r][c] for s, m in zip(signs, rows, strict=True)), Fraction(0))
                for c in range(len(row))
            ]
            for r, row in enumerate(rows[0])
        ]
        extended.append(mixed)
    kept = essential_matrices(family_of(extended))
    assert kept.family.exact == tuple(tuple(map(tuple, extended[i])) for i in kept.letters)
    assert 1 <= kept.family.count <= max(len(rows), 1)
    assert agree(joint_spectral_radius(extended, tol=0.05), joint_spectral_radius(kept.family, tol=0.05))


def test_letters_lead_back_to_the_original_family():
    a, b = [[1, 2], [3, 4]], [[0, 1], [1, 1]]
    minus_a = [[-1, -2], [-3, -4]]
    middle = [["1/2", "3/2"], [2, "5/2"]]
    kept = essential_matrices(family_of([[[0, 0], [0, 0]], a, minus_a, middle, b, a]))
    assert kept.letters == (1, 4)
    assert kept.original((0, 1, 1)) == (1, 4, 4)


def test_a_combination_that_is_off_by_one_part_in_a_billion_billions_stays():
    a, b = [[1, 0], [0, 0]], [[0, 0], [0, 1]]
    outside = [[Fraction(1, 2), 0], [0, Fraction(1, 2) + Fraction(1, 10**18)]]
    assert essential_matrices(family_of([a, b, outside])).letters == (0, 1, 2)


def test_matrices_inside_a_full_dimensional_hull_are_removed():
    rng = np.random.default_rng(4)
    inner = rng.normal(size=(5, 2, 2)) * 0.05
    outer = np.concatenate([np.eye(4).reshape(4, 2, 2), rng.normal(size=(2, 2, 2)) * 0.05])
    kept = essential_matrices(family_of(np.concatenate([inner, outer])))
    assert kept.letters == (5, 6, 7, 8)


def simple_cycles(k):
    for length in range(1, k + 1):
        for nodes in itertools.permutations(range(k), length):
            if nodes[0] == min(nodes):
                yield nodes


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_rank_one_families_attain_the_largest_cycle_mean(data):
    n, k = data.draw(st.integers(2, 3)), data.draw(st.integers(2, 4))
    vectors = st.lists(small_rationals, min_size=n, max_size=n)
    pairs = [(data.draw(vectors), data.draw(vectors)) for _ in range(k)]
    rows = [[[x * y for y in v] for x in u] for u, v in pairs]
    form = closed_form(family_of(rows))
    assert form is not None
    means = []
    for cycle in simple_cycles(k):
        value = Fraction(1)
        for i, j in zip(cycle, cycle[1:] + cycle[:1], strict=True):
            value *= abs(sum(x * y for x, y in zip(pairs[i][1], pairs[j][0], strict=True)))
        means.append(float(value) ** (1 / len(cycle)))
    assert form.radius.lower <= max(means) * (1 + 1e-12)
    assert form.radius.upper >= max(means) * (1 - 1e-12)


def test_a_worse_cycle_is_replaced_by_a_better_one():
    weights = [[Fraction(1), Fraction(3)], [Fraction(1), Fraction(1)]]
    assert _better_cycle(weights, (0,)) in {(0, 1), (1, 0)}
    assert _better_cycle(weights, (0, 1)) is None
    assert _better_cycle([[Fraction(1), Fraction(1)], [Fraction(1), Fraction(1)]], (0, 1)) is None


@pytest.mark.parametrize(
    ("rows", "kind", "word", "value"),
    [
        ([[[1, 1], [0, 0]], [[1, 0], [1, 0]]], FormKind.RANK_ONE, (0, 1), 2**0.5),
        ([[[0, 1], [0, 0]], [[0, 2], [0, 0]]], FormKind.NILPOTENT, (0,), 0.0),
        ([[[1, 2], [3, 1]]], FormKind.SINGLE, (0,), 1 + 6**0.5),
        ([[[1, 2], [3, 1]], [[2, 4], [6, 2]]], FormKind.COMMUTING, (1,), 2 * (1 + 6**0.5)),
        ([[[1, 1], [0, 1]], [["1/2", 7], [0, "1/2"]]], FormKind.COMMUTING, (0,), 1.0),
        ([[[0, 1], [1, 0]], [[2, 1], [1, 2]]], FormKind.NORMAL, (1,), 3.0),
        ([[[0, -2], [2, 0]], [[1, 1], [1, 1]]], FormKind.NORMAL, (0,), 2.0),
        ([[[-5]], [[4]]], FormKind.NORMAL, (0,), 5.0),
    ],
)
def test_closed_forms(rows, kind, word, value):
    form = closed_form(family_of(rows))
    assert (form.kind, form.word) == (kind, word)
    assert form.radius.lower <= value * (1 + 1e-15)
    assert form.radius.upper >= value * (1 - 1e-15)
    assert form.radius.width <= 1e-14 * max(value, 1)
    assert (form.weight is not None) == (kind is FormKind.NORMAL)


@pytest.mark.parametrize("rows", [[[[1, 1], [0, 1]], [[1, 0], [1, 1]]], [[[1, 1], [0, 1]], [[1, 0], [0, 2]]]])
def test_families_without_a_closed_form(rows):
    assert closed_form(family_of(rows)) is None


@drawn(15, 200, families(max_size=3, max_count=2))
def test_closed_forms_meet_the_search(rows):
    form = closed_form(family_of(rows))
    assume(form is not None)
    assert agree(form.radius, joint_spectral_radius(rows, **LOOSE))


@pytest.mark.parametrize("exponent", [-300, 300])
def test_extreme_entries_are_scaled_exactly(exponent):
    base = np.array([[[3.0, 1.0], [-2.0, 0.5]], [[1.0, 4.0], [0.25, -1.0]]])
    family = family_of(base * 10.0**exponent)
    scaled = balanced_family(family)
    assert scaled.scale.numerator == 1 or scaled.scale.denominator == 1
    assert 0.4 <= np.abs(scaled.floats).max() <= 2
    assert scaled.error.max() <= 1e-15
    bracket = joint_spectral_radius(family, **LOOSE)
    reference = joint_spectral_radius(base, **LOOSE)
    assert bracket.lower / 10.0**exponent <= reference.upper * (1 + 1e-12)
    assert bracket.upper / 10.0**exponent >= reference.lower * (1 - 1e-12)


def test_entries_of_both_extremes_are_balanced():
    family = family_of([[[0.5, 1e300], [1e-300, 0.5]], [[0.25, 0], [1e-300, 0.5]]])
    scaled = balanced_family(family)
    assert 0.05 <= np.abs(scaled.floats[0]).min() <= np.abs(scaled.floats[0]).max() <= 2
    radius = spectral_radius([[0.5, 1e300], [1e-300, 0.5]])
    assert radius.lower <= 1.5 * (1 + 1e-12)
    assert joint_spectral_radius(family, **LOOSE).upper <= 1.6

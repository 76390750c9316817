"""The parts of the engine: candidates, cycles, growth, proofs; budgets, interrupts and tolerances of the whole."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
import scipy.linalg
from hypothesis import strategies as st
from strategies.spectral import hidden_blocks, unimodular_pairs
from strategies.stages import drawn

from conservative import check, joint_spectral_radius
from conservative._core.families.as_family import as_family
from conservative.certificates import upper_certificate
from conservative.spectral import Automaton, RadiusStatus
from conservative.spectral.norms.isometries import preserved_form
from conservative.spectral.polytope.all_letters import optimised, reach
from conservative.spectral.polytope.columns import HullKind
from conservative.spectral.polytope.growth import grow
from conservative.spectral.polytope.rational import polytope_proof
from conservative.spectral.polytope.roots import balanced, hull_kind, leading_cycles
from conservative.spectral.polytope.shape import Growth
from conservative.spectral.polytope.spanning import start
from conservative.spectral.radius import block_search, family_radius, search
from conservative.spectral.words.candidates import ranked_words

U, L = np.array([[1.0, 1], [0, 1]]), np.array([[1.0, 0], [1, 1]])
HEAVY_BALL = np.array([[[0.75, -0.75], [1, 0]], [[1.5, -0.75], [1, 0]]])
HEAVY_RATE = 1.03214353442003
GOLDEN = (1 + 5**0.5) / 2
COMPLEX = np.array(
    [
        [[0.0, -1, 1, 1], [1, 0, 0, 0], [0, -1, 0, 0], [1, -1, -1, 0]],
        [[0.0, -1, 1, 0], [-1, -1, 1, 1], [-1, 0, 0, 0], [-1, -1, 0, -1]],
    ]
)


def rate_of(matrices, word):
    product = np.linalg.multi_dot([np.eye(matrices.shape[1]), *matrices[list(word)], np.eye(matrices.shape[1])])
    return np.abs(np.linalg.eigvals(product)).max() ** (1 / len(word))


def best_rate(matrices, length, allowed=lambda word: True):
    words = (w for n in range(1, length + 1) for w in itertools.product(range(len(matrices)), repeat=n))
    return max((rate_of(matrices, w) for w in words if allowed(w)), default=0.0)


@pytest.mark.parametrize("seed", range(12))
def test_wide_searches_find_what_listing_all_words_finds(seed):
    rng = np.random.default_rng(seed)
    matrices = rng.standard_normal((2 + seed % 2, 2 + seed % 3, 2 + seed % 3))
    found = ranked_words(matrices, max_length=6, width=10**4)
    assert found[0].rate == pytest.approx(best_rate(matrices, 6), rel=1e-9)
    assert all(rate_of(matrices, c.word) == pytest.approx(c.rate, rel=1e-9) for c in found)
    assert len({c.word for c in found}) == len(found)


def test_narrow_searches_never_claim_more_than_there_is():
    for seed in range(10):
        matrices = np.random.default_rng(seed).standard_normal((2, 3, 3))
        best = ranked_words(matrices, max_length=20, width=4)[0]
        assert best.rate == pytest.approx(rate_of(matrices, best.word), rel=1e-9)


def assert_cycles(cycles, matrices):
    """v, A_l v, ...: each vertex is the image of the one before, and the left eigenvector fits."""
    for cycle in cycles:
        for before, letter, after in zip(cycle.vertices, cycle.word[:0:-1], cycle.vertices[1:], strict=False):
            np.testing.assert_allclose(matrices[letter] @ before, after, atol=1e-12)
        last = matrices[cycle.word[0]] @ cycle.vertices[-1]
        factor = (cycle.left @ last) / (cycle.left @ cycle.vertices[0])
        np.testing.assert_allclose(last, factor * cycle.vertices[0], atol=1e-9)
        assert cycle.left @ cycle.vertices[0] == pytest.approx(1, abs=1e-9)
        assert cycle.closes == (abs(abs(factor) - 1) <= 1e-9 * len(cycle.word))


def turn(degrees):
    t = np.radians(degrees)
    return np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])


@pytest.mark.parametrize(
    ("matrices", "word", "count", "kind"),
    [
        (np.array([U, L]) / GOLDEN, (0, 1), 1, HullKind.MONOTONE),
        (HEAVY_BALL / HEAVY_RATE, (0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 1), 1, HullKind.SYMMETRIC),
        (COMPLEX / 1.777919122033, (1,), 1, HullKind.ELLIPTIC),
        (np.diag([1.0, -1, 0.5])[None], (0,), 2, HullKind.SYMMETRIC),
        (np.diag([-1.0, 0.5])[None], (0,), 1, HullKind.SYMMETRIC),
        (np.eye(3)[None], (0,), 3, HullKind.MONOTONE),
        (np.array([np.kron(np.eye(2), turn(40))]), (0,), 2, HullKind.ELLIPTIC),
    ],
    ids=["real", "long", "complex", "two leading", "negative", "all leading", "two complex pairs"],
)
def test_cycles_of_leading_eigenvectors(matrices, word, count, kind):
    cycles = leading_cycles(matrices, word)
    assert len(cycles) == count
    assert_cycles(cycles, matrices)
    assert_cycles(balanced(cycles, matrices), matrices)
    if kind is not HullKind.MONOTONE or count == 1:
        assert hull_kind(matrices, cycles) is kind


def test_defective_eigenvalues_have_no_cycle():
    assert leading_cycles(np.array([[[1.0, 1], [0, 1]]]), (0,)) == []


def proves(family, polytope, rate, bound):
    proof = polytope_proof(family, polytope, rate=Fraction(rate), bound=Fraction(bound))
    return check(upper_certificate(family, proof, Fraction(bound))).valid


@pytest.mark.parametrize(
    ("matrices", "word", "rate"),
    [
        (np.array([U, L]), (0, 1), GOLDEN),
        (HEAVY_BALL, (0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 1), HEAVY_RATE),
        (COMPLEX, (1,), 1.777919122033),
    ],
    ids=["monotone", "symmetric", "elliptic"],
)
def test_growth_closes_on_known_families_and_the_proof_is_accepted(matrices, word, rate):
    rate = rate_of(matrices, word)
    unit = matrices / rate
    begun = start(unit, leading_cycles(unit, word))
    grown = grow(begun, accept=5e-11, max_vertices=2000, deadline=np.inf)
    assert grown.state is Growth.CLOSED
    assert reach(grown) <= 1 + 5e-11
    child = grown.parent >= 0
    images = np.einsum("kij,kj->ki", unit[grown.letter[child]], grown.vertices[grown.parent[child]])
    np.testing.assert_allclose(grown.vertices[child], images, atol=1e-9)
    assert proves(as_family(matrices, call="test"), grown, rate, rate * (1 + 1e-9))


@pytest.mark.parametrize("most", [0, 5, 8])
def test_open_polytopes_prove_what_their_worst_image_needs(most):
    unit = HEAVY_BALL / HEAVY_RATE
    begun = start(unit, leading_cycles(unit, (0, 0, 1, 1)))
    grown = optimised(grow(begun, accept=5e-11, max_vertices=most, deadline=np.inf), deadline=np.inf)
    assert grown.state is Growth.OPEN
    bound = HEAVY_RATE * reach(grown) * (1 + 1e-9)
    assert bound >= HEAVY_RATE
    assert proves(as_family(HEAVY_BALL, call="test"), grown, HEAVY_RATE, bound)


def test_no_time_leaves_growth_open():
    unit = HEAVY_BALL / HEAVY_RATE
    begun = start(unit, leading_cycles(unit, (0, 0, 1, 1)))
    assert grow(begun, accept=5e-11, max_vertices=100, deadline=-np.inf).state is Growth.OPEN


@drawn(6, 60, hidden_blocks(max_blocks=3, max_size=2))
def test_hidden_blocks_have_the_largest_radius_and_check(drawn):
    _, family = drawn
    found = joint_spectral_radius(family, tol=1e-4, time_limit=20)
    floats = np.array([[[float(x) for x in row] for row in m] for m in family])
    assert best_rate(floats, 4) <= found.upper * (1 + 1e-4) + 1e-4
    assert found.certificate is None or check(found.certificate).valid


@drawn(6, 80, st.data())
def test_redundant_matrices_are_covered_by_the_certificate(data):
    weights = [data.draw(st.integers(-3, 3)) for _ in range(2)]
    total = sum(map(abs, weights)) or 1
    mixed = [
        sum(Fraction(w, total) * Fraction(m) for w, m in zip(weights, e, strict=True))
        for e in zip(U.ravel(), L.ravel(), strict=True)
    ]
    left, right = data.draw(unimodular_pairs(2))
    family = [U.tolist(), L.tolist(), U.tolist(), [mixed[:2], mixed[2:]], (-L).tolist()]
    order = data.draw(st.permutations(range(5)))
    moved = [
        np.array(left, dtype=object) @ np.array(family[i], dtype=object) @ np.array(right, dtype=object) for i in order
    ]
    moved = [[[Fraction(x) for x in row] for row in m] for m in moved]
    found = joint_spectral_radius(moved)
    assert found.lower <= GOLDEN <= found.upper <= found.lower * (1 + 1e-9)
    assert len(found.certificate.document["problem"]["matrices"]) == 5
    assert check(found.certificate).valid


@pytest.mark.parametrize("forbidden", [[(1, 1)], [(0, 0)], [(0, 1, 0)], [(1, 1), (0, 0, 0)]])
@pytest.mark.parametrize("seed", range(3))
def test_constrained_radii_meet_all_allowed_closed_words(forbidden, seed):
    matrices = np.random.default_rng(seed).standard_normal((2, 2, 2))
    automaton = Automaton.from_forbidden(forbidden, letters=2)
    found = joint_spectral_radius(matrices, automaton=automaton)
    cyclic = lambda word: automaton.allows(word * 8)  # noqa: E731
    best = best_rate(matrices, 8, cyclic)
    assert best * (1 - 1e-9) <= found.upper
    assert cyclic(found.word)
    assert rate_of(matrices, found.word) == pytest.approx(found.lower, rel=1e-9)
    assert check(found.certificate).valid
    assert found.upper <= joint_spectral_radius(matrices).upper * (1 + 1e-9)


@pytest.mark.parametrize("limit", [0, 1e-9, 1e-3, 0.02, 0.2])
@pytest.mark.parametrize("name", ["heavy ball", "complex", "gauss"])
def test_time_limits_leave_valid_brackets(name, limit):
    matrices, value = {
        "heavy ball": (HEAVY_BALL, HEAVY_RATE),
        "complex": (COMPLEX, 1.777919122033),
        "gauss": (np.random.default_rng(0).standard_normal((2, 6, 6)), None),
    }[name]
    found = joint_spectral_radius(matrices, time_limit=limit)
    value = best_rate(matrices, 6) if value is None else value
    assert found.lower <= found.upper < np.inf
    assert value <= found.upper * (1 + 1e-9)
    assert name == "gauss" or found.lower <= value * (1 + 1e-9)
    closed = found.upper <= found.lower * (1 + 1e-9)
    assert closed == (found.status in {RadiusStatus.CLOSED, RadiusStatus.EXACT})
    assert closed or found.status is RadiusStatus.TIME_LIMIT
    assert found.certificate is None or check(found.certificate).valid


LONG_WORD = [[[-2, -3], [1, -2]], [[2, -1], [1, -1]], [[-2, -3], [2, -3]]]
"""The radius belongs to a word of 37 letters, which the first search does not find."""

INTERRUPTS = [
    *[("heavy ball", search, "closed_form", call) for call in (1, 2)],
    ("heavy ball", search, "triangularise", 1),
    *[("two blocks", search, "prepare_block", call) for call in (1, 2)],
    *[("two blocks", search, "first_words", call) for call in (1, 2)],
    *[("heavy ball", block_search, "grow", call) for call in (1, 2)],
    *[("two blocks", block_search, "ranked_words", call) for call in (1, 2, 3, 4)],
    ("long word", block_search, "ellipsoid_norm", 1),
    *[(name, family_radius, "prove", 1) for name in ("heavy ball", "two blocks")],
    *[(name, family_radius, "prove_exactly", 1) for name in ("heavy ball", "two blocks")],
]


@pytest.mark.parametrize(("family", "module", "name", "call"), INTERRUPTS)
def test_interrupts_anywhere_leave_valid_brackets(monkeypatch, family, module, name, call):
    """An interrupt in the n-th call of a part of the engine, which is made."""
    matrices = {
        "heavy ball": HEAVY_BALL,
        "two blocks": np.array([scipy.linalg.block_diag(M, 0.45 * N) for M, N in zip(HEAVY_BALL, (U, L), strict=True)]),
        "long word": np.array(LONG_WORD, dtype=float),
    }[family]
    whole = joint_spectral_radius(matrices)
    original, calls = getattr(module, name), []

    def interrupted(*args, **options):
        calls.append(name)
        if len(calls) == call:
            raise KeyboardInterrupt
        return original(*args, **options)

    monkeypatch.setattr(module, name, interrupted)
    found = joint_spectral_radius(matrices)
    assert len(calls) >= call  # what is proved at once after it may call the same part again
    assert found.lower <= whole.upper * (1 + 1e-12)
    assert whole.lower * (1 - 1e-12) <= found.upper < np.inf
    assert found.certificate is None or check(found.certificate).valid
    if found.upper > found.lower * (1 + 1e-9):
        assert found.status is RadiusStatus.INTERRUPTED


def test_an_interrupt_of_the_exact_proof_keeps_the_proved_bracket(monkeypatch):
    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(family_radius, "prove_exactly", interrupted)
    found = joint_spectral_radius(HEAVY_BALL)
    assert found.upper <= found.lower * (1 + 1e-9)
    assert found.status is RadiusStatus.CLOSED
    assert check(found.certificate).valid


@pytest.mark.parametrize("tol", [0, 1e-15, 1e-12, 1e-6, 1e-3, 0.5])
@pytest.mark.parametrize("name", ["golden", "heavy ball", "complex", "defective", "isometries"])
def test_closed_means_closed_at_every_tolerance(name, tol):
    matrices, value = {
        "golden": (np.array([U, L]), GOLDEN),
        "heavy ball": (HEAVY_BALL, HEAVY_RATE),
        "complex": (COMPLEX, 1.777919122033),
        "defective": (np.array([U, -0.5 * U]), 1.0),
        "isometries": (np.array([turn(30), turn(45) @ np.diag([1, -1])]), 1.0),
    }[name]
    found = joint_spectral_radius(matrices, tol=tol)
    assert found.lower <= value * (1 + 1e-11)
    assert value * (1 - 1e-11) <= found.upper
    if found.status is RadiusStatus.CLOSED:
        assert found.upper <= found.lower * (1 + tol)
    else:
        assert found.status is RadiusStatus.EXACT or found.upper > found.lower * (1 + tol)
    assert check(found.certificate).valid


def test_forms_of_groups_are_found_in_any_basis():
    rng = np.random.default_rng(3)
    for n in (2, 3, 5):
        skew = rng.standard_normal((n, n))
        group = np.array([skew @ q @ np.linalg.inv(skew) for q in np.linalg.qr(rng.standard_normal((2, n, n)))[0]])
        form = preserved_form(group, rate=1.0)
        np.testing.assert_allclose(
            group.transpose(0, 2, 1) @ form @ group, np.array([form, form]), atol=1e-9 * np.abs(form).max()
        )
        assert preserved_form(group, rate=0.99) is None
    assert preserved_form(np.array([U, L]), rate=GOLDEN) is None
    assert preserved_form(np.zeros((1, 2, 2)), rate=1.0) is None

"""What the engine hands out: every certificate checks, and a change of it is refused or proves something true."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies.certificates import at, places, seal
from strategies.stages import drawn

import conservative as cj
from conservative import check, joint_spectral_radius
from conservative._core.families.as_family import as_family
from conservative.certificates import QuadraticProof, check_text, expansion_certificate
from conservative.spectral.automata.automaton import Automaton
from conservative.spectral.automata.lifting import lifted_family
from conservative.spectral.radius import family_radius, search
from conservative.spectral.radius.certify import RadiusProblem, bracket_or_upper, is_identity
from conservative.spectral.radius.certify_open import prove_form
from conservative.spectral.radius.decimal_rounding import decimal_above

U, L = [[1, 1], [0, 1]], [[1, 0], [1, 1]]
GOLDEN = (1 + 5**0.5) / 2

# Family, its radius, and the kind of hull or norm that proves it.
FAMILIES = {
    "monotone": ([U, L], GOLDEN),
    "symmetric": ([[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]], 1.03214353442003),
    "elliptic": (
        [
            [[0, -1, 1, 1], [1, 0, 0, 0], [0, -1, 0, 0], [1, -1, -1, 0]],
            [[0, -1, 1, 0], [-1, -1, 1, 1], [-1, 0, 0, 0], [-1, -1, 0, -1]],
        ],
        1.777919122033,
    ),
    "blocks": ([[[1, 1, 5], [0, 1, 7], [0, 0, 1]], [[1, 0, 1], [1, 1, 2], [0, 0, -1]]], GOLDEN),
    "norm": ([[["3/5", "4/5"], ["-4/5", "3/5"]], [["5/13", "12/13"], ["-12/13", "5/13"]]], 1.0),
    "expansion": ([[["1/2", 1], [0, 2]], [[1, 3], ["1/5", 0]]], None),
}
CERTIFICATES = {
    name: expansion_certificate(family, (0,)) if name == "expansion" else joint_spectral_radius(family).certificate
    for name, (family, _) in FAMILIES.items()
}


def test_the_families_are_proved_in_different_ways():
    texts = {name: certificate.text for name, certificate in CERTIFICATES.items()}
    for hull in ("monotone", "symmetric", "elliptic"):
        assert f'"{hull}"' in texts[hull]
    assert '"blocks"' in texts["blocks"]
    assert '"P"' in texts["norm"]
    assert CERTIFICATES["expansion"].kind == "expansion"


@pytest.mark.parametrize("name", FAMILIES)
def test_handed_out_certificates_check_after_a_round_trip(name, tmp_path):
    certificate = CERTIFICATES[name]
    assert check(certificate).valid
    certificate.save(tmp_path / "radius.json")
    assert check(tmp_path / "radius.json").valid
    assert check_text(json.dumps(certificate.document)).valid


@settings(deadline=None, max_examples=80)
@given(st.data())
def test_a_changed_digit_is_refused(data):
    text = CERTIFICATES[data.draw(st.sampled_from(sorted(FAMILIES)))].text
    position = data.draw(st.sampled_from([i for i, c in enumerate(text) if c in "0123456789"]))
    other = data.draw(st.sampled_from([c for c in "0123456789" if c != text[position]]))
    assert not check_text(text[:position] + other + text[position + 1 :]).valid


def nudged(data, value):
    """A nearby value of the same type: another digit, sign, letter, entry or order."""
    if isinstance(value, bool) or value is None:
        return [0, 1]
    if isinstance(value, int):
        return value + data.draw(st.sampled_from([-1, 1, 2, -value - value]))
    if isinstance(value, str):
        digits = [i for i, c in enumerate(value) if c.isdigit()]
        if not digits:
            return data.draw(st.sampled_from(["symmetric", "monotone", "elliptic", "<", "=", "<="]))
        i = data.draw(st.sampled_from(digits))
        return data.draw(st.sampled_from([value[:i] + c + value[i + 1 :] for c in "012345789"] + ["-" + value]))
    if isinstance(value, list) and value:
        return data.draw(st.sampled_from([value[1:], value[::-1], value + value[:1], []]))
    return []


def says_the_truth(claim, radius):
    low, high = (float(Fraction(claim.get(end, claim.get("bound")))) for end in ("lower", "upper"))
    below = claim["relation"] in {"<", "<="} or low <= radius * (1 + 1e-12)
    return below and (claim["relation"] in {">", ">="} or high >= radius * (1 - 1e-12))


@drawn(150, 1500, st.data())
def test_a_forger_who_seals_a_changed_proof_is_refused_or_proves_the_truth(data):
    name = data.draw(st.sampled_from(sorted(set(FAMILIES) - {"expansion"})))
    document = json.loads(CERTIFICATES[name].text)
    part = data.draw(st.sampled_from(["proof", "claim"]))
    path = data.draw(st.sampled_from(places(document[part])))
    parent = at(document[part], path[:-1])
    old = parent[path[-1]]
    parent[path[-1]] = nudged(data, old)
    assume(parent[path[-1]] != old)
    try:
        verdict = check(seal(document))
    except (KeyError, TypeError, IndexError, AttributeError, ValueError):
        assume(False)
        return
    if verdict.valid:
        assert says_the_truth(document["claim"], FAMILIES[name][1])


@pytest.mark.parametrize("name", sorted(set(FAMILIES) - {"expansion"}))
@pytest.mark.parametrize("part", [1e-6, 1e-3, 0.5])
def test_bounds_below_the_radius_are_refused(name, part):
    """The proof with its claim lowered: all numbers as they were, the upper end below the true radius."""
    document = json.loads(CERTIFICATES[name].text)
    claim = document["claim"]
    for end in {"lower", "upper", "bound"} & set(claim):
        claim[end] = str(Fraction(claim[end]) * (1 - Fraction(part)))
    assert not check(seal(document)).valid


INTEGERS = [[[1, 2], [-1, 0]], [[0, 1], [1, -1]]]


@pytest.mark.parametrize(("family", "value"), [FAMILIES["symmetric"], FAMILIES["elliptic"], (INTEGERS, GOLDEN)])
def test_the_bound_of_branch_and_bound_is_certified_by_its_words(family, value, monkeypatch):
    monkeypatch.setattr(family_radius, "stages", lambda *_, **__: iter(()))  # no polytope, and
    monkeypatch.setattr(family_radius, "prove_form", lambda *_, **__: None)  # no form: branch and bound alone
    result = joint_spectral_radius(family, tol=0.05)
    claim, proof = result.certificate.claim, result.certificate.document["proof"]
    assert result.lower <= value * (1 + 1e-12)
    assert value <= result.upper <= 1.06 * value
    assert proof["upper"]["kind"] == "products"
    assert max(map(len, proof["upper"]["proof"]["words"])) > 1
    assert claim.upper <= result.upper * (1 + 1e-9)
    assert check(result.certificate)
    assert "certified" not in repr(result)


JORDAN = [[3.0 * (i == j) + 10.0 * (j == i + 1) + 1e-9 * (i - j == 5) for j in range(6)] for i in range(6)]


@pytest.mark.parametrize(
    "matrix",
    [
        [[103.81711443, -379.66888696], [28.00267235, -102.39875673]],
        [[841470.6, -841470.2], [841471.9, -841469.5]],
        JORDAN,
    ],
)
def test_the_certificate_of_one_matrix_is_as_narrow_as_its_bracket(matrix):
    result = joint_spectral_radius([matrix])
    claim = result.certificate.claim
    assert claim.lower >= Fraction(result.lower) * (1 - Fraction(1, 10**15))
    assert claim.upper <= Fraction(result.lower) * (1 + Fraction(1, 10**12))
    assert check(result.certificate)
    assert "certified" not in repr(result)


ROTATIONS = [
    [[2, -3, 1, 0], [-2, -8, -1, 4], [2, 4, -5, 4], [-1, 1, 5, -4]],
    [[-3, -2, -3, 1], [0, 1, -6, 1], [-2, 3, 3, -8], [-4, -5, 6, 2]],
    [[-7, -3, -3, -1], [-1, -7, 2, -2], [-4, 0, -3, 4], [1, -1, 5, -5]],
]
"""Each turns a plane by an angle of its own and shrinks the rest, but for rounding: polytopes need many vertices."""


CUBIC = [[3, 0, 1], [-2, -1, -1], [-2, -3, -2]]  # its radius 2.88896... is irrational
DEFECTIVE = [[1, 2, 1, 0], [1, 1, 0, 1], [0, 0, 1, 2], [0, 0, 1, 1]]  # [[1, 2], [1, 1]] with itself above: 1 + sqrt(2)

TURNING = [[0, -3, 2, -1], [1, -3, -2, -2], [1, -3, 1, -3], [-1, 2, -2, 1]]  # its leading eigenvalues are complex


def polynomials_of(matrix):
    A = np.array(matrix)
    return [A, A @ A - A, A + 2 * np.eye(len(A), dtype=int)]


@pytest.mark.parametrize(
    ("family", "edges", "radius"),
    [
        ([CUBIC], [(0, 1, 0), (1, 0, 0)], 2.888969400889307),
        ([CUBIC], [(0, 0, 0), (0, 1, 0), (1, 1, 0)], 2.888969400889307),
        ([CUBIC, np.full((3, 3), 100)], [(0, 1, 0), (1, 0, 0), (1, 2, 1), (3, 0, 1)], 2.888969400889307),
        ([DEFECTIVE], [(0, 1, 0), (1, 2, 0), (2, 0, 0)], 1 + 2**0.5),
        ([TURNING, 2 * np.eye(4, dtype=int)], None, 4.04462460892538),
        (polynomials_of(CUBIC), None, 10.401893163287141),
        (polynomials_of(DEFECTIVE), None, 3 + 2**0.5),
    ],
)
def test_radii_that_a_theorem_gives_are_certified_as_narrowly_as_they_are_known(family, edges, radius):
    automaton = None if edges is None else Automaton(max(max(e[:2]) for e in edges) + 1, edges, len(family))
    found = joint_spectral_radius(family, automaton=automaton, time_limit=60)
    claim = found.certificate.claim
    assert claim.lower <= radius * (1 + 1e-12)
    assert radius * (1 - 1e-12) <= claim.upper <= found.upper * (1 + 1e-9)
    assert check(found.certificate).valid


def test_a_sum_of_squares_is_among_the_upper_ends_and_certified(monkeypatch):
    """Without polytopes, as where they are begun too late: it closes where quadratic norms and products do not."""
    monkeypatch.setattr(family_radius, "stages", lambda *_, **__: iter(()))
    monkeypatch.setattr(search, "WORK_LIMIT", 1)
    found = joint_spectral_radius(ROTATIONS)
    assert found.upper <= found.lower * (1 + 1e-8)
    assert found.upper < 0.999 * cj.spectral.common_quadratic_norm(ROTATIONS).gamma
    assert found.certificate.document["proof"]["upper"]["kind"] == "sum-of-squares"
    assert found.certificate.claim.upper <= Fraction(found.upper)
    assert check(found.certificate).valid
    monkeypatch.setattr(family_radius, "prove_form", lambda *_, **__: None)
    without = joint_spectral_radius(ROTATIONS)
    assert without.upper > 1.003 * found.upper
    assert without.lower <= found.lower * (1 + 1e-12)


def test_a_form_for_each_node_of_an_automaton_bounds_its_words_and_none_is_begun_without_time():
    """The second and the third matrix by turns, with the first between them only in one place."""
    allowed = cj.spectral.Automaton(2, ((0, 0, 0), (0, 1, 1), (1, 0, 2)))
    whole = as_family(ROTATIONS, call="test")
    problem = RadiusProblem(whole, lifted_family(whole, allowed), allowed)
    rate = max(np.abs(np.linalg.eigvals(whole.floats[0])))
    lower = Fraction(float(rate)) * Fraction(999, 1000)
    proved = prove_form(problem, word=(0,), lower=lower, deadline=math.inf)
    bound = cj.spectral.sum_of_squares_bound(ROTATIONS, degree=4, automaton=allowed)
    assert lower <= proved.bound <= bound.exact_gamma * Fraction(1001, 1000)
    assert check(proved.certificate).valid
    assert proved.certificate.claim.lower <= proved.certificate.claim.upper
    assert prove_form(problem, word=(0,), lower=lower, deadline=0.0) is None


def test_the_lower_end_is_claimed_too_where_it_is_proved_and_there_is_time():
    golden = as_family([U, L], call="test")
    bound = decimal_above(Fraction(GOLDEN) * (1 + Fraction(1, 10**6)))
    proof = QuadraticProof([[1, 0], [0, 1]])
    problem, lower = RadiusProblem(golden, golden), Fraction(GOLDEN) * (1 - Fraction(1, 10**12))
    both = bracket_or_upper(problem, proof, (0, 1), lower, bound, math.inf).claim
    assert lower * (1 - Fraction(1, 10**12)) < both.lower <= lower
    assert both.upper == bound
    for known, deadline in ((lower, 0.0), (Fraction(0), math.inf)):
        alone = bracket_or_upper(problem, proof, (0, 1), known, bound, deadline).claim
        assert (alone.lower, alone.upper) == (None, bound)


@pytest.mark.parametrize(
    ("matrix", "answer"), [([[1, 0], [0, 1]], True), ([[1, 0], [0, 2]], False), ([[1, 1], [0, 1]], False)]
)
def test_only_the_identity_is_the_identity(matrix, answer):
    assert is_identity(matrix) is answer

"""Counterexamples: found from symbolic families alone, proved exactly, and run as programs."""

import itertools
import math
import subprocess
import sys
from fractions import Fraction
from importlib import import_module

import flint
import numpy as np
import pytest
import sympy as sp
from hypothesis import strategies as st
from strategies.stages import drawn

import conservative as cj
from conservative._core.errors import BudgetError
from conservative._core.exact.linear_algebra import flint_product, radius_against_one, to_flint
from conservative._core.families.as_family import as_family
from conservative.spectral.counterexamples import CounterexampleStatus, KinkStatus
from conservative.spectral.counterexamples.batch_contraction import shrinks_exactly
from conservative.spectral.counterexamples.batch_words import largest_radii, stable, word_levels
from conservative.spectral.words.cyclic_words import canonical_word

front = import_module("conservative.spectral.counterexamples.counterexample")

a, b, k = sp.symbols("alpha beta kappa", positive=True)


def momentum(curvature):
    return sp.Matrix([[1 + b - a * curvature, -b], [1, 0]])


FAMILY = [momentum(1), momentum(k)]


def exact_pair(first, second, beta):
    return as_family([[[first, -beta], [1, 0]], [[second, -beta], [1, 0]]], call="test")


def expands(family, word):
    return radius_against_one(flint_product([to_flint(m) for m in family.exact], word)) > 0


def is_proved(found):
    family = found.family
    assert all(radius_against_one(to_flint(m)) < 0 for m in family.exact)
    assert all(radius.upper < 1 for radius in found.vertex_radii)
    assert expands(family, found.word)
    assert found.product.radius.lower > 1
    assert found.rate.lower > 1
    assert cj.check(found.certificate).valid
    shorter = itertools.chain(*[itertools.product(range(family.count), repeat=n) for n in range(1, len(found.word))])
    return not any(expands(family, word) for word in shorter)


def test_words_of_two_letters_need_steps_that_overshoot():
    found = cj.counterexample(FAMILY, ranges={a: (0, 2), b: (0, 1), k: (1, 10)})
    assert is_proved(found)
    assert found.parameters == {"alpha": Fraction(1, 2), "beta": Fraction(1, 2), "kappa": Fraction(4)}
    assert found.word == (0, 1)
    assert found.product.spectral_radius == pytest.approx((3 + math.sqrt(5)) / 4, rel=1e-15)
    assert found.kink.status is KinkStatus.DECAYS
    assert found.status is CounterexampleStatus.FOUND


def test_three_letters_suffice_for_a_step_of_one_over_the_largest_curvature():
    found = cj.counterexample(FAMILY, ranges={a: 1, b: (0, 1), k: ("1/100", 1)}, converges=True)
    assert is_proved(found)
    assert len(found.word) == 3
    assert found.kink.converges
    assert found.parameters == {"alpha": 1, "beta": Fraction(4, 5), "kappa": Fraction(1, 3)}


def test_the_example_of_the_talk_is_rediscovered():
    """S. Vaiter, talk of 2023: alpha = 1, beta = 3/4, curvatures 1 and 1/4."""
    found = cj.counterexample(FAMILY, ranges={a: 1, b: "3/4", k: ("1/5", "1/4")})
    assert is_proved(found)
    assert found.parameters["kappa"] == Fraction(1, 4)
    assert found.word == (0, 0, 1, 1)
    assert found.product.eigenvalue == Fraction(-9, 8)
    text = str(found)
    assert "leading eigenvalue -9/8" in text
    assert "no shorter product expands (proved)" in text
    assert "set-valued, at exact ties" in text


def test_simpler_parameters_than_those_of_the_talk():
    found = cj.counterexample(FAMILY, ranges={a: 1, b: (0, 1), k: ("1/4", 1)}, objective="simplest")
    assert is_proved(found)
    assert found.parameters == {"alpha": 1, "beta": Fraction(3, 4), "kappa": Fraction(1, 3)}
    assert found.word == (0, 1, 1, 1)


def test_the_margin_grows_beyond_the_simplest():
    ranges = {a: 1, b: ("1/2", "3/4"), k: ("1/10", 1)}
    wide = cj.counterexample(FAMILY, ranges=ranges, objective="margin", max_length=6)
    simple = cj.counterexample(FAMILY, ranges=ranges, objective="simplest", max_length=6)
    assert expands(wide.family, wide.word)
    assert wide.rate.lower > 1.05 > simple.rate.lower
    assert not wide.is_shortest
    length = wide.shortest.proved_length + 1
    assert length < len(wide.word)
    assert any(expands(wide.family, word) for word in itertools.product((0, 1), repeat=int(length)))
    assert f"products of up to {length - 1:g} matrices do not expand (proved)" in str(wide)
    assert cj.check(wide.certificate).valid


def test_a_function_is_read_at_its_fixed_point():
    x, y, theta = sp.symbols("x y theta", real=True)
    gradient = sp.Piecewise((x, x >= 0), (k * x, True))
    F = cj.from_sympy([x - a * gradient + b * (x - y) + theta, x], state=[x, y], parameters=[theta, a, b, k])
    found = cj.counterexample(F, ranges={a: 1, b: "3/4", k: ("1/5", "1/4")}, at={x: 0, y: 0, theta: 0})
    assert (found.word, found.product.eigenvalue) == ((0, 0, 1, 1), Fraction(-9, 8))


def planar_update(curvatures):
    """Heavy ball in two coordinates, each with its own kink: four pieces."""
    x = sp.symbols("x1 x2", real=True)
    y = sp.symbols("y1 y2", real=True)
    theta = sp.Symbol("theta", real=True)
    gradients = [sp.Piecewise((z, z >= 0), (c * z, True)) for z, c in zip(x, curvatures, strict=True)]
    steps = [z - a * g + b * (z - w) + theta for z, g, w in zip(x, gradients, y, strict=True)]
    return cj.from_sympy([*steps, *x], state=[*x, *y], parameters=[theta, a, b, k])


def test_a_function_with_two_kinks_is_followed_in_doubles():
    at = dict.fromkeys(("x1", "x2", "y1", "y2", "theta"), 0)
    ranges = {a: (0, 2), b: (0, 1), k: (1, 10)}
    found = cj.counterexample(planar_update((k, k)), ranges=ranges, at=at, max_length=3, samples=500)
    assert found.family.count == 4
    assert is_proved(found)
    assert found.kink.status is KinkStatus.OBSERVED
    assert found.parameters == {"alpha": Fraction(1, 2), "beta": Fraction(1, 2), "kappa": Fraction(4)}
    with pytest.raises(cj.ConservativeError, match="two 2 x 2 matrices"):
        cj.counterexample(planar_update((k, k)), ranges=ranges, at=at, converges=True)


def test_three_by_three_matrices():
    larger = [sp.diag(momentum(curvature), sp.Rational(1, 3)) for curvature in (1, k)]
    found = cj.counterexample(larger, ranges={a: (0, 2), b: (0, 1), k: (1, 10)}, max_length=4, samples=500)
    assert is_proved(found)
    assert found.parameters == {"alpha": Fraction(1, 2), "beta": Fraction(1, 2), "kappa": Fraction(4)}
    assert found.kink.status is KinkStatus.OBSERVED


ratios = st.fractions(min_value=Fraction(-39, 40), max_value=Fraction(39, 40), max_denominator=40)
momenta = st.fractions(min_value=0, max_value=Fraction(39, 40), max_denominator=40)


@drawn(40, 200, ratios, ratios, momenta)
def test_which_words_of_two_and_three_letters_expand(p, q, beta):
    """docs/counterexamples.md: with a = 1 + beta - alpha l, both |a| < 1 + beta."""
    first, second = p * (1 + beta), q * (1 + beta)
    family = exact_pair(first, second, beta)
    assert all(radius_against_one(to_flint(m)) < 0 for m in family.exact)
    assert expands(family, (0, 1)) == (first * second < -((1 - beta) ** 2))
    trace = second * (first**2 - beta) - 2 * beta * first
    assert expands(family, (0, 0, 1)) == (abs(trace) > 1 + beta**3)


@drawn(40, 200, ratios, momenta)
def test_opposite_traces_contract_or_expand_at_once(p, beta):
    """docs/counterexamples.md: the pair a, -a expands by the word 12 or contracts in the norm of diag(1, p)."""
    a = abs(p * (1 + beta))
    family = exact_pair(a, -a, beta)
    assert expands(family, (0, 1)) == (a + beta > 1)
    share = (1 - a**2 + beta**2) / 2
    weight = flint.fmpq_mat([[1, 0], [0, flint.fmpq(share.numerator, share.denominator)]])
    assert shrinks_exactly(family, weight) == (a + beta < 1 and share > 0)


def test_the_optimal_heavy_ball_expands_beyond_a_condition_number_of_3_plus_root_8():
    case = cj.gallery.parametrised("heavy-ball-optimal")
    found = cj.counterexample(case.matrices, ranges={"r": ("12/5", 10)})
    assert is_proved(found)
    assert (found.parameters, found.word) == ({"r": 3}, (0, 1))
    with pytest.raises(BudgetError):
        cj.counterexample(case.matrices, ranges={"r": (1, "12/5")}, samples=500)


def test_wide_ranges_are_sampled_on_a_log_scale():
    found = cj.counterexample(FAMILY, ranges={a: ("1/1000000", 2), b: (0, 1), k: (1, 10**9)})
    assert is_proved(found)
    assert len(found.word) == 2


def test_poles_inside_the_ranges():
    c = sp.Symbol("c")
    found = cj.counterexample([[[0, 1 / c], [0, 0]], [[0, 0], [1 / c, 0]]], ranges={c: (-2, 2)})
    assert is_proved(found)
    assert abs(found.parameters["c"]) < 1


def test_an_interruption_of_a_proof_is_not_lost(monkeypatch):
    from conservative.spectral.expanding import shortest_word

    def interrupted(*arguments, **options):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(shortest_word, "_search", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cj.counterexample(FAMILY, ranges={a: (0, 2), b: (0, 1), k: (1, 10)})


@drawn(20, 150, st.integers(2, 3), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_batched_words_agree_with_one_by_one(count, n, seed):
    matrices = np.random.default_rng(seed).standard_normal((4, count, n, n))
    levels = word_levels(count, max_length=4)
    for length, (radii, best) in enumerate(largest_radii(matrices, levels), 1):
        for point in range(4):
            every = {}
            for word in itertools.product(range(count), repeat=length):
                if len(canonical_word(word)) == length:
                    product = np.linalg.multi_dot([*matrices[point][list(word)], np.eye(n)])
                    every[canonical_word(word)] = np.abs(np.linalg.eigvals(product)).max()
            top = max(every.values())
            if length == 1 or top > 1.001 or n <= 2:
                assert radii[point] == pytest.approx(top, rel=1e-7, abs=1e-9)
                assert every[levels[length - 1].word(best[point])] == pytest.approx(top, rel=1e-7, abs=1e-9)
    assert stable(matrices).tolist() == (np.abs(np.linalg.eigvals(matrices)).max(axis=(1, 2)) < 1 - 1e-9).tolist()


def table(text):
    """The last column of the two tables that a script prints."""
    parts = text.split("off the kink")
    return [[float(line.split()[-1]) for line in part.splitlines() if line[:1].isdigit()] for part in parts]


def test_the_numpy_script_diverges_at_the_ties_only():
    found = cj.counterexample(FAMILY, ranges={a: 1, b: "3/4", k: ("1/5", "1/4")})
    done = subprocess.run([sys.executable, "-c", found.script()], capture_output=True, text=True, check=True)
    at_ties, off = table(done.stdout)
    assert len(at_ties) == 9
    assert at_ties[-1] > 1e5
    assert at_ties == sorted(at_ties)
    assert max(off) < 20
    positions = [line.split()[1] for line in done.stdout.splitlines() if line[:1].isdigit()]
    assert set(positions[:9]) == {"0.0"}
    assert float(positions[-1]) < 1e-20


def test_a_script_without_a_function_behind_the_matrices():
    c = sp.Symbol("c")
    turned = [sp.Matrix([[0, c], [0, 0]]), sp.Matrix([[0, 0], [1, 0]])]
    found = cj.counterexample(turned, ranges={c: (0, 3)})
    assert found.kink.status is KinkStatus.NO_FUNCTION
    done = subprocess.run([sys.executable, "-c", found.script()], capture_output=True, text=True, check=True)
    assert table(done.stdout)[0][-1] > 1e5
    with pytest.raises(cj.ConservativeError, match='writes "numpy" or "jax"'):
        found.script("torch")


def test_nothing_to_find_says_how_far_the_search_went():
    with pytest.raises(BudgetError, match=r"Products of up to 4 matrices were looked at on .* stable points"):
        cj.counterexample(FAMILY, ranges={a: (0, 1), b: (0, "1/4"), k: ("1/2", 1)}, max_length=4, samples=300)
    with pytest.raises(BudgetError, match="at none of 50 points of the ranges is every matrix stable"):
        cj.counterexample(FAMILY, ranges={a: (5, 6), b: (0, 1), k: (1, 2)}, samples=50)
    with pytest.raises(BudgetError, match="none was found"):
        cj.counterexample([momentum(1)], ranges={a: (0, 2), b: (0, 1)}, samples=50)
    with pytest.raises(BudgetError, match="before the time limit"):
        cj.counterexample(FAMILY, ranges={a: (0, 1), b: (0, "1/4"), k: ("1/2", 1)}, time_limit=1e-9)


@pytest.mark.parametrize("how", [KeyboardInterrupt, front.OutOfTimeError])
def test_an_early_end_returns_the_best_so_far(monkeypatch, how):
    def cut_short(search):
        yield next(original(search))
        raise how

    original = front.ParameterSearch.shortest
    monkeypatch.setattr(front.ParameterSearch, "shortest", cut_short)
    found = cj.counterexample(FAMILY, ranges={a: (0, 2), b: (0, 1), k: (1, 10)})
    is_proved(found)
    assert found.status is (
        CounterexampleStatus.INTERRUPTED if how is KeyboardInterrupt else CounterexampleStatus.TIME_LIMIT
    )


def test_an_interruption_without_an_answer_is_passed_on(monkeypatch):
    def nothing(search):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(front.ParameterSearch, "shortest", nothing)
    with pytest.raises(KeyboardInterrupt):
        cj.counterexample(FAMILY, ranges={a: (0, 2), b: (0, 1), k: (1, 10)})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"objective": "longest"}, "objective"),
        ({"max_length": 1}, "max_length"),
        ({"max_length": 2.5}, "max_length"),
        ({"samples": 0}, "samples"),
        ({"time_limit": -1}, "time_limit"),
    ],
)
def test_refuses_bad_options(options, message):
    with pytest.raises(cj.ConservativeError, match=message):
        cj.counterexample(FAMILY, ranges={a: (0, 2), b: (0, 1), k: (1, 10)}, **options)


def test_refuses_more_words_than_fit():
    many = [[[f"{i}/50 - a"]] for i in range(50)]
    with pytest.raises(cj.ConservativeError, match="Lower `max_length`"):
        cj.counterexample(many, ranges={"a": (0, 1)}, max_length=8)

"""A hunt for wrong brackets: random families of many kinds, each bracket against what is known without the engine.

    python benchmarks/hunt_families.py --minutes 10 --seed 0

Below: the radii of all short products. Above: norms of products of a few lengths; the value itself where the family is
made so that it is known. Every certificate is checked, and its claim held against the printed bracket. Prints what it
finds, one line each, and a count; the exit code is 1 if anything was found.
"""

import argparse
import itertools
import math
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

import conservative as cj
from conservative.spectral import Automaton, contraction_verdict

Family = tuple[Any, float | None, Automaton | None]
"""The matrices, the radius where it is known, and the automaton."""

ROOM = 1e-9
"""Of the oracle, which multiplies in doubles."""

CLAIMED = 1e-9


def gaussian(rng: np.random.Generator) -> Family:
    k, n = int(rng.integers(1, 5)), int(rng.integers(1, 8))
    return rng.standard_normal((k, n, n)), None, None


def large(rng: np.random.Generator) -> Family:
    n = int(rng.integers(12, 50))
    return rng.standard_normal((2, n, n)), None, None


def many(rng: np.random.Generator) -> Family:
    return rng.standard_normal((int(rng.integers(20, 100)), 3, 3)), None, None


def nonnegative(rng: np.random.Generator) -> Family:
    k, n = int(rng.integers(1, 5)), int(rng.integers(2, 9))
    return rng.random((k, n, n)) * (rng.random((k, n, n)) < rng.uniform(0.3, 1)), None, None


def integers(rng: np.random.Generator) -> Family:
    k, n = int(rng.integers(1, 4)), int(rng.integers(2, 6))
    return rng.integers(-2, 3, (k, n, n)), None, None


def rank_one(rng: np.random.Generator) -> Family:
    k, n = int(rng.integers(1, 5)), int(rng.integers(2, 6))
    return np.einsum("ki,kj->kij", rng.integers(-3, 4, (k, n)), rng.integers(-3, 4, (k, n))), None, None


def one_and_rank_one(rng: np.random.Generator) -> Family:
    n = int(rng.integers(2, 5))
    u, v = rng.integers(-2, 3, (2, n))
    return np.array([rng.integers(-1, 2, (n, n)), np.outer(u, v)]) / float(rng.integers(1, 9)), None, None


def nearly_singular(rng: np.random.Generator) -> Family:
    k, n = int(rng.integers(2, 4)), int(rng.integers(2, 5))
    return rng.standard_normal((k, n, n)) * np.logspace(0, -rng.integers(1, 9), n)[:, None], None, None


def skewed(rng: np.random.Generator) -> Family:
    matrices, _, _ = gaussian(rng)
    scale = np.ldexp(1.0, rng.integers(-40, 40, matrices.shape[1]))
    return matrices * scale[:, None] / scale[None, :], None, None


def stochastic(rng: np.random.Generator) -> Family:
    k, n = int(rng.integers(2, 7)), int(rng.integers(2, 7))
    rows = [[[Fraction(int(x)) for x in row] for row in m] for m in rng.integers(1, 9, (k, n, n))]
    return [[[x / sum(row) for x in row] for row in m] for m in rows], 1.0, None


def _turn(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def hidden_rotations(rng: np.random.Generator) -> Family:
    basis, k = rng.standard_normal((2, 2)), int(rng.integers(1, 4))
    turns = [_turn(a) for a in rng.uniform(0, 7, k)]
    return np.array([basis @ t @ np.linalg.inv(basis) for t in turns]), 1.0, None


def hidden_blocks(rng: np.random.Generator) -> Family:
    basis, k = rng.standard_normal((4, 4)), int(rng.integers(2, 4))
    found = []
    for _ in range(k):
        block = np.zeros((4, 4))
        block[:2, :2], block[2:, 2:] = _turn(rng.uniform(0, 7)), 0.9 * _turn(rng.uniform(0, 7))
        block[:2, 2:] = rng.standard_normal((2, 2))
        found.append(basis @ block @ np.linalg.inv(basis))
    return np.array(found), 1.0, None


def triangular(rng: np.random.Generator) -> Family:
    k, n = int(rng.integers(1, 4)), int(rng.integers(2, 6))
    upper = np.triu(rng.integers(-4, 5, (k, n, n)))
    shear = np.eye(n, dtype=int) + np.tril(rng.integers(-2, 3, (n, n)), -1)
    inverse = np.round(np.linalg.inv(shear)).astype(int)
    return shear @ upper @ inverse, float(np.abs(np.diagonal(upper, axis1=1, axis2=2)).max()), None


def symmetric(rng: np.random.Generator) -> Family:
    k, n = int(rng.integers(1, 5)), int(rng.integers(2, 7))
    whole = rng.integers(-5, 6, (k, n, n))
    whole = whole + whole.transpose(0, 2, 1)
    return whole, float(np.abs(np.linalg.eigvalsh(whole)).max()), None


def constrained(rng: np.random.Generator) -> Family:
    k, n, nodes = int(rng.integers(1, 4)), int(rng.integers(1, 4)), int(rng.integers(1, 4))
    edges = [e for e in itertools.product(range(nodes), range(nodes), range(k)) if rng.random() < 0.4]
    if not edges:
        edges = [(0, 0, 0)]
    return rng.integers(-3, 4, (k, n, n)), None, Automaton(nodes, tuple(edges), k)


KINDS: tuple[Callable[[np.random.Generator], Family], ...] = (
    gaussian,
    large,
    many,
    nonnegative,
    integers,
    rank_one,
    one_and_rank_one,
    nearly_singular,
    skewed,
    stochastic,
    hidden_rotations,
    hidden_blocks,
    triangular,
    symmetric,
    constrained,
)


def oracle(matrices: np.ndarray, automaton: Automaton | None) -> tuple[float, float, tuple[int, ...]]:
    """Radii of closed words below, with the best word, and norms of all words of one length above, in doubles."""
    k, n = matrices.shape[:2]
    nodes = 1 if automaton is None else automaton.nodes
    edges = [(0, 0, i) for i in range(k)] if automaton is None else list(automaton.edges)
    paths = [(u, v, matrices[i], (i,)) for u, v, i in edges]
    low, high, length, best = 0.0, np.inf, 1, ()
    while True:
        stack = np.array([m for _, _, m, _ in paths])
        if not np.isfinite(stack).all():
            return low, high, best
        closed = [(m, word) for u, v, m, word in paths if u == v]
        if closed:
            radii = np.abs(np.linalg.eigvals(np.array([m for m, _ in closed]))).max(axis=1) ** (1 / length)
            low, best = max((low, best), (float(radii.max()), closed[int(radii.argmax())][1]))
        high = min(high, float(np.linalg.norm(stack, axis=(1, 2)).max()) ** (1 / length))
        if len(paths) * len(edges) / nodes > 4000 or length >= 12 or len(paths) * n**3 > 4e6:
            return low, high, best
        length += 1
        paths = [
            (u, v, m @ matrices[i], (*word, i)) for u, middle, m, word in paths for s, v, i in edges if s == middle
        ]
        if not paths:
            return low, 0.0, best


def long_rate(matrices: Any, word: tuple[int, ...]) -> float:
    """rho(M_w)^(1/|w|) with 120 digits: where an eigenvalue is defective, doubles may be wrong in the fourth."""
    with mpmath.workdps(120):
        product = mpmath.eye(len(matrices[0]))
        for letter in word:
            rows = [[mpmath.mpf(f.numerator) / f.denominator for f in map(Fraction, row)] for row in matrices[letter]]
            product = product * mpmath.matrix(rows)
        values = [product[0]] if product.rows == 1 else mpmath.eig(product, left=False, right=False)
        size = math.prod(len(matrices[0]) * max(abs(Fraction(x)) for row in matrices[i] for x in row) for i in word)
        largest = max(abs(v) for v in values)
        noise = mpmath.mpf(10) ** (-mpmath.mpf(110) / product.rows)  # of a zero eigenvalue that is defective
        if largest <= noise * size.numerator / size.denominator:
            return 0.0
        return float(largest ** (mpmath.mpf(1) / len(word)))


def faults(family: Family, limit: float) -> list[str]:
    """What is wrong with the answers for one family."""
    matrices, known, automaton = family
    floats = np.array([[[float(x) for x in row] for row in m] for m in matrices])
    low, high, word = oracle(floats, automaton)
    found, said = cj.joint_spectral_radius(matrices, time_limit=limit, automaton=automaton), []
    if low > found.upper:
        low = long_rate(matrices.tolist() if isinstance(matrices, np.ndarray) else matrices, word)
    size = max(high if np.isfinite(high) else 1.0, 1e-300)
    if not low <= found.upper * (1 + ROOM) + 1e-7 * size or not found.lower <= high * (1 + ROOM):
        said.append(f"[{found.lower}, {found.upper}] misses the products, which lie in [{low}, {high}]")
    if known is not None and not found.lower * (1 - 1e-7) <= known <= found.upper * (1 + 1e-7):
        said.append(f"[{found.lower}, {found.upper}] misses the known radius {known}")
    if automaton is not None and found.word and automaton.closed_path(found.word) is None:
        said.append(f"the word {found.word} labels no closed path")
    certificate = found.certificate
    if certificate is not None:
        claim = certificate.claim
        if not cj.check(certificate):
            said.append(f"certificate of kind {certificate.kind} is invalid")
        if claim.lower is not None and claim.lower > Fraction(found.upper):
            said.append(f"the claim {claim} lies above [{found.lower}, {found.upper}]")
        if claim.upper is not None and claim.upper < Fraction(found.lower):
            said.append(f"the claim {claim} lies below [{found.lower}, {found.upper}]")
        closed = found.status.name in {"CLOSED", "EXACT"} and claim.upper is not None
        if closed and float(claim.upper) > found.upper * (1 + CLAIMED):
            said.append(f"{found.status.name}, but the claim {claim} is wider than [{found.lower}, {found.upper}]")
    if automaton is None and floats.shape[1] <= 4 and floats.shape[0] <= 4:
        verdict = contraction_verdict(matrices, time_limit=limit)
        if verdict.contracts and low > 1 + ROOM:
            said.append(f"contracts ({verdict.how.name}), but a product has rate {low}")
        if verdict.how.name == "REFUTED" and high < 1 - ROOM:
            said.append(f"refuted, but norms of products are below {high}")
        if verdict.certificate is not None and not cj.check(verdict.certificate):
            said.append("the certificate of the verdict is invalid")
    return said


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=float, default=2.0, help="seconds for each family")
    options = parser.parse_args()
    until, number, bad = time.monotonic() + 60 * options.minutes, 0, 0
    tried: Counter[str] = Counter()
    slowest = (0.0, "")
    while time.monotonic() < until:
        kind = KINDS[number % len(KINDS)]
        name = f"{kind.__name__} {options.seed} {number}"
        family = kind(np.random.default_rng((options.seed, number)))
        begun = time.process_time()
        try:
            said = faults(family, options.limit)
        except Exception:  # whatever is raised is a find
            said = [traceback.format_exc(limit=-3)]
        slowest = max(slowest, (time.process_time() - begun, name))
        for line in said:
            print(f"{name}: {line}", flush=True)
        bad += bool(said)
        tried[kind.__name__] += 1
        number += 1
    print(f"{number} families ({dict(tried)}), {bad} with faults; slowest {slowest[0]:.1f} CPU s ({slowest[1]})")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

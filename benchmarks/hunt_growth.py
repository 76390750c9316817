"""Random families, with or without an automaton, for so many minutes: growth rates against all short words.

Run as `python benchmarks/hunt_growth.py MINUTES SEED`, by default 10 and 0; every seed has other families. It stops at
the first bracket that a word refutes, and at the first certificate that does not prove the bracket's ends.
"""

import sys
import time
from collections import Counter
from itertools import product

import numpy as np

from conservative import check, joint_spectral_radius
from conservative._core.errors import ArgumentError
from conservative.spectral import Automaton, lower_spectral_radius, p_radius

LENGTH = 4


def _family(rng: np.random.Generator) -> np.ndarray:
    """Small integers, signed or not, numbers between 0 and 1, Gaussian ones, or complex ones."""
    shape = (int(rng.integers(1, 4)), *2 * (int(rng.integers(1, 4)),))
    kind = rng.choice(["counts", "integers", "uniform", "gaussian", "complex"])
    if kind == "counts":
        return rng.integers(0, 4, shape)
    if kind == "integers":
        return rng.integers(-3, 4, shape)
    if kind == "uniform":
        return rng.random(shape)
    if kind == "complex":
        return rng.normal(size=shape) + 1j * rng.normal(size=shape)
    return rng.normal(size=shape)


def _automaton(rng: np.random.Generator, letters: int) -> Automaton | None:
    """No automaton, one of dwell times, or a random one with closed paths."""
    while True:
        kind = rng.choice(["none", "dwell", "random"])
        if kind == "none":
            return None
        if kind == "dwell":
            return Automaton.dwell_time(2, letters=letters)
        drawn = {(int(u), int(v), int(i)) for u, v, i in rng.integers(0, [2, 2, letters], (5, 3))}
        found = Automaton(2, tuple(sorted(drawn)), letters)
        if found.essential() is not None:
            return found


def _rates(family: np.ndarray, automaton: Automaton | None) -> list[float]:
    """rho(M_w)^(1/|w|) of all words up to a length that may be repeated, in doubles."""
    found = []
    for length in range(1, LENGTH + 1):
        for word in product(range(len(family)), repeat=length):
            if automaton is None or automaton.closed_path(word) is not None:
                whole = np.linalg.multi_dot([np.eye(family.shape[1]), *family[list(word)], np.eye(family.shape[1])])
                found.append(float(np.abs(np.linalg.eigvals(whole)).max() ** (1 / length)))
    return found


def _one(rng: np.random.Generator, seen: Counter[str]) -> None:
    family = _family(rng)
    automaton = _automaton(rng, len(family))
    rates, size = _rates(family, automaton), float(np.abs(family).max()) or 1.0
    room = 1e-3 * size  # doubles see a defective zero no better
    fast = joint_spectral_radius(family, automaton=automaton, time_limit=1.0)
    slow = lower_spectral_radius(family, automaton=automaton, time_limit=1.0)
    assert slow.lower <= slow.upper, "the ends are the wrong way round"
    assert slow.lower <= min(rates, default=np.inf) + room, "a word grows more slowly than the lower spectral radius"
    assert fast.upper >= max(rates, default=0.0) - room, "a word grows faster than the joint spectral radius"
    assert slow.lower <= fast.upper, "the slowest growth is faster than the fastest"
    assert automaton is None or automaton.closed_path(slow.word) is not None, "the word may not be repeated"
    for name, result in (("joint", fast), ("lower", slow)):
        seen[f"{name} {result.status.name}"] += 1
        if result.certificate is not None:
            claim = result.certificate.claim
            assert check(result.certificate), "the certificate is not valid"
            top = fast.upper if name == "joint" else min(rates, default=np.inf) + room
            assert claim.lower is None or claim.lower <= top, "a false certificate"
            seen[f"{name} certified"] += 1
    try:
        mean = p_radius(family, p=2, automaton=automaton)
    except ArgumentError:
        seen["p-radius too large"] += 1
        return
    assert mean.lower <= fast.upper, "the mean grows faster than every product"
    assert mean.joint_spectral_radius.upper >= fast.lower, "the mean is too small for its largest term"


def main(minutes: float, *, seed: int = 0) -> None:
    seen: Counter[str] = Counter()
    end, count = time.monotonic() + 60.0 * minutes, 0
    while time.monotonic() < end:
        print(f"family {count} of seed {seed}", end="\r", flush=True)
        _one(np.random.default_rng([seed, count]), seen)
        count += 1
    print(f"{count} families in {minutes:g} minutes: {dict(sorted(seen.items()))}")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0, seed=int(sys.argv[2]) if len(sys.argv) > 2 else 0)

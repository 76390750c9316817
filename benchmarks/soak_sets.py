"""Random families for so many minutes: nothing may be raised, and no bracket may have lower > upper.

Run as `python benchmarks/soak_sets.py MINUTES SEED`, by default 10 and 0; every seed has other families.
"""

import sys
import time
from collections import Counter

import numpy as np

from conservative.iteration import Thinning, fixed_set, iterate_sequence, iterate_set, iterate_templates, iterate_true
from conservative.matrix_sets import FiniteSet, MatrixPolytope, gap, hausdorff_distance, product


def _family(rng: np.random.Generator) -> np.ndarray:
    """A random family: dense, nilpotent, diagonal, repeated or with one A, at some scale."""
    k, p, m = int(rng.integers(1, 5)), int(rng.integers(1, 5)), int(rng.integers(1, 3))
    A, B = rng.normal(size=(k, p, p)), rng.normal(size=(k, p, m)) * 10.0 ** rng.integers(-6, 7)
    kind = rng.choice(["dense", "upper", "diagonal", "one", "integer"])
    if kind == "upper":
        A = np.triu(A, 1) * 3.0
    if kind == "diagonal":
        A = A * np.eye(p)
    if kind == "one":
        A = np.repeat(A[:1], k, axis=0)
    if kind == "integer":
        A, B = np.rint(A), np.rint(B)
    size = float(np.linalg.norm(A, 2, axis=(1, 2)).max())
    if kind != "upper" and size > 0.0:
        A = A * (rng.choice([0.1, 0.5, 0.8, 0.95]) / size)
    return np.concatenate([A, B], axis=2)


def _one(rng: np.random.Generator, seen: Counter[str]) -> None:
    J = _family(rng)
    p, m = J.shape[1], J.shape[2] - J.shape[1]
    start = rng.normal(size=(int(rng.integers(1, 4)), p, m))
    run = iterate_set(J, start, steps=6, max_vertices=60)
    seen[f"iterate_set {run.status.name}"] += 1
    size = max(run.sets[-1].radius, 1e-300)
    thin = iterate_set(J, start, steps=6, max_vertices=60, representation=Thinning(epsilon=0.05 * size))
    template = iterate_templates(J, start, steps=6, tol=1e-2 * size, max_words=5000)
    seen[f"templates {template.status.name}"] += 1
    brackets = [*run.gaps, *thin.gaps]
    if p * m <= 2:
        found = fixed_set(J if rng.random() < 0.5 else FiniteSet(J), tol=1e-2 * size, representation="hull")
        seen[f"fixed_set {found.status.name}"] += 1
        brackets += [found.distance, gap(found.inner, found.outer)]
    refined = fixed_set(J if rng.random() < 0.5 else FiniteSet(J), tol=0.1 * size, time_limit=0.5)
    seen[f"refined {refined.status.name}"] += 1
    assert (refined.outer.project(refined.inner.extreme).lower <= refined.inner.e_extra).all(), "inner leaves outer"
    brackets.append(refined.distance)
    if p * m <= 4:
        driven = iterate_sequence([J] * 4, start, limit=J)
        brackets += [*driven.gaps, *driven.to_limit]
    if p * m <= 2:
        true = iterate_true(J if rng.random() < 0.5 else FiniteSet(J), start, steps=3, time_limit=0.5)
        seen[f"iterate_true {true.status.name}"] += 1
        brackets += [*true.gaps, gap(true.sets[-1], run.sets[len(true.sets) - 1], tol=0.1 * size)]
        beside = product(true.sets[-1], run.sets[1])
        assert (
            beside.project(np.concatenate([true.sets[-1].extreme[:1], run.sets[1].vertices[:1]], axis=2)).lower <= 0.0
        )
    cloud, hull = FiniteSet(run.sets[-1].vertices), MatrixPolytope(thin.sets[-1].vertices)
    if p * m <= 2:
        brackets.append(hausdorff_distance(cloud, hull, tol=0.1 * size))
    brackets += [gap(cloud, hull), gap(hull, template.outer(6)), gap(template.outer(6), hull)]
    for bracket in brackets:
        assert bracket.lower <= bracket.upper, bracket
    assert (template.lower <= template.upper).all()
    seen["brackets"] += len(brackets)
    for stored, lower, upper in zip(run.sets, template.lower, template.upper, strict=False):
        values = stored.support(template.directions)
        norms = np.linalg.norm(template.directions, axis=(1, 2))
        room = norms * (max(stored.e_missing, stored.e_extra) + 1e-13 * stored.radius)
        assert (lower - room <= values).all(), "a support value below its bracket"
        assert (values <= upper + room).all(), "a support value above its bracket"


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

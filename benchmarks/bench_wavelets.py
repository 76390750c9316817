"""Daubechies wavelets D_2 to D_20: radius, Hölder exponent, and the time of the proof beside that of its check."""

import math
import time

import pytest

from conservative import check, gallery, joint_spectral_radius
from conservative.spectral import word_text


def row(n):
    family = gallery.daubechies(n)
    start = time.process_time()
    found = joint_spectral_radius(family)
    seconds = time.process_time() - start
    start = time.process_time()
    valid = found.certificate is not None and bool(check(found.certificate))
    checking = time.process_time() - start
    return found, seconds, checking, valid


def vertices(proof):
    """The number of vertices of all polytopes in the document of a proof."""
    if isinstance(proof, list):
        return sum(map(vertices, proof))
    if not isinstance(proof, dict):
        return 0
    return len(proof.get("vertices", ())) + sum(vertices(part) for name, part in proof.items() if name != "vertices")


@pytest.mark.parametrize("largest", [20])
def test_daubechies_wavelets(largest):
    print(f"\n{'n':>3} {'radius':>20} {'exponent':>10} {'word':>8} {'vertices':>8} {'seconds':>8} {'check':>7}  status")
    total, closed = 0.0, 0
    for n in range(2, largest + 1):
        found, seconds, checking, valid = row(n)
        total += seconds
        closed += valid and found.upper <= found.lower * (1 + 1e-9)
        count = vertices(found.certificate.document["proof"])
        print(
            f"{n:>3} {found.lower:>20.16f} {-math.log2(found.lower):>10.6f} {word_text(found.word):>8} "
            f"{count:>8} {seconds:>8.2f} {checking:>7.3f}  {found.status.name}"
        )
    print(f"closed and checked: {closed} of {largest - 1}, {total:.1f} s of processor time in all")

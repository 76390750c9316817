"""How far a set is from the fixed set, told by one step: the bound behind every error that this room states.

With c_s bounding the norms of all products of length s (see `Decay`), 𝒥ˢ stretches distances by at most c_s, and with
T_s = Σ_{r ≥ s} c_r,

    dist(𝒳_{t+s}, fix(𝒥)) ≤ Σ_{r ≥ s} dist(𝒳_{t+r}, 𝒳_{t+r+1}) ≤ T_s dist(𝒳_t, 𝒳_{t+1}).

From the first step, t = 0, this is the bound a priori; from the last one, s = 1, the bound a posteriori,
ρ/(1 − ρ) dist(𝒳_{t−1}, 𝒳_t) if ‖A‖ ≤ ρ < 1; and with s = 0 a set is measured by its own image, also one-sidedly:
gap(fix, 𝒴) ≤ T_0 gap(𝒥(𝒴), 𝒴) and gap(𝒴, fix) ≤ T_0 gap(𝒴, 𝒥(𝒴)).
Source: the theorem of [banach1922]_, for maps of compact sets under the Hausdorff distance [hutchinson1981]_.
"""

import math
from fractions import Fraction

from conservative._core.numbers import float_above
from conservative.iteration.bounds.decay import Decay


def distance_to_fixed(decay: Decay, step: float, *, later: int, carried: float = 0.0) -> float:
    """T_later · step + carried: computed exactly, and rounded up once.

    `step`: A bound of how far one step of exact sets moves. `carried`: A bound of the distance of the stored set to the
    exact one.
    """
    if step == 0.0:
        return carried
    total = decay.tail(later)
    if math.isinf(total) or math.isinf(step) or math.isinf(carried):
        return math.inf
    return float_above(Fraction(total) * Fraction(step) + Fraction(carried))

"""Results whose entries are, to first order, sums of factors times operands."""

from typing import Any

import numpy as np

from conservative.programs.array.linear_maps import LinearMap, Matrix, Scale
from conservative.programs.array.run import Run
from conservative.programs.array.traced import Traced, spread, traced
from conservative.programs.source_lines import users_line


def elementwise(run: Run, v: Any, *operands: tuple[Traced, Any], name: str = "", constant: bool = False) -> Traced:
    """A result whose entries are to first order Σ factor · operand, with broadcasting; factor None is 1.

    `constant` says that the factors are constants of the program, up to one rounding.
    """
    run.curved |= not constant
    v = np.asarray(v)
    edges = []
    for x, factor in operands:
        if x.node < 0:
            continue
        maps: list[LinearMap] = []
        wide = spread(x.shape, v.shape)
        if wide is not None:
            maps.append(wide)
        if factor is not None:
            factor = np.asarray(factor)
            if factor.ndim and factor.shape != v.shape:
                factor = np.broadcast_to(factor, v.shape)
            if not run.exact and not np.isfinite(factor).all():
                note_singular(run, name, x.v, ~np.isfinite(factor))
            maps.append(Scale(factor))
        edges.append(x.edge(*maps))
    if not edges:
        return traced(run, v, -1)
    node = run.tape.add(v.size, edges)
    run.rounded.add(node)
    return traced(run, v, node)


def note_singular(run: Run, name: str, x: Matrix, bad: Any) -> None:
    """Keep where a derivative, or a value, is not finite; it counts only if the result depends on it."""
    place = np.broadcast_to(x, np.shape(bad))[bad] if np.ndim(bad) else x
    value = np.asarray(place).ravel()[0]
    run.singular.append(f"{name} of {float(value):.6g} at {users_line()}")

"""Conservative Jacobians, tried along curves, and under sums and compositions; a wrong field is caught."""

from typing import Any

import numpy as np
from numpy.random import Generator

from conservative.experiments.experiment import Experiment, MeasuredClaim, Progress, at_most, column
from conservative.functions import from_sympy
from conservative.jacobians import check_conservativity, conservative_jacobian
from conservative.matrix_sets import MatrixPolytope

_CASES = (
    ("|x| − max(y, 0)", ["Abs(x) - Max(y, 0)"]),
    ("max(−x, 0) + x", ["Max(-x, 0) + x"]),
    ("max(−x, 0) + x − max(x, 0)", ["Max(-x, 0) + x - Max(x, 0)"]),
    ("a composition", ["Max(Abs(x) - y, 0)"]),
    ("a sum", ["Abs(x) + Max(Abs(x) - y, 0)"]),
    ("two components", ["Max(x, y)", "Min(x, 2*y)"]),
)


def conservative(
    *, rng: Generator | int | None = None, full: bool = False, progress: Progress | None = None
) -> Experiment:
    """Conservative Jacobians along curves: the chain rule holds, Clarke's is smallest, a wrong field is caught.

    Parameters
    ----------
    rng : Generator or int, optional
        Of the curves.
    full : bool
        48 curves a function, in place of 12.
    progress : callable, optional

    Returns
    -------
    Experiment

    Examples
    --------
    >>> import conservative as cj
    >>> cj.experiments.conservative(rng=0).held
    True
    """
    draws = np.random.default_rng(rng)
    curves = 48 if full else 12
    claims, sizes = [], []
    for name, texts in _CASES:
        if progress is not None:
            progress(name)
        F = from_sympy(texts, state=["x", "y"])
        found = check_conservativity(F, rng=draws, curves=curves)
        claims.append(
            MeasuredClaim(
                f"{name}: ∫⟨v, γ′⟩ is the difference of F, for every selection", float(found.passed), 1.0, found.passed
            )
        )
        inner, outer = (conservative_jacobian(F, [0, 0], kind=kind).vertices for kind in ("conical", "program"))
        inside = bool(np.all(MatrixPolytope(outer).contains(inner, tol=1e-12)))
        claims.append(
            MeasuredClaim(
                f"{name}: limits of derivatives lie in what the program may return", float(inside), 1.0, inside
            )
        )
        sizes.append((len(inner), len(outer)))
    wrong = check_conservativity(
        from_sympy("Max(-x, 0) + x - Max(x, 0)", state=["x", "y"]),
        lambda point: np.array([[[0.0, 0.0]], [[0.0, 0.1]]]),
        rng=draws,
        curves=curves,
    )
    claims.append(
        MeasuredClaim("a field that is not conservative is caught", float(wrong.passed), 0.0, not wrong.passed)
    )
    zero = sizes[2]
    claims.append(at_most("of the zero function Clarke's is one matrix", zero[0], 1))
    claims.append(MeasuredClaim("while its program has more", float(zero[1]), 1.0, zero[1] > 1))

    def draw(ax: Any) -> None:
        y = np.arange(len(_CASES))
        ax.barh(y + 0.2, [small for small, _ in sizes], 0.4, label="limits of derivatives (conical)")
        ax.barh(y - 0.2, [large for _, large in sizes], 0.4, label="what the program may return")
        ax.set(yticks=y, yticklabels=[name for name, _ in _CASES], xlabel="vertices at 0", ylabel="function")
        ax.set_ylim(-0.6, len(_CASES) + 0.4)
        ax.legend(frameon=False, fontsize="small", loc="upper left", ncols=2)

    return Experiment(
        name="conservative",
        title="Conservative Jacobians: the chain rule along curves",
        statement="d/dt F(γ(t)) = V γ′(t) for every V ∈ J(γ(t)), almost every t; Clarke's is the smallest that is "
        "convex; sums and compositions of conservative Jacobians are conservative",
        assumption="F is path-differentiable",
        columns=(
            column("function", [name for name, _ in _CASES]),
            column("vertices, conical", [small for small, _ in sizes]),
            column("vertices, program", [large for _, large in sizes]),
        ),
        claims=tuple(claims),
        draw=draw,
    )

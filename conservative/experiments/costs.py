"""What modes of differentiation cost, by counting operations, and what reverse mode keeps of a loop."""

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from conservative.differentiation import vjp
from conservative.experiments.experiment import Experiment, Progress, at_most, column, within
from conservative.programs import from_numpy

Operations = NDArray[np.int64]


def _straight_line(draws: Generator, inputs: int, length: int) -> tuple[Operations, Operations]:
    """A random program of sums (0) and products (1): kinds, and the two earlier values of each line."""
    kinds = draws.integers(0, 2, length)
    earlier = np.array([draws.integers(max(0, i - inputs - 10), i + inputs, 2) for i in range(length)])
    return kinds, earlier


def _forward(kinds: Operations, earlier: Operations, x: Any, tangents: Any) -> tuple[Any, Any, int]:
    """Values and tangents in all directions, and the operations: 1 a line, and 1 or 3 more for each direction."""
    v, t, operations = list(x), list(tangents), 0
    for kind, (i, j) in zip(kinds.tolist(), earlier.tolist(), strict=True):
        if kind:
            v.append(v[i] * v[j])
            t.append(t[i] * v[j] + v[i] * t[j])
        else:
            v.append(v[i] + v[j])
            t.append(t[i] + t[j])
        operations += 1 + (3 if kind else 1) * len(tangents[0])
    return v, t, operations


def _backward(kinds: Operations, earlier: Operations, v: list[float], inputs: int) -> tuple[Any, int]:
    """The gradient of the last value by one pass back, and its operations: 2 or 4 a line, beside 1 forward."""
    adjoint, operations = [0.0] * len(v), len(kinds)
    adjoint[-1] = 1.0
    for line in range(len(kinds) - 1, -1, -1):
        i, j = (int(one) for one in earlier[line])
        a = adjoint[inputs + line]
        adjoint[i] += a * v[j] if kinds[line] else a
        adjoint[j] += a * v[i] if kinds[line] else a
        operations += 4 if kinds[line] else 2
    return np.array(adjoint[:inputs]), operations


def cost_of_modes(
    *, rng: Generator | int | None = None, full: bool = False, progress: Progress | None = None
) -> Experiment:
    """What a gradient costs: forward mode as many passes as parameters, reverse mode at most five evaluations.

    Operations of random programs of sums and products are counted; and the points that reverse mode along a loop keeps.

    Parameters
    ----------
    rng : Generator or int, optional
        Of the programs.
    full : bool
        Longer programs and loops.
    progress : callable, optional

    Returns
    -------
    Experiment

    Examples
    --------
    >>> import conservative as cj
    >>> cj.experiments.cost_of_modes(rng=0).held
    True
    """
    draws = np.random.default_rng(rng)
    sizes = (1, 2, 5, 10, 20, 50) + (100, 200) * full
    length = 5000 if full else 1000
    forward, backward, apart = [], [], []
    for n in sizes:
        if progress is not None:
            progress(f"programs of {n} parameters")
        kinds, earlier = _straight_line(draws, n, length)
        x = draws.uniform(-0.9, 0.9, n)
        with np.errstate(over="ignore", invalid="ignore"):
            v, t, ahead = _forward(kinds, earlier, x.tolist(), list(np.eye(n)))
            g, back = _backward(kinds, earlier, [float(value) for value in v], n)
        size = max(1.0, float(np.abs(t[-1]).max()))
        apart.append(float(np.abs(g - t[-1]).max()) / size if np.isfinite(size) else 0.0)
        forward.append(ahead / length)
        backward.append(back / length)
    F = from_numpy(lambda z, theta: np.cos(z) / 2 + theta, np.zeros(3), np.zeros(3))
    lengths = (25, 100, 400, 1600) if full else (25, 100, 400)
    kept = [len(vjp(F, np.zeros(3), np.ones(3), np.ones(3), steps=T, checkpoints=0).at) for T in lengths]
    slope = np.polyfit(sizes, forward, 1)[0]
    claims = (
        at_most("reverse mode costs at most 5 evaluations (Baur, Strassen 1983)", max(backward), 5.0),
        at_most("whatever the number of parameters: largest over smallest", max(backward) / min(backward), 1.1),
        within(
            "forward mode costs two evaluations more for each parameter (of sums and products alike)", slope, 2.0, 0.1
        ),
        at_most("both give the same gradient", max(apart), 1e-9),
        within(
            "with checkpoints the points kept grow like √T", kept[-1] / kept[0], np.sqrt(lengths[-1] / lengths[0]), 0.2
        ),
    )

    def draw(ax: Any) -> None:
        ax.loglog(sizes, forward, "o-", label="forward mode")
        ax.loglog(sizes, backward, "s-", label="reverse mode")
        ax.axhline(5, ls=":", lw=1, color="0.5")
        ax.set(xlabel="parameters", ylabel="operations of a gradient, in evaluations")
        ax.legend(frameon=False)

    return Experiment(
        name="cost-of-modes",
        title="What a gradient costs forward and backward, by counting operations",
        statement="forward mode takes a pass for each parameter; reverse mode at most 5 evaluations, and memory for "
        "the points, which checkpoints bring down to √T",
        assumption="programs of sums and products, counted one by one",
        columns=(
            column("parameters", sizes),
            column("forward", forward, "evaluations"),
            column("reverse", backward, "evaluations"),
        ),
        claims=claims,
        draw=draw,
    )

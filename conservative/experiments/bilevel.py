"""Tuning a weight by hypergradients: by each mode, at a breakpoint, and where nothing moves."""

from typing import Any

import numpy as np
from numpy.random import Generator

from conservative import algorithms, problems
from conservative._core.errors import MissingExtraError
from conservative.differentiation import implicit_jacobian, jvp, one_step_jacobian, vjp
from conservative.experiments.experiment import Experiment, MeasuredClaim, Progress, at_least, at_most, column


def _data(draws: Generator, full: bool) -> tuple[Any, Any, Any, Any]:
    """Training and validation halves of scikit-learn's diabetes data, standardised."""
    try:
        from sklearn.datasets import load_diabetes
    except ImportError as error:
        raise MissingExtraError(
            "the experiment `bilevel` needs scikit-learn for its data. "
            "Install it with `pip install 'conservative[data]'`."
        ) from error
    X, y = load_diabetes(return_X_y=True)
    X, y = (X - X.mean(axis=0)) / X.std(axis=0), (y - y.mean()) / y.std()
    order = draws.permutation(len(y))[: None if full else 200]
    half = len(order) // 2
    return X[order[:half]], y[order[:half]], X[order[half:]], y[order[half:]]


def bilevel(*, rng: Generator | int | None = None, full: bool = False, progress: Progress | None = None) -> Experiment:
    """Tuning a lasso's weight on the diabetes data: hypergradients by each mode, breakpoints, and the flat end.

    Parameters
    ----------
    rng : Generator or int, optional
        Of the split.
    full : bool
        All rows, and a finer curve.
    progress : callable, optional

    Returns
    -------
    Experiment

    Raises
    ------
    MissingExtraError
        When scikit-learn is not installed.

    Examples
    --------
    >>> import conservative as cj
    >>> cj.experiments.bilevel(rng=0).held
    True
    """
    X, y, held_out, truth = _data(np.random.default_rng(rng), full)
    P = problems.lasso(X, y, scale="mean")
    F = algorithms.forward_backward(P)
    top = float(np.abs(X.T @ y).max()) / len(y)

    def loss(w: Any) -> float:
        return float(np.mean((held_out @ w - truth) ** 2) / 2)

    def pull(w: Any) -> Any:
        return held_out.T @ (held_out @ w - truth) / len(truth)

    kinks = P.kinks(0.02 * top, 1.5 * top)
    ends = np.concatenate([[0.02 * top], kinks])
    smooth = (ends[:-1] + ends[1:]) / 2  # between breakpoints
    rows = []
    for weight in smooth.tolist():
        if progress is not None:
            progress(f"hypergradients at λ = {weight:.4g}")
        w = np.asarray(P.solve([weight]), dtype=np.float64)
        g = pull(w)
        implicit = float(g @ implicit_jacobian(F, [*w, weight]).output_vertices[0][:, 0])
        steps = 2000
        ahead = float(jvp(F, w, [weight], [1.0], steps=steps).tangents[-1] @ g)
        back = float(vjp(F, w, [weight], g, steps=steps).value[0])
        one = float(g @ one_step_jacobian(F, [*w, weight]).value[:, 0])
        exact = float(g @ np.asarray(P.derivative([weight]))[:, 0])
        rows.append((weight, loss(w), exact, implicit, ahead, back, one))
    table = np.array(rows)
    size = np.abs(table[:, 2]).max()
    off = np.abs(table[:, 3:6] - table[:, 2:3]).max(axis=0) / size
    parted = []
    for weight in kinks[kinks < top * (1 - 1e-9)].tolist():
        w = np.asarray(P.solve([weight]), dtype=np.float64)
        sides = implicit_jacobian(F, [*w, weight]).output_vertices[:, :, 0] @ pull(w)
        parted.append((weight, float(sides.min()), float(sides.max())))
    beyond = np.asarray(P.solve([1.2 * top]), dtype=np.float64)
    flat = float(np.abs(implicit_jacobian(F, [*beyond, 1.2 * top]).output_vertices).max())
    widest = max((high - low for _, low, high in parted), default=0.0)
    unsure = [weight for weight, low, high in parted if low < 0 < high]
    best = int(np.argmin(table[:, 1]))
    claims = (
        at_most("implicit hypergradients are those of the path", off[0], 1e-9),
        at_most("forward mode of 2,000 steps agrees", off[1], 1e-4),
        at_most("reverse mode agrees with forward mode", float(np.abs(table[:, 4] - table[:, 5]).max() / size), 1e-9),
        at_least(
            "one step at the solution is off: its bias, relative",
            float((np.abs(table[:, 6] - table[:, 2]) / size).max()),
            1e-3,
        ),
        at_least("at a breakpoint the hypergradient is an interval, of width up to", widest, 1e-6),
        at_most("beyond λ_max nothing moves: every λ there is a fixed point of hypergradient descent", flat, 0.0),
        MeasuredClaim("breakpoints at which its sign, and so the decision, is open", float(len(unsure)), 0.0, True),
        at_most(
            "the least validation loss between breakpoints is below that of no features",
            table[best, 1],
            loss(0 * beyond),
        ),
    )

    def draw(ax: Any) -> None:
        ax.plot(table[:, 0], table[:, 2], "o-", ms=4, label="between breakpoints")
        ax.plot(table[:, 0], table[:, 6], "x", ms=4, label="one step only")
        for i, (weight, low, high) in enumerate(parted):
            ax.plot(
                [weight, weight], [low, high], lw=3, alpha=0.5, color="C3", label="at breakpoints" if not i else None
            )
        ax.axvline(top, ls=":", lw=1, color="0.5")
        ax.axhline(0, lw=0.5, color="0.5")
        ax.set(xlabel="λ, with λ_max dotted", ylabel="hypergradient of the validation loss")
        ax.legend(frameon=False)

    return Experiment(
        name="bilevel",
        title="Tuning a lasso's weight: hypergradients by each mode, and where they are sets",
        statement="the hypergradient ⟨∇C(w̄), dw̄/dλ⟩ is the same by every mode between breakpoints, an interval at "
        "them, and 0 beyond λ_max",
        assumption="the lasso's solution is unique; diabetes data, half for training",
        columns=tuple(
            column(name, table[:, i])
            for i, name in enumerate(
                ("λ", "validation loss", "of the path", "implicit", "forward", "reverse", "one step")
            )
        ),
        claims=claims,
        draw=draw,
    )

"""Derivatives of PyTorch at ties: the observed ones of the table, and always inside the program reading.

Observed with PyTorch 2.13 in double precision.
"""

import numpy as np
import pytest
from peers.translation import lies_in_program_reading

import conservative as cj

pytestmark = pytest.mark.peers
torch = pytest.importorskip("torch")
relu = torch.relu

ZERO = torch.zeros((), dtype=torch.float64)


def simplex(v):
    descending = torch.sort(v, descending=True, stable=True)[0]
    sums = torch.cumsum(descending, 0) - 1
    support = int((descending * torch.arange(1, len(v) + 1) > sums).sum())
    return torch.clamp(v - sums[support - 1] / support, min=0)


# the formula in PyTorch, the same as text, its variables, the point, and what PyTorch returns (None: not in the table)
TABLE = [
    (lambda x: relu(-x) + x - relu(x), "Max(-x, 0) + x - Max(x, 0)", "x", [0], 1),
    (lambda x: relu(-x) + x, "Max(-x, 0) + x", "x", [0], 1),
    (lambda x: (relu(x) + relu(-x) + x) / 2, "(Max(x, 0) + Max(-x, 0) + x)/2", "x", [0], 0.5),
    (torch.maximum, "Max(x, y)", "xy", [2, 2], [0.5, 0.5]),
    (relu, "relu(x)", "x", [0], 0),
    (lambda x: torch.maximum(x, ZERO), "Max(x, 0)", "x", [0], 0.5),
    (lambda x: torch.clamp(x, 0, 10), "clip(x, 0, 10)", "x", [0], 1),
    (lambda x: torch.where(x > 0, x, ZERO), "Piecewise((x, x > 0), (0, True))", "x", [0], 0),
    (lambda x: torch.abs(x) - torch.abs(-x), "Abs(x) - Abs(-x)", "x", [0], 0),
    (lambda x: (lambda a: a - a)(torch.abs(x)), "Abs(x) - Abs(x)", "x", [0], 0),
    (lambda x: torch.maximum(x, -x) - torch.abs(x), "Max(x, -x) - Abs(x)", "x", [0], 0),
    (lambda x: torch.stack([relu(x), relu(-x)]), ["relu(x)", "relu(-x)"], "x", [0], None),
    (lambda x, y: torch.abs(torch.stack([x, y])).max(), "norm_inf(x, y)", "xy", [1, -1], None),
    (lambda x, y: torch.amax(torch.abs(torch.stack([x, y]))), "norm_inf(x, y)", "xy", [1, -1], [0.5, -0.5]),
    (lambda x, y: torch.maximum(torch.minimum(x, y), -x - y), "Max(Min(x, y), -x - y)", "xy", [0, 0], [-0.25, -0.25]),
    (
        lambda x, y: torch.sort(torch.stack([x, y]), stable=True)[0],
        [f"order_statistic({k}, x, y)" for k in (1, 2)],
        "xy",
        [3, 3],
        np.eye(2),
    ),
    (lambda x, t: relu(x - t) - relu(-x - t), "soft_threshold(x, t)", "xt", [1, 1], None),
    (lambda x, y: torch.clamp(torch.stack([x, y]), 0, 1), ["clip(x, 0, 1)", "clip(y, 0, 1)"], "xy", [0, 1], None),
    (lambda x, y: torch.maximum(ZERO, 1 - x * y), "hinge(x*y)", "xy", [1, 1], [-0.5, -0.5]),
    (lambda x, y: torch.clamp(1 - x * y, min=0), "hinge(x*y)", "xy", [1, 1], [-1, -1]),
    (
        lambda x, y, z: simplex(torch.stack([x, y, z])),
        [f"project_simplex({i}, x, y, z)" for i in (1, 2, 3)],
        "xyz",
        [0.5, 0.5, 0],
        None,
    ),
    (lambda x, y, z: (y - x).abs() + (z - y).abs(), "total_variation(x, y, z)", "xyz", [1, 1, 1], None),
]


def derivative(function, at):
    """A NumPy array of shape (q, n), by reverse mode."""
    point = torch.tensor(at, dtype=torch.float64)
    return np.atleast_2d(torch.autograd.functional.jacobian(function, point).numpy())


@pytest.mark.parametrize(("function", "text", "names", "at", "observed"), TABLE, ids=[str(r[1]) for r in TABLE])
def test_observed_derivatives(function, text, names, at, observed):
    found = derivative(lambda v: function(*v), at)
    if observed is not None:
        assert np.array_equal(found, np.atleast_2d(observed))
    assert lies_in_program_reading(cj.from_sympy(text, state=list(names)), at, found)

"""What an implicit derivative is solved from: the blocks of a map and of its output, vertex by vertex or tie by tie."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.families.as_family import ExactMatrix
from conservative.functions import StateMap
from conservative.functions.switched_jacobian import SwitchedJacobian, SwitchedTie
from conservative.jacobians import JacobianSet, JacobianZonotope
from conservative.jacobians.jacobian_set import distinct

Matrix = NDArray[Any]

LISTED_TIES = 12
"""Most ties of two sides whose vertices are listed."""

_DENSE = 150
"""States up to which a map is asked for its blocks; beyond it is asked for products."""

_EXACT = 60
"""States up to which a program at rational points is run in rationals."""

_WORK = 2e9


@dataclass(frozen=True, slots=True, eq=False)
class VertexBlocks:
    """x = A x + B θ and w = C x + D θ at every vertex of a set of Jacobians.

    Parameters
    ----------
    blocks : ndarray, shape (k, p + q, p + m)
        [A B; C D], in doubles or in `Fraction`; q = 0 for a map without an output.
    state_size : int
    near : bool
        Whether the entries are doubles near other numbers; else they are what they stand for.
    weights : ndarray, shape (k, t), or None
        Zeros and ones, where the vertices are those of t ties that act by themselves, each of rank one.
    """

    blocks: Matrix
    state_size: int
    near: bool
    weights: Matrix | None = None

    @property
    def exact(self) -> bool:
        """Whether the entries are rationals."""
        return bool(self.blocks.dtype == object)

    @property
    def parts(self) -> tuple[Matrix, Matrix, Matrix, Matrix]:
        """A, B, C, D, each with a leading axis of vertices."""
        p = self.state_size
        return (
            self.blocks[:, :p, :p], self.blocks[:, :p, p:], self.blocks[:, p:, :p], self.blocks[:, p:, p:],
        )  # fmt: skip

    def in_floats(self) -> "VertexBlocks":
        """The same in doubles."""
        return VertexBlocks(self.blocks.astype(np.float64), self.state_size, self.near, self.weights)

    def in_rationals(self) -> "VertexBlocks":
        """The same with doubles as the rationals that they are."""
        if self.exact:
            return self
        exact = np.empty(self.blocks.shape, dtype=object)
        exact.reshape(-1)[:] = [Fraction(x) for x in self.blocks.ravel().tolist()]
        return VertexBlocks(exact, self.state_size, self.near, self.weights)


def of_set(J: JacobianSet, *, near: bool) -> VertexBlocks:
    """The vertices of a set. `near`: whether its doubles stand for numbers nearby."""
    if J.exact_blocks is None:
        return VertexBlocks(J.vertices, J.state_size, near)
    return VertexBlocks(np.array(J.exact_blocks, dtype=object).reshape(J.vertices.shape), J.state_size, False)


def form_at(F: StateMap, values: tuple[Any, ...]) -> SwitchedJacobian:
    """The abs-normal form of F with its output below it, by products for many states, in rationals for few."""
    p = F.state_size
    whole: Any = getattr(F, "joint_map", F)
    exact = all(isinstance(value, Fraction) for value in values)
    found: SwitchedJacobian
    if p > _DENSE and hasattr(whole, "linearized"):
        found = whole.linearized(np.array([float(value) for value in values]))
    else:
        found = whole.switched([float(value) for value in values] if exact and p > _EXACT else values)
    return found


def listed_where_few(S: SwitchedJacobian) -> VertexBlocks | SwitchedJacobian:
    """The vertices of few choices of a small map; else the form as it is."""
    total = sum(path.choices for path in (S, *S.others))
    few = total * max(S.state_size, 10) ** 3 <= _WORK and total <= 1 << LISTED_TIES
    return S if S.matrix_free or not few else _listed(S)


def of_zonotope(J: JacobianZonotope) -> VertexBlocks | SwitchedJacobian:
    """Listed where it has few vertices; else its ties."""
    if J.tie_count <= LISTED_TIES:
        return of_set(J.listed(), near=False)
    k = J.tie_count
    names = J.tie_names if len(J.tie_names) == k else [f"tie {i + 1}" for i in range(k)]
    return SwitchedJacobian(
        base=J.base, Y=np.ascontiguousarray(J.U.T), Z=np.asarray(J.V), L=np.zeros((k, k)),
        ties=tuple(SwitchedTie(name, "", (i,), ((i,),)) for i, name in enumerate(names)),
        state_size=J.state_size, value=np.zeros(J.shape[0]),
    )  # fmt: skip


def act_alone(S: SwitchedJacobian) -> bool:
    """Whether the set is base + Σ [0, 1] u_i v_iᵀ: ties of two sides, none in a branch of another."""
    return not S.others and not S.L.any() and all(tie.patterns == ((tie.slots[0],),) for tie in S.ties)


def _listed(S: SwitchedJacobian) -> VertexBlocks:
    blocks = S.vertices()
    keep = distinct(blocks.astype(np.float64), [tuple(block.ravel()) for block in blocks] if S.exact else None)
    weights = None
    if act_alone(S) and len(keep) == len(blocks):
        weights = S.weights(list(S.patterns()))
    return VertexBlocks(blocks[keep], S.state_size, not S.exact, weights)


def exact_blocks(J: JacobianSet) -> tuple[ExactMatrix, ...]:
    """The blocks as rationals; doubles are rationals too."""
    if J.exact_blocks is not None:
        return J.exact_blocks
    return tuple(tuple(tuple(Fraction(x) for x in row) for row in block) for block in J.vertices.tolist())

"""Proofs that products of a family are not small, as exact data: the part `lower` of the kind slowest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from conservative.certificates.numerals import image_lists, texts, wholes
from conservative.certificates.proofs import Proof, Rows, part


class LowerPart(Protocol):
    """Exact data that may prove a lower bound of the lower spectral radius."""

    @property
    def kind(self) -> str:
        """The kind of the part, as the checker names it."""

    def document(self) -> dict[str, Any]:
        """The part as the checker reads it."""


@dataclass(frozen=True, slots=True)
class ConePart:
    """Nonnegative vectors v_j with A_i v_j >= bound sum c_k v_k, c >= 0 and sum c = 1, for nonnegative matrices.

    Parameters
    ----------
    side : str
        ``"rows"``, or ``"columns"`` for the transposed matrices, whose edges are turned round.
    vertices : sequence of shape (N, n)
        Integers, at least 0; their common denominator does not matter.
    nodes : sequence of N int
        The node of the automaton at which each vertex stands; 0 without an automaton.
    images : nested sequence of shape (edges, N)
        For an edge (u, v, i) and a vertex at v, pairs (k, weight) for vertices at u; None for other vertices. Without
        an automaton there is one edge for each matrix.
    """

    kind: ClassVar[str] = "cone"
    side: str
    vertices: Sequence[Sequence[int]]
    nodes: Sequence[int]
    images: Sequence[Sequence[Any]]

    def document(self) -> dict[str, Any]:
        """The part as the checker reads it.

        Returns
        -------
        dict
        """
        return {
            "kind": self.kind,
            "side": self.side,
            "vertices": [wholes(v) for v in self.vertices],
            "nodes": [int(u) for u in self.nodes],
            "images": image_lists(self.images, 1),
        }


@dataclass(frozen=True, slots=True)
class DeterminantsPart:
    """|det A_i| is at least bound^n for all i."""

    kind: ClassVar[str] = "determinants"

    def document(self) -> dict[str, Any]:
        """The part as the checker reads it.

        Returns
        -------
        dict
        """
        return {"kind": self.kind}


@dataclass(frozen=True, slots=True)
class AlonePart:
    """The family is one matrix, with an eigenvalue of modulus bound or more."""

    kind: ClassVar[str] = "alone"

    def document(self) -> dict[str, Any]:
        """The part as the checker reads it.

        Returns
        -------
        dict
        """
        return {"kind": self.kind}


@dataclass(frozen=True, slots=True)
class InversesPart:
    """The inverses have joint spectral radius at most 1 / bound.

    Parameters
    ----------
    inverses : sequence of k matrices
    upper : Proof, or mapping
        Proves 1 / bound for the inverses; under an automaton, for its edges turned round. Or the same as the checker
        reads it: ``{"kind", "proof"}``, for the kind "exact" with the lower end of its claim as ``"lower"``.
    """

    kind: ClassVar[str] = "inverses"
    inverses: Sequence[Rows]
    upper: Proof | Mapping[str, Any]

    def document(self) -> dict[str, Any]:
        """The part as the checker reads it.

        Returns
        -------
        dict
        """
        upper = dict(self.upper) if isinstance(self.upper, Mapping) else part(self.upper)
        return {"kind": self.kind, "inverses": [texts(B) for B in self.inverses], "upper": upper}


@dataclass(frozen=True, slots=True)
class BlockPart:
    """A basis in which all matrices are block upper triangular, and a part for one diagonal block.

    Parameters
    ----------
    basis, inverse : sequence of rows, shape (n, n)
        Rational T and S with S T = I; the blocks are those of S A_i T.
    sizes : sequence of int
    index : int
        Of the block.
    lower : LowerPart
        Itself no `BlockPart`.
    """

    kind: ClassVar[str] = "block"
    basis: Rows
    inverse: Rows
    sizes: Sequence[int]
    index: int
    lower: LowerPart

    def document(self) -> dict[str, Any]:
        """The part as the checker reads it.

        Returns
        -------
        dict
        """
        return {
            "kind": self.kind,
            "basis": texts(self.basis),
            "inverse": texts(self.inverse),
            "sizes": [int(size) for size in self.sizes],
            "index": int(self.index),
            "lower": self.lower.document(),
        }

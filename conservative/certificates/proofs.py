"""Proofs as exact data: what a search hands to the builders of certificates.

Every proof has a `kind`, as the checker names it, and writes itself down with `document`. The data are integers and
rationals of Python; whether they prove anything, the checker alone decides. The page "The certificate format" states
what each kind proves, and why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Protocol

from conservative.certificates.numerals import edge_lists, image_lists, text, texts, whole, wholes

Rows = Sequence[Sequence[Any]]
"""A matrix as a sequence of rows of rationals."""


class Proof(Protocol):
    """Exact data that may prove an upper bound of a joint spectral radius."""

    @property
    def kind(self) -> str:
        """The kind of certificate, as the checker names it."""

    def document(self) -> dict[str, Any]:
        """The proof as the checker reads it."""


@dataclass(frozen=True, slots=True)
class QuadraticProof:
    """One norm sqrt(x' P x) in which every matrix has norm at most the bound.

    Parameters
    ----------
    P : sequence of rows, shape (n, n)
        Symmetric, rational, positive definite.
    """

    kind: ClassVar[str] = "contraction"
    P: Rows

    def document(self) -> dict[str, Any]:
        """The proof as the checker reads it.

        Returns
        -------
        dict
        """
        return {"P": texts(self.P)}


@dataclass(frozen=True, slots=True)
class PolytopeProof:
    """A convex body P that every A_i / bound maps into itself.

    With the hull ``"symmetric"``, P holds all sums of c_k v_k with sum |c_k| <= 1; with ``"elliptic"`` the v_k and c_k
    are complex and the real part is taken; with ``"monotone"``, for nonnegative matrices, P holds every x between 0
    and such a sum with c_k >= 0.

    Parameters
    ----------
    hull : str
        ``"symmetric"``, ``"monotone"`` or ``"elliptic"``.
    denominator : int
        Of all vertices: ``v_k = vertices[k] / denominator``.
    vertices : sequence of shape (N, n), or (N, 2, n) with an elliptic hull
        Integers; real and imaginary parts when elliptic.
    basis : sequence of n int, or of n pairs (k, part) with an elliptic hull
        Vertices that span the space; part 0 is the real part of vertex k, 1 the imaginary part. Empty when monotone.
    dual_denominator : int
        Of `dual`.
    dual : sequence of shape (n, n)
        Integers: Y = dual / dual_denominator approximates the inverse of the matrix whose columns are the basis.
        Empty when monotone.
    weight : int
        Denominator of all coefficients.
    images : sequence of shape (k, N)
        ``images[i][j]`` is the sparse combination near A_i v_j / bound: pairs (k, m) for the coefficient m / weight of
        v_k; with an elliptic hull (k, conjugate, re, im, modulus), where conjugate is 0, or 1 for the conjugate of v_k,
        and re^2 + im^2 <= modulus^2.
    """

    kind: ClassVar[str] = "polytope"
    hull: str
    denominator: int
    vertices: Sequence[Any]
    basis: Sequence[Any]
    dual_denominator: int
    dual: Sequence[Sequence[int]]
    weight: int
    images: Sequence[Sequence[Sequence[Sequence[int]]]]

    def document(self) -> dict[str, Any]:
        """The proof as the checker reads it.

        Returns
        -------
        dict
        """
        indices = 2 if self.hull == "elliptic" else 1
        found: dict[str, Any] = {
            "hull": self.hull,
            "denominator": whole(self.denominator),
            "vertices": [wholes(v) for v in self.vertices],
        }
        if self.hull != "monotone":
            found["basis"] = (
                [[int(k), int(part)] for k, part in self.basis] if indices == 2 else list(map(int, self.basis))
            )
            found["dual_denominator"] = whole(self.dual_denominator)
            found["dual"] = wholes(self.dual)
        return found | {"weight": whole(self.weight), "images": image_lists(self.images, indices)}


@dataclass(frozen=True, slots=True)
class PathCompleteProof:
    """Quadratic norms on the nodes of a graph that reads every word; no edge increases them by more than the bound.

    Parameters
    ----------
    count : int
        Number of nodes.
    edges : sequence of (from, to, letter)
        Along each, bound^2 P[from] - A' P[to] A is semidefinite. Words are read in the order of application.
    P : sequence of `count` matrices
        Symmetric, rational, positive definite.
    """

    kind: ClassVar[str] = "path-complete"
    count: int
    edges: Sequence[Sequence[int]]
    P: Sequence[Rows]

    def document(self) -> dict[str, Any]:
        """The proof as the checker reads it.

        Returns
        -------
        dict
        """
        return {"count": int(self.count), "edges": edge_lists(self.edges), "P": [texts(P) for P in self.P]}


@dataclass(frozen=True, slots=True)
class ProductsProof:
    """Words of norm at most bound^length, of which every word that is long enough begins with one.

    Parameters
    ----------
    norm : str
        ``"rows"``: max_r |x_r| / d_r; ``"columns"``: sum_r d_r |x_r|; ``"quadratic"``: sqrt(x' P x).
    weight : sequence of n positive integers d, or of rows of P
        P is symmetric, rational, positive definite.
    words : sequence of words
        0-based letters; with the single letters it is a norm in which every matrix is at most the bound.
    """

    kind: ClassVar[str] = "products"
    norm: str
    weight: Sequence[Any]
    words: Sequence[Sequence[int]]

    def document(self) -> dict[str, Any]:
        """The proof as the checker reads it.

        Returns
        -------
        dict
        """
        weight = texts(self.weight) if self.norm == "quadratic" else wholes(self.weight)
        return {"norm": self.norm, "weight": weight, "words": [[int(letter) for letter in w] for w in self.words]}


@dataclass(frozen=True, slots=True)
class SumOfSquaresProof:
    """A positive form p of degree 2d that no A_i / bound increases.

    p(x) = m(x)' G m(x), where m(x) lists the monomials of degree d in the order of
    ``itertools.combinations_with_replacement(range(n), d)``, and bound^(2d) p(x) - p(A_i x) = m(x)' Q_i m(x).

    Parameters
    ----------
    degree : int
        d >= 1.
    gram : sequence of rows, shape (N, N)
        G, symmetric, rational, positive definite, with N = binomial(n + d - 1, d).
    slacks : sequence of k matrices of shape (N, N)
        Q_i, symmetric, rational, positive semidefinite.
    """

    kind: ClassVar[str] = "sum-of-squares"
    degree: int
    gram: Rows
    slacks: Sequence[Rows]

    def document(self) -> dict[str, Any]:
        """The proof as the checker reads it.

        Returns
        -------
        dict
        """
        return {"degree": int(self.degree), "gram": texts(self.gram), "slacks": [texts(Q) for Q in self.slacks]}


@dataclass(frozen=True, slots=True)
class BlocksProof:
    """A basis in which all matrices are block upper triangular, and a proof of the bound for each diagonal block.

    Parameters
    ----------
    basis, inverse : sequence of rows, shape (n, n)
        Rational T and S with S T = I; the blocks are those of S A_i T.
    sizes : sequence of int
        Orders of the diagonal blocks, of sum n.
    proofs : sequence of Proof
        One for each block, itself no `BlocksProof`.
    """

    kind: ClassVar[str] = "blocks"
    basis: Rows
    inverse: Rows
    sizes: Sequence[int]
    proofs: Sequence[Proof]

    def document(self) -> dict[str, Any]:
        """The proof as the checker reads it.

        Returns
        -------
        dict
        """
        return {
            "basis": texts(self.basis),
            "inverse": texts(self.inverse),
            "sizes": [int(size) for size in self.sizes],
            "proofs": [part(proof) for proof in self.proofs],
        }


@dataclass(frozen=True, slots=True)
class ExactProof:
    """A polytope spanned by an eigenvector of a word's product, which proves that the radius is that of the word.

    The true vertices are v_0, an eigenvector of M_w, and v_j = A_letter v_parent / gamma with gamma = rho(M_w)^(1/l)
    for each entry of the tree. They may be irrational; what is written down are rationals nearby.

    Parameters
    ----------
    word : sequence of int
        0-based letters; the eigenvalue of M_w with the eigenvector v_0 is real.
    lower, upper : Fraction
        The claim is that the radius lies between them, which also bounds gamma in the proof.
    pivot : int
        v_0 has the entry 1 there.
    eigenvalue : Fraction
        Near the eigenvalue of M_w / lower^l, of modulus at least 1 + radius.
    radius : Fraction
        The eigenpair is proved to lie within it, in the maximum norm.
    inverse : sequence of rows, shape (n, n)
        Near the inverse of the matrix M_w / lower^l - eigenvalue * I with -v_0 in place of the column `pivot`.
    denominator : int
        Of all vertices.
    vertices : sequence of shape (N, n)
        Integers.
    hull : str
        ``"symmetric"``, or ``"monotone"`` for nonnegative matrices and vertices.
    tree : sequence of N pairs (parent, letter), or None
        None for v_0, and for vertices that are exactly the given rationals. Parents come first. The tree must hold the
        cycle v_0, A_{w_l} v_0 / gamma, .. of the word, without the image that closes it.
    basis, dual_denominator, dual, weight
        As in a `PolytopeProof`.
    images : sequence of shape (k, N)
        As in a `PolytopeProof`; None for the edges of the tree and the image that closes the cycle.
    """

    kind: ClassVar[str] = "exact"
    word: Sequence[int]
    lower: Fraction
    upper: Fraction
    pivot: int
    eigenvalue: Fraction
    radius: Fraction
    inverse: Rows
    denominator: int
    vertices: Sequence[Sequence[int]]
    hull: str
    tree: Sequence[Sequence[int] | None]
    basis: Sequence[int]
    dual_denominator: int
    dual: Sequence[Sequence[int]]
    weight: int
    images: Sequence[Sequence[Sequence[Sequence[int]] | None]]

    def document(self) -> dict[str, Any]:
        """The proof as the checker reads it.

        Returns
        -------
        dict
        """
        found: dict[str, Any] = {
            "word": [int(letter) for letter in self.word],
            "pivot": int(self.pivot),
            "eigenvalue": text(self.eigenvalue),
            "radius": text(self.radius),
            "inverse": texts(self.inverse),
            "hull": self.hull,
            "denominator": whole(self.denominator),
            "vertices": wholes(self.vertices),
            "tree": [None if edge is None else [int(edge[0]), int(edge[1])] for edge in self.tree],
        }
        if self.hull != "monotone":
            found["basis"] = [int(k) for k in self.basis]
            found["dual_denominator"] = whole(self.dual_denominator)
            found["dual"] = wholes(self.dual)
        return found | {"weight": whole(self.weight), "images": image_lists(self.images, 1)}


def part(proof: Proof) -> dict[str, Any]:
    """A proof inside another proof.

    Parameters
    ----------
    proof : Proof

    Returns
    -------
    dict
    """
    return {"kind": proof.kind, "proof": proof.document()}

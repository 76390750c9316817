"""`verify_contraction`: whether a map contracts at a point or on a box, in which norm, or what forbids it."""

from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conservative._core.errors import ArgumentError, ArgumentTypeError
from conservative._core.matrix_norms import frobenius_bounds, spectral_norm_bounds
from conservative._core.numbers import UNIT_ROUNDOFF, Bracket
from conservative._core.printable import page, shown
from conservative._core.result_lines import between, result_line
from conservative.certificates import Certificate, expansion_certificate
from conservative.differentiation.contraction_steps import contracting_steps, letters_of
from conservative.differentiation.jumps import refuse_jumps
from conservative.functions import PiecewiseSelection, StateMap
from conservative.functions.arrays.structured_map import StructuredMap
from conservative.functions.graph.interval_hessians import ball, piece_jets, rounded
from conservative.functions.piece import MAX_PIECES
from conservative.functions.residual import Residual
from conservative.functions.state_map import refuse_without_fixed_point
from conservative.jacobians import JacobianZonotope, conservative_jacobian
from conservative.jacobians.as_graph import as_selection
from conservative.jacobians.boxes import read_box
from conservative.jacobians.lipschitz import all_choices
from conservative.programs import ProgramMap
from conservative.spectral import Contraction, ContractionVerdict, contraction_verdict, expanding_product
from conservative.spectral.semidefinite.options import certificate_or_none
from conservative.spectral.verdict.contraction_verdict import euclidean_certificate, verdict_nearby
from conservative.spectral.words.cyclic_words import Word, word_text

Floats = NDArray[np.float64]
_CALL = "verify_contraction"
_CELLS = 1024
_PRODUCTS = 4096
_LISTED_TIES = 12
_CERTIFIED = 2_000_000
"""Matrices times p³ up to which a Euclidean norm of many ties is certified, vertex by vertex."""

_WITHIN_ROUNDING = 1.0 - 1e-12
"""Above it doubles that contract may stand for numbers that do not."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ContractionCheck:
    """Whether F contracts in x: at a point on all of its Jacobians there, or on a box.

    Parameters
    ----------
    verdict : ContractionVerdict
        Of the blocks A at the point; for a box, of all blocks on it.
    steps : int or None
        After so many steps every product of blocks A contracts in the Euclidean norm, proved; None where no number is
        known. 1 where every block does.
    residual : Residual or None
        F(x, θ) − x at the point: contraction at a point that is no fixed point says little of the loop.
    region : pair of ndarray, or None
        The box that the verdict speaks of; None for the point.
    letters : tuple of tuple of int
        Where many ties are refuted: for each vertex that the word is made of, the ties that are on their other side.
    """

    verdict: ContractionVerdict
    steps: int | None
    residual: Residual | None = field(default=None, repr=False)
    region: tuple[Floats, Floats] | None = field(default=None, repr=False)
    letters: tuple[tuple[int, ...], ...] = field(default=(), repr=False)

    @property
    def contracts(self) -> bool:
        """Whether one norm of the whole space makes every block a contraction, proved."""
        return self.verdict.contracts

    @property
    def how(self) -> Contraction:
        """In which norm, or on which part; the value is a sentence."""
        return self.verdict.how

    @property
    def factor(self) -> Bracket:
        """The joint spectral radius of the blocks, or of the part that contracts: proved bounds."""
        return self.verdict.radius

    @property
    def word(self) -> Word:
        """The word that forbids contraction; empty where there is none."""
        return self.verdict.word

    @property
    def quotient(self) -> Any:
        """The common invariant subspace that is taken out, or None."""
        return self.verdict.quotient

    @property
    def certificate(self) -> Certificate | None:
        """What `check` verifies; of the part that contracts, where a subspace is taken out."""
        part = self.verdict.part
        return self.verdict.certificate if part is None else part.certificate

    def __repr__(self) -> str:
        return result_line(
            self,
            self.how.name,
            f"factor {between(self.factor)}",
            "on a box" if self.region is not None else "at the point",
            *([f"word {word_text(self.word)}"] if self.word else []),
            *([f"Euclidean after {self.steps}"] if self.steps is not None and self.steps > 1 else []),
        )

    def __str__(self) -> str:
        place = "on the whole box" if self.region is not None else "at the point (of points nearby nothing is said)"
        lines = [f"Contraction {place}: {self.how.value}", f"  factor {between(self.factor)}"]
        if self.word:
            lines.append(f"  word {word_text(self.word)}")
            lines += [f"    letter {i + 1}: {_sides(on)}" for i, on in enumerate(self.letters)]
        if self.steps is not None:
            lines.append(f"  in the Euclidean norm every product of {self.steps} contracts")
        if self.quotient is not None:
            lines.append(f"  the subspace that is taken out has dimension {self.quotient.dimension}")
        if self.residual is not None and not self.residual.vanishes:
            away = float(np.abs(self.residual.values).max())
            lines.append(f"  the point is no fixed point: F moves it by {away:.3g}")
        lines.append(f"  {'with' if self.certificate is not None else 'without'} a certificate{self._why}")
        return "\n".join([*lines, *([f"  {self.verdict.remedy}"] if self.verdict.remedy else [])])

    @property
    def _why(self) -> str:
        many = self.certificate is None and self.contracts and self.region is None
        return ": it would list all vertices of the ties, and is made for few" if many else ""

    def _repr_html_(self) -> str:
        return page(self)


def _sides(on: tuple[int, ...]) -> str:
    return (
        f"ties {', '.join(str(i + 1) for i in on)} on their other side" if on else "all ties as the program takes them"
    )


def verify_contraction(
    F: StateMap | StructuredMap,
    *,
    at: Any = None,
    region: Any = None,
    time_limit: float | None = None,
) -> ContractionCheck:
    """Whether F contracts in x: Assumption A, in the Euclidean or an adapted norm, on a quotient, or never.

    Derivatives converge at a fixed point as the products of the blocks A of [A B] ∈ J_F(x̄, θ) do. At a point all that
    the program may return there is judged, ties included. On a box, which only formulas allow, all pieces are.

    Parameters
    ----------
    F : StateMap
        A formula, a program, or an algorithm.
    at : mapping or sequence of numbers, optional
        (x̄, θ), the state's numbers first; for a program the point it was built at when left out.
    region : pair of float or array_like of shape (p + m,), optional
        Lower and upper ends of a box in (x, θ). With `at` its norm is that of the verdict at the point.
    time_limit : float, optional
        Seconds; None, the default, is no limit. For the verdict at the point.

    Returns
    -------
    ContractionCheck

    Raises
    ------
    ArgumentError, ArgumentTypeError, ShapeError, FunctionError, DiscontinuityError

    Notes
    -----
    At a point: `contraction_verdict`, on vertices or, for many ties, on the zonotope without listing them.

    On a box: every combination of branches counts, active there or not. Derivatives are enclosed over cells by ball
    arithmetic, and cells are halved, the worst first, until ‖A‖ < 1 on all of them, or 1,024 cells are used.

    Examples
    --------
    >>> import conservative as cj
    >>> F = cj.from_sympy("sin(x)/2 + Abs(x)/4 + t", state="x", parameters="t")
    >>> cj.verify_contraction(F, at=[0, 0]).factor.upper
    0.75
    >>> on_box = cj.verify_contraction(F, region=(-1.0, 1.0))
    >>> on_box.how.name, 0.75 <= on_box.factor.upper < 0.76
    ('EUCLIDEAN', True)
    """
    if not isinstance(F, (StateMap, StructuredMap)):
        raise ArgumentTypeError(
            f"`{_CALL}(F=...)` needs a map with a state, as `from_sympy` or `from_numpy` make; got {shown(F)}. For "
            "matrices call `contraction_verdict`."
        )
    if F.size != F.state_size:
        raise ArgumentError(
            f"`{_CALL}(F=...)` needs a map of the state to itself; F has {F.size} components for {F.state_size} states."
        )
    refuse_without_fixed_point(F, call=_CALL)
    known, residual = None, None
    if region is None or at is not None:
        point = F.point(at, call=_CALL)
        residual = F.residual(point.values)
        if isinstance(F, ProgramMap):
            refuse_jumps(F, F.switched(point.values), point.values, call=_CALL)
        J = conservative_jacobian(F, point.values)
        known = _verdict(J, time_limit)
        if region is None:
            found = ContractionCheck(known, contracting_steps(known, J), residual)
            return _with_letters(found, J) if known.signs is not None and isinstance(J, JacobianZonotope) else found
    box = _read_region(F, region)
    P = known.P if known is not None and known.contracts else None
    verdict = _on_box(as_selection(F, call=_CALL), box, P)
    return ContractionCheck(verdict, 1 if verdict.how is Contraction.EUCLIDEAN else None, residual, box)


def _verdict(J: Any, time_limit: float | None) -> ContractionVerdict:
    """The verdict; what blocks of doubles show within rounding of one is not taken for the map's."""
    known = contraction_verdict(J, time_limit=time_limit)
    if isinstance(J, JacobianZonotope) and not J.tight and known.how is Contraction.REFUTED:
        # A superset that expands says nothing of the set in it.
        return ContractionVerdict(Contraction.UNDECIDED, Bracket(0.0, known.radius.upper))
    listed = not isinstance(J, JacobianZonotope) or J.tie_count <= _LISTED_TIES
    if listed and known.contracts and known.radius.upper > _WITHIN_ROUNDING and J.exact_entries is None:
        nearby = verdict_nearby(J, time_limit=time_limit)
        return ContractionVerdict(Contraction.UNDECIDED, known.radius) if nearby is None else nearby
    if listed and known.how is Contraction.EUCLIDEAN and known.certificate is None:
        family = J.state_family()
        if family.count * family.size**3 <= _CERTIFIED:
            known = replace(known, certificate=euclidean_certificate(family, known.radius.upper))
    return _in_short(known, J)


def _with_letters(found: ContractionCheck, J: JacobianZonotope) -> ContractionCheck:
    """The word that refutes a zonotope, in the vertices that it is made of, with its certificate."""
    family, word, letters = letters_of(J, np.asarray(found.verdict.signs))
    proof = certificate_or_none(lambda: expansion_certificate(family, word, bound=1, strict=True))
    return replace(found, verdict=replace(found.verdict, word=word, certificate=proof), letters=letters)


def _in_short(verdict: ContractionVerdict, J: Any) -> ContractionVerdict:
    """A refutation by a shortest word, where that is shorter than the one that grows fastest."""
    if len(verdict.word) <= 1:
        return verdict
    family = J.state_family()
    most = min(len(verdict.word) - 1, int(np.log(_PRODUCTS) / np.log(max(2, family.count))))
    found = expanding_product(family, max_length=most)
    if found is None:
        return verdict
    proof = certificate_or_none(lambda: expansion_certificate(family, found.word, bound=1, strict=True))
    return verdict if proof is None else replace(verdict, word=found.word, certificate=proof)


def _read_region(F: StateMap | StructuredMap, region: Any) -> tuple[Floats, Floats]:
    if not isinstance(F, (PiecewiseSelection, StructuredMap)):
        raise ArgumentTypeError(
            f"`{_CALL}(region=...)` needs a formula, from `from_sympy` or `structured`: of a program only points are "
            "seen. Give `at`, or write the step as a formula."
        )
    try:
        return read_box(region, len(F.names), call=_CALL)
    except ArgumentError as error:
        raise ArgumentError(str(error).replace("(box=...)", "(region=...)")) from error


def _on_box(F: PiecewiseSelection, box: tuple[Floats, Floats], P: Floats | None) -> ContractionVerdict:
    """‖A‖ over the box for every combination of branches, cells halved where the bound is largest."""
    p = F.state_size
    pieces = list(all_choices(F.graph, MAX_PIECES))
    norm = _Norm(np.eye(p) if P is None else P)

    def bound(low: Floats, high: Floats) -> float:
        balls = [ball(float(a), float(b)) for a, b in zip(low, high, strict=True)]
        return max(norm.above(*_gradients(F, choices, balls)) for choices in pieces)

    heap = [(-bound(*box), 0, *box)]
    for number in range(1, _CELLS):
        top, _, low, high = heap[0]
        if -top < 1.0 or not (low < high).any():
            break
        middle = low / 2 + high / 2
        if norm.below(*(_widest(F, pieces, middle, norm))) >= 1.0:
            break
        heappop(heap)
        widest = int((high - low).argmax())
        for side in (0, 1):
            ends = low.copy(), high.copy()
            ends[1 - side][widest] = middle[widest]
            heappush(heap, (-bound(*ends), 2 * number + side, *ends))
    largest = -heap[0][0]
    if largest >= 1.0:
        return ContractionVerdict(Contraction.UNDECIDED, Bracket(0.0, largest))
    how = Contraction.EUCLIDEAN if P is None else Contraction.QUADRATIC
    return ContractionVerdict(how, Bracket(0.0, largest), norm.P)


def _widest(F: PiecewiseSelection, pieces: list[Any], middle: Floats, norm: "_Norm") -> tuple[Floats, Floats]:
    """A at a point, of the piece with the largest norm there."""
    balls = [ball(float(a), float(a)) for a in middle]
    return max((_gradients(F, choices, balls) for choices in pieces), key=lambda pair: norm.above(*pair))


def _gradients(F: PiecewiseSelection, choices: Any, balls: list[Any]) -> tuple[Floats, Floats]:
    """Middles and radii (p, p) that enclose A over a box of balls."""
    p = F.state_size
    middle, radius = np.zeros((F.size, p)), np.zeros((F.size, p))
    for row, jet in enumerate(piece_jets(F.graph, choices.branches, choices.reached, balls)):
        if jet.gradient is not None:
            mid, rad = rounded(jet.gradient)
            middle[row], radius[row] = mid.ravel()[:p], rad.ravel()[:p]
    return middle, radius


class _Norm:
    """‖Rx‖₂ with RᵀR = P up to rounding: R itself says what the norm is."""

    def __init__(self, P: Floats) -> None:
        self.P = P
        self.R: Floats = np.asarray(np.linalg.cholesky(P).T, dtype=np.float64)
        self.Z: Floats = np.asarray(np.linalg.inv(self.R), dtype=np.float64)
        p = len(P)
        self.plain = bool((np.eye(p) == P).all())
        self.sizes = float(frobenius_bounds(self.R)[1] * frobenius_bounds(self.Z)[1])
        self.noise = 2 * (p + 3) * UNIT_ROUNDOFF * 1.01 * self.sizes
        self.off = float(frobenius_bounds(self.R @ self.Z - np.eye(p))[1]) + self.noise

    def above(self, middle: Floats, radius: Floats) -> float:
        """More than ‖RAR⁻¹‖₂ = ‖(RAZ)(RZ)⁻¹‖₂ of all A within the radii."""
        if not np.isfinite(radius).all():
            return np.inf
        if self.plain:
            return float((spectral_norm_bounds(middle)[1] + frobenius_bounds(radius)[1]) * (1.0 + 1e-15))
        wide = frobenius_bounds(np.abs(self.R) @ radius @ np.abs(self.Z))[1]
        size = self.noise * float(frobenius_bounds(middle)[1])
        found = float(spectral_norm_bounds(self.R @ middle @ self.Z)[1] + wide) + size
        return found / (1.0 - self.off) * (1.0 + 1e-14) if self.off < 1.0 else np.inf

    def below(self, middle: Floats, radius: Floats) -> float:
        """About ‖RAR⁻¹‖₂ at the middle: whether to look further."""
        return float(np.linalg.norm(self.R @ middle @ self.Z, 2)) if np.isfinite(middle).all() else 0.0

"""`Analysis`: the results of all steps of an analysis, in order."""

import warnings
from dataclasses import dataclass

from conservative._core.numbers import Bracket
from conservative._core.printable import page
from conservative._core.result_lines import between, result_line
from conservative.analysis.conclusion import about_verdict
from conservative.analysis.given import about_function, about_matrices
from conservative.analysis.sentences import (
    Finding,
    about_entries,
    about_fixed_set,
    about_implicit,
    about_iteration,
    about_jacobian,
    about_norms,
    about_products,
    about_ties,
)
from conservative.analysis.subject import Subject
from conservative.analysis.verdict import ContractionOutcome
from conservative.certificates import Certificate
from conservative.differentiation import DerivativeRange, ImplicitJacobian
from conservative.functions import Residual
from conservative.iteration import FixedSet, SetTrajectory
from conservative.jacobians import JacobianSet, JacobianZonotope
from conservative.matrix_sets import LargestNorm
from conservative.spectral import AssumptionA, ContractionVerdict, JointSpectralRadius, Product


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """The straight line from a function to a verdict; `print` shows the report.

    Parameters
    ----------
    subject : Subject
        What was analysed.
    residual : Residual, optional
        F(x̄, θ) − x̄, for a function.
    jacobian, conical : JacobianSet, optional
        The set of blocks [A B] of the reading asked for, by default what the program may return, and
        the conical reading (`None` for a bare family, and where no cell is open).
    assumption : AssumptionA, optional
        The largest ‖A‖₂, where, and whether it is below 1.
    expanding : Product, optional
        A shortest product with spectral radius above 1.
    searched_length : int
        Every word up to this length was tried for `expanding`.
    radius : JointSpectralRadius, optional
        The proved bracket with its certificate.
    implicit : ImplicitJacobian, optional
        Vertex solves of (Id − A)⁻¹B; `None` when a vertex is singular or there is no B.
    trajectory : SetTrajectory, optional
        The iterated hull from X_0.
    fixed : FixedSet, optional
        The fixed set, when contraction is proved.
    entries : DerivativeRange, optional
        Between which values each entry of J_pb lies, when contraction is proved.
    contraction : ContractionOutcome
        The verdict.
    adapted : ContractionVerdict, optional
        In which norm the matrices contract, or on which part of the space when a common direction has radius one.
    left_out : str
        What was left out, and why; empty when nothing was.
    rounded : bool
        Whether the radius is one up to the rounding of Jacobians at a point of doubles.
    norm : LargestNorm, optional
        Bounds of max ‖A‖₂ over a zonotope of too many ties for anything else.
    """

    subject: Subject
    residual: Residual | None = None
    jacobian: JacobianSet | JacobianZonotope | None = None
    conical: JacobianSet | None = None
    assumption: AssumptionA | None = None
    expanding: Product | None = None
    searched_length: int = 0
    radius: JointSpectralRadius | None = None
    implicit: ImplicitJacobian | None = None
    trajectory: SetTrajectory | None = None
    fixed: FixedSet | None = None
    entries: DerivativeRange | None = None
    contraction: ContractionOutcome = ContractionOutcome.NOT_ASKED
    adapted: ContractionVerdict | None = None
    left_out: str = ""
    rounded: bool = False
    norm: LargestNorm | None = None

    @property
    def problem(self) -> Subject:
        """The old name of `subject`, which goes with the next release."""
        warnings.warn("`Analysis.problem` is now `Analysis.subject`", DeprecationWarning, stacklevel=2)
        return self.subject

    def __repr__(self) -> str:
        return result_line(
            self,
            repr(self.subject.title),
            "no radius" if self.radius is None else f"radius {between(Bracket(self.radius.lower, self.radius.upper))}",
            self.contraction.name,
        )

    @property
    def certificate(self) -> Certificate | None:
        """The proof that the verdict rests on, or of the best bound."""
        if self.adapted is not None and self.adapted.certificate is not None and self.adapted.contracts:
            return self.adapted.certificate
        return None if self.radius is None else self.radius.certificate

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The report as headings and lines, in the order of the straight line."""
        return self._findings(certificate=True)

    def text(self, *, certificate: bool = True) -> str:
        """The report.

        Parameters
        ----------
        certificate : bool
            Whether the certificate is spoken of.

        Returns
        -------
        str
        """
        head = [self.subject.title, *([f"source: {self.subject.source}"] if self.subject.source else [])]
        for finding in self._findings(certificate=certificate):
            head += ["", finding.heading, *(f"  {line}" for line in finding.lines)]
        return "\n".join(head)

    def _findings(self, *, certificate: bool) -> tuple[Finding, ...]:
        found: list[Finding] = []
        if self.subject.function is not None:
            found.append(about_function(self.subject.function, self.subject.at, self.residual))
        if self.subject.family is not None:
            found.append(about_matrices(self.subject.family))
        if isinstance(self.jacobian, JacobianZonotope):
            found.append(about_ties(self.jacobian, self.norm))
        elif self.jacobian is not None:
            found.append(about_jacobian(self.jacobian, self.conical))
        if self.assumption is not None and self.radius is not None:
            found.append(about_norms(self.assumption, self.radius, rounded=self.rounded))
            found.append(about_products(self.expanding, self.searched_length, self.radius))
        if self.trajectory is not None:
            expands = self.radius is not None and self.radius.lower > 1
            found.append(about_iteration(self.trajectory, expands=expands))
        if self.implicit is not None:
            found.append(about_implicit(self.implicit))
        if self.fixed is not None:
            found.append(about_fixed_set(self.fixed))
        if self.entries is not None and self.subject.function is not None:
            found.append(about_entries(self.entries, self.subject.function.names, self.implicit))
        if self.left_out:
            found.append(Finding("Left out", (self.left_out,)))
        of_function = self.subject.function is not None or self.subject.jacobian is not None
        found.append(about_verdict(self.contraction, self.radius, self.adapted, of_function, certificate))
        return tuple(found)

    def _repr_html_(self) -> str:
        return page(self)

    def __str__(self) -> str:
        return self.text()

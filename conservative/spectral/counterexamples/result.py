"""A counterexample with its proofs, and its printed report."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

from conservative._core.exact.linear_algebra import radius_against_one, to_flint
from conservative._core.families.as_family import ExactMatrix, MatrixFamily
from conservative._core.numbers import Bracket
from conservative._core.printable import page
from conservative._core.result_lines import result_line
from conservative.certificates.build import expansion_certificate
from conservative.certificates.records import Certificate
from conservative.functions import PiecewiseSelection
from conservative.functions.parametrised import ParametrisedFamily
from conservative.spectral.counterexamples.kink_report import KinkReport, KinkStatus
from conservative.spectral.counterexamples.kinks import follow_kink
from conservative.spectral.counterexamples.observed import observe_function
from conservative.spectral.counterexamples.script import script_text
from conservative.spectral.counterexamples.transfer import with_function
from conservative.spectral.expanding.shortest_word import ExpansionStatus, ShortestExpanding, shortest_expanding
from conservative.spectral.words.cyclic_words import Word, word_text
from conservative.spectral.words.products import Product, make_product, proved_rate
from conservative.spectral.words.spectral_radius import spectral_radius


class CounterexampleStatus(Enum):
    """How the search ended; the value is the sentence to print."""

    FOUND = "the search was finished"
    TIME_LIMIT = "the time limit was reached: this is the best one found by then; raise `time_limit` to look further"
    INTERRUPTED = "interrupted: this is the best one found by then"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Counterexample:
    """Parameters at which every matrix of a family is stable and a product expands, proved in exact arithmetic.

    Parameters
    ----------
    parameters : dict of str to Fraction
    family : MatrixFamily
        The matrices there, exactly.
    product : Product
        The word, its exact matrix, its radius above one, and its leading eigenvalue when that is rational.
    rate : Bracket
        rho(M_w)^(1/length), a lower bound of the joint spectral radius.
    vertex_radii : tuple of Bracket
        rho(A_i), each proved to be below one.
    shortest : ShortestExpanding
        Up to which length no product expands at these parameters.
    certificate : Certificate
        That the joint spectral radius exceeds one.
    kink : KinkReport
        What trajectories of the two-piece linear map of the Jacobians do off its kink, and what of that is proved for
        the function itself.
    objective : str
        What was looked for.
    examined : int
        Parameter points at which products were looked at.
    status : CounterexampleStatus
    """

    parameters: dict[str, Fraction]
    family: MatrixFamily
    product: Product
    rate: Bracket
    vertex_radii: tuple[Bracket, ...]
    shortest: ShortestExpanding
    certificate: Certificate
    kink: KinkReport
    objective: str
    examined: int
    status: CounterexampleStatus

    @property
    def word(self) -> Word:
        """The expanding word, 0-based."""
        return self.product.word

    @property
    def is_shortest(self) -> bool:
        """Whether it is proved that no shorter word expands at these parameters."""
        return self.shortest.proved_length >= len(self.word) - 1

    def script(self, kind: str = "numpy") -> str:
        """A program that runs the algorithm and its piggyback derivative with the choices of the word at ties.

        Parameters
        ----------
        kind : str
            ``"numpy"`` or ``"jax"``.

        Returns
        -------
        str
            Python source that needs NumPy or JAX only. It prints how the derivatives grow while the iterates stay at
            the fixed point, and what they do along a trajectory that starts off the kink.

        Raises
        ------
        ArgumentError
            For another kind.
        """
        return script_text(self.family, self.word, self.kink.normal, title=self._headline(), kind=kind)

    def _headline(self) -> str:
        place = ", ".join(f"{name} = {value}" for name, value in self.parameters.items())
        return f"At {place} every matrix is stable, and the product {word_text(self.word, self.family.count)} expands."

    def _repr_html_(self) -> str:
        return page(self)

    def __str__(self) -> str:
        radii = ", ".join(f"{radius.upper:.6g}" for radius in self.vertex_radii)
        eigenvalue = self.product.eigenvalue
        leading = "" if eigenvalue is None else f", leading eigenvalue {eigenvalue}"
        shorter = (
            "no shorter product expands (proved)"
            if self.is_shortest
            else f"products of up to {self.shortest.proved_length:g} matrices do not expand (proved)"
        )
        lines = [
            self._headline(),
            *(f"  M{i + 1} = {_matrix_text(matrix)}" for i, matrix in enumerate(self.family.exact)),
            f"  spectral radii of the matrices  {radii} (upper bounds, proved)",
            f"  product {word_text(self.word, self.family.count)} = {_matrix_text(self.product.exact_matrix)}",
            f"  its spectral radius  at least {self.product.radius.lower!r}{leading}",
            f"  growth per step  at least {self.rate.lower!r}",
            f"  at these parameters {shorter}",
            *self._map_lines(),
            f"  trajectories: {self.kink}",
            f"  certificate  {self.certificate.claim}",
            f"  search for the {self.objective}: {self.examined} parameter points; {self.status.value}.",
        ]
        return "\n".join(lines)

    def _map_lines(self) -> list[str]:
        if not self.kink.normal:
            return []
        v = ", ".join(map(str, self.kink.normal))
        return [f"  two-piece linear map of its Jacobians: x -> M1 x where v.x >= 0, M2 x elsewhere, v = ({v})"]

    def __repr__(self) -> str:
        return result_line(
            self,
            *(f"{name}={value}" for name, value in self.parameters.items()),
            f"word {word_text(self.word, self.family.count)}",
            f"spectral_radius={self.product.spectral_radius!r}",
        )


def _matrix_text(matrix: ExactMatrix) -> str:
    text = "[" + ", ".join("[" + ", ".join(map(str, row)) + "]" for row in matrix) + "]"
    return text if len(text) <= 160 else f"{text[:150]} ...]"


@dataclass(frozen=True, slots=True, eq=False)
class ProvedCounterexample:
    """A rational point at which stability and expansion hold exactly.

    `kink`: when it was asked for.
    """

    values: tuple[Fraction, ...]
    family: MatrixFamily
    shortest: ShortestExpanding
    product: Product
    kink: KinkReport | None


def prove(
    family: MatrixFamily,
    values: tuple[Fraction, ...],
    *,
    max_length: int,
    word: Word | None = None,
    converges: bool = False,
) -> ProvedCounterexample | None:
    """Decide in exact arithmetic whether a point is a counterexample.

    Schur–Cohn: radii are compared with one by the Jury conditions for n = 2, and by isolated roots of the exact
    characteristic polynomial otherwise.

    `converges`: ask for proved convergence of the trajectories off the kink too.
    """
    if any(radius_against_one(to_flint(matrix)) >= 0 for matrix in family.exact):
        return None
    shortest = shortest_expanding(family, max_length=max_length)
    if shortest.status is ExpansionStatus.INTERRUPTED:
        raise KeyboardInterrupt
    product = shortest.product
    if word is not None:
        product = make_product(family, word)
        if not product.radius.lower > 1:
            return None
    if product is None:
        return None
    kink = follow_kink(family) if converges else None
    if kink is not None and not kink.map_converges:
        return None
    return ProvedCounterexample(values, family, shortest, product, kink)


def as_counterexample(
    proved: ProvedCounterexample,
    source: ParametrisedFamily,
    *,
    objective: str,
    examined: int,
    status: CounterexampleStatus,
) -> Counterexample:
    """The result, with certificate and brackets."""
    parameters = dict(zip(source.names, proved.values, strict=True))
    kink = proved.kink or follow_kink(proved.family)
    if source.function is not None:
        kink = _of_function(kink, proved.family, source.function, source.fixed | parameters)
    return Counterexample(
        parameters,
        proved.family,
        proved.product,
        proved_rate(proved.family, proved.product.word),
        tuple(spectral_radius(matrix) for matrix in proved.family.exact),
        proved.shortest,
        expansion_certificate(proved.family, proved.product.word),
        kink,
        objective,
        examined,
        status,
    )


def _of_function(
    kink: KinkReport, family: MatrixFamily, F: PiecewiseSelection, values: Mapping[str, Any]
) -> KinkReport:
    """What is proved, or else observed, of the function at its fixed point."""
    point = dict(zip(F.names, F.point(values).values, strict=True))
    return (
        observe_function(F, point) if kink.status is KinkStatus.NO_FUNCTION else with_function(kink, family, F, point)
    )

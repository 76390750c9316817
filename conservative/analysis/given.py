"""The input of an analysis in sentences: the update at its point, or the matrices, and how decimals were read."""

from fractions import Fraction
from typing import Any

from conservative._core.families.as_family import MatrixFamily
from conservative._core.result_lines import count
from conservative.analysis.layout import LARGEST_SHOWN, matrix_lines
from conservative.analysis.sentences import Finding
from conservative.functions import PiecewiseSelection, Residual, StateMap, StructuredMap

_LONG_DENOMINATOR = 2**30


def about_function(F: StateMap, at: Any, residual: Residual | None) -> Finding:
    """The update, the point, and whether it is a fixed point."""
    lines = _update_lines(F)
    names = F.names
    values = list(at.items() if hasattr(at, "items") else zip(names, at, strict=True))
    parameters = [(str(name), value) for name, value in values if str(name) in names[F.state_size :]]
    if len(names) <= LARGEST_SHOWN:
        lines.append("at " + ", ".join(f"{name} = {value}" for name, value in values))
    elif 0 < len(parameters) <= LARGEST_SHOWN:
        shown = ", ".join(f"{name} = {value}" for name, value in parameters)
        lines.append(f"at {shown}, and a state of {count(F.state_size, 'number')}")
    if any(isinstance(value, float) for value in (at.values() if hasattr(at, "values") else at)):
        lines.append('the point is taken in doubles, with ties to within a tolerance; a string such as "1/10" is exact')
    if residual is not None:
        how = "exactly" if residual.exact else f"to within {residual.largest:.1e}" if residual.largest else "in doubles"
        lines.append(f"a fixed point: F(x, θ) = x {how}")
    return Finding("Function", tuple(lines))


def _update_lines(F: StateMap) -> list[str]:
    if isinstance(F, StructuredMap):
        return [
            "F(x, θ) = W φ(M x + N θ + c) + P x + Q θ + d, given as arrays",
            f"  φ: {F.piece.name} of {count(len(F.inner), 'number')}",
            f"  has {count(F.size, 'component')} in {count(F.state_size, 'state')} and "
            f"{count(F.parameter_size, 'parameter')}",
        ]
    if not isinstance(F, PiecewiseSelection):
        return [repr(F)]
    symbols = ", ".join(str(s) for s in F.state)
    given = "; " + ", ".join(str(s) for s in F.parameters) if F.parameters else ""
    if len(F.expressions) <= LARGEST_SHOWN:
        return [f"F({symbols}{given})", *(f"  = {text}" for text in F.texts())]
    return [f"F({symbols}{given})", f"  has {len(F.expressions)} components in {len(F.state)} states"]


def about_matrices(family: MatrixFamily) -> Finding:
    """The matrices as they were read, a few small ones whole."""
    lines = [f"{family.count} {'matrix' if family.count == 1 else 'matrices'} of order {family.size}"]
    if family.count <= LARGEST_SHOWN and family.size <= LARGEST_SHOWN:
        for i, matrix in enumerate(family.exact):
            lines += matrix_lines(f"A_{i + 1}", matrix)
    entries = (entry for matrix in family.exact for row in matrix for entry in row)
    if any(_is_rounded_decimal(entry) for entry in entries):
        lines.append(
            "decimals such as 0.1 stand for the doubles nearest to them, and proofs are about these; the ratio 1/10 "
            "(in JSON the string) is exact"
        )
    return Finding("Matrices", tuple(lines))


def _is_rounded_decimal(entry: Fraction) -> bool:
    """Whether a number is a double of so many digits that it was most likely written as a decimal."""
    denominator = entry.denominator
    return denominator > _LONG_DENOMINATOR and denominator & (denominator - 1) == 0

"""Analysis where ties are too many to list their vertices: what norms and single products decide for the whole set."""

from conservative.analysis.record import Analysis
from conservative.analysis.subject import Subject
from conservative.analysis.verdict import ContractionOutcome
from conservative.functions import Residual
from conservative.jacobians import JacobianZonotope
from conservative.spectral import Contraction, contraction_verdict


def without_a_list(
    subject: Subject, residual: Residual | None, J: JacobianZonotope, *, time_limit: float | None
) -> Analysis:
    """An analysis by the largest ‖A‖₂ on the whole set and, where that is not below 1, by its joint spectral radius."""
    if J.shape[0] != J.state_size:
        return Analysis(subject=subject, residual=residual, jacobian=J)
    adapted = contraction_verdict(J, time_limit=time_limit)
    # A superset that expands says nothing of the set.
    refuted = adapted.how is Contraction.REFUTED and J.tight
    verdict = (
        ContractionOutcome.PROVED
        if adapted.contracts
        else ContractionOutcome.REFUTED
        if refuted
        else ContractionOutcome.UNDECIDED
    )
    return Analysis(
        subject=subject,
        residual=residual,
        jacobian=J,
        contraction=verdict,
        adapted=adapted if J.tight or adapted.contracts else None,
        norm=J.largest_norm(),
    )

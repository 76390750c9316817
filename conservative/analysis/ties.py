"""Analysis where ties are too many to list: what the norm of the whole set decides."""

from conservative.analysis.problem import Problem
from conservative.analysis.record import Analysis
from conservative.analysis.verdict import Contraction
from conservative.functions import Residual
from conservative.jacobians import JacobianZonotope


def by_largest_norm(problem: Problem, residual: Residual | None, J: JacobianZonotope) -> Analysis:
    """An analysis that proves contraction when ‖A‖₂ < 1 on the whole set, and otherwise leaves it open.

    Parameters
    ----------
    problem : Problem
    residual : Residual, optional
    J : JacobianZonotope

    Returns
    -------
    Analysis
    """
    if J.shape[0] != J.state_size:
        return Analysis(problem=problem, residual=residual, jacobian=J)
    norm = J.largest_norm()
    proved = norm.bounds.upper + J.state.e_missing < 1.0
    verdict = Contraction.PROVED if proved else Contraction.UNDECIDED
    return Analysis(problem=problem, residual=residual, jacobian=J, contraction=verdict, norm=norm)

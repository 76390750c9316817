"""The talk, run: a name comes in; a table, claims with their numbers, and a figure go out.

A new experiment: a function in a file of its subject, and its row in `catalogue`.
"""

from conservative.experiments.assumptions import equilibrium as equilibrium
from conservative.experiments.assumptions import sigma_max_one as sigma_max_one
from conservative.experiments.bilevel import bilevel as bilevel
from conservative.experiments.catalogue import names as names
from conservative.experiments.catalogue import run as run
from conservative.experiments.catalogue import titles as titles
from conservative.experiments.conservative_fields import conservative as conservative
from conservative.experiments.costs import cost_of_modes as cost_of_modes
from conservative.experiments.difference_quotients import finite_differences as finite_differences
from conservative.experiments.empirical import empirical as empirical
from conservative.experiments.experiment import Column as Column
from conservative.experiments.experiment import Experiment as Experiment
from conservative.experiments.experiment import MeasuredClaim as MeasuredClaim
from conservative.experiments.limits import implicit_strictly_inside as implicit_strictly_inside
from conservative.experiments.limits import limit_derivative_exchange as limit_derivative_exchange
from conservative.experiments.modes import jvp_vjp as jvp_vjp
from conservative.experiments.momentum import momentum as momentum
from conservative.experiments.one_step import one_step as one_step
from conservative.experiments.programs_at_zero import elephant as elephant
from conservative.experiments.random_steps import stochastic as stochastic
from conservative.experiments.smooth_loops import implicit_equals_autodiff as implicit_equals_autodiff
from conservative.experiments.smooth_loops import piggyback_smooth as piggyback_smooth
from conservative.experiments.transport import sinkhorn as sinkhorn

__all__ = [
    "Column",
    "Experiment",
    "MeasuredClaim",
    "bilevel",
    "conservative",
    "cost_of_modes",
    "elephant",
    "empirical",
    "equilibrium",
    "finite_differences",
    "implicit_equals_autodiff",
    "implicit_strictly_inside",
    "jvp_vjp",
    "limit_derivative_exchange",
    "momentum",
    "names",
    "one_step",
    "piggyback_smooth",
    "run",
    "sigma_max_one",
    "sinkhorn",
    "stochastic",
    "titles",
]


def __dir__() -> list[str]:
    return __all__

"""The talk, run: a name comes in; a table, claims with their numbers, and a figure go out."""

from conservative.experiments.catalogue import names as names
from conservative.experiments.catalogue import run as run
from conservative.experiments.catalogue import titles as titles
from conservative.experiments.difference_quotients import finite_differences as finite_differences
from conservative.experiments.experiment import Claim as Claim
from conservative.experiments.experiment import Column as Column
from conservative.experiments.experiment import Experiment as Experiment
from conservative.experiments.programs_at_zero import elephant as elephant

__all__ = [
    "Claim",
    "Column",
    "Experiment",
    "elephant",
    "finite_differences",
    "names",
    "run",
    "titles",
]


def __dir__() -> list[str]:
    return __all__

"""Published cases: a name comes in; a function, a problem or a family, its known answer and its source go out."""

from conservative.gallery.cases import BlocksCase as BlocksCase
from conservative.gallery.cases import Case as Case
from conservative.gallery.cases import FamilyCase as FamilyCase
from conservative.gallery.cases import FunctionCase as FunctionCase
from conservative.gallery.cases import ProblemCase as ProblemCase
from conservative.gallery.catalogue import load as load
from conservative.gallery.catalogue import load_problem as load_problem
from conservative.gallery.catalogue import names as names
from conservative.gallery.catalogue import titles as titles
from conservative.gallery.parametrised_cases import ParametrisedCase as ParametrisedCase
from conservative.gallery.parametrised_cases import parametrised as parametrised
from conservative.gallery.parametrised_cases import parametrised_names as parametrised_names
from conservative.gallery.wavelets import daubechies as daubechies

__all__ = [
    "BlocksCase",
    "FamilyCase",
    "FunctionCase",
    "ParametrisedCase",
    "ProblemCase",
    "daubechies",
    "load",
    "load_problem",
    "names",
    "parametrised",
    "parametrised_names",
    "titles",
]


def __dir__() -> list[str]:
    return __all__

"""`analyze`: a function, blocks or matrices come in; their Jacobian, radius, iterates, verdict and proof go out.

The words of the verdict are in `conclusion`; colours are the report's, printing the command line's.
"""

from conservative.analysis.blocks import state_matrices as state_matrices
from conservative.analysis.pipeline import analyze as analyze
from conservative.analysis.record import Analysis as Analysis
from conservative.analysis.sentences import Finding as Finding
from conservative.analysis.set_iteration import iterated as iterated
from conservative.analysis.subject import Subject as Subject
from conservative.analysis.subject import as_subject as as_subject
from conservative.analysis.subject import subject_from_text as subject_from_text
from conservative.analysis.verdict import ContractionOutcome as ContractionOutcome

__all__ = [
    "Analysis",
    "ContractionOutcome",
    "Finding",
    "analyze",
]


def __dir__() -> list[str]:
    return __all__

"""Results of any room come in; text, JSON and files that other programs read go out."""

from conservative.report.counterexample_document import counterexample_document as counterexample_document
from conservative.report.encode import as_json as as_json
from conservative.report.encode import encode as encode
from conservative.report.export import export_set as export_set
from conservative.report.map_table import export_counterexample_map as export_counterexample_map
from conservative.report.result_documents import analysis_document as analysis_document
from conservative.report.result_documents import explanation_document as explanation_document
from conservative.report.result_documents import radius_document as radius_document
from conservative.report.result_documents import trajectory_document as trajectory_document
from conservative.report.terminal_text import radius_text as radius_text
from conservative.report.terminal_text import render as render
from conservative.report.terminal_text import trajectory_text as trajectory_text

__all__ = [
    "as_json",
    "encode",
    "export_counterexample_map",
    "export_set",
    "render",
]


def __dir__() -> list[str]:
    return __all__

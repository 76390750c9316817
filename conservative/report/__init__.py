"""Results shown: text, JSON, figures."""

from conservative.report.counterexample_document import counterexample_document as counterexample_document
from conservative.report.document import analysis_document as analysis_document
from conservative.report.document import explanation_document as explanation_document
from conservative.report.document import radius_document as radius_document
from conservative.report.document import trajectory_document as trajectory_document
from conservative.report.encode import as_json as as_json
from conservative.report.encode import encode as encode
from conservative.report.export import export_set as export_set
from conservative.report.family_plots import plot_norm as plot_norm
from conservative.report.family_plots import plot_radius as plot_radius
from conservative.report.map_table import export_counterexample_map as export_counterexample_map
from conservative.report.norm_plots import plot_unit_ball as plot_unit_ball
from conservative.report.plots import FIGURE_ENDINGS as FIGURE_ENDINGS
from conservative.report.plots import plot_analysis as plot_analysis
from conservative.report.plots import plot_trajectory as plot_trajectory
from conservative.report.region_plots import plot_counterexample_map as plot_counterexample_map
from conservative.report.set_plots import plot_fixed_set as plot_fixed_set
from conservative.report.set_plots import plot_sets as plot_sets
from conservative.report.text import radius_text as radius_text
from conservative.report.text import render as render
from conservative.report.text import trajectory_text as trajectory_text

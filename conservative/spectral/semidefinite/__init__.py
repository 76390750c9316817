"""Semidefinite bounds: a family comes in; upper bounds that a solver found and exact arithmetic proved go out."""

from conservative.spectral.semidefinite.path_complete import PathCompleteBound as PathCompleteBound
from conservative.spectral.semidefinite.path_complete import path_complete_bound as path_complete_bound
from conservative.spectral.semidefinite.sdpa import export_sdpa as export_sdpa
from conservative.spectral.semidefinite.sum_of_squares import SumOfSquaresBound as SumOfSquaresBound
from conservative.spectral.semidefinite.sum_of_squares import sum_of_squares_bound as sum_of_squares_bound

"""Set-valued conservative-Jacobian analysis of nonsmooth iterative algorithms.

Names load on first use (PEP 562): sympy and cvxpy take seconds to import.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Bracket": "conservative._core.numbers",
    "ConservativeError": "conservative._core.errors",
    "EmptySetError": "conservative._core.errors",
    "InterruptedWarning": "conservative._core.errors",
    "Estimate": "conservative._core.numbers",
    "Exactness": "conservative._core.exactness",
    "ShapeError": "conservative._core.errors",
    "FunctionFile": "conservative.functions",
    "Piece": "conservative.functions",
    "PiecewiseSelection": "conservative.functions",
    "ScalarPiece": "conservative.functions",
    "StructuredMap": "conservative.functions",
    "structured": "conservative.functions",
    "AffinePiece": "conservative.functions",
    "Polyhedron": "conservative.functions",
    "affine_pieces": "conservative.functions",
    "compose": "conservative.functions",
    "stack": "conservative.functions",
    "from_sympy": "conservative.functions",
    "read_function": "conservative.functions",
    "vocabulary": "conservative.functions",
    "read_function_file": "conservative.functions",
    "CellUnion": "conservative.matrix_sets",
    "FiniteSet": "conservative.matrix_sets",
    "MatrixPolytope": "conservative.matrix_sets",
    "MatrixZonotope": "conservative.matrix_sets",
    "PlanarRegion": "conservative.matrix_sets",
    "gap": "conservative.matrix_sets",
    "hausdorff_distance": "conservative.matrix_sets",
    "JacobianSandwich": "conservative.jacobians",
    "JacobianSet": "conservative.jacobians",
    "JacobianZonotope": "conservative.jacobians",
    "ConservativityTest": "conservative.jacobians",
    "Explanation": "conservative.jacobians",
    "JacobianSets": "conservative.jacobians",
    "LipschitzConstants": "conservative.jacobians",
    "add_jacobians": "conservative.jacobians",
    "chain_rule": "conservative.jacobians",
    "compose_jacobians": "conservative.jacobians",
    "multiply_jacobians": "conservative.jacobians",
    "stack_jacobians": "conservative.jacobians",
    "conservative_jacobian": "conservative.jacobians",
    "jacobian_zonotope": "conservative.jacobians",
    "conservative_jacobians": "conservative.jacobians",
    "explain": "conservative.jacobians",
    "lipschitz_constants": "conservative.jacobians",
    "test_conservative": "conservative.jacobians",
    "jacobian_sandwich": "conservative.jacobians",
    "Certificate": "conservative.certificates",
    "Verdict": "conservative.certificates",
    "check": "conservative.certificates",
    "load_certificate": "conservative.certificates",
    "Automaton": "conservative.spectral",
    "ConicBound": "conservative.spectral",
    "JointSpectralRadius": "conservative.spectral",
    "PathCompleteBound": "conservative.spectral",
    "SumOfSquaresBound": "conservative.spectral",
    "conic_bound": "conservative.spectral",
    "PolytopeNorm": "conservative.spectral",
    "polytope_norm": "conservative.spectral",
    "path_complete_bound": "conservative.spectral",
    "sum_of_squares_bound": "conservative.spectral",
    "ZonotopeRadius": "conservative.spectral",
    "Contraction": "conservative.spectral",
    "ContractionVerdict": "conservative.spectral",
    "contraction_verdict": "conservative.spectral",
    "Quotient": "conservative.spectral",
    "QuadraticNorm": "conservative.spectral",
    "common_quadratic_norm": "conservative.spectral",
    "export_sdpa": "conservative.spectral",
    "zonotope_radius": "conservative.spectral",
    "Product": "conservative.spectral",
    "expanding_product": "conservative.spectral",
    "Counterexample": "conservative.spectral.counterexamples",
    "counterexample": "conservative.spectral.counterexamples",
    "CounterexampleMap": "conservative.spectral.counterexamples",
    "counterexample_map": "conservative.spectral.counterexamples",
    "ShortestExpanding": "conservative.spectral",
    "shortest_expanding": "conservative.spectral",
    "joint_spectral_radius": "conservative.spectral",
    "LowerSpectralRadius": "conservative.spectral",
    "lower_spectral_radius": "conservative.spectral",
    "LyapunovEstimate": "conservative.spectral",
    "estimate_lyapunov_exponent": "conservative.spectral",
    "PRadius": "conservative.spectral",
    "p_radius": "conservative.spectral",
    "PlanarNorm": "conservative.spectral",
    "barabanov_norm": "conservative.spectral",
    "FixedSet": "conservative.iteration",
    "SetTrajectory": "conservative.iteration",
    "fixed_set": "conservative.iteration",
    "iterate_set": "conservative.iteration",
    "iterate_true": "conservative.iteration",
    "set_image": "conservative.iteration",
    "iterate_templates": "conservative.iteration",
    "DrivenTrajectory": "conservative.iteration",
    "iterate_driven": "conservative.iteration",
    "iterate_sequence": "conservative.iteration",
    "Thinning": "conservative.iteration",
    "TemplateTrajectory": "conservative.iteration",
    "TemplateHull": "conservative.matrix_sets",
    "principal_axes": "conservative.matrix_sets",
    "project_onto": "conservative.matrix_sets",
    "ImplicitJacobian": "conservative.differentiation",
    "implicit_jacobian": "conservative.differentiation",
    "DerivativeComparison": "conservative.differentiation",
    "compare_derivatives": "conservative.differentiation",
    "implicit_support": "conservative.differentiation",
    "Analysis": "conservative.analysis",
    "export_set": "conservative.report",
    "export_counterexample_map": "conservative.report",
    "plot_counterexample_map": "conservative.report",
    "plot_fixed_set": "conservative.report",
    "plot_sets": "conservative.report",
    "plot_unit_ball": "conservative.report",
    "analyze": "conservative.analysis",
}

_ROOMS = ("gallery",)

__all__ = ["__version__", *_ROOMS, *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"conservative.{name}")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'conservative' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__

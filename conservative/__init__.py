"""Set-valued conservative-Jacobian analysis of nonsmooth iterative algorithms.

What nearly everyone calls, gets back, catches or compares stands here; the rest is in the rooms, `cj.analysis` to
`cj.vocabulary`. Names load on first use (PEP 562): sympy and cvxpy take seconds to import. Type checkers and editors
read the same names, with their types, in `__init__.pyi`.
"""

import sys
import warnings
from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_ROOMS = (
    "algorithms",
    "analysis",
    "certificates",
    "differentiation",
    "experiments",
    "functions",
    "gallery",
    "iteration",
    "jacobians",
    "plots",
    "problems",
    "programs",
    "report",
    "sets",
    "spectral",
    "ties",
    "vocabulary",
)

_NAMES = {
    "conservative._core.errors": (
        "ArgumentError",
        "ArgumentTypeError",
        "BudgetError",
        "CertificateError",
        "ConservativeError",
        "DiscontinuityError",
        "EmptySetError",
        "ExpansionError",
        "FileFormatError",
        "FunctionError",
        "InterruptedWarning",
        "MissingExtraError",
        "NonFiniteError",
        "ShapeError",
    ),
    "conservative._core.exactness": ("Exactness",),
    "conservative._core.numbers": ("Bracket", "Estimate"),
    "conservative.analysis": ("Analysis", "ContractionOutcome", "analyze"),
    "conservative.certificates": ("Certificate", "Verdict", "check", "load_certificate"),
    "conservative.differentiation": (
        "ContractionCheck",
        "DerivativeRange",
        "FiniteDifference",
        "ImplicitJacobian",
        "OneStepJacobian",
        "derivative_range",
        "finite_difference",
        "implicit_jacobian",
        "jvp",
        "one_step_jacobian",
        "piggyback",
        "verify_contraction",
        "vjp",
    ),
    "conservative.functions": ("Piece", "PiecewiseSelection", "SmoothMap", "from_sympy", "read_function"),
    "conservative.iteration": (
        "FixedSet",
        "FixedSetStatus",
        "SetTrajectory",
        "TrajectoryStatus",
        "fixed_set",
        "iterate_set",
    ),
    "conservative.jacobians": (
        "Explanation",
        "JacobianSet",
        "JacobianZonotope",
        "check_conservativity",
        "conservative_jacobian",
        "explain",
    ),
    "conservative.programs": ("ProgramMap", "from_jax", "from_numpy", "from_torch"),
    "conservative.sets": ("FiniteSet", "MatrixPolytope", "MatrixZonotope", "gap", "hausdorff_distance"),
    "conservative.spectral": (
        "Contraction",
        "ContractionVerdict",
        "Counterexample",
        "CounterexampleStatus",
        "ExpansionStatus",
        "JointSpectralRadius",
        "Product",
        "RadiusStatus",
        "contraction_verdict",
        "counterexample",
        "expanding_product",
        "joint_spectral_radius",
    ),
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names}

# Names that stood here in version 0.1.0 and go with the next release.
_MOVED = {
    "differentiation": ("DerivativeComparison", "compare_derivatives", "implicit_support"),
    "functions": (
        "AffinePiece",
        "FunctionFile",
        "Polyhedron",
        "ScalarPiece",
        "StructuredMap",
        "affine_pieces",
        "compose",
        "read_function_file",
        "stack",
        "structured",
    ),
    "iteration": (
        "DrivenTrajectory",
        "TemplateTrajectory",
        "Thinning",
        "iterate_driven",
        "iterate_sequence",
        "iterate_templates",
        "iterate_true",
        "set_image",
    ),
    "jacobians": (
        "ConservativityTest",
        "JacobianSandwich",
        "JacobianSets",
        "LipschitzConstants",
        "add_jacobians",
        "chain_rule",
        "compose_jacobians",
        "conservative_jacobians",
        "jacobian_sandwich",
        "jacobian_zonotope",
        "lipschitz_constants",
        "multiply_jacobians",
        "stack_jacobians",
    ),
    "plots": (
        "plot_counterexample_map",
        "plot_fixed_set",
        "plot_norm",
        "plot_radius",
        "plot_sets",
        "plot_unit_ball",
    ),
    "report": ("export_counterexample_map", "export_set"),
    "sets": (
        "CellUnion",
        "PlanarRegion",
        "TemplateHull",
        "affine_image",
        "hull",
        "minkowski_sum",
        "principal_axes",
        "product",
        "project_onto",
        "slice_through",
    ),
    "spectral": (
        "Automaton",
        "ConicBound",
        "CounterexampleMap",
        "LowerSpectralRadius",
        "LyapunovEstimate",
        "PRadius",
        "PathCompleteBound",
        "PlanarNorm",
        "PolytopeNorm",
        "QuadraticNorm",
        "Quotient",
        "ShortestExpanding",
        "SumOfSquaresBound",
        "ZonotopeRadius",
        "barabanov_norm",
        "common_quadratic_norm",
        "conic_bound",
        "counterexample_map",
        "estimate_lyapunov_exponent",
        "export_sdpa",
        "lower_spectral_radius",
        "p_radius",
        "path_complete_bound",
        "polytope_norm",
        "shortest_expanding",
        "sum_of_squares_bound",
        "zonotope_radius",
    ),
}
_NEW_HOMES = {name: f"{room}.{name}" for room, names in _MOVED.items() for name in names}
_NEW_HOMES["test_conservative"] = "check_conservativity"

__all__ = ["__version__", *_ROOMS, *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"conservative.{name}")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _NEW_HOMES:
        return _moved(name, _NEW_HOMES[name])
    raise AttributeError(f"module 'conservative' has no attribute {name!r}", name=name, obj=sys.modules[__name__])


def _moved(name: str, home: str) -> Any:
    # `from conservative import name` looks twice, first from within importlib: one warning is enough.
    if sys._getframe(2).f_globals.get("__name__") != "importlib._bootstrap":
        message = f"`conservative.{name}` is now `conservative.{home}`; the old name goes with the next release"
        warnings.warn(message, DeprecationWarning, stacklevel=3)
    value: Any = sys.modules[__name__]
    for part in home.split("."):
        value = getattr(value, part)
    return value


def __dir__() -> list[str]:
    return __all__

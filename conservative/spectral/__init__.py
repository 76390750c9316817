"""Growth of matrix products: a family comes in; brackets of its radii, verdicts and certificates go out."""

from conservative._core.families.as_family import MatrixFamily as MatrixFamily
from conservative.spectral.automata.automaton import Automaton as Automaton
from conservative.spectral.automata.lifting import lifted_family as lifted_family
from conservative.spectral.counterexamples import Counterexample as Counterexample
from conservative.spectral.counterexamples import CounterexampleMap as CounterexampleMap
from conservative.spectral.counterexamples import CounterexampleStatus as CounterexampleStatus
from conservative.spectral.counterexamples import FunctionClaim as FunctionClaim
from conservative.spectral.counterexamples import FunctionScope as FunctionScope
from conservative.spectral.counterexamples import KinkReport as KinkReport
from conservative.spectral.counterexamples import KinkStatus as KinkStatus
from conservative.spectral.counterexamples import RegionVerdict as RegionVerdict
from conservative.spectral.counterexamples import counterexample as counterexample
from conservative.spectral.counterexamples import counterexample_map as counterexample_map
from conservative.spectral.counterexamples import follow_kink as follow_kink
from conservative.spectral.expanding.shortest_word import ExpansionStatus as ExpansionStatus
from conservative.spectral.expanding.shortest_word import ShortestExpanding as ShortestExpanding
from conservative.spectral.expanding.shortest_word import expanding_product as expanding_product
from conservative.spectral.expanding.shortest_word import shortest_expanding as shortest_expanding
from conservative.spectral.growth import LowerRadiusStatus as LowerRadiusStatus
from conservative.spectral.growth import LowerSpectralRadius as LowerSpectralRadius
from conservative.spectral.growth import LyapunovEstimate as LyapunovEstimate
from conservative.spectral.growth import PlanarNorm as PlanarNorm
from conservative.spectral.growth import PRadius as PRadius
from conservative.spectral.growth import barabanov_norm as barabanov_norm
from conservative.spectral.growth import estimate_lyapunov_exponent as estimate_lyapunov_exponent
from conservative.spectral.growth import lower_spectral_radius as lower_spectral_radius
from conservative.spectral.growth import p_radius as p_radius
from conservative.spectral.growth import planar_norm as planar_norm
from conservative.spectral.norms.operator_norms import AssumptionA as AssumptionA
from conservative.spectral.norms.operator_norms import assumption_a as assumption_a
from conservative.spectral.norms.operator_norms import spectral_norm_bound as spectral_norm_bound
from conservative.spectral.norms.unit_ball import UnitBall as UnitBall
from conservative.spectral.norms.unit_ball import ball_of as ball_of
from conservative.spectral.radius.family_radius import JointSpectralRadius as JointSpectralRadius
from conservative.spectral.radius.joint_spectral_radius import joint_spectral_radius as joint_spectral_radius
from conservative.spectral.radius.polytope_norm import PolytopeNorm as PolytopeNorm
from conservative.spectral.radius.polytope_norm import polytope_norm as polytope_norm
from conservative.spectral.radius.search import RadiusStatus as RadiusStatus
from conservative.spectral.radius.zonotope_radius import ZonotopeRadius as ZonotopeRadius
from conservative.spectral.radius.zonotope_radius import zonotope_radius as zonotope_radius
from conservative.spectral.semidefinite.conic_bound import ConicBound as ConicBound
from conservative.spectral.semidefinite.conic_bound import conic_bound as conic_bound
from conservative.spectral.semidefinite.path_complete import PathCompleteBound as PathCompleteBound
from conservative.spectral.semidefinite.path_complete import path_complete_bound as path_complete_bound
from conservative.spectral.semidefinite.quadratic_norm import QuadraticNorm as QuadraticNorm
from conservative.spectral.semidefinite.quadratic_norm import common_quadratic_norm as common_quadratic_norm
from conservative.spectral.semidefinite.sdpa import export_sdpa as export_sdpa
from conservative.spectral.semidefinite.sum_of_squares import SumOfSquaresBound as SumOfSquaresBound
from conservative.spectral.semidefinite.sum_of_squares import sum_of_squares_bound as sum_of_squares_bound
from conservative.spectral.verdict.contraction import Contraction as Contraction
from conservative.spectral.verdict.contraction import ContractionVerdict as ContractionVerdict
from conservative.spectral.verdict.contraction_verdict import contraction_verdict as contraction_verdict
from conservative.spectral.verdict.contraction_verdict import euclidean_certificate as euclidean_certificate
from conservative.spectral.verdict.quotient import Quotient as Quotient
from conservative.spectral.verdict.quotient import Side as Side
from conservative.spectral.verdict.quotient import quotients as quotients
from conservative.spectral.words.cyclic_words import least_rotation as least_rotation
from conservative.spectral.words.cyclic_words import word_text as word_text
from conservative.spectral.words.products import Product as Product
from conservative.spectral.words.products import make_product as make_product
from conservative.spectral.words.spectral_radius import spectral_radius as spectral_radius

__all__ = [
    "AssumptionA",
    "Automaton",
    "ConicBound",
    "Contraction",
    "ContractionVerdict",
    "Counterexample",
    "CounterexampleMap",
    "CounterexampleStatus",
    "ExpansionStatus",
    "FunctionClaim",
    "FunctionScope",
    "JointSpectralRadius",
    "KinkReport",
    "KinkStatus",
    "LowerRadiusStatus",
    "LowerSpectralRadius",
    "LyapunovEstimate",
    "MatrixFamily",
    "PRadius",
    "PathCompleteBound",
    "PlanarNorm",
    "PolytopeNorm",
    "Product",
    "QuadraticNorm",
    "Quotient",
    "RadiusStatus",
    "RegionVerdict",
    "ShortestExpanding",
    "Side",
    "SumOfSquaresBound",
    "UnitBall",
    "ZonotopeRadius",
    "assumption_a",
    "barabanov_norm",
    "common_quadratic_norm",
    "conic_bound",
    "contraction_verdict",
    "counterexample",
    "counterexample_map",
    "estimate_lyapunov_exponent",
    "expanding_product",
    "export_sdpa",
    "follow_kink",
    "joint_spectral_radius",
    "lifted_family",
    "lower_spectral_radius",
    "make_product",
    "p_radius",
    "path_complete_bound",
    "polytope_norm",
    "quotients",
    "shortest_expanding",
    "spectral_norm_bound",
    "spectral_radius",
    "sum_of_squares_bound",
    "word_text",
    "zonotope_radius",
]


def __dir__() -> list[str]:
    return __all__

"""Joint spectral radii: words, products, branch and bound, quadratic norms, and the verdicts they prove."""

from conservative.spectral.expanding import ExpansionStatus as ExpansionStatus
from conservative.spectral.expanding import ShortestExpanding as ShortestExpanding
from conservative.spectral.expanding import expanding_product as expanding_product
from conservative.spectral.expanding import shortest_expanding as shortest_expanding
from conservative.spectral.growth import LowerRadiusStatus as LowerRadiusStatus
from conservative.spectral.growth import LowerSpectralRadius as LowerSpectralRadius
from conservative.spectral.growth import LyapunovEstimate as LyapunovEstimate
from conservative.spectral.growth import PlanarNorm as PlanarNorm
from conservative.spectral.growth import barabanov_norm as barabanov_norm
from conservative.spectral.growth import estimate_lyapunov_exponent as estimate_lyapunov_exponent
from conservative.spectral.growth import lower_spectral_radius as lower_spectral_radius
from conservative.spectral.growth import planar_norm as planar_norm
from conservative.spectral.jsr import JointSpectralRadius as JointSpectralRadius
from conservative.spectral.jsr import joint_spectral_radius as joint_spectral_radius
from conservative.spectral.norms import AssumptionA as AssumptionA
from conservative.spectral.norms import assumption_a as assumption_a
from conservative.spectral.norms import spectral_norm_bound as spectral_norm_bound
from conservative.spectral.products import Product as Product
from conservative.spectral.products import make_product as make_product
from conservative.spectral.quadratic import QuadraticNorm as QuadraticNorm
from conservative.spectral.quadratic import common_quadratic_norm as common_quadratic_norm
from conservative.spectral.radius import spectral_radius as spectral_radius
from conservative.spectral.stages import RadiusStatus as RadiusStatus
from conservative.spectral.words import least_rotation as least_rotation
from conservative.spectral.words import word_text as word_text

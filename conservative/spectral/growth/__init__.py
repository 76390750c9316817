"""Other rates of growth: a family comes in; the slowest, random and p-mean rate and Barabanov norms go out."""

from conservative.spectral.growth.barabanov import PlanarNorm as PlanarNorm
from conservative.spectral.growth.barabanov import barabanov_norm as barabanov_norm
from conservative.spectral.growth.barabanov import planar_norm as planar_norm
from conservative.spectral.growth.lower_radius import LowerRadiusStatus as LowerRadiusStatus
from conservative.spectral.growth.lower_radius import LowerSpectralRadius as LowerSpectralRadius
from conservative.spectral.growth.lower_radius import lower_spectral_radius as lower_spectral_radius
from conservative.spectral.growth.lyapunov import LyapunovEstimate as LyapunovEstimate
from conservative.spectral.growth.lyapunov import estimate_lyapunov_exponent as estimate_lyapunov_exponent
from conservative.spectral.growth.p_radius import PRadius as PRadius
from conservative.spectral.growth.p_radius import p_radius as p_radius

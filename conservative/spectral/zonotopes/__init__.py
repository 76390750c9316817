"""Zonotopes of square matrices come in; growing words and proved quadratic norms go out, without listing vertices."""

from conservative.spectral.zonotopes.data import SquareZonotope as SquareZonotope
from conservative.spectral.zonotopes.data import as_square_zonotope as as_square_zonotope
from conservative.spectral.zonotopes.growing_words import growing_words as growing_words
from conservative.spectral.zonotopes.norm import ZonotopeNorm as ZonotopeNorm
from conservative.spectral.zonotopes.norm import zonotope_norm as zonotope_norm

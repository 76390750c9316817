"""What a user writes: continuous functions given as switches between smooth pieces."""

from conservative.functions.front import from_sympy as from_sympy
from conservative.functions.selection import Piece as Piece
from conservative.functions.selection import PiecewiseSelection as PiecewiseSelection
from conservative.functions.selection import Residual as Residual

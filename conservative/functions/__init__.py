"""What a user writes: continuous functions given as switches between smooth pieces."""

from conservative.functions import vocabulary as vocabulary
from conservative.functions._arithmetic import as_sympy_matrix as as_sympy_matrix
from conservative.functions.combine import compose as compose
from conservative.functions.combine import stack as stack
from conservative.functions.files import FunctionFile as FunctionFile
from conservative.functions.files import parse_function_text as parse_function_text
from conservative.functions.files import read_function as read_function
from conservative.functions.files import read_function_file as read_function_file
from conservative.functions.front import from_sympy as from_sympy
from conservative.functions.selection import Piece as Piece
from conservative.functions.selection import PiecewiseSelection as PiecewiseSelection
from conservative.functions.selection import Residual as Residual

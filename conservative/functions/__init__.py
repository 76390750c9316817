"""Functions: sympy, text, files or arrays come in; continuous selections of smooth pieces go out."""

from conservative.functions import vocabulary as vocabulary
from conservative.functions.affine_pieces import AffinePiece as AffinePiece
from conservative.functions.affine_pieces import Polyhedron as Polyhedron
from conservative.functions.affine_pieces import affine_pieces as affine_pieces
from conservative.functions.arrays.scalar_piece import ScalarPiece as ScalarPiece
from conservative.functions.arrays.structured import structured as structured
from conservative.functions.arrays.structured_map import StructuredMap as StructuredMap
from conservative.functions.compose import compose as compose
from conservative.functions.compose import stack as stack
from conservative.functions.from_sympy import from_sympy as from_sympy
from conservative.functions.function_files import FunctionFile as FunctionFile
from conservative.functions.function_files import parse_function_text as parse_function_text
from conservative.functions.function_files import read_function as read_function
from conservative.functions.function_files import read_function_file as read_function_file
from conservative.functions.graph.arithmetic import as_sympy_matrix as as_sympy_matrix
from conservative.functions.piece import Piece as Piece
from conservative.functions.residual import Residual as Residual
from conservative.functions.selection import PiecewiseSelection as PiecewiseSelection
from conservative.functions.smooth_map import SmoothMap as SmoothMap
from conservative.functions.state_map import StateMap as StateMap
from conservative.functions.switched_jacobian import SwitchedJacobian as SwitchedJacobian
from conservative.functions.switched_jacobian import SwitchedTie as SwitchedTie

__all__ = [
    "AffinePiece",
    "FunctionFile",
    "Piece",
    "PiecewiseSelection",
    "Polyhedron",
    "Residual",
    "ScalarPiece",
    "SmoothMap",
    "StateMap",
    "StructuredMap",
    "SwitchedJacobian",
    "SwitchedTie",
    "affine_pieces",
    "compose",
    "from_sympy",
    "read_function",
    "read_function_file",
    "stack",
    "structured",
    "vocabulary",
]


def __dir__() -> list[str]:
    return __all__

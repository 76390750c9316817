"""A counterexample as a small program: the algorithm, its piggyback derivative, and the choices at ties."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from conservative._core.errors import ArgumentError
from conservative._core.families.as_family import MatrixFamily
from conservative._core.printable import shown
from conservative.spectral.words.cyclic_words import Word, word_text

_NUMPY = '''"""{title}

Piggyback differentiation of x_next = F(x) + theta B by theta, at theta = 0.{model}
"""

import numpy as np

M = np.array({matrices})
B = np.eye(M.shape[1])[{direction}]
ORDER = {order}  # the word {text} from its end: the last factor of a product acts first
CYCLES = {cycles}
{functions}

def run(x, choose):
    """Iterate, differentiate, and print; `choose` gives the piece at step t."""
    J = np.zeros(len(x))
    print("step  |x|  |dx/dtheta|")
    for t in range(CYCLES * len(ORDER) + 1):
        if t % (CYCLES // 8 * len(ORDER)) == 0:
            print(t, np.linalg.norm(x), np.linalg.norm(J))
        A = M[choose(t, x)]
        x, J = A @ x, A @ J + B


print("at the fixed point, where every step is a tie, with the choices of the word {text}")
run(np.zeros(M.shape[1]), lambda t, x: ORDER[t % len(ORDER)])
{off}'''

_NUMPY_OFF = """print("off the kink, where no choice is left")
run(np.cos(np.arange(1.0, len(V) + 1.0)), lambda t, x: piece(x))
"""

_NUMPY_PIECE = '''V = np.array({normal})


def piece(x):
    """The piece that acts at x; at V.x = 0 the two agree."""
    return 0 if V @ x >= 0 else 1

'''

_JAX = '''"""{title}

Forward differentiation by JAX of x_next = F(x) + theta B by theta, at theta = 0.{model}
"""

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)
M = jnp.array({matrices})
B = jnp.eye(M.shape[1])[{direction}]
ORDER = jnp.array({order})  # the word {text} from its end: the last factor of a product acts first
CYCLES = {cycles}
{functions}

def unrolled(theta, start, cycles):
    def step(x, choice):
        return F(x, choice) + theta * B, None

    return jax.lax.scan(step, start, jnp.tile(ORDER, cycles))[0]


def run(start):
    print("step  |x|  |dx/dtheta|")
    for cycles in range(0, CYCLES + 1, CYCLES // 8):
        x, J = jax.jvp(lambda theta: unrolled(theta, start, cycles), (0.0,), (1.0,))
        print(cycles * len(ORDER), float(jnp.linalg.norm(x)), float(jnp.linalg.norm(J)))


print("at the fixed point, where every step is a tie, with the choices of the word {text}")
run(jnp.zeros(M.shape[1]))
{off}'''

_JAX_PIECES = '''V = jnp.array({normal}, dtype=float)


def F(x, choice):
    """M[0] x where V.x > 0, M[1] x where V.x < 0; at V.x = 0 the two agree, and `choice` picks the branch."""
    side = V @ x
    first = jnp.where(side == 0, choice == 0, side > 0)
    return jnp.where(first, M[0] @ x, M[1] @ x)

'''

_JAX_CHOSEN = '''

def F(x, choice):
    """The piece that is chosen at the tie."""
    return M[choice] @ x

'''

_JAX_OFF = """print("off the kink, where no choice is left")
run(jnp.cos(jnp.arange(1.0, len(V) + 1.0)))
"""

_GROWTH = 1e6
"""The derivative is iterated until it has grown about this much, if that takes few enough cycles."""

_MOST_CYCLES = 4000


def script_text(family: MatrixFamily, word: Word, normal: Sequence[Fraction], *, title: str, kind: str) -> str:
    """The source of a program that shows a counterexample.

    `normal`: v of the map A x (v.x >= 0), B x (v.x < 0); empty when there is no such map.
    """
    if kind not in {"numpy", "jax"}:
        raise ArgumentError(f'`Counterexample.script(kind=...)` writes "numpy" or "jax"; got {shown(kind)}.')
    model = (
        "\nF is the two-piece linear map of the Jacobians M: M[0] x where V.x >= 0 and M[1] x elsewhere, continuous."
        if normal
        else "\nAt the fixed point 0 every piece of F is active: its Jacobians are the matrices M."
    )
    if kind == "numpy":
        functions = _NUMPY_PIECE.format(normal=_numbers(normal)) if normal else ""
        off = _NUMPY_OFF if normal else ""
        template = _NUMPY
    else:
        functions = _JAX_PIECES.format(normal=_numbers(normal)) if normal else _JAX_CHOSEN
        off = _JAX_OFF if normal else ""
        template = _JAX
    matrices = [[_numbers(row) for row in matrix] for matrix in family.exact]
    cycles, direction = _course(family, word)
    return template.format(
        title=title,
        model=model,
        matrices="[" + ", ".join("[" + ", ".join(rows) + "]" for rows in matrices) + "]",
        order=list(word[::-1]),
        text=word_text(word, len(matrices)),
        functions=functions.rstrip() + "\n" if functions else "",
        off=off,
        cycles=cycles,
        direction=direction,
    )


def _course(family: MatrixFamily, word: Word) -> tuple[int, int]:
    """How many rounds of the word to run, a multiple of 8, and the coordinate that excites the growth most."""
    product, driven = np.eye(family.size), np.zeros((family.size, family.size))
    for letter in word[::-1]:
        product = family.floats[letter] @ product
        driven = family.floats[letter] @ driven + np.eye(family.size)
    values, vectors = np.linalg.eig(product.T)
    leader = int(np.abs(values).argmax())
    rounds = math.log(_GROWTH) / max(math.log(abs(values[leader])), 1e-12)
    cycles = 8 * max(1, math.ceil(min(rounds, _MOST_CYCLES) / 8))
    return cycles, int(np.abs(vectors[:, leader] @ driven).argmax())


def _numbers(values: Sequence[Fraction]) -> str:
    return "[" + ", ".join(str(x) for x in values) + "]"

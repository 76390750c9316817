"""Hypothesis generators of matrix families, of changes of basis, and slow exact oracles' inputs."""

from fractions import Fraction

from hypothesis import strategies as st

Rows = list[list[Fraction]]

small_rationals = st.builds(Fraction, st.integers(-6, 6), st.integers(1, 4))


def square_matrices(size: int) -> st.SearchStrategy[Rows]:
    """Square matrices of small rationals."""
    row = st.lists(small_rationals, min_size=size, max_size=size)
    return st.lists(row, min_size=size, max_size=size)


@st.composite
def families(draw: st.DrawFn, *, max_size: int = 3, max_count: int = 3) -> list[Rows]:
    """Families of at most `max_count` matrices of one size."""
    size = draw(st.integers(1, max_size))
    return draw(st.lists(square_matrices(size), min_size=1, max_size=max_count))


@st.composite
def unimodular_pairs(draw: st.DrawFn, size: int) -> tuple[Rows, Rows]:
    """An integer matrix of determinant one with its inverse, from elementary row operations."""
    left = [[Fraction(int(i == j)) for j in range(size)] for i in range(size)]
    right = [list(row) for row in left]
    if size > 1:
        pairs = st.tuples(st.integers(0, size - 1), st.integers(0, size - 1), st.integers(-2, 2))
        for i, j, factor in draw(st.lists(pairs.filter(lambda t: t[0] != t[1]), max_size=3)):
            for c in range(size):
                left[i][c] += factor * left[j][c]
            for r in range(size):
                right[r][j] -= factor * right[r][i]
    return left, right


@st.composite
def hidden_blocks(draw: st.DrawFn, *, max_blocks: int = 3, max_size: int = 2) -> tuple[list[int], list[Rows]]:
    """Sizes of diagonal blocks, and a family that a hidden unimodular change of basis makes block triangular."""
    sizes = draw(st.lists(st.integers(1, max_size), min_size=2, max_size=max_blocks))
    n = sum(sizes)
    block = [b for b, size in enumerate(sizes) for _ in range(size)]
    left, right = draw(unimodular_pairs(n))
    family = []
    for _ in range(draw(st.integers(1, 2))):
        rows = draw(square_matrices(n))
        rows = [[x if block[i] <= block[j] else Fraction(0) for j, x in enumerate(row)] for i, row in enumerate(rows)]
        family.append(product(product(left, rows), right))
    return sizes, family


def product(a: Rows, b: Rows) -> Rows:
    """The matrix product of two lists of rows, term by term."""
    return [[sum(x * y for x, y in zip(row, col, strict=True)) for col in zip(*b, strict=True)] for row in a]

"""Feasible cells: how their cost grows with the number of ties and of variables, against enumeration.

Run with ``pytest benchmarks/bench_cells.py -s``; every ratio comes from one run on one machine.
"""

import time
from itertools import product

import numpy as np
from scipy.optimize import linprog

from conservative.functions import affine_pieces, from_sympy
from conservative.functions.ties import first_order_cells
from conservative.jacobians import conservative_jacobian


def lines(k):
    """k lines through the origin: 2k cells, 2^k combinations."""
    return from_sympy(" + ".join(f"Abs({i}*x + {i * i + 1}*y)" for i in range(k)), state=["x", "y"])


def planes(k):
    """k planes through the origin in general position: k(k - 1) + 2 cells."""
    return from_sympy(" + ".join(f"Abs(x + {i}*y + {i * i}*z)" for i in range(k)), state=["x", "y", "z"])


def timed(function, *arguments, **options):
    start = time.perf_counter()
    result = function(*arguments, **options)
    return result, time.perf_counter() - start


def cells_by_enumeration(k):
    """The same count by one linear program for each of the 2^k sign patterns."""
    rows = np.array([[i, i * i + 1] for i in range(k)], dtype=float)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    count = 0
    for signs in product((1, -1), repeat=k):
        found = linprog(
            [0, 0, -1],
            A_ub=np.hstack([-np.array(signs)[:, None] * rows, np.ones((k, 1))]),
            b_ub=np.zeros(k),
            bounds=[(-1, 1), (-1, 1), (None, 1)],
        )
        count += found.x is not None and found.x[2] > 1e-9
    return count


def test_growth_with_the_number_of_lines():
    print()
    for k in (10, 20, 40, 80):
        F = lines(k)
        J, exact = timed(conservative_jacobian, F, [0, 0], kind="conical")
        _, rough = timed(conservative_jacobian, F, [0.0, 0.0], kind="conical")
        assert len(J.vertices) == 2 * k
        print(
            f"k = {k:3d} lines, {2 * k:4d} cells: exact {exact:.3f} s, doubles {rough:.3f} s, "
            f"{1e6 * exact / (2 * k * k):.0f} microseconds per cell and line"
        )


def test_growth_with_the_number_of_planes():
    print()
    for k in (5, 10, 20):
        J, seconds = timed(conservative_jacobian, planes(k), [0, 0, 0], kind="conical")
        each = 1e3 * seconds / len(J.vertices)
        assert len(J.vertices) == k * (k - 1) + 2
        print(f"k = {k:3d} planes, {len(J.vertices)} cells: {seconds:.3f} s, {each:.2f} ms each")


def test_against_enumeration():
    k = 10
    J, seconds = timed(conservative_jacobian, lines(k), [0, 0], kind="conical")
    count, peer = timed(cells_by_enumeration, k)
    assert count == len(J.vertices)
    print(f"\nk = {k}: search {seconds:.3f} s, 2^k linear programs {peer:.3f} s, ratio {peer / seconds:.1f}")


def test_global_pieces():
    print()
    for k in (8, 16, 32):
        F = from_sympy(" + ".join(f"Abs({i}*x + y - {i * i})" for i in range(k)), state=["x", "y"])
        pieces, seconds = timed(affine_pieces, F)
        assert len(pieces) == 1 + k + k * (k - 1) // 2
        print(
            f"k = {k:3d} lines, {len(pieces):4d} polyhedra: {seconds:.3f} s, {1e3 * seconds / len(pieces):.2f} ms each"
        )


def test_independent_ties_need_no_cells():
    """Where the ties are independent the cells are known: conical costs what program does, never 2^k cones."""
    for k in (6, 12, 20):
        names = [f"a{i}" for i in range(k)]
        F = from_sympy(" + ".join(f"Abs({n})" for n in names), state=names)
        _, program = timed(lambda F=F, k=k: conservative_jacobian(F, [0] * k))
        _, conical = timed(lambda F=F, k=k: conservative_jacobian(F, [0] * k, kind="conical"))
        print(f"k = {k:2d} independent ties: program {program:.3f} s, conical {conical / program:.2f} x")


def test_maxima_of_many_dependent_forms(monkeypatch):
    """Rows in the order that a program tells, against rows as they come."""
    print()
    names = [f"x{i}" for i in range(5)]
    for k in (50, 100, 200):
        rows = np.random.default_rng(k).integers(-9, 10, (k, 5))
        forms = [" + ".join(f"({c})*{n}" for c, n in zip(row, names, strict=True)) for row in rows]
        F = from_sympy(f"Max({', '.join(forms)})", state=names)
        J, told = timed(conservative_jacobian, F, [0] * 5, kind="conical")
        with monkeypatch.context() as patch:
            patch.setattr(first_order_cells, "telling_order", lambda strict, equal, rows: range(len(rows)))
            same, plain = timed(conservative_jacobian, F, [0] * 5, kind="conical")
        assert len(J.vertices) == len(same.vertices)
        print(f"k = {k:3d} forms, {len(J.vertices):3d} cells: {told:.2f} s, {told / plain:.2f} x rows as they come")

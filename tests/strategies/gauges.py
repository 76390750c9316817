"""Gauges of points of the three kinds of hull, one by one, by solvers of other people."""

import cvxpy as cp
import numpy as np
import scipy.linalg
from scipy.optimize import linprog

from conservative.spectral.polytope.columns import Columns, HullKind
from conservative.spectral.polytope.gauge import Points


def gauge(columns, point):
    """The gauge of one point: linear programs by HiGHS, second-order cones by CLARABEL."""
    kinds = {HullKind.SYMMETRIC: symmetric_gauge, HullKind.MONOTONE: monotone_gauge, HullKind.ELLIPTIC: elliptic_gauge}
    return kinds[columns.kind](columns.vertices, point)


def symmetric_gauge(vertices, point):
    """min sum |c| with sum c_k v_k = x."""
    signed = np.concatenate([vertices, -vertices]).T
    return linprog(np.ones(signed.shape[1]), A_eq=signed, b_eq=point, method="highs").fun


def monotone_gauge(vertices, point):
    """min sum c with c >= 0 and sum c_k v_k >= x."""
    return linprog(np.ones(len(vertices)), A_ub=-vertices.T, b_ub=-point, method="highs").fun


def elliptic_gauge(vertices, point):
    """min sum |c| + |d| over complex c, d with sum c_k v_k + d_k conj(v_k) = u."""
    n = vertices.shape[1]
    both = np.concatenate([vertices, vertices.conj()]).T
    re, im = cp.Variable(both.shape[1]), cp.Variable(both.shape[1])
    wanted = [both.real @ re - both.imag @ im == point[:n], both.real @ im + both.imag @ re == point[n:]]
    problem = cp.Problem(cp.Minimize(cp.sum(cp.norm(cp.vstack([re, im]), axis=0))), wanted)
    problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-9, tol_gap_rel=1e-9, tol_feas=1e-9)
    return problem.value


def first_basis(columns):
    """A batch of one point at zero, whose basis is made of the most independent columns; empty for monotone hulls."""
    d, plain = columns.dimension, columns.vertices
    if columns.kind is HullKind.MONOTONE:
        return _batch(np.zeros((0, d, d)), np.zeros((0, d), dtype=np.int64), np.zeros((0, d), dtype=complex))
    turns = [(1.0, 0)] if columns.kind is HullKind.SYMMETRIC else [(1.0, 0), (1j, 0), (1.0, 1), (1j, 1)]
    listed = [turn * (plain.conj() if conj else plain) for turn, conj in turns]
    rows = np.concatenate([np.concatenate([v.real, v.imag], axis=1)[:, :d] for v in listed])
    code = np.concatenate([2 * np.arange(len(plain)) + conj for _, conj in turns])
    factor = np.concatenate([np.full(len(plain), turn, dtype=complex) for turn, _ in turns])
    _, _, order = scipy.linalg.qr(rows.T, mode="economic", pivoting=True)
    chosen = order[:d]
    return _batch(np.linalg.inv(rows[chosen].T)[None], code[chosen][None], factor[chosen][None])


def _batch(inverse, code, factor):
    m, d = code.shape
    zeros = np.zeros((m, d))
    return Points(
        x=zeros,
        inverse=inverse,
        code=code,
        factor=factor,
        cost=np.ones((m, d)),
        coefficients=zeros.copy(),
        dual=zeros.copy(),
        lower=np.zeros(m),
        image=np.zeros((m, 2), dtype=np.int64),
    )


def columns_of(kind, vertices):
    """The columns of a hull."""
    return Columns(kind, vertices, vertices.real.mean(axis=0))

# ruff: noqa: E501
"""One cheap call of every public function and constructor, as data: what results and arguments are tried on."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import sympy

import conservative as cj
from conservative.functions.parametrised import parametrised_family


class Call(NamedTuple):
    """A public function with arguments by name, or by position where it takes any number of them."""

    function: Callable[..., Any]
    arguments: dict[str, Any]

    def __call__(self, **changed: Any) -> Any:
        given = self.arguments | changed
        return self.function(*[given.pop(name) for name in list(given) if name.startswith("*")], **given)


def pushed(x: Any, theta: Any, dx: Any, dtheta: Any) -> Any:
    return dx + dtheta


def pulled(x: Any, theta: Any, u: Any) -> Any:
    return u, u


HEAVY_BALL = [[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]]
STABLE = [[[0.5, 0.1], [0.0, 0.5]], [[0.4, 0.0], [0.1, 0.3]]]
LINE = [[[0.25, 1.0]], [[0.75, 1.0]]]
BOX = ([-1.0, -1.0], [1.0, 1.0])


@cache
def sources() -> dict[str, Any]:
    """Objects that calls are made with."""
    F = cj.from_sympy(["Piecewise((x/2, x >= 0), (x/4, True)) - y/4 + t", "x/2"], state=["x", "y"], parameters=["t"])
    G = cj.from_sympy("Abs(z)", state="z")
    P = cj.MatrixPolytope([[[0.0, 0.0]], [[1.0, 0.0]], [[0.0, 1.0]]])
    Z = cj.MatrixZonotope([[0.0, 1.0]], [[[1.0, 0.0]], [[0.0, 0.5]]])
    J = cj.JacobianSet.from_blocks([[[0.25]], [[0.75]]], [[[1.0]], [[1.0]]])
    S = cj.functions.structured(cj.functions.ScalarPiece.relu(), [[0.5, 0.0], [0.0, 0.5]], N=[[1], [1]])
    family = parametrised_family([[["1+b-a", "-b"], ["1", "0"]], [["1+b-a/4", "-b"], ["1", "0"]]], ranges={"a": (0, 1), "b": (0, 1)}, call="example")  # fmt: skip
    return {
        "F": F, "G": G, "K": cj.conservative_jacobian(G, [0]), "P": P, "Z": Z, "J": J, "S": S, "family": family,
        "radius": cj.joint_spectral_radius(HEAVY_BALL), "map": cj.spectral.counterexample_map(family, resolution=4, max_length=3),
        "zonotope": cj.jacobians.jacobian_zonotope(S, [0, 0, 0]), "points": cj.FiniteSet([[[0.0, 0.0]], [[1.0, 0.0]]]),
        "fixed": cj.fixed_set(J, tol=1e-2, time_limit=None), "run": cj.iterate_set(J, [[[0.0]]], steps=2),
    }  # fmt: skip


@cache
def calls(folder: str) -> dict[str, Call]:
    """Every public call, with files written into a folder."""
    s, at = sources(), [0, 0, 0]
    Path(folder, "f.toml").write_text('state = ["x"]\nF = ["Abs(x)"]\nat = { x = 0 }', encoding="utf-8")
    s["radius"].certificate.save(f"{folder}/c.json")
    F, G, P, Z, J, S = (s[name] for name in "FGPZJS")
    table: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
        "add_jacobians": (cj.jacobians.add_jacobians, {"*J": J, "*K": J}),
        "affine_image": (cj.sets.affine_image, {"S": P, "A": [[2.0]], "B": [[0.0, 1.0]]}),
        "affine_pieces": (cj.functions.affine_pieces, {"F": G, "max_pieces": 10}),
        "analyze": (cj.analyze, {"source": F, "at": at, "initial": [[[0.0], [0.0]]], "kind": "program",
                                 "tolerance": None, "steps": 3, "max_length": 4, "time_limit": None}),
        "barabanov_norm": (cj.spectral.barabanov_norm, {"matrices": STABLE, "directions": 36, "steps": 10, "tol": 1e-2}),
        "chain_rule": (cj.jacobians.chain_rule, {"G": cj.from_sympy("Abs(z)+w", state=["z", "w"]), "F": F, "at": at, "tolerance": None}),
        "check": (cj.check, {"certificate": s["radius"].certificate}),
        "common_quadratic_norm": (cj.spectral.common_quadratic_norm, {"matrices": STABLE, "scale": None, "time_limit": None}),
        "compare_derivatives": (cj.differentiation.compare_derivatives, {"source": F, "at": at, "tol": 1e-2}),
        "compose": (cj.functions.compose, {"G": G, "F": G}),
        "compose_jacobians": (cj.jacobians.compose_jacobians, {"J_g": s["K"], "J_f": s["K"]}),
        "conic_bound": (cj.spectral.conic_bound, {"matrices": [[[0.5]]], "automaton": None}),
        "conservative_jacobian": (cj.conservative_jacobian, {"F": F, "at": at, "kind": "program", "tolerance": None,
                                                             "max_pieces": 100}),
        "conservative_jacobians": (cj.jacobians.conservative_jacobians, {"F": F, "points": [at, [1, 1, 1]], "kind": "program",
                                                               "tolerance": None, "max_pieces": 100}),
        "contraction_verdict": (cj.contraction_verdict, {"J": [[[0.5]]], "radius": None, "automaton": None,
                                                         "time_limit": None}),
        "counterexample": (cj.counterexample, {"family": [[["1+b-a", "-b"], ["1", "0"]], [["1+b-a/4", "-b"], ["1", "0"]]],
                                               "ranges": {"a": (0, 2), "b": (0, 1)}, "at": None,
                                               "objective": "shortest", "max_length": 4, "converges": False,
                                               "samples": 64, "time_limit": None, "rng": 0}),
        "counterexample_map": (cj.spectral.counterexample_map, {"family": s["family"], "ranges": None, "at": None,
                                                       "resolution": 3, "max_length": 3, "time_limit": None}),
        "estimate_lyapunov_exponent": (cj.spectral.estimate_lyapunov_exponent, {"matrices": STABLE, "probabilities": None,
                                       "length": 20, "samples": 4, "confidence": 0.9, "rng": 0}),
        "expanding_product": (cj.expanding_product, {"matrices": HEAVY_BALL, "max_length": 4, "automaton": None}),
        "explain": (cj.explain, {"F": F, "at": at, "tolerance": None}),
        "export_counterexample_map": (cj.report.export_counterexample_map, {"counterexample_map": s["map"],
                                                                     "path": f"{folder}/m.csv"}),
        "export_sdpa": (cj.spectral.export_sdpa, {"path": f"{folder}/p.dat-s", "matrices": STABLE, "gamma": 1.0,
                                         "problem": "quadratic", "degree": 4, "memory": 1, "automaton": None}),
        "export_set": (cj.report.export_set, {"S": P, "path": f"{folder}/s.npz", "name": "s"}),
        "finite_difference": (cj.finite_difference, {"f": np.exp, "theta": 1.0, "step": "sweep", "scheme": "forward",
                                                     "derivative": None}),
        "fixed_set": (cj.fixed_set, {"J": J, "tol": 1e-1, "norm": None, "representation": "auto", "time_limit": None,
                                     "max_cells": 1000}),
        "from_numpy": (cj.from_numpy, {"F": np.maximum, "x": [0.0, 1.0], "theta": [0.5, 0.5],
                                       "exact": None}),
        "SmoothMap": (cj.SmoothMap, {"value": np.add, "jvp": pushed, "vjp": pulled, "state": 2, "parameters": 2}),
        "from_sympy": (cj.from_sympy, {"F": ["Abs(x)+t"], "state": ["x"], "parameters": ["t"]}),
        "gap": (cj.gap, {"X": P, "Y": Z, "tol": None}),
        "hausdorff_distance": (cj.hausdorff_distance, {"X": P, "Y": s["points"], "tol": None}),
        "hull": (cj.sets.hull, {"sets": [P, Z]}),
        "implicit_jacobian": (cj.implicit_jacobian, {"F_or_J": J, "solver": "auto"}),
        "implicit_support": (cj.differentiation.implicit_support, {"J": s["zonotope"], "direction": [[1.0], [0.0]]}),
        "iterate_driven": (cj.iteration.iterate_driven, {"F": F, "x0": [1.0, 0.0], "theta": [0.0], "steps": 3, "initial": None,
                                               "fixed_point": None, "representation": "auto", "time_limit": None}),
        "iterate_sequence": (cj.iteration.iterate_sequence, {"Js": [LINE, LINE], "initial": [[[0.0]]], "limit": None, "representation": "auto",
                                    "time_limit": None}),
        "iterate_set": (cj.iterate_set, {"J": J, "initial": [[[0.0]]], "steps": 3, "tol": None,
                                         "representation": "auto", "norm": None, "max_vertices": None,
                                         "time_limit": None}),
        "iterate_templates": (cj.iteration.iterate_templates, {"J": J, "initial": [[[0.0]]], "directions": None, "steps": 3,
                                                     "tol": None, "norm": None, "max_words": 1000}),
        "iterate_true": (cj.iteration.iterate_true, {"J": J, "initial": [[[0.0]]], "steps": 2, "tol": None, "step_tol": None,
                                           "representation": "auto", "norm": None, "time_limit": None}),
        "jacobian_sandwich": (cj.jacobians.jacobian_sandwich, {"F": F, "at": at, "tolerance": None, "max_pieces": 100}),
        "jacobian_zonotope": (cj.jacobians.jacobian_zonotope, {"F": S, "at": at, "tolerance": None}),
        "joint_spectral_radius": (cj.joint_spectral_radius, {"matrices": STABLE, "tol": 1e-3, "time_limit": None,
                                                             "automaton": None}),
        "lipschitz_constants": (cj.jacobians.lipschitz_constants, {"F": cj.from_sympy(["Abs(x)", "y"], state=["x", "y"]),
                                                         "box": BOX, "max_pieces": 100}),
        "lower_spectral_radius": (cj.spectral.lower_spectral_radius, {"matrices": [[[2.0]]], "tol": 1e-3, "max_length": 3,
                                                             "time_limit": None, "automaton": None}),
        "minkowski_sum": (cj.sets.minkowski_sum, {"X": Z, "Y": Z}),
        "multiply_jacobians": (cj.jacobians.multiply_jacobians, {"J_f": J, "J_g": J, "values": (1.0, 2.0)}),
        "derivative_range": (cj.derivative_range, {"F": F, "x0": [0.5, 0.1], "theta": [0.5], "steps": 3,
                                                   "tangent": [1.0], "cotangent": [1.0, 0.0]}),
        "one_step_jacobian": (cj.one_step_jacobian, {"F": F, "at": at, "steps": 2}),
        "p_radius": (cj.spectral.p_radius, {"matrices": STABLE, "p": 2, "automaton": None}),
        "path_complete_bound": (cj.spectral.path_complete_bound, {"matrices": [[[0.5]]], "memory": 1, "automaton": None,
                                                         "scale": None, "time_limit": None, "solver": None}),
        "polytope_norm": (cj.spectral.polytope_norm, {"matrices": STABLE, "time_limit": None}),
        "principal_axes": (cj.sets.principal_axes, {"S": P, "count": 1}),
        "product": (cj.sets.product, {"X": P, "Y": Z, "axis": 1}),
        "piggyback": (cj.piggyback, {"F": F, "x0": [0.5, 0.1], "theta": [0.5], "steps": 3, "initial": None, "ties": None,
                                     "fixed_point": None}),
        "jvp": (cj.jvp, {"F": F, "x0": [0.5, 0.1], "theta": [0.5], "tangent": [1.0], "steps": 3, "ties": 0.5}),
        "vjp": (cj.vjp, {"F": F, "x0": [0.5, 0.1], "theta": [0.5], "cotangent": [1.0, 0.0], "steps": 3, "ties": None,
                         "checkpoints": 2}),
        "project_onto": (cj.sets.project_onto, {"S": P, "directions": [[[1.0, 0.0]]]}),
        "set_image": (cj.iteration.set_image, {"J": J, "X": cj.MatrixPolytope([[[0.0]], [[1.0]]]), "tol": 0.1,
                                     "max_cells": 1000}),
        "shortest_expanding": (cj.spectral.shortest_expanding, {"matrices": HEAVY_BALL, "max_length": 4, "time_limit": None,
                                                       "automaton": None}),
        "slice_through": (cj.sets.slice_through, {"S": P, "point": [[0.1, 0.1]], "directions": [[[1.0, 0.0]]],
                                             "tol": None}),
        "stack": (cj.functions.stack, {"*F": G, "*G": G}),
        "stack_jacobians": (cj.jacobians.stack_jacobians, {"*J": J, "*K": J}),
        "structured": (cj.functions.structured, {"piece": cj.functions.ScalarPiece.relu(), "M": [[0.5]], "N": [[1]], "c": [0],
                                       "outer": [[1]], "direct": [[0, 1]], "offset": [0]}),
        "sum_of_squares_bound": (cj.spectral.sum_of_squares_bound, {"matrices": [[[0.5]]], "degree": 4, "automaton": None,
                                                           "scale": None, "time_limit": None, "solver": None}),
        "check_conservativity": (cj.check_conservativity, {"F": G, "J": None, "rng": 0, "curves": 2, "tolerance": 1e-6,
                                                     "box": (-2.0, 2.0)}),
        "verify_contraction": (cj.verify_contraction, {"F": F, "at": at, "region": None, "time_limit": None}),
        "zonotope_radius": (cj.spectral.zonotope_radius, {"zonotope": cj.MatrixZonotope([[0.1]], [[[0.2]]]),
                                                 "time_limit": None}),
        "AffinePiece": (lambda F: cj.functions.affine_pieces(F)[0], {"F": G}),
        "Automaton": (cj.spectral.Automaton, {"*nodes": 2, "*edges": ((0, 1, 0), (1, 0, 0))}),
        "Automaton.dwell_time": (cj.spectral.Automaton.dwell_time, {"*k": 2}),
        "Bracket": (cj.Bracket, {"lower": 1.0, "upper": 2.0}),
        "CellUnion": (cj.sets.CellUnion, {"*cells": [[[[0.0]], [[1.0]]]]}),
        "Estimate": (cj.Estimate, {"*value": 0.5}),
        "FiniteSet": (cj.FiniteSet, {"*points": [[[0.0]]]}),
        "read_function_file": (cj.functions.read_function_file, {"path": f"{folder}/f.toml"}),
        "read_function": (cj.read_function, {"path": f"{folder}/f.toml"}),
        "load_certificate": (cj.load_certificate, {"path": f"{folder}/c.json"}),
        "JacobianSet.from_blocks": (cj.JacobianSet.from_blocks, {"A": [[[0.5]]], "B": [[[1.0]]]}),
        "MatrixPolytope": (cj.MatrixPolytope, {"*vertices": [[[0.0]], [[1.0]]]}),
        "MatrixZonotope": (cj.MatrixZonotope, {"*center": [[0.0]], "*generators": [[[1.0]]]}),
        "MatrixZonotope.from_rank_one": (cj.MatrixZonotope.from_rank_one, {"*center": [[0.0]], "*U": [[1.0]],
                                                                           "*V": [[1.0]]}),
        "TemplateHull": (lambda J: cj.iteration.iterate_templates(J, [[[0.0]]], steps=2).outer(2), {"J": J}),
        "PlanarRegion": (cj.iteration.iterate_true, {"J": cj.JacobianSet.from_blocks([[[0.5, 0], [0, 0.5]], [[0.3, 0], [0, 0.2]]], [[[1], [0]], [[0], [1]]]), "initial": [[[0.0], [0.0]]], "steps": 2}),
        "Piece": (F.active, {"at": at, "tolerance": None, "max_pieces": 100}),
        "PiecewiseSelection.evaluate": (F.evaluate, {"x": [0.0, 1.0], "theta": [0.0]}),
        "PiecewiseSelection.residual": (F.residual, {"at": at, "tolerance": None}),
        "PiecewiseSelection.point": (F.point, {"at": {"x": 0, "y": "1/3", "t": 0.5}, "tolerance": None}),
        "PiecewiseSelection.value": (F.value, {"at": at}),
        "PiecewiseSelection.bind": (F.bind, {"t": 1}),
        "PiecewiseSelection.free": (F.free, {"*names": "y"}),
        "PiecewiseSelection.with_state": (F.with_state, {"*names": "y"}),
        "PiecewiseSelection.substitute": (F.substitute, {"replacements": {"y": "2*x"}, "state": (), "parameters": ()}),
        "ScalarPiece.leaky_relu": (cj.functions.ScalarPiece.leaky_relu, {"*slope": 0.1}),
        "ScalarPiece.soft_threshold": (cj.functions.ScalarPiece.soft_threshold, {"*threshold": 1}),
        "ScalarPiece.clip": (cj.functions.ScalarPiece.clip, {"*low": 0, "*high": 1}),
        "ScalarPiece.piecewise_linear": (cj.functions.ScalarPiece.piecewise_linear, {"*breaks": [0], "*slopes": [0, 1]}),
        "StructuredMap.evaluate": (S.evaluate, {"x": [0.0, 1.0], "theta": [0.0]}),
        "StructuredMap.residual": (S.residual, {"at": at, "tolerance": None}),
        "Thinning": (cj.iteration.Thinning, {}),
        "support": (P.support, {"*direction": [[1.0, 0.0]]}),
        "contains": (P.contains, {"*points": [[[0.1, 0.1]]], "tol": 1e-9}),
        "zonotope.support": (Z.support, {"*direction": [[1.0, 0.0]]}),
        "zonotope.contains": (Z.contains, {"*points": [[[0.1, 0.1]]], "tol": 1e-9}),
        "widen": (cj.Bracket(0.0, 1.0).widen, {"amount": 0.5}),
        "quotient": (cj.contraction_verdict, {"J": [[["1/2", "1/2"], ["1/4", "3/4"]]]}),
        "gallery.load": (cj.gallery.load, {"name": "heavy-ball"}),
    }  # fmt: skip
    return {name: Call(*row) for name, row in table.items()}


ABSURD: dict[str, Any] = {
    "text": "1",
    "no number": "x",
    "superscript": "²",
    "half a pair": "\ud800",
    "nul": "\0",
    "overflow text": "1e9999",
    "long text": "9" * 4301,
    "bytes": b"x",
    "truth": True,
    "minus one": -1,
    "long": 10**5000,
    "minus long": -(10**5000),
    "beyond 64 bits": 2**70,
    "tiny": Fraction(1, 10**5000),
    "nan": float("nan"),
    "infinity": float("inf"),
    "minus infinity": float("-inf"),
    "largest": 1.7e308,
    "decimal nan": Decimal("sNaN"),
    "complex": 1j,
    "object": object(),
    "class": int,
    "function": len,
    "empty list": [],
    "empty dict": {},
    "nested": [[]],
    "deep": [[[[[[1.0]]]]]],
    "ragged": [[1], [1, 2]],
    "long entry": [[[10**5000]]],
    "tiny entry": [[[Fraction(1, 10**5000)]]],
    "text entries": [[["1e9999"]]],
    "infinite entry": [[[float("inf")]]],
    "large entry": [[[1.7e308]]],
    "none entry": [[[None]]],
    "zero-dimensional": np.array(1.0),
    "no rows": np.zeros((0, 2, 2)),
    "text array": np.array("x"),
    "dates": np.array(["2020-01-01"], dtype="datetime64[D]"),
    "records": np.zeros(2, dtype=[("a", float)]),
    "symbol": sympy.Symbol("x"),
    "sympy infinity": sympy.oo,
    "sympy nan": sympy.nan,
    "sympy i": sympy.I,
    "zero division": sympy.zoo,
    "dict of text": {"x": "y"},
    "dict of numbers": {1: 2},
    "set": {1, 2},
    "generator": (x for x in [1, 2]),
}
"""Values that no argument is meant for; some calls may take some of them."""

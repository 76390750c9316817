"""Results as documents with stable keys, for `--json`."""

from typing import Any

from conservative._core.numbers import float_below
from conservative.analysis import Analysis
from conservative.differentiation import ImplicitJacobian
from conservative.iteration import FixedSet, SetTrajectory
from conservative.jacobians import Explanation, JacobianSet, JacobianZonotope, ProgramExplanation
from conservative.jacobians.explanation.conventions import VERSIONS
from conservative.spectral import ContractionVerdict, JointSpectralRadius, Product


def analysis_document(analysis: Analysis) -> dict[str, Any]:
    """Everything an analysis found, with stable keys.

    Returns: parts that were not reached are `None`. Values still hold arrays and brackets; see `as_json`. The
    certificate is the one that the command saves, which says its kind and what it claims.
    """
    assumption = analysis.assumption
    return {
        "title": analysis.subject.title,
        "source": analysis.subject.source,
        "known_answer": analysis.subject.answer,
        "residual": None if analysis.residual is None else analysis.residual.values,
        "matrices": _if(analysis.subject.family, lambda family: family.exact),
        "jacobian": _if(analysis.jacobian, jacobian_document),
        "conical": _if(analysis.conical, jacobian_document),
        "assumption_a": None
        if assumption is None
        else {"holds": assumption.holds, "norm": assumption.norm, "index": assumption.index + 1},
        "expanding_product": _if(analysis.expanding, product_document),
        "searched_length": analysis.searched_length,
        "joint_spectral_radius": _if(analysis.radius, bracket_document),
        "trajectory": _if(analysis.trajectory, trajectory_document),
        "implicit": _if(analysis.implicit, implicit_document),
        "fixed_set": _if(analysis.fixed, fixed_set_document),
        "entries": _if(analysis.entries, lambda entries: {"inner": entries.inner, "outer": entries.outer}),
        "left_out": analysis.left_out,
        "contraction": analysis.contraction,
        "norm": _if(analysis.adapted, norm_document),
        "certificate": _if(analysis.certificate, lambda certificate: certificate.document),
    }


def _if(value: Any, write: Any) -> Any:
    return None if value is None else write(value)


def jacobian_document(J: JacobianSet | JacobianZonotope) -> dict[str, Any]:
    """A set of blocks [A B]."""
    if isinstance(J, JacobianZonotope):
        return {"kind": J.kind, "exactness": J.exactness, "base": J.base, "U": J.U, "V": J.V}
    return {"kind": J.kind, "exactness": J.exactness, "vertices": J.vertices, "exact_vertices": J.exact_blocks}


def product_document(product: Product) -> dict[str, Any]:
    """A product of matrices; its word is 1-based, as printed."""
    return {
        "word": [letter + 1 for letter in product.word],
        "matrix": product.matrix,
        "exact_matrix": product.exact_matrix,
        "spectral_radius": product.radius,
        "eigenvalue": product.eigenvalue,
    }


def radius_document(radius: JointSpectralRadius) -> dict[str, Any]:
    """A proved bracket of the joint spectral radius with its certificate; its word is 1-based, as printed."""
    certificate = radius.certificate
    return bracket_document(radius) | {"certificate": None if certificate is None else certificate.document}


def bracket_document(radius: JointSpectralRadius) -> dict[str, Any]:
    """The same without the certificate, where the verdict has its own."""
    return {
        "lower": radius.lower,
        "upper": radius.upper,
        "word": None if radius.word is None else [letter + 1 for letter in radius.word],
        "vertex_radii": radius.vertex_radii,
        "exact": None if radius.exact is None else str(radius.exact),
        "status": radius.status,
    }


def norm_document(adapted: ContractionVerdict) -> dict[str, Any]:
    """In which norm a family contracts, or on which part of the space."""
    quotient = adapted.quotient
    return {
        "how": adapted.how,
        "radius": adapted.radius,
        "dimension": None if quotient is None else quotient.dimension,
        "spanning": None if quotient is None else quotient.spanning,
        "distance": None if quotient is None else float_below(quotient.distance),
        "remedy": adapted.remedy,
    }


def trajectory_document(trajectory: SetTrajectory) -> dict[str, Any]:
    """The gaps of a set iteration against their bounds, and the last hull."""
    return {
        "gaps": trajectory.gaps,
        "bounds": [{"a_priori": b.a_priori, "a_posteriori": b.a_posteriori} for b in trajectory.bounds],
        "last_vertices": trajectory.sets[-1].extreme,
        "status": trajectory.status,
    }


def implicit_document(implicit: ImplicitJacobian) -> dict[str, Any]:
    """Vertex solves of (Id − A)⁻¹B."""
    return {
        "vertices": implicit.vertices,
        "exact_vertices": implicit.exact_vertices,
        "exactness": implicit.exactness,
        "invertible": implicit.invertible,
    }


def fixed_set_document(fixed: FixedSet) -> dict[str, Any]:
    """The hull of a fixed set with its errors."""
    return {
        "hull_vertices": fixed.hull.vertices,
        "e_missing": fixed.hull.e_missing,
        "e_extra": fixed.hull.e_extra,
        "distance": fixed.distance,
        "status": fixed.status,
    }


def _program_document(explanation: ProgramExplanation) -> dict[str, Any]:
    form = explanation.form
    return {
        "point": dict(zip(explanation.point.names, explanation.point.values, strict=True)),
        "ties": [
            {"name": tie.name, "source": tie.source, "choices": len(tie.patterns) + 1, "distance": tie.distance}
            for tie in form.ties
        ],
        "groups": [[form.ties.index(tie) + 1 for tie in group] for group in form.groups],
        "without_effect": list(form.inactive),
        "near_ties": [{"expression": name, "distance": distance} for name, distance in form.near_ties],
        "notes": list(form.warnings),
        "jacobians": _if(explanation.jacobians, jacobian_document),
        "derivatives": []
        if explanation.own is None
        else [{"framework": explanation.library, "matrix": explanation.own, "inside": explanation.inside}],
    }


def explanation_document(explanation: Explanation | ProgramExplanation) -> dict[str, Any]:
    """The ties of a function at a point, numbered from 1 as printed, and what libraries return as derivatives there."""
    if isinstance(explanation, ProgramExplanation):
        return _program_document(explanation)
    return {
        "point": dict(zip(explanation.point.names, explanation.point.values, strict=True)),
        "ties": [
            {
                "expression": str(tie.expression),
                "components": [c + 1 for c in tie.components],
                "lines": tie.lines,
                "branches": [
                    {"expression": str(b.expression), "value": b.value, "vertices": [v + 1 for v in b.vertices]}
                    for b in tie.branches
                ],
                "conventions": dict(tie.rules),
            }
            for tie in explanation.ties
        ],
        "near_ties": [{"expression": str(t.expression), "distance": t.distance} for t in explanation.near_ties],
        "jacobians": _if(explanation.jacobians, jacobian_document),
        "derivatives": [
            {
                "framework": d.framework,
                "version": VERSIONS[d.framework],
                "spelling": d.spelling,
                "mode": d.mode,
                "matrix": d.matrix,
            }
            for d in explanation.derivatives
        ],
        "rounding": [{"expression": str(e), "distance": d} for e, d in explanation.rounding],
    }

"""A counterexample as a document with stable keys, for `--json`."""

from typing import Any

from conservative.report.result_documents import product_document
from conservative.spectral.counterexamples import Counterexample, FunctionClaim


def counterexample_document(found: Counterexample) -> dict[str, Any]:
    """Everything that is known of a counterexample.

    Returns: values still hold arrays and brackets; see `as_json`.
    """
    kink = found.kink
    return {
        "parameters": {name: str(value) for name, value in found.parameters.items()},
        "matrices": [[[str(x) for x in row] for row in matrix] for matrix in found.family.exact],
        "product": product_document(found.product),
        "rate": found.rate,
        "vertex_radii": list(found.vertex_radii),
        "no_shorter_product_expands": found.is_shortest,
        "proved_length": found.shortest.proved_length,
        "trajectories": {
            "status": kink.status.name.lower(),
            "sentence": str(kink),
            "of": kink.subject,
            "map_converges": kink.map_converges,
            "converges": kink.converges,
            "function": _claim(kink.function),
            "steps": kink.steps,
            "normal": [str(x) for x in kink.normal],
            "kink_met_again_after": kink.returns,
        },
        "objective": found.objective,
        "examined": found.examined,
        "status": found.status,
    }


def _claim(claim: FunctionClaim | None) -> dict[str, Any] | None:
    if claim is None:
        return None
    return {
        "scope": claim.scope.name.lower(),
        "sentence": str(claim),
        "box": None if claim.box is None else str(claim.box),
        "radius": None if claim.radius is None else str(claim.radius),
    }

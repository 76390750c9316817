"""Values as polynomials in the distance from a point, with rational coefficients."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from conservative.functions.graph.evaluate import Trace, Undefined
from conservative.functions.graph.nodes import BOOLEANS, SWITCHES, Graph

Polynomial = dict[tuple[int, ...], Fraction]
"""From exponents, one for each variable, to coefficients that are not zero."""

_MAX_TERMS = 256


def output_polynomials(graph: Graph, trace: Trace, point: Sequence[Fraction]) -> list[Polynomial | None]:
    """The outputs on the branches of a trace, None where one is no polynomial or a switch is tied."""
    built: dict[int, Polynomial | None] = {}
    for index, node in enumerate(graph.nodes):
        options = trace.options.get(index, ())
        if node.op in BOOLEANS or node.op == "compare":
            built[index] = None
        elif node.op == "sign":
            value = trace.values[index]
            built[index] = None if isinstance(value, Undefined) else _clean({(0,) * graph.width: value.term(0)})
        elif node.op in SWITCHES:
            chosen = built[node.args[0 if node.op == "abs" else options[0]]] if len(options) == 1 else None
            turned = node.op == "abs" and options == (1,)
            built[index] = _scaled(chosen, Fraction(-1)) if turned and chosen is not None else chosen
        else:
            built[index] = polynomial_node(graph, index, built, point)
    return [built[o] for o in graph.outputs]


def difference(left: Polynomial, right: Polynomial) -> Polynomial:
    """left - right."""
    return sum_of([left, _scaled(right, Fraction(-1))])


def restricted(polynomial: Polynomial, columns: Sequence[int]) -> Polynomial:
    """The polynomial in some of its variables, the others being 0."""
    kept: Polynomial = {}
    for exponents, factor in polynomial.items():
        inside = tuple(exponents[c] for c in columns)
        if sum(inside) == sum(exponents):
            kept[inside] = factor
    return kept


def used_columns(polynomial: Polynomial) -> frozenset[int]:
    """The variables that occur."""
    return frozenset(i for exponents in polynomial for i, e in enumerate(exponents) if e)


def polynomial_node(
    graph: Graph, index: int, built: Mapping[int, Polynomial | None], point: Sequence[Fraction]
) -> Polynomial | None:
    """A node that is no switch, from the polynomials of its operands; None where it is no polynomial."""
    node, width = graph.nodes[index], graph.width
    zero = (0,) * width
    if node.op == "constant":
        return _clean({zero: node.data}) if isinstance(node.data, Fraction) else None
    if node.op == "variable":
        unit = tuple(int(i == node.data) for i in range(width))
        return _clean({unit: Fraction(1), zero: point[node.data]})
    inputs = [built[a] for a in node.args]
    known = [p for p in inputs if p is not None]
    if len(known) < len(inputs):
        return None
    if node.op == "add":
        return sum_of(known)
    if node.op == "multiply":
        return product_of(known, zero)
    if node.op == "power" and node.data.denominator == 1 and 0 < node.data <= 16:
        return product_of(known * int(node.data), zero)
    return None


def _clean(polynomial: Polynomial) -> Polynomial:
    return {e: c for e, c in polynomial.items() if c}


def sum_of(terms: Sequence[Polynomial]) -> Polynomial:
    """The sum."""
    total: Polynomial = {}
    for term in terms:
        for exponents, factor in term.items():
            total[exponents] = total.get(exponents, Fraction(0)) + factor
    return _clean(total)


def _scaled(polynomial: Polynomial, factor: Fraction) -> Polynomial:
    return {e: c * factor for e, c in polynomial.items()}


def product_of(factors: Sequence[Polynomial], zero: tuple[int, ...]) -> Polynomial | None:
    """The product, `zero` being the exponents of 1; None where it is long."""
    product: Polynomial = {zero: Fraction(1)}
    for factor in factors:
        if len(product) * len(factor) > _MAX_TERMS**2:
            return None
        grown: Polynomial = {}
        for left, a in product.items():
            for right, b in factor.items():
                exponents = tuple(i + j for i, j in zip(left, right, strict=True))
                grown[exponents] = grown.get(exponents, Fraction(0)) + a * b
        product = _clean(grown)
        if len(product) > _MAX_TERMS:
            return None
    return product

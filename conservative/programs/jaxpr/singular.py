"""Points at which an operation has no finite derivative: noted with the user's line, told of if it matters."""

from typing import Any

from conservative.programs.jaxpr.library import jnp
from conservative.programs.jaxpr.record import Record
from conservative.programs.jaxpr.values import Value

_AT = {
    "sqrt": 0.0,
    "rsqrt": 0.0,
    "log": 0.0,
    "log1p": -1.0,
    "cbrt": 0.0,
    "acos": 1.0,
    "asin": 1.0,
    "atanh": 1.0,
    "acosh": 1.0,
}
_SPECTRA = {"eigh", "svd", "eig"}


def note_singular(record: Record, eqn: Any, line: str, ins: list[Value]) -> None:
    """Note whether an equation is at such a point."""
    name, x = eqn.primitive.name, ins[0].array
    if name in _AT:
        where = jnp.abs(x) == 1 if name in ("acos", "asin", "atanh") else x == _AT[name]
    elif name in ("div", "rem"):
        where = ins[1].array == 0
    elif name in ("pow", "integer_pow", "atan2"):
        where = x == 0
    elif name in _SPECTRA:
        where = _repeated(eqn, x, record.tolerance)
    else:
        return
    record.singular.append((name, line, jnp.any(where)))


def _repeated(eqn: Any, x: Any, tolerance: Any) -> Any:
    values = jnp.linalg.svd(x, compute_uv=False) if eqn.primitive.name == "svd" else jnp.linalg.eigvalsh(x)
    gaps = jnp.abs(jnp.diff(values, axis=-1))
    return jnp.any(gaps <= tolerance * jnp.maximum(1.0, jnp.abs(values).max(initial=0)))

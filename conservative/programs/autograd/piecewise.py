"""What is piecewise in autograd's graph: a switch that was not opened is refused by name, not passed over."""

from collections.abc import Iterable, Iterator
from typing import Any

from conservative._core.errors import FunctionError
from conservative.programs.autograd.library import names

_NODES = names(
    """Abs Amax Amin Aminmax Max Min Maximum Minimum Fmax Fmin Clamp ClampMin ClampMax Relu LeakyRelu PreluKernel Elu
    Celu Hardtanh Hardsigmoid Hardswish Softshrink Hardshrink Threshold RreluWithNoise Sort Topk Median Nanmedian
    Kthvalue Mode Cummax Cummin MaxPool2DWithIndices MaxPool3DWithIndices MaxPool2D FractionalMaxPool2D
    FractionalMaxPool3D AdaptiveMaxPool2D AdaptiveMaxPool3D LinalgVectorNorm Norm Dist Cdist Pdist Floor Ceil Round
    Trunc Frac Remainder Fmod Sign Sgn Heaviside Copysign MultiMarginLoss MultilabelMarginLoss Renorm Unique Unique2
    UniqueDim GridSampler2D GridSampler3D ScatterReduce IndexReduce SegmentReduce CtcLoss Nextafter MaxUnpool2D
    MkldnnMaxPool2D CudnnRnn"""
)
"""Backward nodes of operations with switches or jumps, without "Backward0"."""

REWRITES = {
    "ClampMin": "`torch.clamp` or `torch.relu`",
    "Mode": "a comparison",
    "ScatterReduce": "`torch.amax` over padded rows",
    "AdaptiveMaxPool2D": "`adaptive_max_pool2d` without indices",
    "AdaptiveMaxPool3D": "`adaptive_max_pool3d` without indices",
    "MaxPool2DWithIndices": "`max_pool2d` without indices",
    "MaxPool3DWithIndices": "`max_pool3d` without indices",
    "Cdist": "`torch.linalg.vector_norm` of the differences",
}


def kind_of(node: Any) -> str:
    """A node's operation: "Relu" of ReluBackward0."""
    return type(node).__name__.rstrip("0123456789").removesuffix("Backward")


def is_custom(node: Any) -> bool:
    """Whether a node is the backward of a user's own `torch.autograd.Function`."""
    return hasattr(node, "_forward_cls") or type(node).__name__.startswith("GeneratedBackward")


def new_nodes(outputs: Iterable[Any], inputs: Iterable[Any]) -> Iterator[Any]:
    """The nodes of the graph between outputs and inputs."""
    stop = {id(t.grad_fn) for t in inputs if t.grad_fn is not None}
    pending = [t.grad_fn for t in outputs if t.grad_fn is not None]
    seen: set[int] = set()
    while pending:
        node = pending.pop()
        if node is None or id(node) in stop or id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        pending += [below for below, _ in node.next_functions]


def refuse_hidden(nodes: Iterable[Any], known: dict[int, Any], *, what: str, source: str) -> None:
    """Refuse nodes with switches that no rule has opened."""
    for node in nodes:
        kind = kind_of(node)
        if kind in _NODES and id(node) not in known and not is_custom(node):
            remedy = (
                f" Write it as {REWRITES[kind]}." if kind in REWRITES else " Write it with `where`, `maximum`, `clamp`."
            )
            raise FunctionError(
                f"`from_torch` meets {what}{f' at {source}' if source else ''}, which is piecewise ({kind} in "
                f"autograd's graph) and whose ties are not opened.{remedy}"
            )

"""What JAX and PyTorch return at ties: a table, one row for each operation of a library, as observed.

`tests/peers` runs every operation in the library itself. A maximum can be written in several ways, which are
differentiated differently: that is the *spelling*. NumPy has no derivatives; its rows are those that are written by
hand with `np.sign`, strict comparisons, `np.argmax` and a stable `np.argsort`.
"""

from dataclasses import dataclass

VERSIONS = {"JAX": "0.10.2", "PyTorch": "2.13.0", "NumPy": "by hand"}
"""The version of each library in which the table was observed."""

TIES = {
    "bound": ((0.0,), "max(z, 0) at z = 0, or any maximum or minimum of something with a constant"),
    "pair": ((1.0, 1.0), "max(x, y) at a tie"),
    "many": ((1.0, 1.0, 1.0), "max(x, y, z) at a tie of all"),
    "abs": ((0.0,), "|z| at 0"),
    "sign": ((0.0,), "sign(z) at 0"),
    "leaky": ((0.0,), "z for z >= 0 and z/4 below, at 0"),
    "sorted": ((1.0, 1.0), "two equal values in increasing order"),
    "median": ((1.0, 1.0, 1.0), "the median of three equal values"),
}
"""The kinds of ties, with the point at which each is observed."""


@dataclass(frozen=True, slots=True)
class Convention:
    """One operation of one library at a tie.

    Parameters
    ----------
    framework : str
        "JAX", "PyTorch" or "NumPy".
    operation : str
        The operation as it is called.
    spelling : str
        The name under which `Explanation.derivative` takes it.
    switch : str
        Which kind of tie it writes, a key of `TIES`.
    observed : tuple of float, or of rows
        The derivative at that tie, by reverse mode.
    forward : tuple of float, optional
        By forward mode, where it differs.
    masks : bool
        What is not taken gets 0 by a mask. Otherwise it gets 0 times what comes, which for an infinite derivative is
        not a number.
    masks_forward : bool, optional
        By forward mode, where it differs.
    bounds : tuple of float, optional
        The two constants of a clip that the operation stands for.
    open : bool
        The library leaves open what it takes of several equal values: nothing is predicted.
    """

    framework: str
    operation: str
    spelling: str
    switch: str
    observed: tuple[float, ...] | tuple[tuple[float, ...], ...]
    forward: tuple[float, ...] | None = None
    masks: bool = False
    masks_forward: bool | None = None
    bounds: tuple[float, float] | None = None
    open: bool = False

    @property
    def version(self) -> str:
        """The version of the library in which it was observed."""
        return VERSIONS[self.framework]


_THIRD = 1.0 / 3.0
_EVEN = (_THIRD, _THIRD, _THIRD)
_STABLE = ((1.0, 0.0), (0.0, 1.0))
_REVERSED = ((0.0, 1.0), (1.0, 0.0))

CONVENTIONS = (
    Convention("JAX", "jnp.maximum", "maximum", "bound", (0.5,)),
    Convention("JAX", "jax.nn.relu", "relu", "bound", (0.0,), masks=True),
    Convention("JAX", "jnp.clip", "clip", "bound", (0.5,)),
    Convention("JAX", "jnp.where", "where", "bound", (0.0,), masks=True),
    Convention("JAX", "jax.lax.clamp", "clamp", "bound", (0.0,), masks=True),
    Convention("JAX", "jax.nn.hard_tanh", "hard_tanh", "bound", (1.0,), masks=True, bounds=(-1.0, 1.0)),
    Convention("JAX", "jax.nn.relu6", "relu6", "bound", (0.0,), masks=True, bounds=(0.0, 6.0)),
    Convention("JAX", "jnp.maximum", "maximum", "pair", (0.5, 0.5)),
    Convention("JAX", "jnp.max", "maximum", "many", _EVEN),
    Convention("JAX", "jnp.abs", "maximum", "abs", (1.0,)),
    Convention("JAX", "jnp.sign", "maximum", "sign", (0.0,), masks=True),
    Convention("JAX", "jax.nn.leaky_relu", "leaky_relu", "leaky", (1.0,), masks=True),
    Convention("JAX", "jnp.sort", "maximum", "sorted", _STABLE, masks=True),
    Convention("JAX", "jax.lax.top_k", "top_k", "sorted", _REVERSED, masks=True),
    Convention("JAX", "jnp.median", "median", "median", (0.0, 1.0, 0.0), masks=True),
    Convention("PyTorch", "torch.maximum", "maximum", "bound", (0.5,), masks=True, masks_forward=False),
    Convention("PyTorch", "torch.relu", "relu", "bound", (0.0,), masks=True),
    Convention("PyTorch", "torch.clamp, numbers as bounds", "clip", "bound", (1.0,), masks=True),
    Convention("PyTorch", "torch.where", "where", "bound", (0.0,), masks=True),
    Convention("PyTorch", "torch.clamp, tensors as bounds", "clamp", "bound", (1.0,), masks=True),
    Convention("PyTorch", "F.hardtanh", "hard_tanh", "bound", (0.0,), masks=True, bounds=(-1.0, 1.0)),
    Convention("PyTorch", "F.relu6", "relu6", "bound", (0.0,), masks=True, bounds=(0.0, 6.0)),
    Convention("PyTorch", "torch.maximum", "maximum", "pair", (0.5, 0.5), masks=True, masks_forward=False),
    Convention("PyTorch", "torch.clamp, the first", "clamp", "pair", (1.0, 0.0), (0.0, 1.0), masks=True),
    Convention("PyTorch", "torch.amax", "maximum", "many", _EVEN, masks_forward=True),
    Convention("PyTorch", "torch.max over a dimension", "max_dim", "many", (1.0, 0.0, 0.0), masks=True),
    Convention("PyTorch", "torch.abs", "maximum", "abs", (0.0,)),
    Convention("PyTorch", "torch.sign", "maximum", "sign", (0.0,)),
    Convention("PyTorch", "F.leaky_relu", "leaky_relu", "leaky", (0.25,), masks=True),
    Convention("PyTorch", "torch.sort", "maximum", "sorted", _STABLE, masks=True),
    Convention("PyTorch", "torch.topk", "top_k", "sorted", _REVERSED, masks=True, open=True),
    Convention("PyTorch", "torch.median", "median", "median", _EVEN, masks=True, masks_forward=False),
    Convention("NumPy", "z > 0", "maximum", "bound", (0.0,), masks=True),
    Convention("NumPy", "np.argmax", "maximum", "pair", (1.0, 0.0), masks=True),
    Convention("NumPy", "np.argmax", "maximum", "many", (1.0, 0.0, 0.0), masks=True),
    Convention("NumPy", "np.sign", "maximum", "abs", (0.0,)),
    Convention("NumPy", "np.sign", "maximum", "sign", (0.0,)),
    Convention("NumPy", "np.argsort", "maximum", "sorted", _STABLE, masks=True),
)

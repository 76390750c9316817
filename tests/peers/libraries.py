"""JAX and PyTorch behind one set of names, and every operation of the table of conventions."""

import importlib
from functools import cached_property, reduce
from typing import Any

import numpy as np


class Jax:
    """JAX in double precision."""

    name = "JAX"

    @cached_property
    def jax(self) -> Any:
        jax = importlib.import_module("jax")
        jax.config.update("jax_enable_x64", True)
        return jax

    @cached_property
    def np(self) -> Any:
        return self.jax.numpy

    @property
    def version(self) -> str:
        return self.jax.__version__

    def number(self, value: Any) -> Any:
        return self.np.asarray(value, dtype=float)

    def point(self, at: Any) -> Any:
        return self.np.array(at, dtype=float)

    def reverse(self, f: Any, at: Any) -> Any:
        return np.asarray(self.jax.jacrev(f)(self.point(at)))

    def forward(self, f: Any, at: Any) -> Any:
        return np.asarray(self.jax.jacfwd(f)(self.point(at)))

    def stack(self, values: Any) -> Any:
        return self.np.stack(values)

    def where(self, guard: Any, value: Any, other: Any) -> Any:
        return self.np.where(guard, value, other)

    def sqrt(self, z: Any) -> Any:
        return self.np.sqrt(z)

    def absolute(self, z: Any) -> Any:
        return self.np.abs(z)

    def sign(self, z: Any) -> Any:
        return self.np.sign(z)

    def smooth(self, name: str, z: Any) -> Any:
        return getattr(self.np, {"asin": "arcsin", "acos": "arccos", "atan": "arctan"}.get(name, name))(z)

    def logic(self, op: str, inputs: Any) -> Any:
        if op in ("true", "false"):
            return self.np.asarray(op == "true")
        if op == "not":
            return ~inputs[0]
        return reduce(self.np.logical_and if op == "and" else self.np.logical_or, inputs)

    def extremum(self, op: str, values: Any, spelling: str) -> Any:
        if len(values) == 2:
            return (self.np.maximum if op == "max" else self.np.minimum)(*values)
        return (self.np.max if op == "max" else self.np.min)(self.stack(values))

    def bound(self, op: str, z: Any, bound: float, spelling: str) -> Any:
        upper = op == "min"
        low, high = (-np.inf, bound) if upper else (bound, np.inf)
        if spelling == "relu":
            return -self.jax.nn.relu(-z) if upper else self.jax.nn.relu(z)
        if spelling == "clip":
            return self.np.minimum(z, bound) if upper else self.np.clip(z, bound)
        if spelling == "clamp":
            return self.jax.lax.clamp(low, z, high)
        if spelling == "where":
            return self.np.where(z < bound if upper else z > bound, z, bound)
        return (self.np.minimum if upper else self.np.maximum)(z, bound)

    def leaky_relu(self, z: Any, slope: float) -> Any:
        return self.jax.nn.leaky_relu(z, slope)

    def hard_tanh(self, z: Any) -> Any:
        return self.jax.nn.hard_tanh(z)

    def relu6(self, z: Any) -> Any:
        return self.jax.nn.relu6(z)

    def median(self, values: Any) -> Any:
        return self.np.median(values)

    def ranked(self, values: Any, rank: int, name: str, *, top: bool) -> Any:
        n = len(values)
        if top:
            ordered = self.jax.lax.top_k(values, n)[0]
            return ordered[n - rank] if name == "SortedValue" else ordered[:rank].sum()
        ordered = self.np.sort(values)
        return ordered[rank - 1] if name == "SortedValue" else ordered[n - rank :].sum()

    def operation(self, name: str, switch: str) -> Any:
        """An operation of the table, as a function of the operands that tie."""
        jax, jnp = self.jax, self.np
        table = {
            "jnp.maximum": lambda v: jnp.maximum(v[0], 0.0 if switch == "bound" else v[1]),
            "jax.nn.relu": lambda v: jax.nn.relu(v[0]),
            "jnp.clip": lambda v: jnp.clip(v[0], 0.0, 1.0),
            "jnp.where": lambda v: jnp.where(v[0] > 0, v[0], 0.0),
            "jax.lax.clamp": lambda v: jax.lax.clamp(0.0, v[0], 1.0),
            "jax.nn.hard_tanh": lambda v: jax.nn.hard_tanh(v[0] + 1.0),
            "jax.nn.relu6": lambda v: jax.nn.relu6(v[0]),
            "jnp.max": jnp.max,
            "jnp.abs": lambda v: jnp.abs(v[0]),
            "jnp.sign": lambda v: jnp.sign(v[0]),
            "jax.nn.leaky_relu": lambda v: jax.nn.leaky_relu(v[0], 0.25),
            "jnp.sort": jnp.sort,
            "jax.lax.top_k": lambda v: jax.lax.top_k(v, 2)[0][::-1],
            "jnp.median": jnp.median,
        }
        return table[name]


class Torch:
    """PyTorch in double precision."""

    name = "PyTorch"

    @cached_property
    def torch(self) -> Any:
        return importlib.import_module("torch")

    @property
    def version(self) -> str:
        return self.torch.__version__.partition("+")[0]

    def number(self, value: Any) -> Any:
        return torch_value if hasattr(torch_value := value, "dtype") else self.point(value)

    def point(self, at: Any) -> Any:
        return self.torch.tensor(at, dtype=self.torch.float64)

    def reverse(self, f: Any, at: Any) -> Any:
        return self.torch.autograd.functional.jacobian(f, self.point(at)).numpy()

    def forward(self, f: Any, at: Any) -> Any:
        return self.torch.func.jacfwd(f)(self.point(at)).detach().numpy()

    def stack(self, values: Any) -> Any:
        return self.torch.stack(list(values))

    def where(self, guard: Any, value: Any, other: Any) -> Any:
        return self.torch.where(guard, value, other)

    def sqrt(self, z: Any) -> Any:
        return self.torch.sqrt(self.number(z))

    def absolute(self, z: Any) -> Any:
        return self.torch.abs(self.number(z))

    def sign(self, z: Any) -> Any:
        return self.torch.sign(z)

    def smooth(self, name: str, z: Any) -> Any:
        return getattr(self.torch, name)(z)

    def logic(self, op: str, inputs: Any) -> Any:
        if op in ("true", "false"):
            return self.torch.tensor(op == "true")
        if op == "not":
            return ~inputs[0]
        return reduce(self.torch.logical_and if op == "and" else self.torch.logical_or, inputs)

    def extremum(self, op: str, values: Any, spelling: str) -> Any:
        torch, upper = self.torch, op == "min"
        if len(values) == 2:
            if spelling == "clamp":
                return torch.clamp(values[0], max=values[1]) if upper else torch.clamp(values[0], min=values[1])
            return (torch.minimum if upper else torch.maximum)(*values)
        if spelling == "max_dim":
            return (torch.min if upper else torch.max)(self.stack(values), 0)[0]
        return (torch.amin if upper else torch.amax)(self.stack(values), 0)

    def bound(self, op: str, z: Any, bound: float, spelling: str) -> Any:
        torch, upper, edge = self.torch, op == "min", self.number(bound)
        if spelling == "relu":
            return -torch.relu(-z) if upper else torch.relu(z)
        if spelling == "clip":
            return torch.clamp(z, max=bound) if upper else torch.clamp(z, min=bound)
        if spelling == "clamp":
            low, high = (-np.inf, bound) if upper else (bound, np.inf)
            return torch.clamp(z, self.number(low), self.number(high))
        if spelling == "where":
            return torch.where(z < bound if upper else z > bound, z, edge)
        return (torch.minimum if upper else torch.maximum)(z, edge)

    def leaky_relu(self, z: Any, slope: float) -> Any:
        return self.torch.nn.functional.leaky_relu(z, slope)

    def hard_tanh(self, z: Any) -> Any:
        return self.torch.nn.functional.hardtanh(z)

    def relu6(self, z: Any) -> Any:
        return self.torch.nn.functional.relu6(z)

    def median(self, values: Any) -> Any:
        return self.torch.median(values)

    def ranked(self, values: Any, rank: int, name: str, *, top: bool) -> Any:
        n = len(values)
        if top:
            ordered = self.torch.topk(values, n)[0]
            return ordered[n - rank] if name == "SortedValue" else ordered[:rank].sum()
        ordered = self.torch.sort(values, stable=True)[0]
        return ordered[rank - 1] if name == "SortedValue" else ordered[n - rank :].sum()

    def operation(self, name: str, switch: str) -> Any:
        """An operation of the table, as a function of the operands that tie."""
        torch, functional = self.torch, self.torch.nn.functional
        zero, one = self.number(0.0), self.number(1.0)
        table = {
            "torch.maximum": lambda v: torch.maximum(v[0], zero if switch == "bound" else v[1]),
            "torch.relu": lambda v: torch.relu(v[0]),
            "torch.clamp, numbers as bounds": lambda v: torch.clamp(v[0], 0.0, 1.0),
            "torch.where": lambda v: torch.where(v[0] > 0, v[0], zero),
            "torch.clamp, tensors as bounds": lambda v: torch.clamp(v[0], zero, one),
            "F.hardtanh": lambda v: functional.hardtanh(v[0] + 1.0),
            "F.relu6": lambda v: functional.relu6(v[0]),
            "torch.clamp, the first": lambda v: torch.clamp(v[0], min=v[1]),
            "torch.amax": lambda v: torch.amax(v, 0),
            "torch.max over a dimension": lambda v: torch.max(v, 0)[0],
            "torch.abs": lambda v: torch.abs(v[0]),
            "torch.sign": lambda v: torch.sign(v[0]),
            "F.leaky_relu": lambda v: functional.leaky_relu(v[0], 0.25),
            "torch.sort": lambda v: torch.sort(v, stable=True)[0],
            "torch.topk": lambda v: torch.topk(v, 2)[0].flip(0),
            "torch.median": torch.median,
        }
        return table[name]


JAX, PYTORCH = Jax(), Torch()

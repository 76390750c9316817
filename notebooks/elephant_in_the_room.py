# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The elephant in the room
#
# Which derivative does a program return at a kink, which could it return, and when does it matter?
#
# We take the example of S. Vaiter's talk of 2023. The function $\mathrm{relu}(x)=\max(x,0)$ has no derivative
# at $0$, so a framework for automatic differentiation has to pick one. Most pick $0$.

# %%
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import sympy as sp

import conservative as cj

# %% [markdown]
# ## What a program returns
#
# Forward-mode automatic differentiation in a few lines: a number carries its derivative, and each operation
# applies its own chain rule. The rule for `relu` has to decide what happens at $0$, and says $0$, as the
# common frameworks do.


# %%
@dataclass(frozen=True)
class Dual:
    value: float
    slope: float

    def __add__(self, other):
        return Dual(self.value + other.value, self.slope + other.slope)

    def __sub__(self, other):
        return Dual(self.value - other.value, self.slope - other.slope)

    def __neg__(self):
        return Dual(-self.value, -self.slope)

    def __rmul__(self, factor):
        return Dual(factor * self.value, factor * self.slope)


def relu(x):
    return Dual(max(x.value, 0.0), x.slope if x.value > 0 else 0.0)


def derivative(program, at=0.0):
    return program(Dual(at, 1.0)).slope


returned = {
    "relu(x)": derivative(relu),
    "relu(-x) + x": derivative(lambda x: relu(-x) + x),
    "relu(-x) + x - relu(x)": derivative(lambda x: relu(-x) + x - relu(x)),
}
returned

# %% [markdown]
# The second program computes the same function as the first, and gets another derivative. The third computes
# the function that is identically zero, and its derivative comes out as one.

# %%
assert returned == {"relu(x)": 0.0, "relu(-x) + x": 1.0, "relu(-x) + x - relu(x)": 1.0}
assert all(derivative(lambda x: relu(-x) + x - relu(x), at) == 0.0 for at in (-2.0, -1e-300, 1e-300, 3.0))

# %% [markdown]
# ## What it could return
#
# The set of everything that this choice can lead to is a *conservative Jacobian*. `conservative_jacobian`
# returns the *selection* set: the hull of the derivatives of all smooth pieces that are active at the point,
# one branch for every switch. It holds what any framework may return.

# %%
x, y, theta = sp.symbols("x y theta", real=True)


def positive(z):
    return sp.Max(z, 0)


programs = {
    "relu(x)": positive(x),
    "relu(-x) + x": positive(-x) + x,
    "relu(-x) + x - relu(x)": positive(-x) + x - positive(x),
}


def interval(expression, kind="selection"):
    F = cj.from_sympy(expression, state=[x])
    slopes = cj.conservative_jacobian(F, {x: 0}, kind=kind).vertices.ravel()
    return float(slopes.min()), float(slopes.max())


sets = {name: interval(expression) for name, expression in programs.items()}
sets

# %%
assert sets == {"relu(x)": (0.0, 1.0), "relu(-x) + x": (0.0, 1.0), "relu(-x) + x - relu(x)": (-1.0, 1.0)}
assert all(low <= returned[name] <= high for name, (low, high) in sets.items())

# %% [markdown]
# ## Function or program
#
# The function $\mathrm{relu}(-x)+x-\mathrm{relu}(x)=0$ has the Clarke set $\{0\}$. The *conical* reading
# keeps only the pieces that hold on an open cone of directions: there both switches agree about the sign of
# $x$, and the set is right.

# %%
zero = programs["relu(-x) + x - relu(x)"]
assert interval(zero, kind="conical") == (0.0, 0.0)
assert np.all(cj.from_sympy(zero, state=[x]).evaluate(np.linspace(-1, 1, 101)[:, None], np.zeros((101, 0))) == 0.0)

# %% [markdown]
# When the two readings agree, both are Clarke's set, and the result says that it is exact.

# %%
for name, expression in programs.items():
    F = cj.from_sympy(expression, state=[x])
    print(f"{name:24s}", cj.conservative_jacobian(F, {x: 0}).exactness)

kink = cj.conservative_jacobian(cj.from_sympy(programs["relu(x)"], state=[x]), {x: 0})
hidden = cj.conservative_jacobian(cj.from_sympy(zero, state=[x]), {x: 0})
assert kink.exactness is cj.Exactness.EXACT
assert hidden.exactness is cj.Exactness.OUTER

# %% [markdown]
# They can also disagree although the larger one is right. Between the axis and the parabola, $0<y<x^2$, the
# function $\max(\min(y,x^2-y),0)$ has the slopes $1$ and $-1$ in $y$, arbitrarily near the origin; but no
# open *cone* lies in that region.

# %%
thin = cj.from_sympy(sp.Max(sp.Min(y, x**2 - y), 0), state=[x, y])
selection = cj.conservative_jacobian(thin, {x: 0, y: 0})
conical = cj.conservative_jacobian(thin, {x: 0, y: 0}, kind="conical")
assert {tuple(row) for row in selection.vertices[:, 0, :]} >= {(0.0, 1.0), (0.0, -1.0)}
assert np.array_equal(conical.vertices, np.zeros((1, 1, 2)))

# %% [markdown]
# ## One switch used twice, or two switches
#
# Equal subexpressions are one switch, which takes one branch: $a-a$ with $a=|x|$ can only return $0$. In $|x|-|-x|$
# there are two switches, which may disagree. (Written as text, because sympy would simplify it to $0$ before the
# package sees it.)

# %%
assert interval("Abs(x) - Abs(x)") == (0.0, 0.0)
assert interval("Abs(x) - Abs(-x)") == (-2.0, 2.0)
assert interval("Abs(x) - Abs(-x)", kind="conical") == (0.0, 0.0)

# %% [markdown]
# ## When it matters
#
# Add the hidden zero to a contraction:
# $F(x,\theta)=x/2+\theta+\bigl(\mathrm{relu}(-x)+x-\mathrm{relu}(x)\bigr)$. The function is $x/2+\theta$,
# with fixed point $2\theta$ and derivative $2$. But at $\theta=0$, $x=0$ the program may multiply by any
# number in $[-\frac12,\frac32]$, and the rule "$0$ at $0$" multiplies by $\frac32$ each time.

# %%
step = cj.from_sympy(x / 2 + theta + zero, state=[x], parameters=[theta])
drawn = cj.conservative_jacobian(step, {x: 0, theta: 0})
true = cj.conservative_jacobian(step, {x: 0, theta: 0}, kind="conical")
assert (drawn.state.vertices.min(), drawn.state.vertices.max()) == (-0.5, 1.5)
assert true.vertices.tolist() == [[[0.5, 1.0]]]

state, parameter, slopes = Dual(0.0, 0.0), Dual(0.0, 1.0), []
for _ in range(12):
    state = 0.5 * state + parameter + (relu(-state) + state - relu(state))
    slopes.append(state.slope)

fig, ax = plt.subplots(figsize=(6, 3.2))
ax.semilogy(range(1, 13), slopes, "o-", label="what the program returns")
ax.semilogy(range(1, 13), [2 - 0.5**t * 2 for t in range(1, 13)], "s--", label="derivative of the function")
ax.set(xlabel="iteration t", ylabel="d x_t / d theta")
ax.legend()
fig.tight_layout()

assert state.value == 0.0
assert np.allclose(slopes, [2 * (1.5**t - 1) for t in range(1, 13)])

# %% [markdown]
# The iterates converge to the right point, and the derivative diverges. So contraction must be checked on the
# set from which derivatives are drawn, which is the program's. The joint spectral radius of the two readings
# tells them apart.

# %%
assert cj.joint_spectral_radius(true.state).upper < 1.0
assert cj.joint_spectral_radius(drawn.state).lower > 1.0

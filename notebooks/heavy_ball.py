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
# # Heavy ball: from the function to the checked certificate
#
# Gradient descent with momentum on $f(x)=x^2/2$ for $x\ge0$ and $x^2/8$ for $x<0$, with step $\alpha=1$ and
# momentum $\beta=\frac34$:
#
# $$F(x,y)=\bigl(x-\alpha f'(x)+\beta(x-y),\ x\bigr).$$
#
# The function is convex with a Lipschitz gradient, and the method converges to $0$ from everywhere. Its
# derivatives need not.

# %%
import hashlib
import json
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import sympy as sp

import conservative as cj

# %% [markdown]
# ## The function

# %%
x, y, theta = sp.symbols("x y theta", real=True)
gradient = sp.Piecewise((x, x >= 0), (x / 4, True))
F = cj.from_sympy([x - gradient + sp.Rational(3, 4) * (x - y), x], state=[x, y], parameters=[theta])

rng = np.random.default_rng(0)
z = rng.normal(size=(1000, 2))
for _ in range(300):
    z = F.evaluate(z, np.zeros((1000, 1)))
print("largest distance from the fixed point after 300 steps:", np.abs(z).max())
assert np.abs(z).max() < 1e-12

# %% [markdown]
# ## Its conservative Jacobian at the fixed point
#
# Two pieces are active at the kink. The blocks $[A\;B]$ are exact rationals; here $B=0$, because $f$ does not
# depend on $\theta$: what is carried along is the derivative with respect to the start.

# %%
origin = {x: 0, y: 0, theta: 0}
assert len(F.active(origin)) == 2
J = cj.conservative_jacobian(F, origin)
assert J.exactness is cj.Exactness.EXACT
M1, M2 = (block[:, :2] for block in sorted(J.exact_vertices, key=lambda block: block[0, 0]))
assert sp.Matrix(M1) == sp.Matrix([[sp.Rational(3, 4), -sp.Rational(3, 4)], [1, 0]])
assert sp.Matrix(M2) == sp.Matrix([[sp.Rational(3, 2), -sp.Rational(3, 4)], [1, 0]])
M1, M2

# %% [markdown]
# ## Assumption A fails, although every matrix alone is stable

# %%
A = np.array([M1, M2], dtype=float)
norms = np.linalg.norm(A, ord=2, axis=(1, 2))
radii = np.abs(np.linalg.eigvals(A)).max(axis=1)
print("spectral norms:", norms, "  spectral radii:", radii)
assert norms.max() > 1.91
assert np.allclose(radii, np.sqrt(3) / 2)

# %% [markdown]
# ## A product that expands
#
# `expanding_product` searches words by length, so the one it returns is a shortest one. A word reads as the
# product reads: 1122 is $M_1M_1M_2M_2$.

# %%
growing = cj.expanding_product(A, max_length=6)
assert growing.word == (0, 0, 1, 1)
assert cj.expanding_product(A, max_length=3) is None

product = sp.Matrix(M1 * M1 * M2 * M2)
assert product == sp.Matrix([[sp.Rational(-9, 8), sp.Rational(81, 128)], [0, sp.Rational(-9, 32)]])
assert product.eigenvals() == {sp.Rational(-9, 8): 1, sp.Rational(-9, 32): 1}
product

# %% [markdown]
# ## The joint spectral radius
#
# How fast can products grow, per factor? A longer word, of length 11, is the fastest: a polytope around its
# leading eigenvectors is mapped into itself, at the rate of the word. So the value is exact, to the last digit
# that a double has. It is above one, so *no* norm makes both matrices contractions.

# %%
radius = cj.joint_spectral_radius(A)
print(f"{radius.lower:.15f} <= jsr <= {radius.upper:.15f}, word", "".join(str(letter + 1) for letter in radius.word))
assert radius.status.name == "EXACT"
assert radius.lower <= 1.0321435344200299 <= radius.upper <= radius.lower * (1 + 1e-15)
assert cj.check(radius.certificate).valid
assert len(radius.word) == 11
assert radius.lower > (9 / 8) ** (1 / 4)

# %% [markdown]
# ## The set of derivatives, iterated
#
# From $X_0=\{(1,0)^\top\}$, the hull of $\mathcal X_t$ grows at the rate of the joint spectral radius.

# %%
trajectory = cj.iterate_set(J, np.array([[[1.0], [0.0]]]), steps=60)
reach = np.array([np.linalg.norm(X.vertices, axis=(1, 2)).max() for X in trajectory.sets])
rate = (reach[60] / reach[30]) ** (1 / 30)
print(f"measured growth per step: {rate:.4f}")
assert reach[60] > 2 * reach[30]
assert abs(rate - 1.0321435) < 0.01

# %% [markdown]
# This is about the *set*: what a program may return at exact ties. Along trajectories that never meet the
# kink, derivatives decay.

# %%
point, along = np.array([1.0, 0.0]), [np.eye(2)]
for _ in range(60):
    piece = A[0] if point[0] >= 0 else A[1]
    point, along = piece @ point, [*along, piece @ along[-1]]
decay = np.linalg.norm(along, ord=2, axis=(1, 2))
assert decay[60] < 1e-3

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6))
left.semilogy(reach, label="reach of the set")
left.semilogy(reach[20] * 1.0321435344 ** (np.arange(61) - 20.0), "k:", label="jsr$^t$")
left.semilogy(decay, label="along one trajectory")
left.set(xlabel="iteration t", title="derivatives at exact ties grow")
left.legend()
for t in (5, 10, 20, 40, 60):
    corners = trajectory.sets[t].vertices[:, :, 0]
    around = corners[np.argsort(np.arctan2(*(corners - corners.mean(axis=0)).T[::-1]))]
    right.fill(*around.T, fill=False, edgecolor=plt.cm.viridis(t / 60), label=f"t = {t}")
right.set(xlabel="dx", ylabel="dy", title="hull of the set of derivatives")
right.legend(fontsize="small")
fig.tight_layout()

# %% [markdown]
# ## The certificate
#
# The proof is a file. The checker is one file on the standard library: it multiplies the word's matrices in
# exact arithmetic and decides the claimed inequality.

# %%
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "heavy-ball.json"
    radius.certificate.save(path)
    verdict = cj.check(cj.load_certificate(path))
    text = path.read_text(encoding="utf-8")
print(verdict)
assert verdict.valid

# %% [markdown]
# Change the word, and it refuses: the document carries a digest of itself. A forger can renew the digest, but not
# the proof.


# %%
def sealed(document):
    rest = {name: value for name, value in document.items() if name != "sha256"}
    canonical = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return {**rest, "sha256": hashlib.sha256(canonical.encode("ascii")).hexdigest()}


document = json.loads(text)
assert cj.check(sealed(document)).valid

other_word = {**document, "proof": {"word": [0] * len(document["proof"]["word"])}}
for forged in (other_word, sealed(other_word)):
    refusal = cj.check(forged)
    print(refusal.reason)
    assert not refusal.valid

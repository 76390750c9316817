"""Programs by name, in JAX and PyTorch: the library is read off the module that holds them."""

import sys
from pathlib import Path

import numpy as np
import pytest

from conservative.analysis.user_code import load_program
from conservative.jacobians import conservative_jacobian, explain

pytestmark = pytest.mark.peers

JAX = """
import jax.numpy as jnp

def step(x, theta):
    return theta - jnp.abs(x) / 2
"""
TORCH = """
import torch

def step(x, theta):
    return theta - torch.abs(x) / 2
"""


@pytest.mark.parametrize(("name", "text", "library"), [("jax", JAX, "JAX"), ("torch", TORCH, "PyTorch")])
def test_the_library_is_what_the_module_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, library: str
) -> None:
    pytest.importorskip(name)
    (tmp_path / f"loop_in_{name}.py").write_text(text)
    np.savez(tmp_path / "origin.npz", x=np.zeros(1), theta=np.zeros(1))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    F = load_program(f"loop_in_{name}:step", point="origin.npz")
    assert F.engine.library == library
    assert sorted(conservative_jacobian(F).vertices[:, 0, 0].tolist()) == [-0.5, 0.5]
    explanation = explain(F)
    assert explanation.inside
    assert f"{library} returns" in str(explanation)
    sys.modules.pop(f"loop_in_{name}", None)

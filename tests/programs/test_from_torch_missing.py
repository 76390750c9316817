"""`from_torch` where PyTorch is not installed."""

import importlib

import pytest

import conservative as cj


def test_without_pytorch_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    home = importlib.import_module("conservative.programs.autograd.from_torch")
    monkeypatch.setattr(home, "find_spec", lambda name: None)
    with pytest.raises(cj.MissingExtraError, match=r'pip install "conservative\[torch\]"'):
        cj.from_torch(abs, [0.0])

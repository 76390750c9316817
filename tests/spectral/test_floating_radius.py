"""Radii from eigenvectors in doubles hold the exact ones, and stand for them where time is short."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import conservative as cj
from conservative._core.families.as_family import as_family
from conservative.spectral.radius import search
from conservative.spectral.words.floating_radius import floating_radius
from conservative.spectral.words.products import proved_rate


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 10_000), st.integers(1, 9), st.sampled_from([1.0, 1e60, 1e-60]), st.sampled_from([0.0, 1e-7, 1.0])
)
def test_the_exact_radius_is_inside(seed, n, size, mixed):
    """Also for matrices near a Jordan block, of which the eigenvectors are nearly dependent."""
    A = np.eye(n, k=1) + mixed * np.random.default_rng(seed).normal(size=(n, n))
    family = as_family([A * size], call="test")
    found = floating_radius(family, 0)
    if found is not None:
        exact = proved_rate(family, (0,))
        assert found.lower <= exact.upper
        assert exact.lower <= found.upper
        assert mixed < 1 or found.upper <= found.lower * (1 + 1e-3)


@pytest.mark.parametrize("rows", [[[1, 1], [0, 1]], [[0.0, 0.0], [0.0, 0.0]], [[1e200, 0], [0, 1]]])
def test_what_cannot_be_told_is_not_claimed(rows):
    assert floating_radius(as_family([rows], call="test"), 0) is None


def test_an_exact_polynomial_is_not_begun_without_time_for_it(monkeypatch):
    matrices = np.random.default_rng(5).normal(size=(2, 90, 90))
    exact = proved_rate(as_family(matrices[:1], call="test"), (0,))
    monkeypatch.setattr(search, "proved_rate", lambda *_: pytest.fail("an exact radius was begun"))
    for count in (1, 2):
        found = cj.joint_spectral_radius(matrices[:count], time_limit=0)
        largest = max(radius.lower for radius in found.vertex_radii)
        assert 0 < found.lower == largest <= found.upper
    assert floating_radius(as_family(matrices[:1], call="test"), 0).lower <= exact.lower

"""Words against brute force over their rotations."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conservative.spectral.words.cyclic_words import (
    canonical_word,
    least_rotation,
    primitive_root,
    word_text,
)
from conservative.spectral.words.word_tree import extend, spectral_radii, stack_horizontally

words = st.lists(st.integers(0, 2), min_size=1, max_size=14).map(tuple)


@given(words)
@settings(deadline=None)
def test_least_rotation_is_the_smallest_of_all(word):
    assert least_rotation(word) == min(word[i:] + word[:i] for i in range(len(word)))


@given(words, st.integers(1, 4))
@settings(deadline=None)
def test_primitive_root_of_a_power(word, power):
    root = primitive_root(word)
    assert primitive_root(root * power) == root
    assert root * (len(word) // len(root)) == word


@given(words, st.integers(0, 13), st.integers(1, 3))
@settings(deadline=None)
def test_canonical_word_names_the_cyclic_class(word, shift, power):
    i = shift % len(word)
    assert canonical_word((word[i:] + word[:i]) * power) == canonical_word(word)


def test_words_print_one_based():
    assert word_text((0, 0, 1, 1)) == "1122"
    assert word_text((9, 0)) == "10·1"
    families = {1: "111", 9: "111", 10: "1·1·1", 112: "1·1·1"}
    assert {count: word_text((0, 0, 0), count) for count in families} == families
    assert word_text((110,), 112) == "111"
    assert word_text((110,)) == "(111)"


@pytest.mark.parametrize(("k", "n"), [(2, 2), (3, 3), (2, 1), (1, 2)])
def test_each_step_of_the_tree_holds_the_words_of_its_length_in_order_with_their_products(k, n):
    matrices = np.random.default_rng(k + n).standard_normal((k, n, n))
    rows, stacked = matrices.transpose(1, 0, 2), stack_horizontally(matrices)
    for length in range(1, 5):
        words = list(product(range(k), repeat=length))
        assert rows.shape == (n, len(words), n)
        for position, word in enumerate(words):
            expected = np.linalg.multi_dot([np.eye(n), np.eye(n), *matrices[list(word)]])
            np.testing.assert_allclose(rows[:, position], expected, rtol=1e-12, atol=1e-12)
        rows = extend(rows, stacked)


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_radii_agree_with_lapack(n):
    batch = np.random.default_rng(n).standard_normal((500, n, n))
    rows = np.ascontiguousarray(batch.transpose(1, 0, 2))
    expected = np.abs(np.linalg.eigvals(batch)).max(axis=1)
    np.testing.assert_allclose(spectral_radii(rows), expected, rtol=1e-12)


def test_closed_form_does_not_cancel():
    batch = np.array(
        [[[1.0, 1e-10], [1e-10, 1.0]], [[1.0, 0.0], [0.0, 1 + 1e-12]], [[0.0, -4.0], [1.0, 0.0]], [[0, 0], [0, 0]]]
    )
    radii = spectral_radii(np.ascontiguousarray(batch.transpose(1, 0, 2)))
    np.testing.assert_allclose(radii, [1 + 1e-10, 1 + 1e-12, 2.0, 0.0], rtol=4e-16)

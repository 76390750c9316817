"""Words: tuples of 0-based indices that read as the product reads, and their cyclic classes."""

from collections.abc import Sequence

Word = tuple[int, ...]
"""(0, 0, 1, 1) is ``M[0] @ M[0] @ M[1] @ M[1]``."""

_MANY = 10
"""Matrices of which the last has a number of two digits."""


def word_text(word: Sequence[int], count: int = 0) -> str:
    """A word as people write it, 1-based.

    Parameters
    ----------
    word : sequence of int
    count : int
        Number of matrices of the family, where it is known.

    Returns
    -------
    str
        Digits in a row; with a dot between letters when the family has ten matrices or more. Where their number is not
        known, letters of two digits have dots between them, and parentheses around one alone.

    Examples
    --------
    >>> word_text((0, 0, 1, 1)), word_text((0, 11)), word_text((10,))
    ('1122', '1·12', '(11)')
    >>> word_text((0, 0, 0), 16), word_text((10,), 16)
    ('1·1·1', '11')
    """
    letters = [str(i + 1) for i in word]
    long = any(len(letter) > 1 for letter in letters)
    if long and len(letters) == 1 and not count:
        return f"({letters[0]})"
    return ("·" if long or count >= _MANY else "").join(letters)


def least_rotation(word: Sequence[int]) -> Word:
    """The lexicographically smallest rotation: one name for a cyclic class.

    Booth's two-pointer comparison, linear in the length.

    >>> least_rotation((1, 1, 0, 0))
    (0, 0, 1, 1)
    """
    n, first, second, offset = len(word), 0, 1, 0
    while first < n and second < n and offset < n:
        a, b = word[(first + offset) % n], word[(second + offset) % n]
        if a == b:
            offset += 1
            continue
        if a > b:
            first += offset + 1
        else:
            second += offset + 1
        second += first == second
        offset = 0
    start = min(first, second)
    return tuple(word[start:]) + tuple(word[:start])


def primitive_root(word: Sequence[int]) -> Word:
    """The shortest word of which a word is a power: w = root^m, so rho(M_w) = rho(M_root)^m."""
    whole = tuple(word)
    n = len(whole)
    for length in range(1, n):
        if n % length == 0 and whole == whole[:length] * (n // length):
            return whole[:length]
    return whole


def canonical_word(word: Sequence[int]) -> Word:
    """The least rotation of the primitive root: the name under which a product is reported."""
    return least_rotation(primitive_root(word))

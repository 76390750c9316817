"""Words: tuples of 0-based indices that read as the product reads, and their cyclic classes."""

from collections.abc import Sequence

Word = tuple[int, ...]
"""(0, 0, 1, 1) is ``M[0] @ M[0] @ M[1] @ M[1]``."""


def word_text(word: Sequence[int]) -> str:
    """A word as people write it, 1-based.

    Parameters
    ----------
    word : sequence of int

    Returns
    -------
    str
        Digits in a row; with a dot between letters when one of them needs two digits.

    Examples
    --------
    >>> word_text((0, 0, 1, 1)), word_text((0, 11))
    ('1122', '1.12')
    """
    letters = [str(i + 1) for i in word]
    return ("." if any(len(letter) > 1 for letter in letters) else "").join(letters)


def least_rotation(word: Sequence[int]) -> Word:
    """The lexicographically smallest rotation: one name for a cyclic class.

    Parameters
    ----------
    word : sequence of int

    Returns
    -------
    tuple of int

    Notes
    -----
    Booth's two-pointer comparison, linear in the length.

    Examples
    --------
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
    """The shortest word of which a word is a power: w = root^m, so rho(M_w) = rho(M_root)^m.

    Parameters
    ----------
    word : sequence of int

    Returns
    -------
    tuple of int

    Examples
    --------
    >>> primitive_root((0, 1, 0, 1))
    (0, 1)
    """
    whole = tuple(word)
    n = len(whole)
    for length in range(1, n):
        if n % length == 0 and whole == whole[:length] * (n // length):
            return whole[:length]
    return whole


def canonical_word(word: Sequence[int]) -> Word:
    """The least rotation of the primitive root: the name under which a product is reported.

    Parameters
    ----------
    word : sequence of int

    Returns
    -------
    tuple of int

    Examples
    --------
    >>> canonical_word((1, 0, 1, 0))
    (0, 1)
    """
    return least_rotation(primitive_root(word))


def decode_word(code: int, *, length: int, count: int) -> Word:
    """The word whose letters are the digits of an integer in base `count`, first letter first.

    Parameters
    ----------
    code : int
    length : int
        Number of letters.
    count : int
        Number of matrices.

    Returns
    -------
    tuple of int

    Examples
    --------
    >>> decode_word(3, length=4, count=2)
    (0, 0, 1, 1)
    """
    letters = []
    for _ in range(length):
        code, letter = divmod(code, count)
        letters.append(letter)
    return tuple(reversed(letters))

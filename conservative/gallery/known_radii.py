"""Matrix families with a known joint spectral radius.

The radii were published or computed elsewhere; a published number can be wrong, so tests
decide them by certificate. Words are written as products, 1-based, left to right.
"""

from typing import Any

from conservative._core.families.as_family import as_family
from conservative.gallery.cases import FamilyCase

_U, _L = [[1, 1], [0, 1]], [[1, 0], [1, 1]]
_ALPHA_STAR = "0.749326546330367557943961948091344672091327370236064317358024"

_TALK = "S. Vaiter, (Automatic) iterative differentiation: some old and new results, talk, 2023"
_OWN = "derived for this project; decided by certificate"
_JUNGERS = "R. Jungers, The joint spectral radius: theory and applications, Springer 2009"
_AHMADI = "A. A. Ahmadi, R. Jungers, P. Parrilo, M. Roozbehani, SIAM J. Control Optim. 2014"
_POLYTOPE = "N. Guglielmi, V. Protasov, Exact computation of joint spectral characteristics, 2013"
_HARE = "K. Hare, I. Morris, N. Sidorov, J. Theys, Adv. Math. 2011"
_MEJSTRIK = "T. Mejstrik, Improved invariant polytope algorithm and applications, ACM TOMS 2020"

# name: (matrices, radius, word or None, title, source)
_TABLE: dict[str, tuple[list[Any], float, str | None, str, str]] = {
    "heavy-ball-family": (
        [[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]],
        1.0321435344,
        "11211221122",
        "heavy ball at the kink, α = 1, β = 3/4, curvatures 1 and 1/4",
        _TALK + "; longer word: " + _OWN,
    ),
    "heavy-ball-stiff": (
        [[["17/10", "-4/5"], [1, 0]], [["4/5", "-4/5"], [1, 0]]],
        1.1276771539493573,
        "1122",
        "heavy ball, α = 1/10, β = 4/5, curvatures 1 and 10: ((1169 + √726561)/1250)^{1/4}",
        _OWN,
    ),
    "heavy-ball-alternating": (
        [[[1, "-1/4"], [1, 0]], [[-1, "-1/4"], [1, 0]]],
        (1 + 2**0.5) / 2,
        "12",
        "heavy ball, α = β = 1/4, curvatures 1 and 9: (1 + √2)/2",
        _OWN,
    ),
    "golden": ([_U, _L], (1 + 5**0.5) / 2, "12", "the two unipotent matrices: the golden mean", _JUNGERS),
    "root-two": ([[[1, 1], [0, 0]], [[1, 0], [1, 0]]], 2**0.5, "12", "two idempotents: √2", _OWN),
    "nilpotent-pair": ([[[0, 1], [0, 0]], _L], 4**0.2, "12222", "a nilpotent and a unipotent: 4^{1/5}", _OWN),
    "unipotent-0.9": (
        [_U, [["9/10", 0], ["9/10", "9/10"]]],
        0.9**0.5 * (1 + 5**0.5) / 2,
        "12",
        "U and 9/10 L: √0.9 times the golden mean",
        _OWN,
    ),
    "unipotent-0.65": (
        [_U, [["13/20", 0], ["13/20", "13/20"]]],
        1.34365251096,
        "112",
        "U and 13/20 L",
        _OWN,
    ),
    "thirteen": (
        [[["3/5", 0], ["1/5", "3/5"]], [["3/5", "-3/5"], [0, "-1/5"]]],
        0.659678908955284,
        "1111111111112",
        "a pair whose best product has length 13",
        _POLYTOPE,
    ),
    "single-best": ([[[2, 2], [0, 0]], [[1, 1], [1, 1]]], 2.0, "1", "one matrix alone is best", _OWN),
    "quadratic-misses": (
        [[[1, 0], [1, 0]], [[0, 1], [0, -1]]],
        1.0,
        "1",
        "a common quadratic norm gives only √2",
        _JUNGERS,
    ),
    "path-complete-pair": (
        [[[-1, -1], [-4, 0]], [[3, 3], [-2, 1]]],
        3.917384715148,
        "12",
        "a pair used to compare semidefinite bounds",
        _AHMADI,
    ),
    "path-complete-triple": (
        [
            [[0, 1, 7, 4], [1, 6, -2, -3], [-1, -1, -2, -6], [3, 0, 9, 1]],
            [[-3, 3, 0, -2], [-2, 1, 4, 9], [4, -3, 1, 1], [1, -5, -1, -2]],
            [[1, 4, 5, 10], [0, 5, 1, -4], [0, -1, 4, 6], [-1, 5, 0, 1]],
        ],
        8.914964143716,
        "13",
        "three 4×4 matrices used to compare semidefinite bounds",
        _AHMADI,
    ),
    "complex-leader": (
        [
            [[0, -1, 1, 1], [1, 0, 0, 0], [0, -1, 0, 0], [1, -1, -1, 0]],
            [[0, -1, 1, 0], [-1, -1, 1, 1], [-1, 0, 0, 0], [-1, -1, 0, -1]],
        ],
        1.777919122033,
        "2",
        "one matrix alone is best, with a complex leading eigenvalue",
        _POLYTOPE,
    ),
    "pascal-rhombus": (
        [
            [[0, 1, 0, 0, 0], [1, 0, 2, 0, 0], [0, 0, 0, 0, 0], [0, 1, 0, 0, 1], [0, 0, 0, 2, 1]],
            [[1, 0, 2, 0, 0], [0, 0, 0, 2, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0], [0, 1, 0, 0, 0]],
        ],
        2.0,
        "1",
        "growth of odd entries in the Pascal rhombus",
        _POLYTOPE,
    ),
    "code-ppm": (
        [
            [[1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 0, 0], [0, 0, 0, 1]],
            [[1, 0, 0, 0], [0, 0, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1]],
        ],
        1.754877666247,
        "1122",
        "capacity of codes that avoid the difference pattern ++−",
        _JUNGERS,
    ),
    "length-119": (
        [[["15/92", "-73/79"], ["56/59", "89/118"]], [["-231/241", "-143/219"], ["103/153", "-38/65"]]],
        1.011793560033504,
        None,
        "a pair whose best product has length 119",
        _MEJSTRIK,
    ),
    "length-41": (
        [[[-1, 1, -1], [-1, -1, 1], [0, 1, 1]], [[-1, 1, -1], [-1, -1, 0], [0, 1, 1]]],
        1.6841852824915513,
        None,
        "a pair whose best product has length 41",
        _MEJSTRIK,
    ),
    "diagonal-and-rank-one": (
        [[[1, 0, 0], [0, "1/2", 0], [0, 0, "1/4"]], [["1/2", 0, 0], ["1/2", 0, 0], ["1/2", 0, 0]]],
        1.0,
        "1",
        "a diagonal matrix and a rank-one matrix",
        _OWN,
    ),
    "no-finite-word": (
        [_U, [[_ALPHA_STAR, 0], [_ALPHA_STAR, _ALPHA_STAR]]],
        float("nan"),
        None,
        "U and α*L, α* to 60 digits: at α* itself no product attains the radius",
        _HARE,
    ),
}


def names() -> tuple[str, ...]:
    """Names of the families."""
    return tuple(_TABLE)


def load(name: str) -> FamilyCase:
    """One family, by name."""
    matrices, radius, word, title, source = _TABLE[name]
    letters = None if word is None else tuple(int(letter) - 1 for letter in word)
    answer = "no product attains the radius" if radius != radius else f"joint spectral radius {radius:.12g}"
    answer += "" if word is None else f", attained by {word}"
    return FamilyCase(
        name=name,
        title=title,
        source=source,
        answer=answer,
        family=as_family(matrices, call="gallery"),
        radius=radius,
        word=letters,
    )

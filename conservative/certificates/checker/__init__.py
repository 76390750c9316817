"""Checks certificates about joint spectral radii, with exact integers and the standard library alone.

The one file `standalone/checker.py` is all files of the package `checker/`, joined. Copy it anywhere and run
``python checker.py FILE``. It prints ``valid: <claim>`` (exit code 0) or ``invalid: <reason>`` (exit code 1).
Why each check is a proof is written on the documentation page "The certificate format"; in short, for matrices
A_1..A_k with joint spectral radius jsr:

* expansion: a word (i_1, .., i_l) and b > 0. Since jsr >= rho(A_{i_1} .. A_{i_l})^(1/l), the claim "jsr >= b"
  ("> b") follows when the product has an eigenvalue of modulus at least (more than) b^l.
* contraction: a rational symmetric P and g >= 0. If P is positive definite and every g^2 P - A_i^T P A_i positive
  semidefinite, each A_i has norm at most g in the norm sqrt(x^T P x), so "jsr <= g" ("< g" if all are definite).
* polytope: vertices of a balanced convex body with interior that every A_i / g maps into itself: "jsr <= g".
* path-complete: several P_u, one for each node of a graph that reads every word; along each edge the norm grows
  at most by g: "jsr <= g".
* products: words such that every long word begins with one of them, each product of norm at most g^length in the
  maximum norm, the sum norm or a quadratic one: "jsr <= g".
* sum-of-squares: one positive form p of degree 2d with p(A_i x) <= g^(2d) p(x), both proved by Gram matrices.
* blocks: in a common basis all A_i are block triangular, and the diagonal blocks have proofs of the kinds above.
* equality: a word and one of the upper proofs: "jsr lies in [a, b]".
* exact: a polytope whose first vertex is an eigenvector of the word's product: "jsr is the radius of the word".
* slowest: the *lower* spectral radius, the slowest growth of products, lies in [a, b]: a word of small radius, and a
  set that all A_i keep away from zero, or determinants, or inverses, of the family or of a diagonal block.

Whatever is not exactly of the documented form is invalid, and so is what would take minutes to check.
"""

from conservative.certificates.checker.document import FORMAT as FORMAT
from conservative.certificates.checker.document import MAX_CHARACTERS as MAX_CHARACTERS
from conservative.certificates.checker.document import MAX_NODES as MAX_NODES
from conservative.certificates.checker.document import VERSION as VERSION
from conservative.certificates.checker.document import check_text as check_text
from conservative.certificates.checker.document import claim_sentence as claim_sentence
from conservative.certificates.checker.document import digest as digest
from conservative.certificates.checker.document import read_document as read_document
from conservative.certificates.checker.kernel import InvalidError as InvalidError

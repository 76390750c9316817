"""A certificate as a value, and the verdict of the checker on it."""

import json
import math
import os
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from conservative._core.errors import ArgumentTypeError, CertificateError
from conservative._core.families.as_family import MatrixFamily, as_family
from conservative._core.numbers import Bracket, float_above, float_below
from conservative._core.result_lines import between, result_line
from conservative._core.safe_files import read_text, write_atomically
from conservative.certificates import checker


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the exact checker found.

    Parameters
    ----------
    valid : bool
        Whether the certificate proves its claim; also the truth value of the verdict.
    reason : str
        The claim that is proved, or the reason why it is not.
    """

    valid: bool
    reason: str

    def __repr__(self) -> str:
        return result_line(self, f"valid={self.valid}", sentence=self.reason)

    def __bool__(self) -> bool:
        return self.valid


@dataclass(frozen=True, slots=True)
class Claim:
    """The inequality or bracket that a certificate is about; as a string, one sentence.

    Parameters
    ----------
    quantity : str
        What is bounded, ``"joint spectral radius"``.
    relation : str
        One of ``> >= <= < in =``.
    bound : Fraction or None
        The exact right-hand side of an inequality, or the exact value; None where only a bracket is claimed.
    sentence : str
        The same in words.
    lower, upper : Fraction or None
        What the claim says the quantity is at least, and at most; None where it says nothing.
    """

    quantity: str
    relation: str
    bound: Fraction | None
    sentence: str
    lower: Fraction | None = None
    upper: Fraction | None = None

    def __repr__(self) -> str:
        return result_line(self, *_shown_ends(self), sentence=self.sentence)

    @property
    def contracts(self) -> bool:
        """Whether it says that the quantity is below one."""
        return self.upper is not None and (self.upper < 1 or (self.upper == 1 and self.relation == "<"))

    def __str__(self) -> str:
        return self.sentence


def _shown_ends(claim: Claim) -> tuple[str, ...]:
    """What is proved, in doubles rounded outward."""
    lower = -math.inf if claim.lower is None else float_below(claim.lower)
    upper = math.inf if claim.upper is None else float_above(claim.upper)
    if math.isinf(lower) or math.isinf(upper):
        return (f"{claim.relation} {lower!r}",) if math.isinf(upper) else (f"{claim.relation} {upper!r}",)
    return (between(Bracket(lower, upper)),)


def _claim(claim: dict[str, str]) -> Claim:
    """The claim of a document."""
    quantity, relation, sentence = claim["quantity"], claim["relation"], claim["sentence"]
    if "bound" in claim:
        bound = Fraction(claim["bound"])
        ends = (bound, None) if relation in (">", ">=") else (None, bound)
        return Claim(quantity, relation, bound, sentence, *ends)
    lower, upper = Fraction(claim["lower"]), Fraction(claim["upper"])
    return Claim(quantity, relation, lower if lower == upper else None, sentence, lower, upper)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A document of the form that the checker reads. Whether it proves its claim, `check` decides.

    Parameters
    ----------
    text : str
        The document as JSON.

    Raises
    ------
    CertificateError
        When the text is not of the documented form (see `schema`).
    """

    text: str
    kind: str = field(init=False, compare=False)
    """``"expansion"``, ``"contraction"``, ``"polytope"``, ..., as the page on the format lists them."""
    claim: Claim = field(init=False, compare=False)
    """What is claimed, as data; as a string, one sentence."""
    sha256: str = field(init=False, compare=False)
    """The digest that the document carries of itself."""

    def __post_init__(self) -> None:
        try:
            document, _ = checker.read_document(self.text)
        except checker.InvalidError as error:
            raise CertificateError(f"this is not a certificate: {error}.") from None
        # A document may be long: what is asked for often is read from it once.
        object.__setattr__(self, "kind", document["kind"])
        object.__setattr__(self, "claim", _claim(document["claim"]))
        object.__setattr__(self, "sha256", document["sha256"])

    @property
    def label(self) -> str:
        """The kind as a report names it: a claim of kind "equality" with two different ends is a bracket."""
        return "bracket" if self.kind == "equality" and self.claim.relation == "in" else self.kind

    @property
    def document(self) -> dict[str, Any]:
        """The document as plain lists, dictionaries, strings and integers; a new copy at each call."""
        return dict(json.loads(self.text))

    @property
    def family(self) -> MatrixFamily:
        """The matrices that the claim is about."""
        return as_family(self.document["problem"]["matrices"], call="Certificate.family")

    def to_json(self) -> str:
        """The document as JSON: what `save` writes, in UTF-8.

        Returns
        -------
        str
        """
        return self.text

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the document to a file, whole or not at all.

        Parameters
        ----------
        path : path-like

        Raises
        ------
        FileFormatError
            When the file cannot be written.
        """
        write_atomically(path, self.text.encode("utf-8"))

    def __repr__(self) -> str:
        hashed = f"sha256 {self.sha256[:12]}"
        return result_line(self, self.label, *_shown_ends(self.claim), hashed, sentence=self.claim.sentence)


def load_certificate(path: str | os.PathLike[str]) -> Certificate:
    """Read a certificate from a file and check its form. `check` proves it.

    Parameters
    ----------
    path : path-like
        A UTF-8 file of at most 64 MiB.

    Returns
    -------
    Certificate

    Raises
    ------
    FileFormatError
        When the file is missing, a directory, too large, or not UTF-8.
    CertificateError
        When it does not have the form of a certificate.
    """
    try:
        return Certificate(read_text(path, limit=checker.MAX_CHARACTERS))
    except CertificateError as error:
        raise CertificateError(f"{path}: {error}") from None


def check(certificate: Certificate | str | os.PathLike[str] | dict[str, Any]) -> Verdict:
    """Prove a certificate again, in exact arithmetic, with the standard library alone.

    Parameters
    ----------
    certificate : Certificate, path-like or dict
        A certificate, the name of its file, or the document itself.

    Returns
    -------
    Verdict
        True exactly when the document has the documented form, was not changed since it was
        sealed, and proves its claim; otherwise `reason` says what is wrong.

    Raises
    ------
    FileFormatError
        When there is no such file, or it is too large or not UTF-8.
    ArgumentTypeError
        For any other type.

    Notes
    -----
    The work is in `conservative.certificates.checker`, which imports nothing of this package.
    It costs O(n^4) products of integers for an expansion of a word alone, O(l n^2) for one of l
    letters with a vector and O(l n^3) with an eigenpair, O(k n^3) for a contraction of k
    matrices of order n, O(k N n (n + s)) for a polytope of N vertices whose images combine s of
    them each, and is refused when it would take minutes.

    Examples
    --------
    >>> from conservative.certificates import expansion_certificate
    >>> M = [[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]]
    >>> check(expansion_certificate(M, (0, 0, 1, 1)))
    Verdict(valid=True, 'The joint spectral radius of the 2 given 2 x 2 matrices is > 1.')
    """
    if isinstance(certificate, Certificate):
        return check_text(certificate.text)
    if isinstance(certificate, dict):
        return _check_document(certificate)
    if isinstance(certificate, (str, os.PathLike)):
        return check_text(read_text(Path(certificate), limit=checker.MAX_CHARACTERS))
    raise ArgumentTypeError(
        f"`check(certificate=...)` needs a certificate, the path of its file, or its document as a dict; "
        f"got {type(certificate).__name__}."
    )


def check_text(text: str) -> Verdict:
    """Prove a certificate given as the text of its file.

    Parameters
    ----------
    text : str
        JSON.

    Returns
    -------
    Verdict

    Examples
    --------
    >>> check_text("{}").valid
    False
    """
    return Verdict(*checker.check_text(text))


def _check_document(document: dict[str, Any]) -> Verdict:
    try:
        text = json.dumps(document)
    except (TypeError, ValueError, RecursionError) as error:
        return Verdict(False, f"the document is not JSON: {error}")
    return check_text(text)

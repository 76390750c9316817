"""Every error that the package raises on purpose.

A message names the call and the argument, what was wanted, what came, and the
remedy, so that it can be acted on without reading the source.
"""

from conservative._core.printable import printable


class ConservativeError(Exception):
    """Base class of every error raised on purpose by `conservative`; as text it is fit for a terminal."""

    def __str__(self) -> str:
        return printable(super().__str__())


class ArgumentError(ConservativeError, ValueError):
    """An argument has an unusable value."""


class ShapeError(ArgumentError):
    """An array has the wrong shape."""


class NonFiniteError(ArgumentError):
    """An array holds NaN or an infinity."""


class EmptySetError(ArgumentError):
    """A set that must be nonempty has no element."""


class ArgumentTypeError(ConservativeError, TypeError):
    """An argument has an unusable type."""


class FunctionError(ArgumentError):
    """An expression is not a continuous selection of smooth pieces, or cannot be read as one."""


class DiscontinuityError(FunctionError):
    """The pieces of a function disagree where they meet."""


class BudgetError(ConservativeError):
    """An answer needs more work than the caller allowed, and no weaker valid answer exists."""


class ExpansionError(ConservativeError):
    """A family of matrices expands, so that the set or limit asked for does not exist."""


class FileFormatError(ArgumentError):
    """A file is missing, too large, truncated, or does not hold what its format promises."""


class CertificateError(FileFormatError):
    """A certificate is malformed: it is not even a statement that could be checked."""


class MissingExtraError(ConservativeError, ImportError):
    """An optional dependency is needed for this call."""


class InterruptedWarning(UserWarning):
    """Ctrl-C ended a search early; the bracket that came back is valid, but wider than asked for."""


# Tracebacks and pickles show the name that users catch.
for _error in [error for error in vars().copy().values() if isinstance(error, type)]:
    _error.__module__ = "conservative"

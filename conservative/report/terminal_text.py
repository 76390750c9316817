"""The report as text for a terminal."""

from conservative.analysis import Analysis, ContractionOutcome
from conservative.analysis.conclusion import certificate_lines
from conservative.analysis.sentences import about_iteration, radius_lines
from conservative.iteration import SetTrajectory
from conservative.spectral import JointSpectralRadius

_BOLD, _GREEN, _RED, _YELLOW, _PLAIN = "\x1b[1m", "\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[0m"
_COLOURS = {
    ContractionOutcome.PROVED: _GREEN,
    ContractionOutcome.QUOTIENT: _GREEN,
    ContractionOutcome.SUBSPACE: _YELLOW,
    ContractionOutcome.REFUTED: _RED,
    ContractionOutcome.UNDECIDED: _YELLOW,
    ContractionOutcome.ROUNDED: _YELLOW,
}


def render(analysis: Analysis, *, colour: bool = False, certificate: bool = True) -> str:
    """The report, with the verdict coloured on request.

    Parameters
    ----------
    analysis : Analysis
    colour : bool
        Use ANSI colours.
    certificate : bool
        Whether the certificate is spoken of.

    Returns
    -------
    str
    """
    text = analysis.text(certificate=certificate)
    if not colour:
        return text
    for finding in analysis.findings:
        text = text.replace(f"\n{finding.heading}\n", f"\n{_BOLD}{finding.heading}{_PLAIN}\n")
    paint = _COLOURS.get(analysis.contraction, "")
    return text.replace(analysis.contraction.value, f"{paint}{analysis.contraction.value}{_PLAIN}")


def radius_text(radius: JointSpectralRadius) -> str:
    """The bracket of a joint spectral radius, its word, its status and its certificate."""
    first, *more = radius_lines(radius)
    lines = [first, f"  lower {radius.lower!r}", f"  upper {radius.upper!r}", *(f"  {line}" for line in more)]
    lines.append(f"  status: {radius.status.value}")
    if radius.certificate is not None:
        lines += [f"  {line}" for line in certificate_lines(radius)]
    return "\n".join(lines)


def trajectory_text(trajectory: SetTrajectory) -> str:
    """The table of gaps against bounds."""
    finding = about_iteration(trajectory)
    return "\n".join([finding.heading, *(f"  {line}" for line in finding.lines)])

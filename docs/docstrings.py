"""Sphinx extension: docstrings are written to be read as text; here they become valid reStructuredText.

Bars of |w| are not substitutions, and a citation [key]_ names an entry of `references.bib`, in either case of letters.
"""

import re

import conservative

CITATION = re.compile(r"\[([A-Za-z]+\d{4}[a-z]?)\]_")
DEFINITION = re.compile(r"^(\s*)\.\. \[[A-Za-z]+\d{4}[a-z]?\]\s+")


def as_restructured_text(line):
    """One line of a docstring; what stands between backticks is left as it is."""
    parts = re.split(r"(`[^`]*`)", DEFINITION.sub(r"\1", line))
    return "".join(part if part.startswith("`") else _prose(part) for part in parts)


def _prose(text):
    escaped = text.replace("|", r"\|")
    return CITATION.sub(lambda match: f":cite:p:`{match[1].lower()}`", escaped)


def _process(app, what, name, obj, options, lines):
    lines[:] = [line if ">>>" in line else as_restructured_text(line) for line in lines]


def _skip(app, what, name, obj, skip, options):
    """The page of a room leaves out what the page of the top shows."""
    at_the_top = app.env.docname != "reference/api" and what == "module" and name in conservative.__all__
    return True if at_the_top else None


def setup(app):
    app.connect("autodoc-skip-member", _skip)
    # Before napoleon (priority 500), which turns the sections of a docstring into markup.
    app.connect("autodoc-process-docstring", _process, priority=400)
    return {"parallel_read_safe": True}

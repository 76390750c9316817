"""Sphinx configuration: offline, warnings are errors, notebooks executed at build time."""

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from fetch_mathjax import MATHJAX_FILE, MathJaxUnavailableError, fetch  # noqa: E402

import conservative  # noqa: E402

project = "conservative"
author = "the conservative developers"
copyright = f"2026, {author}"
version = release = conservative.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinxcontrib.bibtex",
    "docstrings",
]
exclude_patterns = ["_build", "jupyter_execute", "**.ipynb_checkpoints"]

html_theme = "pydata_sphinx_theme"
html_title = "conservative"
html_static_path = ["_static"]
html_show_sourcelink = False
html_sidebars = {"index": [], "tutorial": []}
html_theme_options = {"show_toc_level": 2, "navigation_with_keys": False}
html_css_files = ["pages.css"]

myst_enable_extensions = ["dollarmath", "amsmath", "deflist"]
myst_heading_anchors = 3
myst_dmath_double_inline = True

bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "plain"

default_role = "literal"
toc_object_entries_show_parents = "hide"
autodoc_typehints = "none"
# The type of an argument is prose ("array_like, shape (k, n, n)"): do not link its words.
napoleon_use_param = False
napoleon_numpy_docstring = True
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True

nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300

# The notebooks live beside the package; Sphinx only reads below this folder.
for _notebook in sorted((HERE.parent / "notebooks").glob("*.ipynb")):
    _copy = HERE / "notebooks" / _notebook.name
    _copy.parent.mkdir(exist_ok=True)
    if not _copy.exists() or _copy.read_bytes() != _notebook.read_bytes():
        shutil.copyfile(_notebook, _copy)

try:
    fetch()
    mathjax_path = MATHJAX_FILE
except MathJaxUnavailableError as _why:
    # Not a Sphinx warning: the pages are complete, and show their formulas where a network is at hand.
    print(f"docs: MathJax is not bundled, pages will load it from Sphinx's default address. {_why}", file=sys.stderr)

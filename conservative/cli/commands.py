"""The commands: each parses its options, makes one call into the package, and shows what came back."""

from typing import Any

import click

from conservative.cli import run
from conservative.cli.counterexamples import run_counterexample
from conservative.cli.experiments import run_experiment
from conservative.cli.output import Command

_JSON = click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON object on standard output.")
_TIME = click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="Seconds in all, kept roughly: no search begins later; what is proved by then is reported.",
)
_VARIABLE = click.option(
    "--variable",
    "variables",
    multiple=True,
    metavar="NAME",
    help="Of an .npz or .mat file: which variable is the family, or one for each of its matrices.",
)
_PLOT = click.option("--plot", type=click.Path(dir_okay=False), help="Write a figure (.png, .pdf or .svg).")
_AT = click.option(
    "--at",
    metavar="NAME=VALUE,...|FILE.npz",
    help="The point, for example x=0,theta=1/3; exact, but for decimals where --tolerance is given. For a function of "
    "a module, a file with arrays x and theta. Of a problem, its parameters: the state is found by solving it.",
)
_LIBRARY = click.option(
    "--library",
    type=click.Choice(["numpy", "jax", "torch"]),
    help="What a function of a module is written in  [what the module imports].",
)
_ALGORITHM = click.option(
    "--algorithm",
    metavar="NAME",
    help="Of a problem: which algorithm solves it, such as admm, fista or forward-backward.",
)
_SETTING = click.option(
    "--setting",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Of the algorithm, such as step=1/10 or penalty=4; exact as it stands.",
)
_PROBLEM = click.option(
    "--problem",
    metavar="NAME",
    help="Which problem the arrays of an .npz file make, such as lasso (arrays X and y).",
)
_KIND = click.option(
    "--kind",
    type=click.Choice(["program", "selection", "conical"]),
    help="Which Jacobians of a function: what the program may return, all branches of equal value, or limits only  "
    "[program].",
)
_TOLERANCE = click.option(
    "--tolerance",
    type=click.FloatRange(min=0, min_open=True),
    help="For ties, and for F(x, θ) = x, at a floating-point point  [1e-9].",
)
_STEPS = click.option(
    "--steps",
    type=click.IntRange(min=1, max=10_000),
    help="How often the set is iterated  [40; more when it expands].",
)


class _Group(click.Group):
    command_class = Command


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="conservative")
def commands() -> None:
    """Set-valued conservative-Jacobian analysis of nonsmooth iterative algorithms.

    Does differentiating through an algorithm with kinks converge? Prove it, or get the product of
    Jacobians that expands. Exit codes: 0 done or proved, 1 refuted or invalid, 2 bad input,
    3 undecided within the budget.
    """


@commands.command()
@click.argument("source")
@_VARIABLE
@_AT
@_LIBRARY
@_PROBLEM
@_ALGORITHM
@_SETTING
@_KIND
@_TOLERANCE
@_STEPS
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    help="Seconds in all, kept roughly: no search begins later; what is proved by then is reported  [60; 15 with "
    "--algorithm or --problem].",
)
@click.option(
    "--max-length",
    type=click.IntRange(min=1, max=60),
    default=12,
    show_default=True,
    help="Longest word tried when a shortest expanding product is sought.",
)
@click.option("--require", type=click.Choice(["contraction"]), help="Exit 0 only if proved, 1 if refuted, 3 otherwise.")
@click.option("--certificate", type=click.Path(dir_okay=False), help="Where to write it [NAME.certificate.json].")
@click.option("--no-certificate", is_flag=True, help="Write no certificate.")
@_PLOT
@_JSON
def analyze(source: str, **options: Any) -> int:
    """Analyse SOURCE from the function to a proved verdict.

    SOURCE is a case of the gallery, a function file (.toml), a family of matrices (.json, .npz,
    .npy, .mat, .csv), or - for a function file or a JSON family on standard input. MODULE:FUNCTION
    is a function of your own, or a map made by `from_numpy`, `from_jax` or `from_torch`: that module
    is imported, which runs its code. Files are never run.

    A problem of the gallery is solved by the algorithm of --algorithm, as in
    `conservative analyze lasso-diabetes --algorithm admm`; your own arrays X and y in an .npz file
    with --problem, as in `conservative analyze data.npz --problem lasso --algorithm fista --at lambda=1`.
    """
    return run.analyze(source, **options)


@commands.command()
@click.argument("matrices")
@_VARIABLE
@_AT
@_LIBRARY
@_PROBLEM
@_ALGORITHM
@_SETTING
@_KIND
@_TOLERANCE
@click.option(
    "--tol",
    type=click.FloatRange(min=0, min_open=True),
    default=1e-9,
    show_default=True,
    help="Relative: stop once the two bounds differ by this part of the upper one.",
)
@_TIME
@click.option("--certificate", type=click.Path(dir_okay=False), help="Write the certificate to this file.")
@_PLOT
@_JSON
def jsr(matrices: str, **options: Any) -> int:
    """Bracket the joint spectral radius of MATRICES.

    MATRICES is a family file, a case of the gallery, a function file (its state blocks), or -.
    """
    return run.jsr(matrices, **options)


@commands.command()
@click.argument("source")
@_VARIABLE
@_AT
@_LIBRARY
@_PROBLEM
@_ALGORITHM
@_SETTING
@_KIND
@_TOLERANCE
@_STEPS
@_TIME
@click.option(
    "--tol", type=click.FloatRange(min=0, min_open=True), help="Absolute: stop once this close to the fixed set."
)
@_PLOT
@_JSON
def iterate(source: str, **options: Any) -> int:
    """Iterate the set of derivatives of SOURCE and show gaps against bounds."""
    return run.iterate(source, **options)


@commands.command()
@click.argument("source")
@_AT
@_LIBRARY
@_PROBLEM
@_ALGORITHM
@_SETTING
@_TOLERANCE
@_JSON
def explain(source: str, **options: Any) -> int:
    """Name the ties of SOURCE at its point, and what JAX, PyTorch and NumPy would choose there."""
    return run.explain(source, **options)


@commands.command()
@click.argument("certificate")
@_JSON
def check(certificate: str, **options: Any) -> int:
    """Prove CERTIFICATE again in exact arithmetic: exit 0 when valid, 1 when not."""
    return run.check(certificate, **options)


@commands.command()
@click.argument("name", required=False)
@_JSON
def gallery(name: str | None, **options: Any) -> int:
    """List the published cases, or show one."""
    return run.gallery(name, **options)


@commands.command()
@click.argument("source")
@click.option(
    "--range", "ranges", multiple=True, metavar="NAME=LOWER:UPPER", help="Replace a range, or fix it with NAME=VALUE."
)
@click.option(
    "--objective",
    type=click.Choice(["shortest", "simplest", "margin"]),
    default="shortest",
    show_default=True,
    help="A short word, simple parameters, or fast growth.",
)
@click.option("--max-length", type=click.IntRange(min=2, max=16), default=8, show_default=True, help="Longest word.")
@click.option(
    "--converges",
    is_flag=True,
    help="Only where the two-piece linear map of the Jacobians is proved to converge off its kink.",
)
@_TIME
@click.option("--script", type=click.Path(dir_okay=False), help="Write a program that shows it.")
@click.option("--kind", type=click.Choice(["numpy", "jax"]), help="Of the program that --script writes  [numpy].")
@click.option("--certificate", type=click.Path(dir_okay=False), help="Write the certificate to this file.")
@_PLOT
@_JSON
def counterexample(source: str, **options: Any) -> int:
    """Find parameters at which all matrices of SOURCE are stable and a product expands.

    SOURCE is a file of matrices with parameters (.toml), or one of the families heavy-ball,
    heavy-ball-short-steps, heavy-ball-optimal, nesterov, triple-momentum. The figure maps the first
    two parameters.
    Exit code 3 when none is found.
    """
    return run_counterexample(source, **options)


@commands.command()
@click.argument("name", required=False)
@click.option("--list", "listed", is_flag=True, help="List all experiments, in the talk's order.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of what is drawn.")
@click.option("--full", is_flag=True, help="Sizes of a paper, in place of half a minute.")
@click.option("--table", type=click.Path(dir_okay=False), help="Write the table (.csv), or all but the figure (.json).")
@_PLOT
@_JSON
def experiment(name: str | None, **options: Any) -> int:
    """Run an experiment NAME: a statement of the talk, its table, and whether each claim held.

    Exit code 1 when a claim failed. Example: conservative experiment elephant --plot elephant.svg
    """
    return run_experiment(name, **options)

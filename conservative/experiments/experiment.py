"""What an experiment gives back: a table with units, claims with the number that decides each, and a figure."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conservative._core.errors import ArgumentError, MissingExtraError
from conservative._core.result_lines import count, result_line
from conservative._core.safe_files import write_atomically

Progress = Callable[[str], None]
_ENDINGS = (".csv", ".json")


class MeasuredClaim(NamedTuple):
    """A sentence, the number that was measured, the bound that it is held against, and whether it held."""

    sentence: str
    measured: float
    bound: float
    held: bool


def at_most(sentence: str, measured: float, bound: float) -> MeasuredClaim:
    """The claim that what was measured does not exceed a bound."""
    return MeasuredClaim(sentence, float(measured), float(bound), bool(measured <= bound))


def at_least(sentence: str, measured: float, bound: float) -> MeasuredClaim:
    """The claim that what was measured reaches a bound."""
    return MeasuredClaim(sentence, float(measured), float(bound), bool(measured >= bound))


def within(sentence: str, measured: float, value: float, tolerance: float) -> MeasuredClaim:
    """The claim that what was measured is a value up to a tolerance, relative to the larger of it and 1e-300."""
    return MeasuredClaim(
        sentence, float(measured), float(value), bool(abs(measured - value) <= tolerance * abs(value) + 1e-300)
    )


class Column(NamedTuple):
    """One column of a table: its name, its unit ("" where it has none), and its numbers or words."""

    name: str
    unit: str
    values: NDArray[Any]


def column(name: str, values: ArrayLike, unit: str = "") -> Column:
    """A column of numbers or words."""
    return Column(name, unit, np.asarray(values))


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class Experiment:
    """A statement of the talk, run: what was measured, what was claimed, and whether it held.

    Parameters
    ----------
    name, title : str
        The name on the command line, and one line.
    statement, assumption : str
        What is claimed in general, and under which assumption.
    columns : tuple of Column
        The table, all columns of one length.
    claims : tuple of MeasuredClaim
    draw : callable
        Draws the figure on matplotlib Axes.
    partial : bool
        Whether the run was interrupted: what is there is what was done until then.
    """

    name: str
    title: str
    statement: str
    assumption: str
    columns: tuple[Column, ...] = field(repr=False)
    claims: tuple[MeasuredClaim, ...]
    draw: Callable[[Any], None] = field(repr=False)
    partial: bool = False

    def __repr__(self) -> str:
        held = sum(claim.held for claim in self.claims)
        rows = count(len(self.columns[0].values), "row") if self.columns else "no rows"
        marks = ["partial"] if self.partial else []
        return result_line(self, repr(self.name), rows, f"{held} of {count(len(self.claims), 'claim')} held", *marks)

    @property
    def held(self) -> bool:
        """Whether every claim held."""
        return all(claim.held for claim in self.claims)

    def __str__(self) -> str:
        lines = [self.title, "", f"statement: {self.statement}", f"assumption: {self.assumption}", ""]
        if self.partial:
            lines += ["interrupted: what follows is what was done until then", ""]
        lines += [*_table(self.columns), ""]
        for claim in self.claims:
            lines.append(f"{'held  ' if claim.held else 'FAILED'}  {claim.sentence}")
            lines.append(f"        measured {claim.measured:.6g}, bound {claim.bound:.6g}")
        return "\n".join(lines)

    def document(self) -> dict[str, Any]:
        """Everything but the figure, with stable keys.

        Returns
        -------
        dict
            `name`, `title`, `statement`, `assumption`, `partial`, `columns` (name, unit, values) and `claims`
            (sentence, measured, bound, held).
        """
        return {
            "name": self.name,
            "title": self.title,
            "statement": self.statement,
            "assumption": self.assumption,
            "partial": self.partial,
            "columns": [{"name": c.name, "unit": c.unit, "values": c.values.tolist()} for c in self.columns],
            "claims": [claim._asdict() for claim in self.claims],
        }

    def plot(self, ax: Any = None, *, save: str | None = None) -> Any:
        """Draw the figure of the experiment.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure unless given.
        save : str, optional
            A file to write, .pdf, .png or .svg.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        MissingExtraError
            When matplotlib is not installed.
        """
        if ax is None:
            ax = _new_axes()
        self.draw(ax)
        if save is not None:
            out, ending = io.BytesIO(), Path(save).suffix.lower().removeprefix(".")
            if ending not in ("pdf", "png", "svg"):
                raise ArgumentError(f"`plot(save=...)` writes .pdf, .png or .svg; got {save!r}.")
            ax.figure.savefig(out, format=ending, dpi=200, bbox_inches="tight")
            write_atomically(save, out.getvalue())
        return ax

    def save(self, path: str) -> None:
        """Write the table (.csv) or everything but the figure (.json), whole or not at all.

        Parameters
        ----------
        path : str

        Raises
        ------
        ArgumentError
            For another ending.
        FileFormatError
            When the folder is missing or not writable.
        """
        ending = Path(path).suffix.lower()
        if ending not in _ENDINGS:
            raise ArgumentError(f"`save(path=...)` writes {' or '.join(_ENDINGS)}; got {path!r}.")
        text = io.StringIO()
        if ending == ".json":
            json.dump(finite(self.document()), text, ensure_ascii=False, indent=1)
        else:
            rows = csv.writer(text, lineterminator="\n")
            rows.writerow([f"{c.name} [{c.unit}]" if c.unit else c.name for c in self.columns])
            rows.writerows(zip(*(c.values.tolist() for c in self.columns), strict=True))
        write_atomically(path, text.getvalue().encode())


def finite(value: Any) -> Any:
    """The same with infinities and NaN as words, which JSON has no numbers for."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [finite(item) for item in value]
    return str(value) if isinstance(value, float) and not np.isfinite(value) else value


def until_interrupted(tasks: Iterable[Any], run: Callable[[Any], Any], tell: Progress | None) -> Iterator[Any]:
    """The results of tasks one after the other; a Ctrl-C ends them, and None tells that it did."""
    for done, task in enumerate(tasks, 1):
        try:
            result = run(task)
        except KeyboardInterrupt:
            yield None
            return
        if tell is not None:
            tell(f"{done} done")
        yield result


def _new_axes() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError(
            "a figure needs matplotlib. Install it with `pip install 'conservative[plot]'`."
        ) from error
    return Figure(figsize=(5.5, 3.8), layout="constrained").subplots()


_SHOWN = 12


def _table(columns: tuple[Column, ...]) -> list[str]:
    """The table in text: long ones by a few rows from beginning to end."""
    if not columns:
        return []
    total = len(columns[0].values)
    rows = range(total) if total <= _SHOWN else np.unique(np.geomspace(1, total, _SHOWN).astype(int) - 1).tolist()
    cells = [[f"{c.name} [{c.unit}]" if c.unit else c.name, *(_cell(c.values[i]) for i in rows)] for c in columns]
    widths = [max(map(len, one)) for one in cells]
    return ["  ".join(x.rjust(n) for x, n in zip(row, widths, strict=True)) for row in zip(*cells, strict=True)]


def _cell(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, (float, np.floating)) else str(value)

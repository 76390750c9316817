"""Maps of counterexamples as tables: the data behind the picture."""

import csv
import io

import numpy as np

from conservative._core.errors import ArgumentError
from conservative._core.printable import shown
from conservative._core.safe_files import as_path, write_atomically
from conservative.spectral import word_text
from conservative.spectral.counterexamples import CounterexampleMap, RegionVerdict
from conservative.spectral.counterexamples.plane import require_map

_TABLES = (".csv", ".npz")


def export_counterexample_map(counterexample_map: CounterexampleMap, path: str) -> None:
    """Write the data of a map of counterexamples.

    Parameters
    ----------
    counterexample_map : CounterexampleMap
    path : str
        Ends in .csv (one line for each cell: exact parameters, verdict, word) or .npz (arrays ``x``, ``y``, ``codes``,
        ``lengths``, ``word_codes``, and the texts ``verdicts`` and ``words``).

    Raises
    ------
    ArgumentError
        For another ending.
    ArgumentTypeError
        For anything but a map.
    """
    require_map(counterexample_map, "export_counterexample_map")
    ending = as_path(path).suffix.lower()
    if ending not in _TABLES:
        raise ArgumentError(f"`export_counterexample_map(path=...)` writes {', '.join(_TABLES)}; got {shown(path)}.")
    write_atomically(path, _table(counterexample_map) if ending == ".csv" else _arrays(counterexample_map))


def _table(shown: CounterexampleMap) -> bytes:
    names = [*shown.names, *shown.fixed]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*names, "verdict", "length", "word"])
    for row, column in np.ndindex(*shown.codes.shape):
        point, word = shown.point(row, column), shown.word(row, column)
        verdict = shown.verdict(row, column).name.lower()
        text = "" if word is None else word_text(word)
        writer.writerow([*(str(point[name]) for name in names), verdict, int(shown.lengths[row, column]), text])
    return buffer.getvalue().encode()


def _arrays(shown: CounterexampleMap) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        x=shown.x,
        y=shown.y,
        codes=shown.codes,
        lengths=shown.lengths,
        word_codes=shown.word_codes,
        names=np.array(shown.names),
        verdicts=np.array([verdict.name.lower() for verdict in RegionVerdict]),
        words=np.array([word_text(word) for word in shown.words], dtype=str),
    )
    return buffer.getvalue()

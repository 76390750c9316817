"""Families from files: what is read exactly, and what is refused with one clear message."""

import io
import warnings
import zipfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from strategies.stages import drawn

from conservative._core.errors import ConservativeError, FileFormatError
from conservative._core.families.mat_files import variables_of_mat
from conservative._core.families.numpy_files import arrays_of_npy, arrays_of_npz
from conservative._core.families.readers import SUFFIXES, parse_family_json, read_family

PAIR = np.array([[[0.75, -0.75], [1, 0]], [[1.5, -0.75], [1, 0]]])
EXACT = tuple(tuple(tuple(map(Fraction, row)) for row in matrix) for matrix in PAIR.tolist())


def npy(array: NDArray[np.generic]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=array.dtype.hasobject)
    return stream.getvalue()


def npz(*args: NDArray[np.generic], **named: NDArray[np.generic]) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, *args, **named)
    return stream.getvalue()


def mat(*, compressed: bool = False, **variables: object) -> bytes:
    stream = io.BytesIO()
    scipy.io.savemat(stream, variables, do_compression=compressed)
    return stream.getvalue()


def cells(*matrices: NDArray[np.float64]) -> NDArray[np.object_]:
    found = np.empty((1, len(matrices)), dtype=object)
    for i, matrix in enumerate(matrices):
        found[0, i] = matrix
    return found


def with_shape(shape: tuple[int, ...]) -> bytes:
    """A .npy file whose header says this, with one number in it."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return stream.getvalue() + bytes(8)


def twice(*names: str) -> bytes:
    """An archive with members of these names."""
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(stream, "w") as archive:
            for name in names:
                archive.writestr(name, npy(PAIR))
    return stream.getvalue()


GOOD = {
    "rationals.json": b'[[["3/4", "-0.75"], [1, 0]], [[1.5, "-3/4"], ["1", "0"]]]',
    "bom.json": b"\xef\xbb\xbf[[[0.75, -0.75], [1, 0]], [[1.5, -0.75], [1, 0]]]",
    "stack.npy": npy(PAIR),
    "fortran.npy": npy(np.asfortranarray(PAIR)),
    "single.npy": npy(PAIR.astype("f4")),
    "big_endian.npy": npy(PAIR.astype(">f8")),
    "stack.npz": npz(M=PAIR),
    "named.npz": npz(M2=PAIR[1], M1=PAIR[0]),
    "many.npz": npz(*PAIR),
    "named.mat": mat(M2=PAIR[1], M1=PAIR[0]),
    "stack.mat": mat(M=PAIR),
    "packed.mat": mat(M1=PAIR[0], M2=PAIR[1], compressed=True),
    "cells.mat": mat(M=cells(*PAIR)),
    "sparse.mat": mat(M1=scipy.sparse.csc_matrix(PAIR[0]), M2=scipy.sparse.csc_matrix(PAIR[1])),
    "complex.npy": npy(PAIR + 0j),
    "blocks.csv": b"# the heavy ball\n3/4,-3/4\n1,0\n\n\n1.5, -0.75\n1, 0\n",
    "stacked.csv": b"0.75 -0.75\r\n1 0\r\n1.5 -7.5e-1\r\n1 0\r\n",
    "semicolons.csv": b"3/4;-3/4\n1;0 # last\n\n3/2;-3/4\n1;0",
}


@pytest.mark.parametrize("name", GOOD)
def test_every_format_reads_the_same_family(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(GOOD[name])
    family = read_family(path)
    assert family.exact == EXACT
    np.testing.assert_array_equal(family.floats, PAIR)
    assert read_family(str(path)).exact == EXACT


def test_every_suffix_is_read() -> None:
    assert {Path(name).suffix for name in GOOD} == set(SUFFIXES)


def test_decimals_are_doubles_and_strings_are_exact() -> None:
    family = parse_family_json('[[[0.1, "0.1"], [9007199254740993, "1e-3"]]]')
    assert family.exact[0] == ((Fraction(0.1), Fraction(1, 10)), (Fraction(2**53 + 1), Fraction(1, 1000)))


def test_csv_decimals_are_doubles_too(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("0.1,1/10\n+3,.5\n", encoding="utf-8")
    assert read_family(path).exact[0] == ((Fraction(0.1), Fraction(1, 10)), (Fraction(3), Fraction(1, 2)))


def test_large_integers_stay_exact(tmp_path: Path) -> None:
    for name, data in {"i.npy": npy(np.array([[[2**62 + 1]]])), "i.mat": mat(M=np.array([[2**62 + 1]]))}.items():
        (tmp_path / name).write_bytes(data)
        assert read_family(tmp_path / name).exact == (((Fraction(2**62 + 1),),),)


def test_digits_of_other_scripts_in_names_are_letters(tmp_path: Path) -> None:
    (tmp_path / "m.npz").write_bytes(npz(**{"M²": PAIR[1], "M1": PAIR[0], "M٣": PAIR[0]}))
    np.testing.assert_array_equal(read_family(tmp_path / "m.npz").floats, [PAIR[0], PAIR[1], PAIR[0]])


def test_one_matrix_and_names_with_numbers(tmp_path: Path) -> None:
    (tmp_path / "one.npy").write_bytes(npy(PAIR[0]))
    assert read_family(tmp_path / "one.npy").count == 1
    (tmp_path / "many.npz").write_bytes(npz(*[np.array([[float(i)]]) for i in range(12)]))
    assert read_family(tmp_path / "many.npz").floats.ravel().tolist() == list(range(12))


@pytest.mark.parametrize("name", ["m.mat", "m.npy", "m.npz"])
def test_matlab_stacks_along_the_last_axis_when_only_that_fits(tmp_path: Path, name: str) -> None:
    triple = np.concatenate([PAIR, PAIR[:1]])
    stack = np.moveaxis(triple, 0, -1)
    (tmp_path / name).write_bytes({"m.mat": mat(M=stack), "m.npy": npy(stack), "m.npz": npz(M=stack)}[name])
    np.testing.assert_array_equal(read_family(tmp_path / name).floats, triple)


def test_sparse_and_complex_matrices_of_matlab(tmp_path: Path) -> None:
    turn = np.array([[0.5, 1j], [0, 2 - 1j]])
    for kind, value in {"full": turn, "sparse": scipy.sparse.csc_matrix(turn)}.items():
        (tmp_path / f"{kind}.mat").write_bytes(mat(M=value))
        found = read_family(tmp_path / f"{kind}.mat").floats[0]
        np.testing.assert_array_equal(found, np.block([[turn.real, -turn.imag], [turn.imag, turn.real]]))
    (tmp_path / "cells.mat").write_bytes(mat(M=cells(scipy.sparse.csc_matrix(PAIR[0]), PAIR[1])))  # type: ignore[arg-type]
    np.testing.assert_array_equal(read_family(tmp_path / "cells.mat").floats, PAIR)


@pytest.mark.parametrize(
    "variables",
    [
        {"M": PAIR, "tol": 1e-9, "note": "text", "options": {"a": 1}, "x": np.ones((2, 1))},
        {"M1": PAIR[0], "M2": PAIR[1], "count": 2, "x0": np.ones((1, 2))},
        {"families": cells(*PAIR), "radius": 1.03},
        {"M": PAIR, "huge": scipy.sparse.csc_matrix((10**6, 10**6))},
    ],
)
def test_the_only_family_is_chosen_among_other_variables(tmp_path: Path, variables: dict[str, object]) -> None:
    (tmp_path / "m.mat").write_bytes(mat(**variables))
    np.testing.assert_array_equal(read_family(tmp_path / "m.mat").floats, PAIR)


def test_several_families_are_listed_and_chosen_by_name(tmp_path: Path) -> None:
    path = tmp_path / "m.mat"
    path.write_bytes(mat(M=PAIR, P=np.eye(2), Q=np.eye(3), N=cells(*PAIR[::-1]), note="text"))
    with pytest.raises(FileFormatError) as caught:
        read_family(path)
    for part in ("M (2 x 2 x 2)", "P (2 x 2)", "Q (3 x 3)", "N (2 cells)", "--variable"):
        assert part in str(caught.value)
    assert "note" not in str(caught.value)
    np.testing.assert_array_equal(read_family(path, variables=["N"]).floats, PAIR[::-1])
    np.testing.assert_array_equal(read_family(path, variables=["P", "M"]).floats[1:], PAIR)
    with pytest.raises(FileFormatError, match=r"no variable 'R'.*M \(2 x 2 x 2\).*note \(text\)"):
        read_family(path, variables=["R"])
    with pytest.raises(FileFormatError, match=r"square matrices are wanted; note \(text\)"):
        read_family(path, variables=["note"])
    (tmp_path / "m.json").write_text("[[[1]]]")
    with pytest.raises(FileFormatError, match="variables with names"):
        read_family(tmp_path / "m.json", variables=["M"])


HEADER = npy(PAIR)
BAD = {
    "empty.json": (b"", "not JSON"),
    "text.json": (b'__import__("os").system("true")', "not JSON"),
    "code.json": (b'[[["__import__(\\"os\\")"]]]', "rational number"),
    "nan.json": (b"[[[NaN]]]", "finite"),
    "infinity.json": (b"[[[-Infinity]]]", "finite"),
    "overflow.json": (b"[[[1e999]]]", "finite"),
    "huge_text.json": (b'[[["1e9999"]]]', "digits"),
    "tiny_text.json": (b'[[["1e-9999"]]]', "digits"),
    "beyond.json": (b'[[["1e3999"]]]', "too large"),
    "long_text.json": (b'[[["' + b"9" * 4301 + b'"]]]', "digits"),
    "long_denominator.json": (b'[[["1/' + b"9" * 4301 + b'"]]]', "digits"),
    "endless_text.json": (b'[[["' + b"9" * 20_000 + b'"]]]', "rational number"),
    "empty_lists.json": (b"[" + b"[]," * 3_000_000 + b"[]]", "values"),
    "long.csv": (b"1," + b"9" * 4301, "line 1, column 2"),
    "tiny.csv": (b"1e-9999", "digits"),
    "wide.csv": (b"1" + b" 1" * 1_000_001, "entries"),
    "huge_integer.json": (b"[[[" + b"9" * 5000 + b"]]]", "digits"),
    "zero_division.json": (b'[[["1/0"]]]', "rational number"),
    "ragged.json": (b"[[[1, 2], [3]]]", "different lengths"),
    "sizes.json": (b"[[[1]], [[1, 2], [3, 4]]]", "the first is 1 x 1, number 2 is 2 x 2"),
    "wide.json": (b"[[[1, 2]]]", "shape"),
    "no_matrix.json": (b"[]", "at least one"),
    "flat.json": (b'[["12", "34"], ["56", "78"]]', "list of matrices"),
    "object.json": (b'{"matrices": [[[1]]]}', "list of matrices"),
    "null.json": (b"[[[null]]]", "entry is null"),
    "truth.json": (b"[[[true]]]", "entry is true"),
    "deep.json": (b"[" * 100_000, "nested"),
    "deeper.json": (b"[" * 100_000 + b"]" * 100_000, "nested"),
    "latin.json": (b"[[[1\xa0]]]", "UTF-8"),
    "many.json": (b"[[[" + b"1," * 1_000_001 + b"1]]]", "entries"),
    "pickle.npy": (npy(np.array([[[1, None]]], dtype=object)), "pickled"),
    "text.npy": (npy(np.array([[["1"]]])), "entries of type"),
    "truth.npy": (npy(np.array([[[True]]])), "entries of type"),
    "nan.npy": (npy(PAIR * np.nan), "finite"),
    "empty.npy": (b"", "damaged"),
    "none.npy": (npy(np.zeros((0, 2, 2))), "0 x 2 x 2"),
    "vector.npy": (npy(np.zeros(3)), "shape"),
    "truncated.npy": (HEADER[:-3], "truncated"),
    "head.npy": (HEADER[:20], "damaged"),
    "promise.npy": (with_shape((9_999_999,)), "truncated"),
    "negative.npy": (HEADER.replace(b"(2, 2, 2)", b"(-2,-2,2)"), "truncated"),
    "version.npy": (HEADER[:6] + b"\x03" + HEADER[7:], "version"),
    "json.npy": (b"[[[1]]]", "damaged"),
    "truth_shape.npy": (with_shape((True, 1)), "shape"),
    "astronomical.npy": (with_shape((0, 10**23)), "shape"),
    "dimensions.npy": (with_shape((1,) * 65), "shape"),
    "many.npy": (npy(np.ones((1_000_001, 1, 1), dtype=np.int8)), "entries"),
    "twice.npz": (twice("A.npy", "A.npy"), "two arrays of the name 'A'"),
    "alias.npz": (twice("A.npy", "A"), "two arrays of the name 'A'"),
    "twice.mat": (mat(M=PAIR[0]) + mat(M=PAIR[1])[128:], "two variables of the name 'M'"),
    "pickle.npz": (npz(A=np.array([None])), "pickled"),
    "stacks.npz": (npz(A=PAIR, B=PAIR), "--variable"),
    "wide.npy": (npy(np.zeros((2, 3, 4))), "2 x 3 x 4"),
    "none.npz": (npz(), "found no array"),
    "truncated.npz": (npz(A=PAIR)[:100], "damaged"),
    "corrupt.npz": (npz(A=PAIR).replace(PAIR[1, 0, 0].tobytes(), b"\xff" * 8), "damaged"),
    "not.npz": (b"PK\x03\x04", "damaged"),
    "struct.mat": (mat(M={"a": 1}), "structure"),
    "text.mat": (mat(M="abc"), "text"),
    "sparse.mat": (mat(M=scipy.sparse.csc_matrix((10**6, 10**6))), "too large"),
    "nested.mat": (mat(M=cells(cells(PAIR[0]))), "nested cell"),
    "bomb.mat": (mat(M=np.zeros((3000, 4000)), compressed=True), "unpacks to more"),
    "truncated.mat": (mat(M=PAIR)[:-10], "truncated"),
    "hdf5.mat": (b"MATLAB 7.3 MAT-file" + b" " * 200, "-v7"),
    "empty.mat": (b"", "-v7"),
    "nan.csv": (b"nan", "line 1, column 1"),
    "overflow.csv": (b"1,2\n3,1e999", "line 2, column 2"),
    "header.csv": (b"a,b\n1,2", "line 1, column 1"),
    "code.csv": (b'__import__("os")', "rational number"),
    "ragged.csv": (b"1,2\n3", "different lengths"),
    "blocks.csv": (b"1,2\n3,4\n5,6\n\n1,2", "the first is 3 x 2, number 2 is 1 x 2"),
    "gap.csv": (b"1,,2\n3,4,5\n1,2,3", "line 1, column 2"),
    "empty.csv": (b"\n# nothing\n", "at least one"),
    "latin.csv": (b"1,\xff", "UTF-8"),
    "family.txt": (b"[[[1]]]", "is read from"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_give_one_clear_message(tmp_path: Path, name: str) -> None:
    data, reason = BAD[name]
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(FileFormatError) as caught:
        read_family(path)
    message = str(caught.value)
    assert reason in message
    assert name in message
    assert "\n" not in message
    assert len(message) < 500


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_missing_directories_and_enormous_files(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"folder{suffix}").mkdir()
    with (tmp_path / f"large{suffix}").open("wb") as stream:
        stream.truncate(100 * 2**20)
    for name, reason in [("nowhere", "no such file"), ("folder", "directory"), ("large", "larger than")]:
        with pytest.raises(FileFormatError, match=reason):
            read_family(tmp_path / f"{name}{suffix}")


@pytest.mark.parametrize("lie", [False, True])
def test_a_zip_bomb_is_not_unpacked(lie: bool) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("M.npy", bytes(80 * 2**20))
    data = stream.getvalue()
    if lie:  # the directory claims that the array is small
        data = data.replace((80 * 2**20).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    with pytest.raises(FileFormatError, match="damaged" if lie else "unpacks to more"):
        arrays_of_npz(data, name="bomb.npz")


def sparse_cells(count: int, side: int) -> bytes:
    """A cell array of sparse arrays that hold nothing but promise zeros."""
    return mat(M=cells(*[scipy.sparse.csc_matrix((side, 1)) for _ in range(count)]))


def test_sparse_arrays_are_filled_within_one_budget_for_the_file() -> None:
    assert len(variables_of_mat(sparse_cells(3, 1000), name="few")["M"]) == 3
    assert variables_of_mat(sparse_cells(3, 3_000_000), name="many")["M"] == (
        "a cell array with a sparse array that is too large in it"
    )


READERS = {"npy": arrays_of_npy, "npz": arrays_of_npz, "mat": variables_of_mat}


@drawn(
    100,
    2000,
    st.sampled_from([name for name in GOOD if name.rsplit(".", 1)[1] in READERS]),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4),
    st.none() | st.integers(0, 10**6),
)
def test_damaged_files_never_crash(name: str, changes: list[tuple[int, int]], cut: int | None) -> None:
    data = bytearray(GOOD[name])
    for position, value in changes:
        data[position % len(data)] = value
    content = bytes(data if cut is None else data[: cut % len(data)])
    try:
        found = READERS[name.rsplit(".", 1)[1]](content, name=name).values()
    except ConservativeError:
        return
    arrays = [x for value in found for x in (value if isinstance(value, tuple) else (value,))]
    assert all(isinstance(x, str) or x.dtype.kind in "fiuc" for x in arrays)


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet='[]",-/0123456789.eNa {}:\n', max_size=40))
def test_random_json_never_leaks_another_error(text: str) -> None:
    try:
        family = parse_family_json(text)
    except FileFormatError:
        return
    assert np.isfinite(family.floats).all()

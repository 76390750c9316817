"""The public face: what stands at the top, what in the rooms, and that old names still lead to their new homes."""

import ast
import importlib
import inspect
import operator
import pickle
import re
import subprocess
import sys
import traceback
import types
import warnings
from pathlib import Path

import numpy as np
import pytest

import conservative as cj
from conservative._core.families.as_family import as_family

ROOMS = {name: getattr(cj, name) for name in cj._ROOMS}
FIXED = """
    from_numpy from_torch ProgramMap from_sympy read_function conservative_jacobian
    JacobianSet JacobianZonotope PiecewiseSelection Piece MatrixPolytope
    FiniteSet MatrixZonotope gap hausdorff_distance Bracket Estimate Exactness iterate_set SetTrajectory fixed_set
    FixedSet joint_spectral_radius JointSpectralRadius expanding_product Product implicit_jacobian check Verdict
    finite_difference one_step_jacobian derivative_range DerivativeRange verify_contraction
    load_certificate gallery analyze Analysis explain counterexample contraction_verdict check_conservativity
    BudgetError DiscontinuityError RadiusStatus FixedSetStatus TrajectoryStatus Contraction
""".split()  # noqa: SIM905


def errors_of_the_package() -> list[type]:
    found, waiting = [], [cj.ConservativeError, cj.InterruptedWarning]
    while waiting:
        found.append(waiting.pop())
        waiting += found[-1].__subclasses__()
    return [kind for kind in found if kind.__module__.startswith("conservative")]


def test_the_names_that_are_promised_stand_at_the_top() -> None:
    assert set(FIXED) <= set(cj.__all__)
    assert len(cj._HOMES) <= 90


@pytest.mark.parametrize("room", [cj, *ROOMS.values()], ids=lambda room: room.__name__)
def test_a_room_lists_what_it_holds(room: types.ModuleType) -> None:
    assert sorted(set(room.__all__)) == sorted(room.__all__) == dir(room)
    for name in room.__all__:
        value = getattr(room, name)
        assert name == "__version__" or value.__doc__, f"{name} has no docstring"


def test_a_room_lists_all_that_stands_at_the_top() -> None:
    listed = {name: room for room in ROOMS.values() for name in room.__all__}
    for name, module in cj._HOMES.items():
        if not module.startswith("conservative._core"):
            assert getattr(listed[name], name) is getattr(cj, name)


@pytest.mark.parametrize("name", cj._ROOMS)
def test_a_room_is_imported_under_the_name_by_which_it_is_used(name: str) -> None:
    assert importlib.import_module(f"conservative.{name}") is getattr(cj, name)


@pytest.mark.parametrize(("name", "behind"), [("sets", "matrix_sets"), ("vocabulary", "functions.vocabulary")])
def test_a_short_name_holds_all_of_the_room_behind_it(name: str, behind: str) -> None:
    room, here = importlib.import_module(f"conservative.{behind}"), getattr(cj, name)
    assert here.__all__ == room.__all__
    assert all(getattr(here, key) is getattr(room, key) for key in room.__all__)


def test_type_checkers_read_the_names_that_are_loaded() -> None:
    stub = Path(cj.__file__).with_suffix(".pyi")
    lines = [node for node in ast.parse(stub.read_text(encoding="utf-8")).body if isinstance(node, ast.ImportFrom)]
    told = {f"{line.module}.{alias.name}": alias.asname for line in lines for alias in line.names}
    assert sorted(map(str, told.values())) == sorted({*cj.__all__} - {"__version__"})
    for home, name in told.items():
        module, _, attribute = home.rpartition(".")
        assert name == attribute, f"{home} is handed on as {name}, which type checkers take for private"
        assert getattr(importlib.import_module(module), attribute) is getattr(cj, name)


@pytest.mark.parametrize("call", ["make_product", "lifted_family", "quotients", "follow_kink"])
def test_a_family_is_given_in_any_form(call: str) -> None:
    pair = [[["3/4", "-3/4"], [1, 0]], [["3/2", "-3/4"], [1, 0]]]
    more = {"make_product": {"word": [0, 1]}, "lifted_family": {"automaton": cj.spectral.Automaton.de_bruijn(2, 1)}}
    family = as_family(pair, call="test")
    assert isinstance(family, cj.spectral.MatrixFamily)
    function = getattr(cj.spectral, call)
    results = [function(given, **more.get(call, {})) for given in (pair, family)]
    shown = [repr(list(result) if call == "quotients" else result) for result in results]
    assert shown[0] == shown[1]
    with pytest.raises(cj.ShapeError, match=rf"`{call}\(family=...\)` needs shape \(k, n, n\)"):
        list(function([[1, 2]], **more.get(call, {})))


@pytest.mark.parametrize("word", [(2,), (-1,), ("0",), 3])
def test_a_word_of_other_letters_is_refused(word: object) -> None:
    with pytest.raises((cj.ArgumentError, cj.ArgumentTypeError), match=r"`make_product\(word=...\)` needs"):
        cj.spectral.make_product([[[1]], [[2]]], word)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(cj._NEW_HOMES))
def test_an_old_name_leads_to_its_new_home(name: str) -> None:
    home = cj._NEW_HOMES[name]
    assert name not in cj.__all__
    with pytest.warns(DeprecationWarning, match=rf"`conservative\.{name}` is now `conservative\.{home}`") as told:
        value = getattr(cj, name)
    assert value is operator.attrgetter(home)(cj)
    assert [warning.filename for warning in told] == [__file__]


def test_an_analysis_names_what_it_is_of_and_tells_of_the_old_name() -> None:
    found = cj.analyze([[["1/2"]]])
    with pytest.warns(DeprecationWarning, match="`Analysis.problem` is now `Analysis.subject`") as told:
        assert found.problem is found.subject
    assert [warning.filename for warning in told] == [__file__]


def test_no_two_rooms_have_a_class_of_one_name() -> None:
    """Engines of programs share the names of their parts: one opens a switch as the other does."""
    homes: dict[str, set[str]] = {}
    for path in Path(cj.__file__).parent.rglob("*.py"):
        room, *_ = path.relative_to(Path(cj.__file__).parent).parts
        if "standalone" not in path.parts:
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef):
                    homes.setdefault(node.name, set()).add(room if room == "programs" else path.as_posix())
    assert len(homes) > 300
    twice = {name for name, places in homes.items() if len(places) > 1}
    assert twice == set()


def test_a_use_of_an_old_name_is_told_of_once() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        from conservative import Automaton

        first = told.copy()
    assert Automaton is cj.spectral.Automaton
    assert [warning.filename for warning in first] == [__file__]
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default")
        for _ in range(3):
            getattr(cj, "hull")  # noqa: B009
    assert len(told) == 1


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'joint_spectral_radios'"):
        cj.joint_spectral_radios  # noqa: B018
    with pytest.raises(ImportError):
        from conservative import joint_spectral_radios  # noqa: F401


@pytest.mark.parametrize("kind", errors_of_the_package(), ids=lambda kind: kind.__name__)
def test_every_error_is_caught_and_shown_under_its_public_name(kind: type) -> None:
    assert getattr(cj, kind.__name__) is kind
    shown = traceback.format_exception_only(kind("a sentence"))
    assert shown == [f"conservative.{kind.__name__}: a sentence\n"]
    back = pickle.loads(pickle.dumps(kind("a sentence")))
    assert (type(back), str(back)) == (kind, "a sentence")


def test_a_pickled_error_is_read_where_nothing_of_the_package_is_loaded() -> None:
    code = "import pickle, sys; print(type(pickle.load(sys.stdin.buffer)).__name__)"
    done = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps(cj.BudgetError("x")), capture_output=True, check=True
    )
    assert done.stdout.split() == [b"BudgetError"]


def test_every_room_has_a_page_of_reference() -> None:
    reference = Path(__file__).parents[1] / "docs" / "reference"
    listed = (reference / "index.md").read_text(encoding="utf-8").split()
    for name in ROOMS:
        page = (reference / f"{name}.md").read_text(encoding="utf-8")
        assert name in listed
        assert f"automodule:: {ROOMS[name].__name__}" in page


def public_functions() -> dict[str, types.FunctionType]:
    found = {}
    for room in [cj, *ROOMS.values()]:
        for name in room.__all__:
            value = getattr(room, name)
            if inspect.isfunction(value):
                found[name if name not in found else f"{room.__name__}.{name}"] = value
            elif inspect.isclass(value):
                methods = inspect.getmembers(value, inspect.isfunction)
                found.update({f"{name}.{key}": method for key, method in methods if not key.startswith("_")})
    return found


def test_every_tolerance_says_first_whether_it_is_absolute_or_relative() -> None:
    asked = {name: f for name, f in public_functions().items() if "tol" in inspect.signature(f).parameters}
    assert {"gap", "fixed_set", "joint_spectral_radius", "JacobianZonotope.contains"} <= set(asked)
    for name, function in asked.items():
        text = re.search(r"^tol : [^\n]*\n +(\w+)", inspect.getdoc(function) or "", re.MULTILINE)
        assert text, f"{name} says nothing of its `tol`"
        assert text[1] in {"Absolute", "Relative"}, f"{name}: {text[1]}"


def told_of(function: types.FunctionType, argument: str) -> str:
    """What a docstring says of an argument, on one line."""
    text = f"{inspect.getdoc(function)}\n"
    found = re.search(rf"^(?:\w+, )*{argument}(?:, \w+)* : [^\n]*\n((?: +[^\n]*\n)+)", text, re.MULTILINE)
    return " ".join(found[1].split()) if found else ""


def test_every_time_limit_means_the_same_and_says_first_what_none_and_nothing_given_are() -> None:
    asked = {name: f for name, f in public_functions().items() if "time_limit" in inspect.signature(f).parameters}
    assert {"analyze", "fixed_set", "joint_spectral_radius", "polytope_norm", "iterate_true"} <= set(asked)
    for name, function in asked.items():
        default = inspect.signature(function).parameters["time_limit"].default
        known = "None, the default, is no limit." if default is None else f"{default:g} by default, None is no limit."
        assert told_of(function, "time_limit").startswith(f"Seconds; {known}"), name


def test_every_budget_and_tolerance_is_told_of() -> None:
    asked = [
        (name, argument)
        for name, function in public_functions().items()
        if function.__module__.startswith("conservative") and not name.startswith("StateMap.")  # a protocol
        for argument in inspect.signature(function).parameters
        if argument.startswith("max_") or argument in {"limit", "steps", "tol", "tolerance", "step_tol", "time_limit"}
    ]
    assert len(asked) > 60
    functions = public_functions()
    assert [(name, argument) for name, argument in asked if not told_of(functions[name], argument)] == []


EXPERIMENTAL = {
    "add_jacobians",
    "compose_jacobians",
    "conic_bound",
    "export_sdpa",
    "implicit_support",
    "iterate_templates",
    "lipschitz_constants",
    "lower_spectral_radius",
    "multiply_jacobians",
    "p_radius",
    "principal_axes",
    "slice_through",
    "stack_jacobians",
}
# What users call first, as the guide shows, although nothing in the package does.
STANDING = {
    "affine_pieces",
    "chain_rule",
    "compare_derivatives",
    "iterate_sequence",
    "jacobian_sandwich",
    "jacobian_zonotope",
    "minkowski_sum",
    "path_complete_bound",
    "project_onto",
    "schema",
    "structured",
}


def names_in(path: Path) -> set[str]:
    """Every name that a file reads."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, (ast.Name, ast.Attribute)):
            found.add(node.id if isinstance(node, ast.Name) else node.attr)
    return found


def test_what_nothing_else_calls_is_marked_experimental_or_stands_in_the_guide() -> None:
    package = Path(cj.__file__).parent
    aliases = {"__init__.py", "sets.py", "vocabulary.py"}
    used = {path: names_in(path) for path in package.rglob("*.py") if path.name not in aliases}
    leaves = {
        name
        for room in cj._ROOMS
        if room
        not in {"algorithms", "experiments", "gallery", "plots", "problems", "report", "vocabulary"}  # collections
        for name in getattr(cj, room).__all__
        if name not in cj.__all__ and inspect.isfunction(value := getattr(getattr(cj, room), name))
        if not any(name in names for path, names in used.items() if path != Path(inspect.getfile(value)))
    }
    assert leaves == EXPERIMENTAL | STANDING
    pages = [*(package.parent / "docs").rglob("*.md"), package.parent / "README.md"]
    guide = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    assert {name for name in STANDING if not re.search(rf"\b{name}\b", guide)} == set()
    told = {name for name, f in public_functions().items() if "\nExperimental: " in (inspect.getdoc(f) or "")}
    assert told == EXPERIMENTAL


# Functions and records of proofs that the guide shows although no room lists them.
IN_THE_GUIDE = {"certificates/build.py", "certificates/proofs.py", "certificates/lower_parts.py"}


def test_internal_functions_are_told_of_without_sections() -> None:
    package = Path(cj.__file__).parent
    rooms = [cj, *ROOMS.values()]
    public = {(value.__module__, value.__qualname__) for value in public_functions().values()}
    kinds = [kind for room in rooms for name in room.__all__ if inspect.isclass(kind := getattr(room, name))]
    public |= {(base.__module__, base.__name__) for kind in kinds for base in kind.__mro__}
    told = []
    for path in package.rglob("*.py"):
        place = path.relative_to(package).as_posix()
        module = ".".join(path.relative_to(package.parent).with_suffix("").parts)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        outer = [node for node in tree.body if (module, getattr(node, "name", "")) not in public]
        for node in [inner for part in outer for inner in ast.walk(part) if isinstance(inner, ast.FunctionDef)]:
            if "\n-----" in (ast.get_docstring(node) or ""):
                told.append(f"{place}: {node.name}")
    hidden = [line for line in told if line.partition(":")[0] not in IN_THE_GUIDE]
    assert hidden == []
    assert len(told) > 5


@pytest.mark.parametrize("matrix", [np.eye(2), [[1.0, 0.0], [0.0, 1.0]]], ids=["array", "lists"])
def test_the_remedy_for_one_matrix_works_for_arrays_and_for_lists(matrix: object) -> None:
    with pytest.raises(cj.ShapeError, match=r"For one matrix A pass `\[A\]`"):
        cj.joint_spectral_radius(matrix)
    assert 1.0 in cj.joint_spectral_radius([matrix]).bracket
    with pytest.raises(cj.ShapeError, match=r"For one matrix X pass `\[X\]`"):
        cj.MatrixPolytope(matrix)  # type: ignore[arg-type]
    assert cj.MatrixPolytope([matrix]).shape == (2, 2)  # type: ignore[list-item]

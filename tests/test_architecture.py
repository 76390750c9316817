"""The rooms and their floors, held as data and enforced: data flows one way."""

import ast
import graphlib
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "conservative"
FLOORS = (
    {"_core"},
    {"functions", "matrix_sets"},
    {"sets", "vocabulary", "programs", "jacobians", "certificates", "problems"},
    {"spectral", "algorithms"},
    {"iteration"},
    {"differentiation"},
    {"gallery", "ties"},
    {"analysis"},
    {"experiments"},
    {"report", "plots"},
    {"cli", "explorer"},
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
# Rooms within rooms, in the order in which data flows; "." are the files of the room itself.
SUBROOMS = {
    "_core": (".", "families", "exact"),
    "functions": ("graph", "vocabulary", "expressions", "ties", "continuity", ".", "arrays"),
    "matrix_sets": (".", "nearest", "sets", "zonotopes", "operations", "distance"),
    "programs": (".", "array", "jaxpr", "autograd"),
    "jacobians": (".", "conservativity", "explanation"),
    "certificates": ("checker", "standalone", "."),
    "spectral": (
        "words", "automata", "norms", "semidefinite", "expanding", "reduction", "polytope", "zonotopes",
        "radius", "verdict", "growth", "counterexamples",
    ),
    "iteration": (".", "bounds", "image", "fixed", "trajectories"),
}  # fmt: skip
# Where functions may import from the package, and why; everywhere else such an import hides a circle.
LATE = {
    "cli": "a command loads its libraries when it runs: `conservative --help` must be light",
    "certificates": "`python -m` runs the checker as a program, which must not be a loaded module then",
    "__main__": "the command line is imported where an interrupt is already caught",
}
ONLY_IN = {"sympy": {"functions", "algorithms", "gallery"}, "click": {"cli"}}
FILES = sorted(PACKAGE.rglob("*.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> list[str]:
    names = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names += [node.module or ""] + [f"{node.module}.{alias.name}" for alias in node.names]
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_file_imports_lower_floors_only(path: Path) -> None:
    room = room_of(path)
    if room in {"__init__", "__main__"}:
        return
    assert room in FLOOR, f"{room} is not in the table of rooms"
    for name in imports_of(path):
        parts = name.split(".")
        for library, rooms in ONLY_IN.items():
            assert parts[0] != library or room in rooms, f"{path} imports {library}"
        if parts[0] == "conservative" and len(parts) > 1 and parts[1] in FLOOR and parts[1] != room:
            assert FLOOR[parts[1]] < FLOOR[room], f"{path} imports {name}, which is not on a lower floor"


def home_of(module: str) -> tuple[str, str] | None:
    """Room and room within it where a module stands, None for names that are none."""
    parts = module.split(".")[1:]
    path = PACKAGE.joinpath(*parts)
    if path.with_suffix(".py").exists() and len(parts) > 1:
        return parts[0], parts[1] if len(parts) > 2 else "."
    return None


def test_rooms_within_rooms_are_in_the_table_and_their_order_is_kept() -> None:
    for path in FILES:
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if path.name == "__init__.py" or len(parts) < 2 or parts[0] not in SUBROOMS:
            continue
        order = SUBROOMS[parts[0]]
        here = parts[1] if len(parts) > 2 else "."
        assert here in order, f"{path}: {here} is not in the table of rooms within {parts[0]}"
        for name in imports_of(path):
            home = home_of(name)
            if home and home[0] == parts[0]:
                assert order.index(home[1]) <= order.index(here), f"{path} imports {name}, which comes after it"


def late_imports_of(path: Path) -> set[str]:
    """What functions of this file import from the package."""
    functions = [node for node in ast.walk(tree_of(path)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    found = {node for function in functions for node in ast.walk(function)}
    names = {node.module or "" for node in found if isinstance(node, ast.ImportFrom)}
    names |= {alias.name for node in found if isinstance(node, ast.Import) for alias in node.names}
    return {name for name in names if name.split(".")[0] == "conservative"}


def test_functions_import_nothing_of_the_package_but_where_loading_must_wait() -> None:
    late = {path: names for path in FILES if (names := late_imports_of(path))}
    assert any(room_of(path) == "cli" for path in late)
    for path, names in late.items():
        assert room_of(path) in LATE, f"{path} imports {sorted(names)} inside a function"


def test_a_leading_underscore_means_private_to_its_folder() -> None:
    for path in FILES:
        for name in imports_of(path):
            module = PACKAGE.parent.joinpath(*name.split(".")).with_suffix(".py")
            if name.startswith("conservative.") and module.exists() and module.stem.startswith("_"):
                assert module.parent in (path.parent, PACKAGE), f"{path} imports {name}"


def test_the_checker_imports_the_standard_library_only() -> None:
    here = PACKAGE / "certificates"
    own = "conservative.certificates.checker."
    for path in [*(here / "checker").glob("*.py"), here / "standalone" / "checker.py"]:
        for name in imports_of(path):
            inside = path.parent.name == "checker" and name.startswith(own)
            assert inside or name.split(".")[0] in sys.stdlib_module_names, f"{path} imports {name}"


def hands_on(node: ast.stmt) -> bool:
    """A docstring, an import, the list of public names, or `__dir__`, which returns that list."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0]) == "__all__" and isinstance(node.value, ast.List)
    if isinstance(node, ast.FunctionDef):
        return node.name == "__dir__" and [ast.unparse(line) for line in node.body] == ["return __all__"]
    return isinstance(node, (ast.ImportFrom, ast.Import))


def test_init_files_hold_no_logic() -> None:
    for path in FILES:
        if path.name == "__init__.py" and path.parent != PACKAGE:
            for node in tree_of(path).body:
                assert hands_on(node), f"{path}: {ast.dump(node)[:60]}"


def test_no_dynamic_execution_or_pickle_anywhere() -> None:
    forbidden = {"eval", "exec", "sympify", "parse_expr", "compile", "loads_pickle"}
    for path in FILES:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in forbidden, f"{path}:{node.lineno} calls {node.func.id}"
        assert "pickle" not in {name.split(".")[0] for name in imports_of(path)}, f"{path} imports pickle"


def fresh(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


def test_importing_the_package_is_light() -> None:
    heavy = {"sympy", "cvxpy", "scipy", "shapely", "flint", "matplotlib", "numpy"}
    code = f"import sys, conservative, conservative.cli; print(sorted(set(sys.modules) & {heavy!r}))"
    done = fresh(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def packages_around(name: str) -> set[str]:
    parts = name.split(".")
    return {".".join(parts[:i]) for i in range(1, len(parts))}


def needed_at_import(path: Path, names: set[str]) -> set[str]:
    """The modules of the package that must be complete before this one is: what is imported outside functions."""
    found: set[str] = set()
    pending: list[ast.AST] = [tree_of(path)]
    for node in pending:
        if isinstance(node, ast.ImportFrom):
            parts = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= parts & names if parts <= names else {node.module or ""} | parts & names
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if not isinstance(node, (ast.FunctionDef, ast.Lambda)) and "TYPE_CHECKING" not in ast.dump(
            getattr(node, "test", ast.Pass())
        ):
            pending += ast.iter_child_nodes(node)
    found &= names
    # Around a module its own packages are only begun, and that is enough; those around another one are run whole.
    around = {package for other in found for package in packages_around(other)} - packages_around(module_of(path))
    return found | around - {module_of(path)}


def test_each_module_can_be_imported_first() -> None:
    """Without a cycle among the imports no order can fail, so that one process that imports all speaks for all."""
    names = {module_of(path) for path in FILES}
    graph = {module_of(path): needed_at_import(path, names) - {module_of(path)} for path in FILES}
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert set(order) == names
    assert sum(map(len, graph.values())) > 1000
    done = fresh("import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]", *MODULES)
    assert (done.returncode, done.stderr) == (0, "")


MODULES = [
    module_of(path)
    for path in FILES
    if path.name != "__main__.py" and (path.name == "__init__.py" or not path.name.startswith("_"))
]
IMPORT_EACH = """
import importlib, os, sys, warnings
import click, flint, numpy, scipy.linalg, scipy.optimize, scipy.sparse, scipy.spatial, scipy.special, shapely, sympy
warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
for name in sys.argv[1:]:
    if os.fork() == 0:
        try:
            importlib.import_module(name)
        except BaseException as error:
            print(name, type(error).__name__, error, flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_each_public_module_imports_alone_in_a_fresh_process() -> None:
    # A copy of a process that holds the libraries but nothing of the package: a hundred interpreters take minutes.
    assert len(MODULES) > 100
    assert fresh(IMPORT_EACH, *MODULES).stdout == ""
    assert "ModuleNotFoundError" in fresh(IMPORT_EACH, "conservative.nothing").stdout

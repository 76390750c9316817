"""The one file that users copy is the package, joined."""

import ast

from conservative.certificates.checker import MAX_CHARACTERS, MAX_NODES
from conservative.certificates.standalone import checker, join


def test_the_one_file_is_what_the_script_makes() -> None:
    committed = join.TARGET.read_text(encoding="utf-8")
    assert committed == join.joined(), "run python -m conservative.certificates.standalone.join"
    assert (checker.MAX_CHARACTERS, checker.MAX_NODES) == (MAX_CHARACTERS, MAX_NODES)


def test_no_file_of_the_package_is_left_out_and_no_name_stands_for_two_things() -> None:
    names: list[str] = []
    for path in join.SOURCE.glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                names.append(node.name)
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names += [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
    assert len(names) == len(set(names)) > 80
    assert set(names) <= set(vars(checker))

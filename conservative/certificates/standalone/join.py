"""Joins the files of the checker to the one file that users copy; `python -m` of this module writes it anew."""

import ast
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "checker"
TARGET = Path(__file__).with_name("checker.py")
_PREFIX = "conservative.certificates.checker."


def joined() -> str:
    """The one file: the docstring of the package, what it imports, and its files in the order of their imports."""
    heading = ast.get_docstring(ast.parse(_text("__init__")), clean=False)
    imports: dict[str, set[str]] = {}
    bodies = [_body(name, imports) for name in _in_order("__main__", [])]
    plain = [f"import {name}" for name in sorted(name for name in imports if not imports[name])]
    named = [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(imports.items()) if names]
    return f'"""{heading}"""\n\n' + "\n".join(plain + named) + "\n\n" + "\n\n\n".join(bodies) + "\n"


def _text(name: str) -> str:
    return (SOURCE / f"{name}.py").read_text(encoding="utf-8")


def _in_order(name: str, before: list[str]) -> list[str]:
    """The files that a file needs, each after those that it needs itself."""
    for node in ast.parse(_text(name)).body:
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(_PREFIX):
            other = str(node.module).removeprefix(_PREFIX)
            if other not in before:
                _in_order(other, before)
    before.append(name)
    return before


def _body(name: str, imports: dict[str, set[str]]) -> str:
    """A file without its docstring and imports; those from the standard library are collected."""
    text = _text(name)
    rest = ast.parse(text).body[1:]
    first = next(k for k, node in enumerate(rest) if not isinstance(node, (ast.Import, ast.ImportFrom)))
    for node in rest[:first]:
        if isinstance(node, ast.Import):
            imports.update({alias.name: set() for alias in node.names})
        elif isinstance(node, ast.ImportFrom) and not str(node.module).startswith(_PREFIX):
            imports.setdefault(str(node.module), set()).update(alias.name for alias in node.names)
    return "\n".join(text.splitlines()[rest[first].lineno - 1 :])


if __name__ == "__main__":
    TARGET.write_text(joined(), encoding="utf-8")

"""The house as CONTRIBUTING.md draws it: imports run downwards, modules keep to one idea."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

from tests.shared import ROOT

FLOORS = [
    "_core",
    "tables",
    "accounting",
    "trade",
    "chains",
    "spatial",
    "flows",
    "lockin",
    "uncertainty",
    "robustness",
    "report",
    "study",
    "cli",
]
MODULES = sorted((ROOT / "gvcpos").rglob("*.py"))
PACKAGES = sorted(path.parent for path in MODULES if path.name == "__init__.py")


def wing(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def imports(path: Path) -> list[tuple[str, str]]:
    """(module, name) of every gvcpos import in a file, also those inside functions and TYPE_CHECKING."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} relative import"
            found += [(node.module or "", alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
    return [(module, name) for module, name in found if module.split(".")[0] == "gvcpos"]


def test_every_wing_is_on_a_floor() -> None:
    wings = {path.relative_to(ROOT / "gvcpos").parts[0].removesuffix(".py") for path in MODULES} - {"__init__"}
    assert wings <= set(FLOORS)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_imports_run_downwards_and_stay_public(path: Path) -> None:
    own = path.relative_to(ROOT / "gvcpos").parts[0].removesuffix(".py")
    if own == "__init__":
        return
    for module, name in imports(path):
        other = wing(module) or name
        if other == "__version__":
            continue
        assert FLOORS.index(other) <= FLOORS.index(own), f"{own} imports {module} from a floor above"
        if other not in (own, "_core"):
            private = [part for part in (*module.split(".")[1:], name) if part.startswith("_")]
            assert not private, f"{own} reaches into {module}.{name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_modules_and_functions_are_of_a_readable_size(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 350
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            lines = node.end_lineno - node.lineno
            assert lines <= 60, f"{node.name} at {node.lineno}"
            if ast.get_docstring(node) is not None:
                lines -= node.body[0].end_lineno - node.body[0].lineno + 1
            assert lines <= 45, f"{node.name} at {node.lineno}"


@pytest.mark.parametrize("path", PACKAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_lazy_exports_exist(path: Path) -> None:
    module = importlib.import_module(".".join(path.relative_to(ROOT).parts))
    for name in getattr(module, "__all__", ()):
        assert getattr(module, name) is not None


@pytest.mark.parametrize("path", PACKAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_module_hides_a_public_name(path: Path) -> None:
    """Importing package.thing makes it an attribute of the package, in place of a function of the same name."""
    module = importlib.import_module(".".join(path.relative_to(ROOT).parts))
    files = {p.stem for p in path.glob("*.py")} | {p.name for p in path.iterdir() if p.is_dir()}
    assert not files & set(getattr(module, "_EXPORTS", {}))


def public_parts(body: list[ast.stmt], inside: str = "") -> list[tuple[str, ast.stmt]]:
    """Public functions and classes of a module, and what is public in these classes."""
    found: list[tuple[str, ast.stmt]] = []
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            found.append((f"{inside}{node.name}", node))
            if isinstance(node, ast.ClassDef):
                found += public_parts(node.body, f"{inside}{node.name}.")
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_public_thing_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "the module"
    silent = [name for name, node in public_parts(tree.body) if not ast.get_docstring(node)]
    assert not silent

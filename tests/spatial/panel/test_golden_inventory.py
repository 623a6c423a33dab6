"""Every row of every golden file of spatial models is compared by a test, or listed with the reason why not."""

from __future__ import annotations

import ast
import re

import pandas as pd
import pytest

from tests.shared import ROOT, shared
from tests.spatial.panel.golden_inventory import INVENTORY, Line

FILES = sorted({line.file for line in INVENTORY})


def matching(table: pd.DataFrame, line: Line) -> pd.Series:
    """Whether each row belongs to the line."""
    found = pd.Series(True, index=table.index)
    for column, expression in line.rows.items():
        found &= table[column].astype(str).str.fullmatch(expression)
    return found


def test_every_file_is_listed() -> None:
    assert {path.name for path in shared("golden/spatial").iterdir()} == set(FILES)


@pytest.mark.parametrize("file", FILES)
def test_every_row_is_compared_or_has_its_reason(file: str) -> None:
    path, lines = shared(f"golden/spatial/{file}"), [line for line in INVENTORY if line.file == file]
    if path.suffix == ".txt":
        assert len(lines) == 1
        return
    table = pd.read_csv(path, keep_default_na=False)
    seen = pd.Series(False, index=table.index)
    for line in lines:
        rows = matching(table, line)
        assert rows.any(), f"no row of {file} matches {line.rows}"
        seen |= rows
    assert seen.all(), table[~seen].iloc[:5].to_string()


def test_named_tests_exist_and_read_the_file() -> None:
    for line in INVENTORY:
        assert line.tests or line.reason, line
        for name in line.tests.split():
            module, function = name.rsplit(".", 1)
            path = ROOT / "tests" / "spatial" / f"{module.replace('.', '/')}.py"
            text = path.read_text(encoding="utf-8")
            names = {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
            assert function in names, name


def test_what_is_called_wrong_is_shown_by_a_test_or_prints_nonsense() -> None:
    for line in INVENTORY:
        if line.reason.startswith("wrong"):
            assert line.tests or "negative" in line.reason, line
        assert re.fullmatch(r"[a-zA-Z].*[^.]", line.reason or "ok")

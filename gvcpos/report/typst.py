"""Tables as Typst: a ``figure`` around a ``table`` that needs no package."""

from __future__ import annotations

import re

from gvcpos.report.table import Cell, Row, Table
from gvcpos.report.text import one_line

# Whatever Typst markup would read as more than a letter, at the start of a line or anywhere.
_MARKS = re.compile(r"[\\#$*_`<>@~\[\]=+/'\"-]")
_NEGATIVE = re.compile(r"(?<!\w)-(?=\d)")
_LABEL = re.compile(r"[^\w:.-]")


def escape_typst(text: str) -> str:
    """Return `text` on one line so that Typst markup prints it as it stands."""
    line = one_line(text)
    escaped = _MARKS.sub(r"\\\g<0>", line)
    return re.sub(r"^(\d+)\.(?=\s|$)", r"\1\\.", escaped)


def typst_table(table: Table) -> str:
    """Render a table as a Typst figure with rules above, below and between blocks.

    Parameters
    ----------
    table : Table

    Returns
    -------
    str
        Markup for the body of a document; a label, if the table has one, follows the figure.
    """
    numeric = [any(row.cells[j].numeric for row in table.rows) for j in range(len(table.columns))]
    align = ", ".join(["left", *("right" if one else "left" for one in numeric)])
    head = ", ".join(f"[{escape_typst(text)}]" for text in (table.stub, *table.columns))
    lines = [
        "#figure(",
        "  table(",
        f"    columns: {1 + len(table.columns)},",
        "    stroke: none,",
        f"    align: ({align}),",
        "    table.hline(),",
        f"    table.header({head}),",
    ]
    for block in table.blocks:
        lines.append("    table.hline(stroke: 0.5pt),")
        lines += [f"    {_line(row)}" for row in block]
    lines += ["    table.hline(),", "  ),", f"  caption: [{escape_typst(table.caption)}],", "  kind: table,"]
    label = _LABEL.sub("", table.label)
    lines.append(f") <{label}>" if label else ")")
    lines += [f"#text(size: 0.8em)[{escape_typst(note)}] \\" for note in table.footnotes]
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    return ", ".join([f"[{escape_typst(row.label)}]", *(_cell(cell) for cell in row.cells)]) + ","


def _cell(cell: Cell) -> str:
    """Write a cell; the minus of a number is typographic, stars are raised."""
    text = cell.text.replace("-", "−") if cell.numeric else _NEGATIVE.sub("−", cell.text)
    suffix = f"#super[{escape_typst(cell.suffix)}]" if "*" in cell.suffix else escape_typst(cell.suffix)
    return f"[{escape_typst(text)}{suffix}]"

"""Tables as monospaced text and as GitHub Markdown."""

from __future__ import annotations

import re
import textwrap
import unicodedata

from gvcpos.report.table import Cell, Row, Table

_MARK = r"[\\`*|~]|(?<![^\W_])_|_(?![^\W_])|<(?=[^\s\d])|&(?=#|\w+;)"
_MARKS = re.compile(_MARK)
_MARKS_AND_BRACKETS = re.compile(_MARK + r"|[\[\]]")
_LINK = re.compile(r"\]\s*[(\[:]|\[\^|^\[[ xX]\]")
_LINE_START = re.compile(r"^([#>]|[-+=](?=[-=\s]|$))")
_NUMBERED = re.compile(r"^(\d+)([.)])(?=\s|$)")
_LEAST_WIDTH = 60
_CELL_WIDTH = 44


def one_line(text: str) -> str:
    """Return `text` with control characters and runs of white space made single spaces."""
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    return " ".join(kept.split())


def _display_width(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def _fit(text: str, width: int, right: bool) -> str:
    space = " " * max(0, width - _display_width(text))
    return space + text if right else text + space


def _cell_texts(cells: list[Cell]) -> list[str]:
    """Write the cells of one column; suffixes hang to the right, so that decimals line up."""
    hang = max((len(c.suffix) for c in cells), default=0)
    return [one_line(c.text) + c.suffix.ljust(hang) for c in cells]


def text_table(table: Table) -> str:
    """Render a table as monospaced text with rules.

    Parameters
    ----------
    table : Table

    Returns
    -------
    str
        Ends with a line feed; no trailing blanks.
    """
    rows = table.rows
    columns = [[_wrapped(one_line(row.label)) for row in rows]]
    right = [False]
    for j in range(len(table.columns)):
        cells = [row.cells[j] for row in rows]
        columns.append([_wrapped(text) for text in _cell_texts(cells)])
        right.append(any(cell.numeric for cell in cells))
    heads = [one_line(h) for h in (table.stub, *table.columns)]
    widths = [
        max(_display_width(text) for text in (head, *(line for lines in column for line in lines)))
        for head, column in zip(heads, columns, strict=True)
    ]
    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    lines = [_text_line(heads, widths, right), rule]
    start = 0
    for block in table.blocks:
        for i in range(start, start + len(block)):
            lines += _text_lines([column[i] for column in columns], widths, right)
        lines.append(rule)
        start += len(block)
    lines[-1] = "=" * len(rule)
    caption = textwrap.wrap(one_line(table.caption), max(len(rule), _LEAST_WIDTH))
    out = [*caption, "=" * len(rule), *lines, *_wrapped_notes(table, len(rule))]
    return "\n".join(line.rstrip() for line in out) + "\n"


def _wrapped(text: str) -> list[str]:
    """Break a long text into lines; numbers are short and stay whole."""
    return textwrap.wrap(text, _CELL_WIDTH) if len(text) > _CELL_WIDTH else [text]


def _text_lines(cells: list[list[str]], widths: list[int], right: list[bool]) -> list[str]:
    """Lay out one row of wrapped cells as as many lines as its tallest cell has."""
    height = max(len(lines) for lines in cells)
    padded = [lines + [""] * (height - len(lines)) for lines in cells]
    return [_text_line([lines[k] for lines in padded], widths, right) for k in range(height)]


def _text_line(texts: list[str], widths: list[int], right: list[bool]) -> str:
    return "  ".join(_fit(t, w, r) for t, w, r in zip(texts, widths, right, strict=True))


def _wrapped_notes(table: Table, width: int) -> list[str]:
    notes = [one_line(note) for note in table.footnotes]
    return [line for note in notes for line in textwrap.wrap(note, max(width, _LEAST_WIDTH))]


def escape_markdown(text: str) -> str:
    """Return `text` so that GitHub Markdown shows it as it stands, on one line.

    Only what Markdown would read as a mark is escaped, so that the source stays legible: an underscore within a
    word, a lone bracket and a less-than sign before a number are left alone.
    """
    line = one_line(text)
    marks = _MARKS_AND_BRACKETS if _LINK.search(line) else _MARKS
    escaped = _LINE_START.sub(r"\\\g<0>", marks.sub(r"\\\g<0>", line))
    return _NUMBERED.sub(r"\1\\\2", escaped)


def markdown_table(table: Table) -> str:
    """Render a table as GitHub Markdown: the caption in bold, the table, the notes below."""
    rows = table.rows
    numeric = [any(row.cells[j].numeric for row in rows) for j in range(len(table.columns))]
    head = [escape_markdown(h) for h in (table.stub, *table.columns)]
    lines = [f"**{escape_markdown(table.caption)}**", ""] if table.caption else []
    lines.append(_markdown_line(head))
    lines.append(_markdown_line(["---", *("---:" if n else "---" for n in numeric)]))
    lines += [_markdown_line(_markdown_row(row)) for row in rows]
    lines += [line for note in table.footnotes for line in ("", f"*{escape_markdown(note)}*")]
    return "\n".join(lines) + "\n"


def _markdown_row(row: Row) -> list[str]:
    return [
        escape_markdown(row.label),
        *(escape_markdown(cell.text) + escape_markdown(cell.suffix) for cell in row.cells),
    ]


def _markdown_line(texts: list[str]) -> str:
    return "| " + " | ".join(texts) + " |"

"""Tables as HTML, and the plain page they stand on: valid, escaped, nothing loaded from elsewhere."""

from __future__ import annotations

import html
import re

from gvcpos.report.table import Cell, Table
from gvcpos.report.text import one_line

STYLE = """\
:root { color-scheme: light; }
body { font: 16px/1.55 Georgia, 'Times New Roman', serif; color: #1a1a1a; background: #fff;
  max-width: 62rem; margin: 2.5rem auto; padding: 0 1.25rem; }
h1, h2, h3 { font-family: 'Helvetica Neue', Arial, sans-serif; line-height: 1.25; }
h1 { font-size: 1.75rem; margin: 0 0 1rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; padding-bottom: .25rem; border-bottom: 1px solid #ccc; }
figure { margin: 1.5rem 0; overflow-x: auto; }
figcaption { font: 600 .95rem/1.4 'Helvetica Neue', Arial, sans-serif; margin-bottom: .5rem; }
img { max-width: 100%; height: auto; }
img + figcaption { font-weight: 400; margin: .25rem 0 0; max-width: 43rem; }
table { border-collapse: collapse; border-top: 2px solid #1a1a1a; border-bottom: 2px solid #1a1a1a;
  font: .875rem/1.45 'Helvetica Neue', Arial, sans-serif; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .7rem; text-align: left; white-space: nowrap; vertical-align: top; }
th { font-weight: 600; }
td.w { white-space: normal; min-width: 15rem; }
th.w { white-space: normal; min-width: 9rem; max-width: 13rem; }
thead th { border-bottom: 1px solid #1a1a1a; white-space: normal; vertical-align: bottom; }
tbody th { font-weight: 400; }
.note { max-width: 52rem; }
tbody + tbody tr:first-child > * { border-top: 1px solid #999; }
th.n, td.n { text-align: right; }
.s { display: inline-block; width: 1.5em; text-align: left; }
.note { font: .8rem/1.45 'Helvetica Neue', Arial, sans-serif; color: #444; margin: .3rem 0 0; }
.synthetic { font: 600 .85rem/1.4 'Helvetica Neue', Arial, sans-serif; color: #8a2b06;
  border: 1px solid #d55e00; padding: .4rem .7rem; display: inline-block; }
code { font-size: .85em; overflow-wrap: anywhere; }
@media print { body { max-width: none; margin: 0; } h2 { break-after: avoid; } figure { break-inside: avoid; } }
"""
_WRAP_FROM = 40
_WRAP_STUB_FROM = 28
_NEGATIVE = re.compile(r"(?<!\w)-(?=\d)")


def escape_html(text: str) -> str:
    """Return `text` on one line so that HTML shows it as it stands."""
    return html.escape(one_line(text), quote=True)


def html_page(title: str, body: str) -> str:
    """Return a whole self-contained HTML page around `body`, which is markup already."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape_html(title) or 'Table'}</title>\n<style>\n{STYLE}</style>\n</head>\n"
        f"<body>\n{body}</body>\n</html>\n"
    )


def html_table(table: Table) -> str:
    """Render a table as a ``<figure>`` with its caption and notes.

    Parameters
    ----------
    table : Table

    Returns
    -------
    str
        Markup to stand inside a page; `html_page` makes the page.
    """
    classes = [_column_class([row.cells[j] for row in table.rows]) for j in range(len(table.columns))]
    hangs = [any(row.cells[j].suffix for row in table.rows) for j in range(len(table.columns))]
    heads = "".join(
        f'<th scope="col"{c}>{_head(h)}{_hang("") if hang else ""}</th>'
        for h, c, hang in zip(table.columns, classes, hangs, strict=True)
    )
    wide = [row for row in table.rows if len(row.label) > _WRAP_STUB_FROM]
    stub = ' class="w"' if wide else ""
    parts = ["<figure>\n"]
    if table.caption:
        parts.append(f"<figcaption>{escape_html(table.caption)}</figcaption>\n")
    parts.append(f'<table>\n<thead><tr><th scope="col">{escape_html(table.stub)}</th>{heads}</tr></thead>\n')
    for block in table.blocks:
        parts.append("<tbody>\n")
        for row in block:
            cells = "".join(
                f"<td{c}>{_cell(cell, hang)}</td>" for cell, c, hang in zip(row.cells, classes, hangs, strict=True)
            )
            parts.append(f'<tr><th scope="row"{stub}>{escape_html(row.label)}</th>{cells}</tr>\n')
        parts.append("</tbody>\n")
    parts.append("</table>\n")
    parts += [f'<p class="note">{escape_html(note)}</p>\n' for note in table.footnotes]
    return "".join([*parts, "</figure>\n"])


def _head(text: str) -> str:
    """Write a header that may break after an underscore, lest names of columns push a table off the page."""
    return escape_html(text).replace("_", "_<wbr>")


def _column_class(cells: list[Cell]) -> str:
    if any(cell.numeric for cell in cells):
        return ' class="n"'
    return ' class="w"' if any(len(cell.text) > _WRAP_FROM for cell in cells) else ""


def _hang(suffix: str) -> str:
    return f'<span class="s">{escape_html(suffix)}</span>'


def _cell(cell: Cell, hang: bool) -> str:
    text = escape_html(cell.text)
    text = text.replace("-", "−") if cell.numeric else _NEGATIVE.sub("−", text)
    return text + (_hang(cell.suffix) if hang else escape_html(cell.suffix))

r"""Tables as LaTeX: a ``table`` float that needs booktabs and nothing else.

A numeric column is set as two, ``r@{}l``: the number, and the stars or bracket that hang right of it, so
that decimals line up without a further package.
"""

from __future__ import annotations

import re

from gvcpos.report.table import Cell, Row, Table
from gvcpos.report.text import one_line

_LONG = 40
_PAGE = 70
# Unlike two backslashes, this ends a row after raggedright as well.
_END = r" \tabularnewline"
_NEGATIVE = re.compile(r"(?<!\w)-(?=\d)")
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\char34{}",
    "`": r"\char96{}",
    "'": r"\char39{}",
    # An opening bracket or a star right after the end of a row would be read as an argument of \\.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
}
_MATH = {
    "−": "-",
    "×": r"\times",
    "·": r"\cdot",
    "±": r"\pm",
    "≤": r"\leq",
    "≥": r"\geq",
    "≠": r"\neq",
    "≈": r"\approx",
    "→": r"\rightarrow",
    "←": r"\leftarrow",
    "∞": r"\infty",
    "Δ": r"\Delta",
    "Σ": r"\Sigma",
    "∑": r"\sum",
    "√": r"\surd",
    "²": "^{2}",
    "³": "^{3}",
    "⁻": "^{-}",
    "¹": "^{1}",
    "₀": "_{0}",
    "₁": "_{1}",
    "₂": "_{2}",
    "χ": r"\chi",
    "α": r"\alpha",
    "β": r"\beta",
    "γ": r"\gamma",
    "δ": r"\delta",
    "ε": r"\varepsilon",
    "η": r"\eta",
    "θ": r"\theta",
    "λ": r"\lambda",
    "μ": r"\mu",
    "π": r"\pi",
    "ρ": r"\rho",
    "σ": r"\sigma",
    "τ": r"\tau",
    "φ": r"\varphi",
    "ω": r"\omega",
}
_TEXT = {"—": "---", "–": "--", "…": r"\ldots{}", "\u00a0": "~", "°": r"\textdegree{}", "§": r"\S{}"}
_REPLACEMENTS = {**_SPECIAL, **{k: rf"\ensuremath{{{v}}}" for k, v in _MATH.items()}, **_TEXT}


def escape_latex(text: str) -> str:
    r"""Return `text` so that LaTeX prints it as it stands.

    Special characters are escaped, Greek letters and common signs become their commands, control
    characters blanks. Accented Latin letters stay (any LaTeX since 2018 reads UTF-8); letters of other
    scripts stay as well and need XeLaTeX or LuaLaTeX with a fitting font.
    """
    return "".join(_REPLACEMENTS.get(c, c) for c in one_line(text))


def latex_table(table: Table) -> str:
    r"""Render a table as a ``\begin{table}`` float with booktabs rules.

    Parameters
    ----------
    table : Table

    Returns
    -------
    str
        Needs ``\usepackage{booktabs}`` in the preamble.
    """
    numeric = [any(row.cells[j].numeric for row in table.rows) for j in range(len(table.columns))]
    layout = _text_column([row.label for row in table.rows]) + "".join(
        "r@{}l" if n else _text_column([row.cells[j].text for row in table.rows]) for j, n in enumerate(numeric)
    )
    lines = [r"\begin{table}[htbp]", r"\centering", *_size(table)]
    if table.caption:
        lines.append(rf"\caption{{{escape_latex(table.caption)}}}")
    if table.label:
        lines.append(rf"\label{{{_label(table.label)}}}")
    lines += [rf"\begin{{tabular}}{{{layout}}}", r"\toprule", _head(table, numeric), r"\midrule"]
    for i, block in enumerate(table.blocks):
        lines += [r"\midrule"] if i else []
        lines += [_line(row, numeric) for row in block]
    lines += [r"\bottomrule", r"\end{tabular}", *_notes(table), r"\end{table}"]
    return "\n".join(lines) + "\n"


def _text_column(texts: list[str]) -> str:
    """Choose a column of one line, or of wrapped paragraphs where texts are long."""
    return r"p{0.22\linewidth}" if max(map(len, texts), default=0) > _LONG else "l"


def _size(table: Table) -> list[str]:
    """Choose smaller type for tables too wide for a page at the usual size."""
    texts = [[row.label, *(cell.text for cell in row.cells)] for row in table.rows]
    columns = zip((table.stub, *table.columns), *texts, strict=True)
    width = sum(min(_LONG // 2, max(map(len, column))) + 2 for column in columns)
    if width <= _PAGE:
        return []
    size = r"\footnotesize" if width <= 1.2 * _PAGE else r"\scriptsize"
    return [size + r"\setlength{\tabcolsep}{3pt}"]


def _label(label: str) -> str:
    return "".join(c for c in label if c.isascii() and (c.isalnum() or c in ":-."))


def _wrapping(text: str) -> str:
    """Set a longer text ragged, lest a narrow paragraph be torn apart."""
    return rf"\raggedright {text}" if len(text) > _LONG // 2 else text


def _head(table: Table, numeric: list[bool]) -> str:
    heads = [
        rf"\multicolumn{{2}}{{c}}{{{escape_latex(h)}}}" if n else escape_latex(h)
        for h, n in zip(table.columns, numeric, strict=True)
    ]
    return " & ".join([escape_latex(table.stub), *heads]) + _END


def _line(row: Row, numeric: list[bool]) -> str:
    cells = [_cell(cell, n) for cell, n in zip(row.cells, numeric, strict=True)]
    return " & ".join([_wrapping(escape_latex(row.label)), *cells]) + _END


def _cell(cell: Cell, numeric_column: bool) -> str:
    if not numeric_column:
        return _wrapping(_NEGATIVE.sub("$-$", escape_latex(cell.text + cell.suffix)))
    if not cell.numeric:
        if not cell.text + cell.suffix:
            return "&"
        text = _NEGATIVE.sub("$-$", escape_latex(cell.text + cell.suffix))
        return (
            rf"\multicolumn{{2}}{{r}}{{{text}}}" if cell.text.startswith("[") else rf"\multicolumn{{2}}{{c}}{{{text}}}"
        )
    text = _power(cell.text) if "e" in cell.text else escape_latex(cell.text).replace("-", "$-$")
    suffix = f"$^{{{cell.suffix}}}$" if "*" in cell.suffix else escape_latex(cell.suffix)
    return f"{text} & {suffix}"


def _power(text: str) -> str:
    """Typeset ``-2.3e-07`` (perhaps after an opening bracket) as a power of ten."""
    lead = "(" if text.startswith("(") else ""
    mantissa, exponent = text[len(lead) :].split("e")
    return rf"{lead}${mantissa}\times 10^{{{int(exponent)}}}$"


def _notes(table: Table) -> list[str]:
    if not table.footnotes:
        return []
    lines = [escape_latex(note) + r"\par" for note in table.footnotes]
    return [r"\par\medskip", r"\begin{minipage}{0.9\linewidth}\footnotesize", *lines, r"\end{minipage}"]

r"""Tables as LaTeX: a ``table`` float that needs booktabs and nothing else.

A numeric column is set as two, ``r@{}l``: the number, and the stars or bracket that hang right of it, so
that decimals line up without a further package.
"""

from __future__ import annotations

from gvcpos.report.table import Cell, Row, Table
from gvcpos.report.text import one_line

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
    layout = "l" + "".join("r@{}l" if n else "l" for n in numeric)
    lines = [r"\begin{table}[htbp]", r"\centering"]
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


def _label(label: str) -> str:
    return "".join(c for c in label if c.isascii() and (c.isalnum() or c in ":-."))


def _head(table: Table, numeric: list[bool]) -> str:
    heads = [
        rf"\multicolumn{{2}}{{c}}{{{escape_latex(h)}}}" if n else escape_latex(h)
        for h, n in zip(table.columns, numeric, strict=True)
    ]
    return " & ".join([escape_latex(table.stub), *heads]) + r" \\"


def _line(row: Row, numeric: list[bool]) -> str:
    cells = [_cell(cell, n) for cell, n in zip(row.cells, numeric, strict=True)]
    return " & ".join([escape_latex(row.label), *cells]) + r" \\"


def _cell(cell: Cell, numeric_column: bool) -> str:
    if not numeric_column:
        return escape_latex(cell.text + cell.suffix)
    if not cell.numeric:
        if not cell.text + cell.suffix:
            return "&"
        return rf"\multicolumn{{2}}{{c}}{{{escape_latex(cell.text + cell.suffix)}}}"
    text = escape_latex(cell.text).replace("-", "$-$") if "e-" not in cell.text else _power(cell.text)
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

"""A finished table: captions, headers, blocks of rows and notes, each cell with its value and its writing.

The table is built once, from numbers; LaTeX, HTML, Typst, text and Markdown are renderings of the same object.
"""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import locate
from gvcpos.report.numbers import as_float, fixed, is_missing, plain, probability

SYNTHETIC_NOTE = "SYNTHETIC DATA: every number comes from a made-up world, none from a statistical office."
_INDEX_NAMES = frozenset({"year", "years", "stage_number", "seed", "lag"})


@dataclass(frozen=True)
class Cell:
    """One cell: the value it stands for, how it is written, and a suffix set apart (stars, a bracket).

    Attributes
    ----------
    value : float, int, str or None
        What is written, unrounded. None where nothing is.
    text : str
        The writing up to the suffix.
    suffix : str
        Significance stars, or the closing bracket of a standard error; it hangs right of the decimals.
    """

    value: float | int | str | None = None
    text: str = ""
    suffix: str = ""

    @property
    def numeric(self) -> bool:
        """Whether the cell writes a number (right-aligned, typeset minus)."""
        return isinstance(self.value, numbers.Real) and not isinstance(self.value, bool)


@dataclass(frozen=True)
class Row:
    """One line of a table: its label and one cell a column."""

    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """A table ready to be printed.

    Attributes
    ----------
    caption : str
    stub : str
        Header over the row labels.
    columns : tuple of str
        Header over each column.
    blocks : tuple of tuple of Row
        Rows in groups; a rule is drawn between groups.
    notes : tuple of str
        Lines below the table.
    label : str
        LaTeX label, as in ``tab:sdm``; none if empty.
    synthetic : bool
        Whether the numbers come from synthetic data; every rendering then says so.

    Raises
    ------
    InputError
        If a row has more or fewer cells than the table has columns.
    """

    caption: str
    stub: str
    columns: tuple[str, ...]
    blocks: tuple[tuple[Row, ...], ...]
    notes: tuple[str, ...] = field(default=())
    label: str = ""
    synthetic: bool = False

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                raise InputError(
                    f"table {self.caption!r}: row {row.label!r} has {len(row.cells)} cells for "
                    f"{len(self.columns)} columns. Give one cell a column."
                )

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every row, the blocks run together."""
        return tuple(row for block in self.blocks for row in block)

    @property
    def footnotes(self) -> tuple[str, ...]:
        """The notes, with the word about synthetic data last."""
        return (*self.notes, SYNTHETIC_NOTE) if self.synthetic else self.notes

    def to_frame(self) -> pd.DataFrame:
        """Return the unrounded values: columns row, column, value, text; one line a cell."""
        records = [
            (row.label, column, cell.value, cell.text + cell.suffix)
            for row in self.rows
            for column, cell in zip(self.columns, row.cells, strict=True)
        ]
        return pd.DataFrame(records, columns=["row", "column", "value", "text"])

    def to_text(self) -> str:
        """Return the table as monospaced text."""
        from gvcpos.report.text import text_table

        return text_table(self)

    def to_markdown(self) -> str:
        """Return the table as a GitHub Markdown table."""
        from gvcpos.report.text import markdown_table

        return markdown_table(self)

    def to_latex(self) -> str:
        r"""Return a ``\begin{table}`` float that needs only the booktabs package."""
        from gvcpos.report.latex import latex_table

        return latex_table(self)

    def to_typst(self) -> str:
        """Return the table as a Typst ``#figure`` around a table; no package needed."""
        from gvcpos.report.typst import typst_table

        return typst_table(self)

    def to_html(self, *, page: bool = True) -> str:
        """Return the table as HTML: a whole self-contained page, or the ``<figure>`` alone."""
        from gvcpos.report.markup import html_page, html_table

        return html_page(self.caption, html_table(self)) if page else html_table(self)


def column_digits(values: Sequence[object], digits: int) -> int:
    """Choose the decimals of one column: fewer for large numbers, so that a column stays readable."""
    sizes = [abs(float(v)) for v in values if isinstance(v, numbers.Real) and not is_missing(v)]
    finite = [s for s in sizes if s != float("inf")]
    largest = max(finite, default=0.0)
    for bound, most in ((1e4, 0), (1e3, 1), (1e2, 2), (10.0, 3)):
        if largest >= bound:
            return min(digits, most)
    return digits


def value_cell(value: object, digits: int = 4, *, index: bool = False) -> Cell:
    """Make the cell of one value of a frame; `index` numbers (years) carry no thousands separator."""
    if is_missing(value):
        return Cell(None, plain(None))
    if isinstance(value, (bool, np.bool_)):
        return Cell(str(plain(value)), plain(value))
    if isinstance(value, numbers.Integral):
        return Cell(int(value), str(int(value)) if index else fixed(value))
    if isinstance(value, numbers.Real):
        whole = index and float(value).is_integer()
        return Cell(float(value), str(int(float(value))) if whole else fixed(float(value), digits))
    return Cell(str(value), str(value))


def frame_table(
    frame: pd.DataFrame,
    *,
    caption: str = "",
    stub: str | None = None,
    columns: Iterable[str] | None = None,
    names: Mapping[str, str] | None = None,
    digits: int | Mapping[str, int] = 4,
    notes: Sequence[str] = (),
    label: str = "",
    synthetic: bool = False,
) -> Table:
    """Make a table of any frame, row by row as it stands.

    Parameters
    ----------
    frame : DataFrame
        Its index is not printed. Missing values become an em dash.
    stub : str, optional
        The column that labels the rows; the first chosen one by default.
    columns : iterable of str, optional
        The columns to print, in order; all by default.
    names : mapping, optional
        Column name to header.
    digits : int or mapping
        Most decimals, of all columns or by column. Given as one number, columns of large numbers get fewer.
        Columns called pvalue or p_* are written as p-values, ``<0.0001`` at the least.

    Raises
    ------
    LabelError
        If a chosen column does not exist.
    """
    have = [str(c) for c in frame.columns]
    chosen = list(columns) if columns is not None else have
    where = dict(zip(chosen, locate(chosen, have, "columns of the frame"), strict=True))
    first = stub if stub is not None else chosen[0]
    if first not in where:
        where[first] = locate([first], have, "columns of the frame")[0]
    rest = [c for c in chosen if c != first]
    header = {c: (names or {}).get(c, c) for c in [first, *rest]}
    cells = {c: _column_cells(c, frame.iloc[:, where[c]].tolist(), digits) for c in [first, *rest]}
    rows = tuple(Row(cells[first][i].text, tuple(cells[c][i] for c in rest)) for i in range(len(frame)))
    return Table(caption, header[first], tuple(header[c] for c in rest), (rows,), tuple(notes), label, synthetic)


def _column_cells(name: str, values: list[object], digits: int | Mapping[str, int]) -> list[Cell]:
    if name == "pvalue" or name.startswith("p_"):
        return [Cell(as_float(v), probability(v)) for v in values]
    index = name in _INDEX_NAMES
    places = digits.get(name, 4) if isinstance(digits, Mapping) else column_digits(values, digits)
    return [value_cell(v, places, index=index) for v in values]

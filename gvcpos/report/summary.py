"""The summary of a study: the verdict first, then what it rests on, as one structure and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

import pandas as pd

from gvcpos.report.regression import RegressionTable
from gvcpos.report.table import SYNTHETIC_NOTE, Table, frame_table
from gvcpos.report.text import escape_markdown, markdown_table, text_table


@dataclass(frozen=True)
class FigureLink:
    """A figure of the results folder.

    Attributes
    ----------
    stem : str
        Path relative to the folder, without suffix, as in ``"figures/moran"``; ``.png`` and ``.svg`` lie there.
    caption : str
    """

    stem: str
    caption: str


Item = str | Sequence[str] | Table | pd.DataFrame | FigureLink


@dataclass(frozen=True)
class Section:
    """A titled part of the summary.

    Attributes
    ----------
    title : str
    items : tuple
        In order: a str is a paragraph, a sequence of str a list, a frame or `Table` a table, a `FigureLink` a
        figure. Text is plain text; it is escaped where it is rendered.
    """

    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class StudySummary:
    """Everything a summary says.

    Attributes
    ----------
    title : str
    verdict : tuple of str
        The sentences that answer the study's question; they come first.
    run : mapping of str to str
        What was run: specification, inputs, years, countries.
    sections : tuple of Section
        The evidence: dominance, tests, autocorrelation, regressions, effects, planted against estimated.
    files : mapping of str to str
        File of the results folder to what it holds.
    doubts : tuple of str
        Warnings met on the way and what they put in doubt.
    synthetic : bool
        Whether the data are synthetic; the summary then says so on top.
    """

    title: str
    verdict: tuple[str, ...]
    run: Mapping[str, str]
    sections: tuple[Section, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()
    synthetic: bool = False

    @property
    def parts(self) -> tuple[Section, ...]:
        """Every section in order, the verdict first."""
        doubts: Item = self.doubts or "None were raised."
        files = tuple(f"{name}: {what}" for name, what in self.files.items())
        return (
            Section("Verdict", self.verdict),
            Section("What was run", (tuple(f"{what}: {value}" for what, value in self.run.items()),)),
            *self.sections,
            Section("Warnings and doubts", (doubts,)),
            *((Section("Files", (files,)),) if files else ()),
        )


def summary_markdown(summary: StudySummary) -> str:
    """Render a summary as GitHub Markdown.

    Parameters
    ----------
    summary : StudySummary

    Returns
    -------
    str
        Regression tables stand in fenced blocks of text, other tables as Markdown tables; figures are links to
        the PNG files of the results folder.
    """
    blocks = [f"# {escape_markdown(summary.title)}"]
    if summary.synthetic:
        blocks.append(f"> **{escape_markdown(SYNTHETIC_NOTE)}**")
    for section in summary.parts:
        blocks.append(f"## {escape_markdown(section.title)}")
        blocks += [_markdown_item(item) for item in section.items]
    return "\n\n".join(block.rstrip("\n") for block in blocks if block) + "\n"


def as_table(item: Table | pd.DataFrame) -> Table:
    """Return a frame as a table; a table as it is."""
    return frame_table(item) if isinstance(item, pd.DataFrame) else item


def _markdown_item(item: Item) -> str:
    if isinstance(item, str):
        return escape_markdown(item)
    if isinstance(item, RegressionTable):
        return f"```text\n{text_table(item)}```"
    if isinstance(item, (Table, pd.DataFrame)):
        return markdown_table(as_table(item))
    if isinstance(item, FigureLink):
        return f"![{escape_markdown(item.caption)}]({quote(item.stem)}.png)"
    return "\n".join(f"- {escape_markdown(text)}" for text in item)

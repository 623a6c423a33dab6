"""The summary as one HTML page that carries its figures inside."""

from __future__ import annotations

import base64
from pathlib import Path

import pandas as pd

from gvcpos._core.files import existing_file
from gvcpos.report.markup import escape_html, html_page, html_table
from gvcpos.report.summary import FigureLink, Item, Section, StudySummary, as_table
from gvcpos.report.table import SYNTHETIC_NOTE, Table


def report_html(summary: StudySummary, folder: str | Path) -> str:
    """Render a summary as a self-contained page.

    Parameters
    ----------
    summary : StudySummary
    folder : str or Path
        The results folder, in which the SVG files of the figures are found.

    Returns
    -------
    str
        Markup that loads nothing from elsewhere: figures are embedded.

    Raises
    ------
    InputError
        If the SVG file of a figure is absent.
    """
    parts = [f"<h1>{escape_html(summary.title)}</h1>\n"]
    if summary.synthetic:
        parts.append(f'<p class="synthetic">{escape_html(SYNTHETIC_NOTE)}</p>\n')
    parts += [_section(section, Path(folder)) for section in summary.parts]
    return html_page(summary.title, "".join(parts))


def _section(section: Section, folder: Path) -> str:
    items = "".join(_item(item, folder) for item in section.items)
    return f"<section>\n<h2>{escape_html(section.title)}</h2>\n{items}</section>\n"


def _item(item: Item, folder: Path) -> str:
    if isinstance(item, str):
        return f"<p>{escape_html(item)}</p>\n"
    if isinstance(item, (Table, pd.DataFrame)):
        return html_table(as_table(item))
    if isinstance(item, FigureLink):
        return _figure(item, folder)
    return "<ul>\n" + "".join(f"<li>{escape_html(text)}</li>\n" for text in item) + "</ul>\n"


def _figure(link: FigureLink, folder: Path) -> str:
    path = existing_file(folder / f"{link.stem}.svg", f"the figure {link.caption!r}")
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    caption = escape_html(link.caption)
    image = f'<img alt="{caption}" src="data:image/svg+xml;base64,{data}">'
    return f"<figure>\n{image}\n<figcaption>{caption}</figcaption>\n</figure>\n"

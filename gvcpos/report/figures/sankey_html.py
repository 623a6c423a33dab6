"""The Sankey diagram as a page to move about in: plotly's, with the same boxes, bands and colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos.report.figures.sankey_drawing import KINDS, boxes, drawn
from gvcpos.report.figures.style import DARK, GREY


def sankey_page(
    frame: pd.DataFrame,
    *,
    order: Sequence[str],
    titles: Mapping[str, str] | None = None,
    unit: str = "",
    least: float = 0.0,
    title: str = "Flows",
    source: str = "",
    synthetic: bool = False,
) -> str:
    """Write the diagram of `sankey` as one HTML page that loads nothing from elsewhere.

    Parameters
    ----------
    frame, order, titles, unit, least, title, source, synthetic
        As for `sankey`.

    Returns
    -------
    str
        Markup with plotly's script inside (about 5 MB); pointing at a band says what it is and how much.

    Raises
    ------
    InputError
        If plotly is not installed (extra ``report``), or as `sankey` does.
    LabelError
        If a column is missing.
    """
    try:
        import plotly.graph_objects as go
    except ImportError as error:
        raise InputError("an interactive diagram needs plotly: pip install 'gvcpos[report]'.") from error
    rows, _ = drawn(frame, least)
    names, links, column = boxes(rows, order)
    called = [str((titles or {}).get(name, name)) for name in names]
    said = [str((titles or {}).get(name, name)) for name in rows["flow"]]
    figure = go.Figure(
        go.Sankey(
            arrangement="snap",
            valuesuffix=f" {unit}" if unit else "",
            node={"label": called, "color": np.where(column % 2, DARK, GREY).tolist(), "pad": 12, "thickness": 12},
            link={
                "source": [a for a, _ in links],
                "target": [b for _, b in links],
                "value": rows["value"].tolist(),
                "label": said,
                "color": [_faint(KINDS[kind][0]) for kind in rows["kind"]],
            },
        )
    )
    below = ". ".join(part.rstrip(".") for part in (source, "SYNTHETIC DATA" if synthetic else "") if part)
    heading = f"{title}, {unit}" if unit else title
    figure.update_layout(title={"text": f"{heading}<br><sub>{below}</sub>" if below else heading}, font={"size": 11})
    return str(figure.to_html(include_plotlyjs=True, full_html=True, div_id="sankey"))


def _faint(colour: str) -> str:
    """Give a colour half its strength, as plotly writes it."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.5)"

"""From a run of flows to files: frames, Sankey diagrams by mass, cost and value, other figures, summary, manifest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from gvcpos._core.files import write_text
from gvcpos.report import figures as draw
from gvcpos.report import report_html, summary_markdown
from gvcpos.report.figures.sankey_html import sankey_page
from gvcpos.study.flow_run import FlowResults
from gvcpos.study.flow_summary import summarise_flows
from gvcpos.study.folder import MANIFEST, write_frame
from gvcpos.study.manifest import make_manifest
from gvcpos.study.progress import Progress, silent

Drawing = tuple[str, str, Callable[[], Figure], pd.DataFrame]
_BANDS = 12
_MEASURES = {"mass": "kt", "cost": "USD million", "value": "USD million"}


def write_flow_results(results: FlowResults, source: Path, folder: Path, progress: Progress = silent) -> None:
    """Write everything into an empty folder; the manifest comes last."""
    for name, frame in results.frames.items():
        write_frame(frame, folder / "frames" / name)
    drawings = list(flow_figures(results))
    for done, (name, _, make, data) in enumerate(drawings, start=1):
        shown = data.assign(synthetic=True) if results.system.synthetic else data
        draw.save_figure(make(), folder / "figures" / name, data=shown)
        progress("figures", done, len(drawings))
    pages = list(_pages(results, folder))
    captions = {name: caption for name, caption, _, _ in drawings}
    summary = summarise_flows(results, captions, pages)
    write_text(folder / "summary.md", summary_markdown(summary))
    write_text(folder / "report.html", report_html(summary, folder))
    manifest = make_manifest(
        results.system.spec,
        {source.name: source},
        folder,
        name=results.system.spec.name,
        seed=results.seed,
        synthetic=results.system.synthetic,
        warnings=(),
    )
    write_text(folder / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")


def sankey_frame(results: FlowResults, measure: str) -> pd.DataFrame:
    """Return the flows of the last year by mass, cost or value: flow, source, target, kind, value.

    A flow against the order of the file's processes is called recycled.
    """
    spec = results.system.spec
    order = {name: number for number, name in enumerate(spec.processes)}
    if measure == "mass":
        frame = results.frames["flows"]
        values = frame[(frame["layer"] == "total") & (frame["year"] == results.last)].set_index("flow")["mass"]
    else:
        frame = results.frames["unit_costs"]
        own = frame[(frame["layer"] == "total") & (frame["year"] == results.last)].set_index("flow")
        values = own["mass"] * own["unit_cost" if measure == "cost" else "price"] / 1000.0
    rows = []
    for name, flow in spec.flows.items():
        back = flow.from_ in order and flow.to in order and order[flow.to] <= order[flow.from_]
        kind = "recycled" if back else "product" if flow.kind == "stock" else flow.kind
        rows.append((name, flow.from_, flow.to, kind, values.get(name, float("nan"))))
    out = pd.DataFrame(rows, columns=["flow", "source", "target", "kind", "value"])
    return out[out["value"] > 0].reset_index(drop=True)


def titles_of(results: FlowResults) -> dict[str, str]:
    """What processes and flows are called."""
    spec = results.system.spec
    named = {**spec.processes, **spec.flows}
    return {name: block.title or name.replace("_", " ") for name, block in named.items()}


def flow_figures(results: FlowResults) -> Iterator[Drawing]:
    """Make the figures of a run: name, caption, a function that draws, the data that it draws."""
    titles = titles_of(results)
    look: dict[str, Any] = {"source": results.system.spec.title, "synthetic": results.system.synthetic}
    for name, caption, data, options in _sankeys(results, titles):
        yield name, caption, partial(draw.sankey, data, **options, **look), data
    if "cost_centres" in results.frames:
        yield from _money_figures(results, titles, look)
    if "intervals" in results.frames:
        bands = _bands(results)
        words = "The largest flows over the years, median and 95 % interval of the draws"
        make = partial(draw.flow_bands, bands, titles=titles, unit="kt", **look)
        yield "bands", words, make, bands


def _sankeys(
    results: FlowResults, titles: Mapping[str, str]
) -> Iterator[tuple[str, str, pd.DataFrame, dict[str, Any]]]:
    """Name, caption, data and options of each Sankey diagram."""
    measures = list(_MEASURES) if results.costs is not None else ["mass"]
    for measure in measures:
        data = sankey_frame(results, measure)
        if data.empty:
            continue
        title = f"Flows by {measure}, {results.last}"
        options = {
            "order": list(results.system.spec.processes),
            "titles": titles,
            "unit": _MEASURES[measure],
            "title": title,
        }
        yield f"sankey_{measure}", f"{title}; boxes are processes, loops below lead back", data, options


def _pages(results: FlowResults, folder: Path) -> Iterator[str]:
    """Write the interactive diagrams, where plotly is installed; give their names."""
    from importlib.util import find_spec

    if find_spec("plotly") is None:
        return
    look: dict[str, Any] = {"source": results.system.spec.title, "synthetic": results.system.synthetic}
    for name, _, data, options in _sankeys(results, titles_of(results)):
        write_text(folder / "pages" / f"{name}.html", sankey_page(data, **options, **look))
        yield f"pages/{name}.html"


def _money_figures(results: FlowResults, titles: Mapping[str, str], look: dict[str, Any]) -> Iterator[Drawing]:
    """Cost by centre, and both sides of every stage, in the last year."""
    frame = results.frames["cost_centres"]
    own = frame[(frame["year"] == results.last) & frame.groupby("process")["total"].transform("any")]
    labels = own[["process", "kind"]].rename(columns={"process": "centre"})
    rows = [
        labels.assign(fate="product", cost=own["product"] + own["stock"]),
        labels.assign(fate="loss", cost=own["loss"]),
    ]
    data = pd.concat(rows, ignore_index=True)
    caption = f"What goes through each process in {results.last}, by first kind of cost, into products and into losses"
    title = f"Cost through each process, {results.last}: into products, and into losses"
    yield "cost_structure", caption, partial(draw.cost_structure, data, titles=titles, title=title, **look), data
    sides = results.frames["stages"]
    stages = sides[sides["year"] == results.last].reset_index(drop=True)
    quantities = {
        "mass_out": "Mass out,\nkt",
        "cost_out": "Cost,\nUSD million",
        "value_out": "Value,\nUSD million",
        "value_added": "Value added,\nUSD million",
    }
    title = f"By stage, {results.last}: how much, at what cost, for what value"
    caption = f"The physical and the monetary side of every stage in {results.last}: who pays, who earns"
    yield "stages", caption, partial(draw.stage_sides, stages, quantities=quantities, title=title, **look), stages


def _bands(results: FlowResults) -> pd.DataFrame:
    """Intervals of the flows that are largest in the last year."""
    frame = results.frames["intervals"]
    total = frame[frame["layer"] == "total"]
    last = total[total["year"] == results.last].sort_values("median", ascending=False, kind="stable")
    chosen = [name for name in results.system.network.flows if name in set(last["flow"].head(_BANDS))]
    own = total[total["flow"].isin(chosen)].rename(columns={"flow": "name"})
    return own[["name", "year", "median", "lower", "upper"]].reset_index(drop=True)

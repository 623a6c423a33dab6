"""The panel of a chain from published indices, in the shape of `gvc_panel`; panels of several sources."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError, LabelError
from gvcpos._core.labels import enumerate_labels, locate
from gvcpos.chains.chain import Chain
from gvcpos.chains.published_weights import DENOMINATORS, SUMS, derived, over, stage_mean, stage_sums
from gvcpos.tables.published import PublishedIndices

FloatArray = npt.NDArray[np.float64]
_FIRST = ("x", "va", "va_rate", "exports", "va_share", "export_share", "rca", "rca_va")
_PUBLISHED_RATIOS = ("rca", "rca_va", "rca_va_sector")  # recomputed from sums where the flows are there
_LAST = ("aggregated", "source")


def published_panel(
    published: PublishedIndices,
    chain: Chain,
    *,
    weights: Mapping[str, str] | None = None,
    countries: Iterable[str] | None = None,
) -> pd.DataFrame:
    """Make the panel of a chain from published sector indices.

    Parameters
    ----------
    published : PublishedIndices
        By sector, with every sector of the chain; or by stage, which is then taken as it is.
    chain : Chain
    weights : mapping, optional
        Measure to the published column that is the denominator of it, for measures with no known one.
    countries : iterable of str, optional
        Rows to keep. Shares are of all economies that were published.

    Returns
    -------
    DataFrame
        country, stage, year, measures as in `gvc_panel` (va_rate = va/x, va_share and export_share of the stage over
        all economies, rca from the sums of exports, upstreamness = PLv, downstreamness = PLy), what else was
        published, then aggregated (the row's stage has several sectors) and source. ``attrs``: published = True,
        source, chain, boundary, unit, aggregation (measure to the flow that weighs its sectors), not_aggregated
        (measures that are NaN in stages of several sectors, as nothing published says how they add up).

    Raises
    ------
    LabelError
        If a sector of the chain or a country asked for is not there, or a sector lacks a year that another has.
    InputError
        If the indices are of whole countries.

    Notes
    -----
    A stage's index is the ratio of the sums of its two flows. Lengths (Wang et al. 2017b): PLv by value added, PLy by
    final output, PLv_GVC by value added sold into value chains abroad, PLy_GVC by final output times the import
    content of exports; gvc_position is then their ratio. Upstreamness and downstreamness are weighted by output.
    """
    stages = _positions(published, chain)
    frames: list[pd.DataFrame] = []
    told: dict[str, str] = {}
    for source in published.sources:
        frames += _source_frames(published, source, stages, weights or {}, told)
    panel = _sorted(pd.concat(frames, ignore_index=True), published.countries, chain.stage_names)
    if countries is not None:
        wanted = [str(c) for c in countries]
        locate(wanted, published.countries, "country of the published indices")
        panel = panel[panel["country"].isin(wanted)].reset_index(drop=True)
    several = any(len(positions) > 1 for positions in stages.values())
    panel.attrs.update(_attrs(published, chain, panel, told, several=several))
    return panel


def stack_panels(*panels: pd.DataFrame) -> pd.DataFrame:
    """Put panels of different origin under each other; the column source says which row is whose.

    Parameters
    ----------
    *panels : DataFrame
        Of `gvc_panel` or `published_panel`. A panel without a column source is "computed from" what its ``attrs`` name.

    Returns
    -------
    DataFrame
        All rows and columns, source last. Tests take one panel: a country, stage and year in two sources is a
        duplicated row there, and is refused.

    Raises
    ------
    InputError
        If a computed panel does not say what it was computed from, or the panels are by different units.
    LabelError
        If two panels have rows of the same source.
    """
    if len(panels) < 2:
        raise InputError("stack_panels needs at least two panels.")
    named = [with_source(panel) for panel in panels]
    units = {unit for panel in named for unit in ("stage", "sector") if unit in panel}
    if len(units) > 1:
        raise InputError("stack_panels: some panels are by stage, others by sector. Make all by one of them.")
    sources = [source for panel in named for source in panel["source"].drop_duplicates()]
    twice = [source for source in dict.fromkeys(sources) if sources.count(source) > 1]
    if twice:
        raise LabelError(f"stack_panels: two panels of the source {enumerate_labels(twice)}. Give each once.")
    out = pd.concat(named, ignore_index=True)
    out = out[[*(c for c in out.columns if c != "source"), "source"]]
    out.attrs = {"source": "; ".join(sources), "published": None}
    return out


def with_source(panel: pd.DataFrame) -> pd.DataFrame:
    """Return a panel with its source in a column: as published, or "computed from" the tables behind it."""
    if "source" in panel:
        return panel
    origin = str(panel.attrs.get("source", "")).strip()
    if not origin:
        raise InputError("the panel does not say what it was computed from: set panel.attrs['source'].")
    return panel.assign(source=f"computed from {origin}")


def _source_frames(
    published: PublishedIndices,
    source: str,
    stages: Mapping[str, npt.NDArray[np.intp]],
    weights: Mapping[str, str],
    told: dict[str, str],
) -> list[pd.DataFrame]:
    """Return one frame a stage of one source, and note in `told` what weighs the sectors of each measure."""
    labels, cells = _cells(published, source)
    cells |= derived(cells)
    known = _denominators(cells, weights)
    told |= {name: text for name, (text, _) in known.items()}
    frames = []
    for stage, positions in stages.items():
        values = _stage(cells, known, positions)
        values |= _shares(values, cells, labels)
        rows = {"country": labels["country"], "stage": stage, "year": labels["year"], **_ordered(values)}
        frames.append(pd.DataFrame(rows).assign(aggregated=len(positions) > 1, source=source))
    return frames


def _positions(published: PublishedIndices, chain: Chain) -> dict[str, npt.NDArray[np.intp]]:
    """Return stage to the positions of its sectors; indices published by stage are taken as they are."""
    if published.level == "country":
        raise InputError("published_panel needs indices by sector or stage; these are of whole countries.")
    if published.level == "sector":
        return chain.check(published)
    return {name: locate([name], published.sectors, "published stage") for name in chain.stage_names}


def _cells(published: PublishedIndices, source: str) -> tuple[dict[str, np.ndarray], dict[str, FloatArray]]:
    """Lay the measures of a source out as (country and year, sector); every pair must have every sector."""
    frame = published.frame[published.frame["source"] == source]
    row = frame.groupby(["country", "year"], sort=False).ngroup().to_numpy()
    rows = frame[["country", "year"]].drop_duplicates().to_numpy()
    column = pd.Index(published.sectors).get_indexer(frame[published.level])
    shape = (len(rows), len(published.sectors))
    there = np.zeros(shape, dtype=bool)
    there[row, column] = True
    if not there.all():
        named = [f"{rows[i, 0]} {published.sectors[j]} {rows[i, 1]}" for i, j in np.argwhere(~there)]
        raise LabelError(f"published indices of {source} lack {enumerate_labels(named, 4)}. Add the rows.")
    cells = {name: np.empty(shape) for name in published.measures}
    for name, values in cells.items():
        values[row, column] = frame[name].to_numpy(float)
    labels = {"country": rows[:, 0], "year": rows[:, 1].astype(int)}
    return labels, {name: values for name, values in cells.items() if np.isfinite(values).any()}


def _denominators(cells: Mapping[str, FloatArray], named: Mapping[str, str]) -> dict[str, tuple[str, FloatArray]]:
    """Return measure to the words for its denominator and the flow itself."""
    known = {}
    for name, one in DENOMINATORS.items():
        if name in cells and set(one.columns) <= set(cells):
            known[name] = (one.text, one.flow(cells))
    for measure, column in named.items():
        locate([measure, column] if measure != column else [measure], list(cells), "published measure")
        known[measure] = (f"{column} (as asked for)", cells[column])
    return known


def _stage(
    cells: Mapping[str, FloatArray], known: Mapping[str, tuple[str, FloatArray]], positions: npt.NDArray[np.intp]
) -> dict[str, FloatArray]:
    """Return every measure of one stage, shape (rows,)."""
    out: dict[str, FloatArray] = {}
    for name, values in cells.items():
        own = values[:, positions]
        if name in SUMS:
            out[name] = stage_sums(own)
        elif len(positions) == 1:
            out[name] = own[:, 0]
        elif name in known:
            out[name] = stage_mean(own, known[name][1][:, positions])
        else:
            out[name] = np.full(len(own), np.nan)
    if {"plv_gvc", "ply_gvc"} <= set(out):
        out["gvc_position"] = over(out["plv_gvc"], out["ply_gvc"])
    return out


def _shares(
    values: Mapping[str, FloatArray], cells: Mapping[str, FloatArray], labels: Mapping[str, np.ndarray]
) -> dict[str, FloatArray]:
    """Return shares of all economies' stage by year, and revealed comparative advantage (Balassa 1965)."""

    def world(flow: FloatArray) -> FloatArray:
        return pd.Series(flow).groupby(labels["year"]).transform("sum").to_numpy(float)

    out = {}
    for name, flow in (("va_share", "va"), ("export_share", "exports")):
        if flow in values:
            out[name] = over(values[flow], world(values[flow]))
    for name, flow in (("rca", "exports"), ("rca_va", "vax_origin"), ("rca_va_sector", "vax_sector")):
        if flow in values:
            total = cells[flow].sum(axis=1)
            out[name] = over(over(values[flow], total), over(world(values[flow]), world(total)))
    return out


def _ordered(values: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    first = {name: values[name] for name in _FIRST if name in values}
    return first | {name: column for name, column in values.items() if name not in first}


def _sorted(panel: pd.DataFrame, countries: tuple[str, ...], stages: tuple[str, ...]) -> pd.DataFrame:
    keys = [
        panel["year"].to_numpy(),
        pd.Index(stages).get_indexer(pd.Index(panel["stage"])),
        pd.Index(countries).get_indexer(pd.Index(panel["country"])),
        pd.factorize(panel["source"])[0],
    ]
    out = panel.iloc[np.lexsort(keys)].reset_index(drop=True)
    return out[[*(c for c in out.columns if c not in _LAST), *_LAST]]


def _attrs(
    published: PublishedIndices, chain: Chain, panel: pd.DataFrame, told: Mapping[str, str], *, several: bool
) -> dict[Hashable, object]:
    own = [name for name in panel.columns if name in (*published.measures, *told)]
    settled = {*SUMS, *told, *_PUBLISHED_RATIOS, "gvc_position"}
    return {
        "published": True,
        "source": "; ".join(published.sources),
        "chain": chain.name,
        "boundary": chain.boundary,
        "unit": published.units.get("va", published.units.get("x", "")),
        "synthetic": False,
        "aggregation": {name: told[name] for name in own if name in told} if several else {},
        "not_aggregated": tuple(name for name in own if name not in settled) if several else (),
    }

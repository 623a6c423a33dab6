"""The network of a stage: who supplies whose next stage with value added, and who stands at its centre."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError, LabelError
from gvcpos._core.labels import enumerate_labels, locate
from gvcpos.accounting.indices.position import ratio
from gvcpos.lockin.common.sample import known_excluded
from gvcpos.lockin.leaders.centrality import FloatArray, betweenness, concentration, edges, eigenvector

_RANKED = ("out_strength", "in_strength", "eigenvector", "betweenness")


def stage_network(
    flows: pd.DataFrame,
    source: str = "upstream",
    targets: Iterable[str] | None = None,
    *,
    exclude: Iterable[str] = ("ROW",),
) -> pd.DataFrame:
    """Measure every country's place in the network of a stage's value added, year by year.

    Parameters
    ----------
    flows : DataFrame
        Of `stage_flows`.
    source : str
        Stage where the value is added.
    targets : iterable of str, optional
        Stages whose products embody it; default all that come after the source in the chain ("other" is none).
    exclude : iterable of str
        Countries left out of the network; each must be in the flows, except ROW, which may be absent.

    Returns
    -------
    DataFrame
        country, stage (the source), year; own, value added in own target products; out_strength and in_strength, to and
        from others; out_share and in_share of all that crosses borders; eigenvector (suppliers of central users),
        eigenvector_in (users of central suppliers), betweenness (on lengths 1/flow); supplier_hhi and supplier_hhi_all,
        concentration of the foreign and of all sources of a country's target products, NaN without any; …_rank, 1 =
        largest. See `gvcpos.lockin.leaders.centrality`.

    Raises
    ------
    LabelError, InputError
        If a stage, a country or a column is unknown, or no stage comes after the source.
    """
    absent = [c for c in ("country", "stage", "destination", "partner", "year", "value_added") if c not in flows]
    if absent:
        raise InputError(f"the flows have no column {enumerate_labels(absent)}. Make them with stage_flows.")
    left_out = known_excluded(exclude, flows)
    chosen = _targets(flows, source, targets)
    kept = flows[(flows["stage"] == source) & flows["destination"].isin(chosen)]
    names = [str(c) for c in kept["country"].unique()]
    names = [c for c in names if c not in left_out]
    kept = kept[kept["country"].isin(names) & kept["partner"].isin(names)]
    frames = []
    for year, part in kept.groupby("year"):
        wide = part.groupby(["country", "partner"])["value_added"].sum().unstack("partner")
        frames.append(_measures(wide.loc[names, names].to_numpy(float)).assign(country=names, stage=source, year=year))
    out = pd.concat(frames, ignore_index=True)
    for column in _RANKED:
        ranks = out.groupby("year")[column].rank(ascending=False, method="min")
        out[f"{column}_rank"] = ranks.astype(int)
    first = ["country", "stage", "year"]
    out = out[[*first, *(c for c in out.columns if c not in first)]]
    place = {c: i for i, c in enumerate(names)}
    order = np.lexsort([out["year"].to_numpy(), out["country"].map(place).to_numpy()])
    return out.iloc[order].reset_index(drop=True)


def _targets(flows: pd.DataFrame, source: str, targets: Iterable[str] | None) -> list[str]:
    stages = [str(s) for s in flows.attrs.get("stages", flows["stage"].unique())]
    known = [str(s) for s in flows["destination"].unique()]
    place = int(locate([source], stages, "stage of the flows")[0])
    if targets is None:
        later = stages[place + 1 :]
        if not later:
            raise InputError(f"no stage comes after {source!r}: name the targets, as in targets=[{source!r}].")
        return later
    if isinstance(targets, str):
        raise InputError(f"targets={targets!r}: give a list of stages, as in targets=[{targets!r}].")
    chosen = [str(t) for t in targets]
    if not chosen:
        raise LabelError(f"targets names no stage. There are: {enumerate_labels(known)}.")
    locate(chosen, known, "destination of the flows")
    return chosen


def _measures(flows: FloatArray) -> pd.DataFrame:
    """Measure one year's network, shape (n, n)."""
    w = edges(flows)
    out, into = w.sum(axis=1), w.sum(axis=0)
    total = np.full(len(w), w.sum())
    return pd.DataFrame(
        {
            "own": np.diag(flows),
            "out_strength": out,
            "in_strength": into,
            "out_share": ratio(out, total),
            "in_share": ratio(into, total),
            "eigenvector": eigenvector(w),
            "eigenvector_in": eigenvector(w.T),
            "betweenness": betweenness(w),
            "supplier_hhi": concentration(w),
            "supplier_hhi_all": concentration(np.where(flows > 0, flows, 0.0)),
        }
    )

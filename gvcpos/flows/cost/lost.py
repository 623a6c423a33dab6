"""What ends with losses: waste management and auxiliary materials that no product contains, beside the lost mass."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gvcpos.flows.cost.cascade import KINDS, CostArrays
from gvcpos.flows.cost.tidy import long_frame


def with_ended_costs(frame: pd.DataFrame, arrays: CostArrays) -> pd.DataFrame:
    """Add waste and auxiliary costs to the frame of losses, and rows for centres that have such costs and no losses.

    Parameters
    ----------
    frame : DataFrame
        year, process, flow, layer, mass, cost, its kinds, unit_cost, final.
    arrays : CostArrays
        Without draws.

    Returns
    -------
    DataFrame
        With columns waste and auxiliary (USD million): at each loss its share by mass in those that leave the chain of
        costs (or in all losses, where none leaves), in rows of the total only.
    """
    network = arrays.structure.network
    labels = {"year": network.years, "process": network.processes}
    ended = {"waste": arrays.spent.waste, "auxiliary": arrays.spent.material_loss}
    sums = long_frame(labels, ended).set_index(["year", "process"])
    share = _share(frame)
    at = pd.MultiIndex.from_frame(frame[["year", "process"]])
    whole = frame["layer"] == "total"
    out = frame.assign(**{name: np.where(whole, share * sums[name].reindex(at).to_numpy(), np.nan) for name in ended})
    lossy = frame[whole & (frame["mass"] > 0.0)]
    placed = pd.MultiIndex.from_frame(lossy[["year", "process"]])
    alone = sums[(sums.sum(axis=1) > 0.0) & ~sums.index.isin(placed)].reset_index()
    if alone.empty:
        return out
    zero = dict.fromkeys(("mass", "cost", *KINDS), 0.0)
    rows = alone.assign(flow="", layer="total", unit_cost=np.nan, final=True, **zero)
    return pd.concat([out, rows[out.columns]], ignore_index=True).sort_values("year", kind="stable", ignore_index=True)


def _share(frame: pd.DataFrame) -> pd.Series:
    """Share of each loss in those of its process and layer that leave the chain, or in all where none leaves."""
    keys = [frame["year"], frame["process"], frame["layer"]]
    leaving = frame["mass"].where(frame["final"], 0.0)
    some = leaving.groupby(keys).transform("sum") > 0.0
    base = leaving.where(some, frame["mass"])
    total = base.groupby(keys).transform("sum")
    return (base / total.where(total > 0.0)).fillna(0.0)

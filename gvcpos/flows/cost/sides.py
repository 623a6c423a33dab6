"""The physical and the monetary side beside each other: tonnes, cost, value; who pays, who earns."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gvcpos.flows.cost.tidy import by_layers, layer_labels, long_frame, per_tonne
from gvcpos.flows.cost.value import GroupArrays
from gvcpos.flows.network import Network


def sides_frame(
    network: Network, found: GroupArrays, groups: tuple[str, tuple[str, ...]], *, layers: bool
) -> pd.DataFrame:
    """Make the frame of both sides of groups of processes.

    Parameters
    ----------
    network : Network
    found : GroupArrays
        What crosses the borders of the groups; without draws.
    groups : (str, tuple of str)
        Column that names the groups, as ``"stage"``, and their G names.
    layers : bool
        A row for each layer too; what a group spends and earns as a whole is then in the rows of the total alone.

    Returns
    -------
    DataFrame
        year, stage, [layer]; mass_in, mass_out, mass_lost (kt); cost_in (of what comes in, but for imports straight
        into use: no cost runs through those), spent (here), cost_out and cost_lost (where both went, but for stocks);
        value_in (paid for what comes in), value_out (earned), value_added = value_out - value_in; surplus = value_added
        - spent; unit_cost and unit_value of what goes out as product (USD/t); margin = its value less its cost. Money
        in USD million. Where costs end, in use, nothing is earned: value_added, surplus, cost_out, cost_lost, unit_cost
        and margin are NaN.
    """
    column, names = groups
    blank = np.where(found.ended, np.nan, 0.0)[:, None]  # (G, 1): nothing is earned where costs end
    only_total = np.full(len(layer_labels(network.layers)), np.nan)
    only_total[-1] = 0.0
    full = {
        name: by_layers(getattr(found, name), network.layers)
        for name in ("mass_in", "mass_out", "mass_lost", "value_in", "value_out", "value_lost", "cost_in", "cost_out")
    }
    added = by_layers(found.value_added, network.layers)
    sold = full["value_out"] - full["value_lost"]
    spent, cost_lost = (whole[..., None] + only_total for whole in (found.spent, found.cost_lost))
    values = {
        **{name: full[name] for name in ("mass_in", "mass_out", "mass_lost", "cost_in")},
        "spent": spent,
        "cost_out": full["cost_out"] + blank,
        "cost_lost": cost_lost + blank,
        "value_in": full["value_in"],
        "value_out": full["value_out"],
        "value_added": added,
        "surplus": added - spent,
        "unit_cost": per_tonne(full["cost_out"] + blank, full["mass_out"]),
        "unit_value": per_tonne(sold, full["mass_out"]),
        "margin": sold - full["cost_out"] + blank,
    }
    frame = long_frame({"year": network.years, column: names, "layer": layer_labels(network.layers)}, values)
    if layers:
        return frame
    return frame[frame["layer"] == "total"].drop(columns="layer").reset_index(drop=True)

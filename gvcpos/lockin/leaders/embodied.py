"""Where the value added of a stage ends: in whose final products of which stage, from the Leontief inverse.

v̂Bŷ (or v̂Bx̂) with rows summed to the countries of a stage and columns to the countries and stages of completion: a
solve for every destination, no inverse. A final product holds all value added once, so that the destinations of a
stage's value added sum to it (=); what is in gross output is counted again in every later output that uses it.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels, locate
from gvcpos._core.options import choose
from gvcpos.accounting import ValueAddedAccounts
from gvcpos.accounting.indices.position import ratio
from gvcpos.chains import Chain
from gvcpos.lockin.leaders.table_years import Tables, accounts_of

FloatArray = npt.NDArray[np.float64]
EmbodiedIn = Literal["final_goods", "output"]
OTHER = "other"
_KEYS = ("country", "stage", "destination", "partner", "year")


def stage_flows(tables: Tables, chain: Chain, *, embodied_in: EmbodiedIn = "final_goods") -> pd.DataFrame:
    """Trace the value added of every stage to the products that embody it.

    Parameters
    ----------
    tables : TableSeries, iterable of IOTable or ValueAddedAccounts, mapping of year to either, or one of either
    chain : Chain
    embodied_in : {"final_goods", "output"}
        Final products by place of completion, v̂Bŷ, or gross output, v̂Bx̂.

    Returns
    -------
    DataFrame
        country and stage where value is added; destination, a stage or ``"other"`` (the sectors in none), and partner,
        the country, of the product that embodies it; year; value_added in the table's unit. Rows of a country with
        itself are there. Sorted by year, stage, destination, country, partner; ``attrs``: chain, boundary, embodied_in,
        stages.

    Raises
    ------
    LabelError
        If a table lacks a sector of the chain, or two tables are of one year.
    InputError
        If a stage is called "other" while sectors are left over.
    """
    choose(embodied_in, EmbodiedIn, "embodied_in")
    out = pd.concat([_year(a, chain, embodied_in) for a in accounts_of(tables, "stage_flows")], ignore_index=True)
    out.attrs |= {"chain": chain.name, "boundary": chain.boundary, "embodied_in": embodied_in}
    out.attrs["stages"] = list(chain.stage_names)  # their order does not hang on that of the rows
    return out


def _year(accounts: ValueAddedAccounts, chain: Chain, embodied_in: EmbodiedIn) -> pd.DataFrame:
    exporters, stages = accounts.exporters, chain.check(accounts.table)
    rest = np.setdiff1d(np.arange(len(exporters.sectors)), np.concatenate(list(stages.values())))
    if rest.size and OTHER in stages:
        raise InputError(f"a stage of chain {chain.name!r} is called {OTHER!r}, which is for sectors in no stage.")
    weights = accounts.flows.y if embodied_in == "final_goods" else accounts.x
    names, G = list(exporters.names), len(exporters.names)
    pairs = {"country": np.repeat(names, G), "partner": np.tile(names, G)}
    frames = {}
    for destination, columns in (stages | ({OTHER: rest} if rest.size else {})).items():
        flows = traced_to(accounts, np.where(_cells(accounts, columns), weights, 0.0))
        for stage, rows in stages.items():
            labels = {"stage": stage, "destination": destination, "year": accounts.table.year}
            values = {"value_added": flows[:, rows, :].sum(axis=1).ravel() + 0.0}
            frames[stage, destination] = pd.DataFrame(pairs | labels | values)
    ordered = [frames[stage, destination] for stage in stages for s, destination in frames if s == stage]
    return pd.concat(ordered, ignore_index=True)[[*_KEYS, "value_added"]]


def traced_to(accounts: ValueAddedAccounts, weights: FloatArray) -> FloatArray:
    """Return v̂Bd̂ with columns summed to countries, shape (G, N, G): country and sector of origin, country of d.

    Parameters
    ----------
    weights : ndarray, shape (n,)
        d, by cell in the system's order.
    """
    G, N = len(accounts.exporters.names), len(accounts.exporters.sectors)
    solved = accounts.system.solve(accounts.exporters.blocks.spread(weights), overwrite=True)
    return accounts.exporters.by_row(solved * accounts.flows.v[:, None]).reshape(G, N, G)


def _cells(accounts: ValueAddedAccounts, sectors: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Return which cells are of some sectors, shape (n,)."""
    return np.isin(accounts.exporters.row_of_cell % len(accounts.exporters.sectors), sectors)


def own_shares(flows: pd.DataFrame, source: str = "upstream", target: str = "downstream") -> pd.DataFrame:
    """Divide what a country's source stage adds into own, foreign and no products of the target stage.

    Parameters
    ----------
    flows : DataFrame
        Of `stage_flows`.
    source, target : str
        Stages.

    Returns
    -------
    DataFrame
        country, year; value_added that the source stage traces to all destinations; own, foreign and elsewhere, the
        shares of it in own and in others' products of the target stage and in all other products, which sum to one (=);
        own_share, own over own and foreign; benchmark, the country's part of all countries' source value added that is
        in target products: what own_share would be if products drew on all sources alike. NaN without value added.

    Raises
    ------
    InputError, LabelError
        If a column or a stage is unknown.
    """
    absent = [c for c in (*_KEYS, "value_added") if c not in flows.columns]
    if absent:
        raise InputError(f"the flows have no column {enumerate_labels(absent)}. Make them with stage_flows.")
    locate([source], list(flows["stage"].unique()), "stage of the flows")
    locate([target], list(flows["destination"].unique()), "destination of the flows")
    own = flows[flows["stage"] == source]
    keys = ["country", "year"]
    total = own.groupby(keys, sort=False)["value_added"].sum()
    inside = own[own["destination"] == target]
    kept = inside[inside["country"] == inside["partner"]].set_index(keys)["value_added"].reindex(total.index)
    reached = inside.groupby(keys, sort=False)["value_added"].sum().reindex(total.index)
    drawn = inside.groupby(["partner", "year"])["value_added"].sum().rename_axis(keys)
    world = drawn.groupby(level="year").transform("sum")
    columns = {
        "own": (kept, total),
        "foreign": (reached - kept, total),
        "elsewhere": (total - reached, total),
        "own_share": (kept, reached),
        "benchmark": (drawn.reindex(total.index), world.reindex(total.index)),
    }
    shares = {name: ratio(above.to_numpy(float), below.to_numpy(float)) for name, (above, below) in columns.items()}
    frame = pd.DataFrame({"value_added": total.to_numpy()} | shares, index=total.index).reset_index()
    frame.attrs.update(flows.attrs)
    return frame

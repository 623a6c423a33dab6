"""The points of a smile curve: every country-sector's distance to a chosen final demand and what it keeps of output.

Meng, Ye & Wei (2020, Oxf. Bull. Econ. Stat. 82:988): distance (BBf)_i/(Bf)_i, value-added rate v_i, weights v_i(Bf)_i,
the income that the cell earns in the chain that ends in f.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from gvcpos._core.errors import DroppedRowsWarning, InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos.accounting import ValueAddedAccounts
from gvcpos.accounting.final_use import FinalUse, Names
from gvcpos.accounting.indices.position import ratio
from gvcpos.chains import Chain
from gvcpos.lockin.leaders.table_years import Tables, accounts_of

COLUMNS = ("country", "sector", "year", "distance", "va_rate", "weight")


def smile_points(
    tables: Tables,
    chain: Chain | None = None,
    stage: str = "downstream",
    *,
    completed_in: Names = None,
    sectors: Names = None,
    bought_in: Names = None,
) -> pd.DataFrame:
    """Place every country-sector on the smile of a chain, year by year.

    Parameters
    ----------
    tables : TableSeries, iterable of IOTable or ValueAddedAccounts, mapping of year to either, or one of either
    chain : Chain, optional
        The final demand f is for the products of its `stage`; without one for those of `sectors`.
    stage : str
    completed_in, bought_in : str or iterable of str, optional
        Countries that complete the products, and that buy them; default all.
    sectors : str or iterable of str, optional
        Sectors of the products, in place of a chain.

    Returns
    -------
    DataFrame
        country, sector, year; distance in stages to f; va_rate; weight, the income in the chain as a share of all.
        Cells that the chain does not reach are no points.

    Raises
    ------
    InputError
        If both or neither of `chain` and `sectors` say what the products are, or nobody buys them.
    LabelError
        If a name is not in a table.

    Warns
    -----
    DroppedRowsWarning
        Naming cells with negative value added or output for the chain, which have no weight.
    """
    if (chain is None) == (sectors is None):
        raise InputError("smile_points: say what the final products are by a chain and its stage, or by sectors.")
    products = sectors if chain is None else chain.stage(stage).sectors
    final = FinalUse(countries=completed_in, sectors=products, destinations=bought_in)
    parts = [_year(accounts, final) for accounts in accounts_of(tables, "smile_points")]
    _warn(pd.concat([lost for _, lost in parts]))
    return pd.concat([found for found, _ in parts], ignore_index=True)


def _year(accounts: ValueAddedAccounts, final: FinalUse) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the points and the cells of one year that have a negative weight."""
    frame = pd.DataFrame(accounts.distance(final))
    frame = frame.rename(columns={"distance_to_final": "distance", "gvc_income": "weight"})
    frame["va_rate"] = ratio(frame["weight"].to_numpy(float), frame["output"].to_numpy(float))
    reached = frame["distance"].notna() & (frame["output"].abs() > 0)
    good = reached & (frame["output"] > 0) & (frame["weight"] > 0)
    if not good.any():
        raise InputError(f"{accounts.table.year}: nobody buys the chosen final products. Choose others.")
    points = frame.loc[good, list(COLUMNS)]
    bad = frame.loc[reached & ((frame["output"] < 0) | (frame["weight"] < 0)), list(COLUMNS)]
    return points.assign(weight=points["weight"] / points["weight"].sum()), bad


def _warn(lost: pd.DataFrame) -> None:
    if lost.empty:
        return
    names = np.unique(lost["country"].astype(str) + " " + lost["sector"].astype(str))
    warnings.warn(
        f"smile curve: {len(lost)} points dropped, with negative value added or output for the chain: "
        f"{enumerate_labels(names)}.",
        DroppedRowsWarning,
        stacklevel=3,
    )

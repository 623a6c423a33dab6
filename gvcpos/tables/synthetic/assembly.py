"""From the plan of a year to its exact table."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import EstimationError
from gvcpos.tables.balancing import ras
from gvcpos.tables.iotable import IOTable
from gvcpos.tables.synthetic.network import final_demand
from gvcpos.tables.synthetic.sectors import FINAL_CATEGORIES, Sector

FloatArray = npt.NDArray[np.float64]
UNIT = "million synthetic USD"
TOLERANCE = 1e-13
LABOUR_SHARE = 0.6


def deliveries(prior: FloatArray, x: FloatArray, va_rate: FloatArray, upstreamness: FloatArray) -> FloatArray:
    """Return the Z that has exactly the given output, value-added rates and upstreamness.

    Parameters
    ----------
    prior : ndarray, shape (n, n)
        Positive.
    x, va_rate, upstreamness : ndarray, shape (n,)
        With Σ va_rate · upstreamness · x = Σ x.

    Returns
    -------
    ndarray, shape (n, n)

    Raises
    ------
    InputError
        If Σ va_rate · upstreamness · x is not Σ x: then no table has these values.
    EstimationError
        If RAS does not converge.

    Notes
    -----
    Upstreamness (Antràs and Chor 2013) solves Z U = x (U − 1), and columns leave (1 − v) x for inputs. So
    Z̃ = Z diag(U) has row sums x (U − 1) and column sums U (1 − v) x: RAS on Z̃, divided by U.
    """
    rows = x * (upstreamness - 1.0)
    columns = upstreamness * (1.0 - va_rate) * x
    return ras(prior, rows, columns, tolerance=TOLERANCE).matrix / upstreamness


def assemble(
    prior: FloatArray,
    costs: FloatArray,
    planned: tuple[FloatArray, FloatArray, FloatArray],
    *,
    sectors: tuple[Sector, ...],
    countries: tuple[str, ...],
    year: int,
    seed: int,
) -> IOTable:
    """Build the table of one year.

    Parameters
    ----------
    prior, costs : ndarray
        See `network.prior` and `network.trade_costs`.
    planned : three ndarrays, shape (N, S)
        Output, value-added rate, upstreamness.

    Raises
    ------
    EstimationError
        If RAS does not converge or leaves a sector more sales of inputs than output.
    """
    x, v, U = (values.ravel() for values in planned)
    Z = deliveries(prior, x, v, U)
    final = x - Z.sum(axis=1)
    if (final < 0).any():
        worst = int(np.argmin(final / x))
        where = f"{countries[worst // len(sectors)]} {sectors[worst % len(sectors)].code}"
        raise EstimationError(
            f"synthetic table {year}: {where} would sell {1 - final[worst] / x[worst]:.3g} of its output as inputs. "
            "Its planned upstreamness is too far above its buyers'; plant smaller spreads."
        )
    va = x - Z.sum(axis=0)
    income = va.reshape(len(countries), -1).sum(axis=1)
    labour = LABOUR_SHARE * va
    return IOTable.from_arrays(
        Z,
        final_demand(final, costs, income, sectors),
        countries=countries,
        sectors=[sector.code for sector in sectors],
        final_categories=FINAL_CATEGORIES,
        va=np.vstack([labour, va - labour]),
        va_rows=("labour", "capital"),
        x=x,
        year=year,
        unit=UNIT,
        source=f"SYNTHETIC world (gvcpos), seed {seed}",
        synthetic=True,
        notes=("SYNTHETIC: every number is invented; only the countries' names and places are real.",),
    )

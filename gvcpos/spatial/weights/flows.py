"""Weights from value-chain linkage: who supplies whom, in a base-year table."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import InputError
from gvcpos._core.options import Islands, choose
from gvcpos.accounting import Exporters, LeontiefSystem, exporters_of, split_countries
from gvcpos.spatial.weights.matrix import Weights
from gvcpos.tables.iotable import IOTable

FloatArray = npt.NDArray[np.float64]
LinkageMeasure = Literal["intermediate", "va"]
LinkageDirection = Literal["both", "suppliers", "buyers"]


def linkage(
    table: IOTable,
    *,
    measure: LinkageMeasure = "intermediate",
    direction: LinkageDirection = "both",
    islands: Islands = "error",
) -> Weights:
    """Weigh countries by the value chains that link them in the table's year.

    Parameters
    ----------
    table : IOTable
        The base year. It should come before the estimation sample, or at its start, so that the weights are
        predetermined: flows of the same years would be outcomes themselves.
    measure : {"intermediate", "va"}
        What links s to r: ``"intermediate"``, deliveries of intermediate goods and services from s to r; ``"va"``,
        value added of s embodied, through all tiers, in the final output of r.
    direction : {"both", "suppliers", "buyers"}
        What is a neighbour of country r: ``"both"``, the sum of the flow from s to r and from r to s (symmetric);
        ``"suppliers"``, the flow from s to r; ``"buyers"``, the flow from r to s.
    islands : {"error", "keep"}
        What to do with countries that trade with no other.

    Returns
    -------
    Weights
        Not normalised, in the table's unit; what OECD splits (CN1, CN2; MX1, MX2) is one country.
        Row-normalised, a row holds a country's shares of its partners.

    Raises
    ------
    InputError
        If a flow is negative, or a country has no flow at all.

    Notes
    -----
    With F the (G, G) matrix of flows, supplier by user: F_sr = 1'Z_sr 1, or F = blocks of v̂By with the final output
    of r in column r. The weights are F + F', F' or F, without the diagonal. Trade-share weights follow Pesaran,
    Schuermann and Weiner (2004, JBES 22:129-162), whose rows are shares of exports plus imports; input-output weights
    by supplier or by customer follow Acemoglu, Akcigit and Kerr (2016, NBER Macroeconomics Annual 30:273-335).
    """
    choose(measure, LinkageMeasure, "measure")
    choose(direction, LinkageDirection, "direction")
    exporters = exporters_of(table, split_countries(table.countries))
    flow = (intermediate_flows if measure == "intermediate" else value_added_flows)(table, exporters)
    np.fill_diagonal(flow, 0.0)
    _refuse_negative(flow, exporters.names, f"{measure} flow of {table.year}")
    weight = {"both": flow + flow.T, "suppliers": flow.T, "buyers": flow}[direction]
    made = "synthetic, " if table.meta.synthetic else ""
    return Weights.from_dense(
        exporters.names,
        weight,
        kind="linkage",
        description=f"{measure} flows of {table.year}, {direction} ({made}{table.meta.source})",
        parameters={"measure": measure, "direction": direction, "year": table.year},
        islands=islands,
    )


def _refuse_negative(flow: FloatArray, names: tuple[str, ...], what: str) -> None:
    negative = np.argwhere(flow < 0)
    if negative.size:
        i, j = negative[0]
        raise InputError(
            f"the {what}, {names[i]} -> {names[j]}, is {flow[i, j]:.6g}; a weight cannot be negative. "
            "Merge one of the two countries, or take other weights."
        )


def intermediate_flows(table: IOTable, exporters: Exporters) -> FloatArray:
    """Return intermediate deliveries between exporters, shape (G, G), supplier by user, in the table's unit."""
    blocks = exporters.blocks
    return blocks.sums(blocks.sums(exporters.arranged_square(table.Z)), axis=1)


def value_added_flows(table: IOTable, exporters: Exporters) -> FloatArray:
    """Return value added by exporter of origin in the final output of each exporter, shape (G, G).

    Notes
    -----
    Column r is v̂(I − A)⁻¹f_r summed over sectors of origin, with f_r the final output of r's industries. Summed over
    r it is each exporter's value added. A system with G right-hand sides is solved; the inverse is not formed.
    """
    blocks, x = exporters.blocks, exporters.arranged(table.x)
    system = LeontiefSystem(exporters.arranged_square(table.Z), x, blocks)
    final = exporters.arranged(table.final_demand.sum(axis=1))
    rate = exporters.arranged(table.va_total) * system.inverse_x
    return blocks.sums(system.solve_spread(final[:, None])[0] * rate[:, None])

"""Revealed comparative advantage, gross and in value added.

Pure functions on arrays: G exporters, N sectors.
"""

from __future__ import annotations

from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.flows import WorldFlows
from gvcpos.accounting.indices.position import ratio


def revealed_advantage(values: FloatArray, totals: FloatArray | None = None) -> FloatArray:
    """Return Balassa's (1965) index (e_si / e_s) / (e_i / e), of the shape of `values`.

    Parameters
    ----------
    values : ndarray, shape (G, N) or (G,)
        Exports, or what is in them, by exporter and sector; or of one sector or stage.
    totals : ndarray, shape (G, 1) or (G,)
        The same of all sectors, e_s; default the sums of `values`, which then has every sector.

    Notes
    -----
    NaN for a country without exports and for a sector that nobody exports. Weighted with the exporters' shares in
    all exports, the index of every sector has the mean 1 (=).
    """
    own, whole = (values.sum(axis=1, keepdims=True), values) if totals is None else (totals, totals)
    return ratio(ratio(values, own), ratio(values.sum(axis=0), whole.sum(keepdims=True)))


def export_values(flows: WorldFlows) -> dict[str, FloatArray]:
    """Return what advantage is measured in, shape (n,) each.

    ``exports``: gross, e_s. ``vax_exporting``: value added absorbed abroad by exporting sector,
    w # (e_s − Σ_r A_sr (BY)_rs), w = v_s L_ss. ``vax_origin``: by sector of origin, v̂_s Σ_{r≠s} (BY)_sr.
    ``dc_origin``: domestic content of exports by sector of origin, v̂_s B_ss e_s. The two vax agree by country (=).
    """
    through = flows.system.solve_spread(flows.exports[:, None])[0]
    return {
        "exports": flows.exports,
        "vax_exporting": flows.w * (flows.exports - flows.returned[:, 0]),
        "vax_origin": flows.absorbed_abroad,
        "dc_origin": flows.v * flows.system.blocks.own(through),
    }

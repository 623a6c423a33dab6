"""What production and consumption take of value added, work or emissions: production- and consumption-based accounts.

Pure functions on arrays: K rows of a satellite, n cells, G exporters. The names are pymrio's.
"""

from __future__ import annotations

import numpy as np

from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.flows import WorldFlows
from gvcpos.accounting.indices.origin import Grouping
from gvcpos.accounting.indices.position import ratio

Accounts = dict[str, FloatArray]


def accounts_by_exporter(flows: WorldFlows, F: FloatArray, direct: FloatArray) -> Accounts:
    """Return the accounts of every exporter, shape (K, G) each, from BY alone.

    Parameters
    ----------
    flows : WorldFlows
    F : ndarray, shape (K, n)
        What production takes.
    direct : ndarray, shape (K, G)
        What final users take themselves (households' emissions): in D_pba and D_cba, never in trade.

    Notes
    -----
    With S = F x̂⁻¹: D_pba = Σ F + direct; D_exp = S_r Σ_{k≠r} (BY)_rk; D_imp = Σ_{t≠r} S_t (BY)_tr;
    D_cba = S (BY)_r + direct. D_exp and D_imp are what is absorbed abroad and from abroad, not what is in gross
    exports and imports: with value added D_exp is VAX. D_cba = D_pba − D_exp + D_imp (=).
    """
    S, blocks = F * flows.system.inverse_x, flows.system.blocks
    abroad = blocks.without_own(flows.absorbed)
    return {
        "D_pba": blocks.sums(F, axis=1) + direct,
        "D_cba": S @ flows.absorbed + direct,
        "D_exp": blocks.sums(S * abroad.sum(axis=1), axis=1),
        "D_imp": S @ abroad,
    }


def accounts_by_sector(flows: WorldFlows, F: FloatArray, rows: Grouping, sectors: Grouping) -> Accounts:
    """Return the accounts by sector, shape (K, G · sectors) each, without what final users take themselves.

    D_pba and D_exp are by producing sector; D_cba and D_imp by final product consumed, over all its origins:
    D_cba[r, j] = Σ_s M_sj Y_sj,r with M = SB, D_imp[r, j] = Σ_{t≠r} S_t Σ_s B_t,sj Y_sj,r.

    Parameters
    ----------
    rows, sectors : Grouping
        Exporter and sector of each cell; sector alone.
    """
    S, Y = F * flows.system.inverse_x, flows.Y
    abroad = flows.system.blocks.abroad(flows.absorbed)
    out: Accounts = {"D_pba": rows.sums(F.T).T, "D_exp": rows.sums((S * abroad).T).T}
    by_product = []
    for s in S:
        content = flows.system.solve_spread_transposed(s)
        total = sectors.sums(content.sum(axis=1)[:, None] * Y).T.ravel()
        by_product.append((total, total - sectors.sums(content * Y).T.ravel()))
    out["D_cba"], out["D_imp"] = (np.stack(part) for part in zip(*by_product, strict=True))
    return out


def multipliers(flows: WorldFlows, F: FloatArray) -> FloatArray:
    """Return M = F x̂⁻¹ B, what a unit of final output takes in all the world, shape (K, n)."""
    return flows.system.solve_transposed((F * flows.system.inverse_x).T).T


def functions_in_exports(flows: WorldFlows, F: FloatArray) -> Accounts:
    """Return functional specialisation in trade (Timmer, Miroudot & de Vries 2019, J. Econ. Geogr. 19:1), (K, G) each.

    ``function_income``: f_ks = S_ks L_ss e_s, income of function k in the domestic value added of s's exports.
    ``function_share``: f_ks / Σ_k f_ks. ``fs``: that share over the world's, Σ_s f_ks / Σ_ks f_ks; above 1, s is
    specialised in k.

    Parameters
    ----------
    F : ndarray, shape (K, n)
        Income of the workers who carry out each function.
    """
    made = flows.system.local(flows.exports)
    income = flows.system.blocks.sums(F * flows.system.inverse_x * made, axis=1)
    share = ratio(income, income.sum(axis=0))
    world = ratio(income.sum(axis=1, keepdims=True), income.sum(keepdims=True))
    return {"function_income": income, "function_share": share, "fs": ratio(share, world)}

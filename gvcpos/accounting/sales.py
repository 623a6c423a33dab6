"""What exports serve: the quantities that every decomposition multiplies with coefficients of value added."""

from __future__ import annotations

from dataclasses import dataclass

from gvcpos.accounting.blocks import FloatArray


@dataclass(frozen=True)
class DirectSales:
    """Exports of s to r by what they serve there: of pairs, shape (n, G), or summed over partners, shape (n,).

    Attributes
    ----------
    final : ndarray
        Y_sr.
    intermediate : ndarray
        A_sr x_r.
    used : ndarray
        A_sr L_rr Y_rr, for the importer's own final goods.
    passed : ndarray
        A_sr L_rr Σ_{t≠r} Y_rt, for the importer's exports of final goods.
    sent_back : ndarray
        A_sr L_rr Y_rs, for final goods that the exporter buys back.
    returned : ndarray
        A_sr (BY)_rs, for what the exporter absorbs in the end.
    """

    final: FloatArray
    intermediate: FloatArray
    used: FloatArray
    passed: FloatArray
    sent_back: FloatArray
    returned: FloatArray

    @property
    def gross(self) -> FloatArray:
        """Gross exports e_sr = Y_sr + A_sr x_r."""
        return self.final + self.intermediate


@dataclass(frozen=True)
class Sales(DirectSales):
    """Exports of s to r by all that they serve, shape (n, G) each: rows of s, a column for each r.

    Attributes
    ----------
    round_home, round_abroad : ndarray
        A_sr B_rr Y_rr and A_sr B_rr Σ_{t≠r} Y_rt.
    world_home, world_abroad : ndarray
        A_sr Σ_t B_rt Y_tt and A_sr Σ_t B_rt Σ_{w≠t} Y_tw.
    absorbed : ndarray
        A_sr (BY)_rr, for what the importer absorbs in the end.
    via_home, via_abroad : ndarray
        A_sr B_rs Y_ss and A_sr B_rs Σ_{t≠s} Y_st: through the exporter again.
    round_back : ndarray
        A_sr B_rr Y_rs.
    again, again_final : ndarray
        A_sr B^{/s}_rs e_s, what leaves the exporter once more, and A_sr B^{/s}_rs Σ_{t≠s} Y_st, as final goods.
    returned_through, absorbed_through : ndarray
        A_sr B_rs B_ss⁻¹ [(BY)_ss − L_ss Y_ss] and A_sr B_rs B_ss⁻¹ (BY)_sr: what of `returned` and of `absorbed`
        has passed through the exporter in between.
    """

    round_home: FloatArray
    round_abroad: FloatArray
    world_home: FloatArray
    world_abroad: FloatArray
    absorbed: FloatArray
    via_home: FloatArray
    via_abroad: FloatArray
    round_back: FloatArray
    again: FloatArray
    again_final: FloatArray
    returned_through: FloatArray
    absorbed_through: FloatArray

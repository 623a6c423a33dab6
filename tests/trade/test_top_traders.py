"""Real: the ten largest traders of rare earths in UN Comtrade, 2000–2023, and what of the claims they let us recompute.

The file has no pairs of countries, only the ten largest of each side, HS 2805.30 and 2846.10 together, and 2846.90 only
from 2020: shares, growth and bounds come out of it, but no exposure, no mirror flow, neither of the two codes alone.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos.trade import measures
from gvcpos.trade.claims import load_claims
from tests.shared import shared

JOINED, OTHER = "280530,284610", "284690"


@pytest.fixture(scope="module")
def top() -> pd.DataFrame:
    path = shared("covariates/rare_earths/ree_trade_top10_2000_2023.csv")
    frame = pd.read_csv(path, keep_default_na=False, dtype={"hs6": str})
    return frame.assign(value=frame["value_usd"] / 1e6, world=frame["world_total_usd"] / 1e6)


def world(top: pd.DataFrame, hs6: str, role: str) -> pd.Series:
    part = top[(top["hs6"] == hs6) & (top["role"] == role)]
    assert (part.groupby("year")["world"].nunique() == 1).all()
    return part.groupby("year")["world"].first()


def of(top: pd.DataFrame, hs6: str, role: str, country: str, year: int) -> float:
    rows = top[(top["hs6"] == hs6) & (top["role"] == role) & (top["country"] == country) & (top["year"] == year)]
    return float(rows["value"].iloc[0])


def stated(name: str) -> float:
    value = load_claims()[name].value
    assert value is not None
    return value


def test_shares_are_of_the_worlds_total(top: pd.DataFrame) -> None:
    np.testing.assert_allclose(100 * top["value"] / top["world"], top["share_pct"], rtol=1e-9)
    assert (top.groupby(["hs6", "role", "year"]).size() == 10).all()
    assert (top.groupby(["hs6", "role", "year"])["share_pct"].sum() <= 100 + 1e-9).all()


def test_chinas_exports_agree_with_the_claim(top: pd.DataFrame) -> None:
    """HS 2846 is 2846.10 and 2846.90; the latter alone is 512.0 of the 513 stated."""
    part, whole = of(top, OTHER, "exporter", "China", 2023), stated("oec.compounds.exports.chn")
    assert part == pytest.approx(512.0, abs=0.05)
    assert part <= whole + 0.5
    assert whole <= part + of(top, JOINED, "exporter", "China", 2023)


def test_world_totals_bound_the_claims(top: pd.DataFrame) -> None:
    """Metals are in the joint total, compounds between 2846.90 and everything; exports lack who does not report."""
    for year in (2018, 2023):
        assert stated(f"oec.metals.world.{year}") <= world(top, JOINED, "importer")[year]
    compounds = stated("oec.compounds.world.2023")
    low = world(top, OTHER, "importer")[2023]
    assert low == pytest.approx(2804.5, abs=0.05)
    assert low <= compounds <= low + world(top, JOINED, "importer")[2023]
    sold = world(top, OTHER, "exporter")[2023] + world(top, JOINED, "exporter")[2023]
    assert sold < compounds  # Myanmar, 1,440 by the claims, reports no exports
    assert "Myanmar" not in set(top["country"])


def test_imports_exceed_exports_as_reported(top: pd.DataFrame) -> None:
    """The mirror gap of the world: in the joint codes importers report more than exporters in every year since 2014."""
    x, m = (world(top, JOINED, role) for role in ("exporter", "importer"))
    ratio, _ = measures.mirror_gap(x.to_numpy(), m.to_numpy())
    assert ratio[-1] == pytest.approx(1.573, abs=0.001)
    assert (ratio[-10:] > 1).all()


def test_growth_of_what_the_file_has(top: pd.DataFrame) -> None:
    """The joint codes grew by 3.7 % a year in imports; the claims are of metals alone (5.93 %) and of all compounds."""
    m = world(top, JOINED, "importer")
    rate = measures.compound_growth(m.loc[[2018]].to_numpy(), m.loc[[2023]].to_numpy(), 5)[0]
    assert rate == pytest.approx(0.0374, abs=5e-5)
    yearly = measures.yearly_growth(m.to_numpy(), m.index.to_numpy(dtype=np.int64))
    assert np.prod(1 + yearly[-5:]) == pytest.approx((1 + rate) ** 5, rel=1e-12)


def test_concentration_can_only_be_bounded(top: pd.DataFrame) -> None:
    """Ten of all suppliers: Σ s² from below, and from above if the rest were one."""
    part = top[(top["hs6"] == OTHER) & (top["role"] == "exporter") & (top["year"] == 2023)]
    shares = part["share_pct"].to_numpy() / 100
    low = float((shares**2).sum())
    high = measures.herfindahl(np.append(part["value"], part["world"].iloc[0] - part["value"].sum())[:, None])[0]
    assert low < high
    assert (low, high) == (pytest.approx(0.20702, abs=5e-6), pytest.approx(0.20833, abs=5e-6))

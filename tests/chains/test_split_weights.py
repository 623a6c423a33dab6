"""Weights of the split: units, labels and years of the data, what production and trade give, and draws of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gvcpos._core.errors import InputError, LabelError
from gvcpos.chains import Chain, SplitWeights, Stage
from gvcpos.chains.split.prior import fit_into
from gvcpos.tables import IOTable
from gvcpos.trade import TradeFlows
from tests.chains.splits import TOY, toy_table, toy_trade

TABLE = toy_table(11)
ROW = {"exporter": "CHN", "importer": "AUS", "hs": "284610", "year": 2011, "value": 3.0}


def trade(*rows: dict, **changes: object) -> pd.DataFrame:
    return pd.DataFrame([ROW | row for row in rows] or [ROW | changes])


def output(weights: SplitWeights, country: str, sector: str) -> float:
    return float(weights.frame.set_index(["country", "sector"]).loc[(country, sector), "output"])


def basis(weights: SplitWeights, country: str, sector: str) -> str:
    return str(weights.frame.set_index(["country", "sector"]).loc[(country, sector), "basis"])


@pytest.mark.parametrize(
    ("unit", "value"),
    [("million USD", 3.0), ("USD thousand", 3_000.0), ("US$", 3e6), ("billion USD, current prices", 0.003), (0.5, 6.0)],
)
def test_units(unit: str | float, value: float) -> None:
    weights = SplitWeights.from_trade(TABLE, TOY, trade(value=value), unit=unit, missing="exports")
    assert output(weights, "CHN", "c2") == pytest.approx(3.0)
    assert weights.output.sum() == pytest.approx(3.0)


@pytest.mark.parametrize("hs", ["2846.10", "284610", "28461000", 284610])
def test_codes_with_and_without_the_point_and_below(hs: object) -> None:
    weights = SplitWeights.from_trade(TABLE, TOY, trade(hs=hs), missing="exports")
    assert output(weights, "CHN", "c2") == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("frame", "options", "error", "says"),
    [
        (trade(exporter="XYZ"), {}, LabelError, r"exporters: the table has no country XYZ.*rest="),
        (trade(importer=None), {}, LabelError, "a row without a country"),
        (trade({}, {"hs": "2846.10"}), {}, LabelError, "duplicated rows for CHN AUS 284610"),
        (trade(value=-1.0), {}, InputError, r"value is .*-1.0.* in 1 row"),
        (trade(value=np.nan), {}, InputError, "value is .*nan"),
        (trade(year=2010), {}, InputError, "nothing of 2011, the table's year. It has: 2010"),
        (trade(hs="2846"), {}, InputError, r"HS '2846', which is wider than the chain's 284610"),
        (trade(hs="TOTAL"), {}, InputError, "'TOTAL' is not an HS code"),
        (trade(importer="CHN"), {}, InputError, "trade of CHN with itself"),
        (trade().drop(columns="hs"), {}, LabelError, "lacks the column hs"),
        (trade({"reporter": "exporter"}, {"reporter": "importer"}), {}, InputError, "reports of both sides"),
        (trade(), {"unit": "million EUR"}, InputError, "'million EUR' is not an amount of US dollars"),
        (trade(), {"unit": 0.0}, InputError, "give a positive number"),
        (trade(), {"rest": "NOWHERE"}, LabelError, "no such country of the table: NOWHERE"),
        (trade(), {"missing": "guess"}, InputError, "missing='guess' is not known"),
        (trade(), {"missing": {"upstream": "none"}}, LabelError, "missing says nothing of the stage 'midstream'"),
        (trade(), {"reexports": "x"}, InputError, "reexports='x' is not known"),
        (trade(), {"cap": 2.0}, InputError, r"cap=2.0: .* lies in \(0, 1\]"),
        (trade(), {"units": "USD"}, InputError, "no rule units for trade .* Allowed: rest, unit, missing"),
        (trade(), {"distribution": "normal"}, InputError, "distribution='normal' is not known"),
        (trade(), {"relative_error": -0.1}, InputError, "relative error is negative"),
        (trade(), {"sales_error": np.nan}, InputError, "sales_error=nan"),
        (trade(value=1e6), {}, InputError, r"more than the whole wide sector in CHN c2 \(.*or give cap="),
    ],
)
def test_data_that_cannot_be_used_are_named(frame: pd.DataFrame, options: dict, error: type, says: str) -> None:
    with pytest.raises(error, match=says):
        SplitWeights.from_trade(TABLE, TOY, frame, **options)


def test_a_table_in_no_known_unit_needs_a_number() -> None:
    table = TABLE.with_meta(unit="local money")
    with pytest.raises(InputError, match=r"'local money' is not an amount of US dollars.*as a number"):
        SplitWeights.from_trade(table, TOY, trade())
    assert output(SplitWeights.from_trade(table, TOY, trade(), unit=2.0, missing="exports"), "CHN", "c2") == 6.0


def test_countries_that_the_table_lacks_go_to_the_rest() -> None:
    frame = trade({"exporter": "MYS"}, {"exporter": "MYS", "importer": "VNM"}, {"importer": "VNM"})
    weights = SplitWeights.from_trade(TABLE, TOY, frame, rest="ROW", missing="exports")
    rows, row = list(TABLE.countries), TABLE.countries.index("ROW")
    assert output(weights, "ROW", "c2") == pytest.approx(6.0)
    c2 = weights.sectors.index("c2")
    assert weights.sales[row, c2, rows.index("AUS")] == pytest.approx(3.0)
    assert weights.sales[row, c2, row] == pytest.approx(3.0)  # MYS to VNM
    assert weights.sales[rows.index("CHN"), c2, row] == pytest.approx(3.0)


def test_trade_flows_are_taken_as_they_are() -> None:
    labels = {"NA": "NAM"}
    frame = toy_trade(1, TABLE).query("exporter != 'ROW' and importer != 'ROW'")
    frame = frame.replace({"exporter": labels, "importer": labels})
    table = IOTable.from_arrays(
        TABLE.Z,
        TABLE.Y,
        countries=[labels.get(c, c) for c in TABLE.countries],
        sectors=TABLE.sectors,
        final_categories=TABLE.final_categories,
        year=2011,
        unit="million USD",
    )
    flows = TradeFlows.from_frame(frame, source="invented", synthetic=True)
    one, two = (SplitWeights.from_trade(table, TOY, trade, missing="exports") for trade in (flows, frame))
    np.testing.assert_array_equal(one.sales, two.sales)
    assert one.output.sum() > 0
    assert one.synthetic  # by the flows' own word
    assert not two.synthetic
    assert SplitWeights.from_trade(table, TOY, frame.assign(synthetic=True)).synthetic
    split = TOY.split(table, flows, missing="exports")
    assert "SYNTHETIC" in repr(split.table)
    assert all(drawn.meta.synthetic for drawn in split.draws(1))


def test_na_is_namibia() -> None:
    weights = SplitWeights.from_trade(TABLE, TOY, trade(exporter="NA", importer="AUS"), missing="exports")
    assert output(weights, "NA", "c2") == pytest.approx(3.0)


def test_production_leaves_the_rest_at_home() -> None:
    made = pd.DataFrame({"country": ["CHN", "AUS"], "stage": "midstream", "year": 2011, "value": [10.0, 1.0]})
    weights = SplitWeights.from_trade(TABLE, TOY, trade(), made, missing="none")
    china, home = TABLE.countries.index("CHN"), weights.sales
    assert output(weights, "CHN", "c2") == pytest.approx(10.0)
    assert output(weights, "CHN", "c3") == 0.0
    assert home[china, weights.sectors.index("c2"), china] == pytest.approx(7.0)
    assert basis(weights, "CHN", "c2") == "production"
    # Australia exports nothing: its output goes to the stage's sectors as the world's exports do
    assert output(weights, "AUS", "c2") == pytest.approx(1.0)
    assert basis(weights, "ROW", "c2") == "none made"


def test_tonnes_and_price() -> None:
    made = pd.DataFrame({"country": ["CHN"], "sector": "c2", "year": 2011, "tonnes": [1_000.0], "price": [9_000.0]})
    assert output(SplitWeights.from_trade(TABLE, TOY, trade(), made), "CHN", "c2") == pytest.approx(9.0)
    with pytest.raises(InputError, match="has value and tonnes"):
        SplitWeights.from_trade(TABLE, TOY, trade(), made.assign(value=1.0))
    with pytest.raises(LabelError, match="lacks the column price"):
        SplitWeights.from_trade(TABLE, TOY, trade(), made.drop(columns="price"))


def test_exports_beyond_production_are_made_or_dropped() -> None:
    made = pd.DataFrame({"country": ["CHN"], "sector": "c2", "year": 2011, "value": [2.0], "relative_error": [0.05]})
    raised = SplitWeights.from_trade(TABLE, TOY, trade(), made)
    assert output(raised, "CHN", "c2") == pytest.approx(3.0)
    assert basis(raised, "CHN", "c2") == "exports: production is less"
    assert raised.frame.query("country == 'CHN' and sector == 'c2'")["relative_error"].item() == 0.05
    dropped = SplitWeights.from_trade(TABLE, TOY, trade(), made, reexports="dropped")
    assert output(dropped, "CHN", "c2") == pytest.approx(2.0)
    assert dropped.sales.sum() == pytest.approx(2.0)


def test_without_production_the_wide_sector_says_what_stays() -> None:
    weights = SplitWeights.from_trade(TABLE, TOY, trade())
    place, G = TABLE.index.get_loc(("CHN", "c2")), len(TABLE.countries)
    china = TABLE.countries.index("CHN")
    sold = np.maximum(np.hstack([TABLE.Z[place], TABLE.Y[place]]), 0.0)
    to = np.concatenate([np.repeat(np.arange(G), 4), np.repeat(np.arange(G), 2)])
    abroad = sold[to != china].sum() / sold.sum()
    assert output(weights, "CHN", "c2") == pytest.approx(3.0 / abroad)


@pytest.mark.parametrize(
    ("frame", "error", "says"),
    [
        ({"country": ["CHN"], "stage": "top", "year": 2011, "value": 1.0}, LabelError, "nothing in stage top"),
        ({"country": ["CHN"] * 2, "stage": "midstream", "year": 2011, "value": 1.0}, LabelError, "duplicated rows"),
        ({"country": ["XYZ"], "stage": "midstream", "year": 2011, "value": 1.0}, LabelError, "no country XYZ"),
        ({"country": ["CHN"], "stage": "midstream", "year": 2012, "value": 1.0}, InputError, "nothing of 2011"),
        ({"country": ["CHN"], "stage": "midstream", "value": 1.0}, LabelError, "lacks the column year"),
    ],
)
def test_production_that_cannot_be_used_is_named(frame: dict, error: type, says: str) -> None:
    with pytest.raises(error, match=says):
        SplitWeights.from_trade(TABLE, TOY, trade(), pd.DataFrame(frame))


def test_a_stage_must_say_who_makes_its_goods() -> None:
    vague = Chain("vague", (Stage("mid", ("c2", "c3"), ("2846.10",)),))
    with pytest.raises(InputError, match="stage 'mid' has the sectors c2, c3 and does not say which"):
        SplitWeights.from_trade(TABLE, vague, trade())
    with pytest.raises(InputError, match="has no HS codes"):
        SplitWeights.from_trade(TABLE, Chain("bare", (Stage("mid", ("c2",)),)), trade())
    nested = Chain("nested", (Stage("a", ("c2",), ("2846",)), Stage("b", ("c3",), ("2846.10",))))
    with pytest.raises(InputError, match=r"HS 2846.10 and 2846 lie within each other"):
        SplitWeights.from_trade(TABLE, nested, trade())


def test_shares_that_are_known() -> None:
    shares = pd.DataFrame({"country": ["CHN", "NA"], "sector": ["c2", "c1"], "share": [0.01, 0.2]})
    weights = SplitWeights.from_shares(TABLE, TOY, shares)
    assert weights.frame.set_index(["country", "sector"])["share"].loc[("NA", "c1")] == pytest.approx(0.2)
    for wrong, says in (
        (shares.assign(country="XYZ").iloc[:1], "no such country of the table: XYZ"),
        (shares.assign(sector="c4"), "no such sector of the chain: c4"),
        (pd.concat([shares, shares]), "duplicated labels: CHN c2"),
        (shares.drop(columns="share"), "lack the column share"),
        (shares.assign(share=1.2), r"outside \[0, 1\]"),
    ):
        with pytest.raises(InputError, match=says):
            SplitWeights.from_shares(TABLE, TOY, wrong)


@pytest.mark.parametrize("distribution", ["lognormal", "beta"])
def test_draws_have_the_estimate_as_mean_and_the_error_as_spread(distribution: str) -> None:
    weights = SplitWeights.from_trade(
        TABLE, TOY, toy_trade(1, TABLE, 0.2), relative_error=0.3, distribution=distribution, cap=0.2
    )
    drawn = [output for output, _ in weights.draws(3_000, seed=5)]
    made = weights.output > 0
    mean, spread = np.mean(drawn, axis=0), np.std(drawn, axis=0)
    np.testing.assert_allclose(mean[made], weights.output[made], rtol=0.025)
    np.testing.assert_allclose(spread[made] / mean[made], 0.3, rtol=0.1)
    assert not np.any(np.array(drawn)[:, ~made])
    for output, sales in weights.draws(3, seed=1):
        np.testing.assert_allclose(sales.sum(axis=2), output, rtol=1e-12)


@pytest.mark.parametrize("distribution", ["lognormal", "beta"])
def test_errors_may_be_common_to_countries(distribution: str) -> None:
    trade = toy_trade(1, TABLE, 0.2)
    options = {"relative_error": 0.3, "distribution": distribution, "cap": 0.2}
    weights = SplitWeights.from_trade(TABLE, TOY, trade, correlation=0.7, **options)
    drawn = np.array([np.log(np.where(output > 0, output, 1.0)) for output, _ in weights.draws(1_500, seed=5)])
    made = np.flatnonzero(weights.output[:, 1])
    between = np.corrcoef(drawn[:, made, 1].T)
    np.testing.assert_allclose(between[np.triu_indices(len(made), 1)], 0.7, atol=0.06)
    both = np.flatnonzero((weights.output[:, :2] > 0).all(axis=1))[0]
    assert abs(np.corrcoef(drawn[:, both, 1], drawn[:, both, 0])[0, 1]) < 0.1
    spread = np.exp(drawn).std(axis=0)[made, 1] / weights.output[made, 1]
    np.testing.assert_allclose(spread, 0.3, rtol=0.15)
    with pytest.raises(InputError, match=r"correlation=1.2: it lies in \[0, 1\]"):
        SplitWeights.from_trade(TABLE, TOY, trade, correlation=1.2)


def test_draws_are_the_seeds() -> None:
    weights = SplitWeights.from_trade(TABLE, TOY, toy_trade(1, TABLE))
    one, two, three = (np.array([o for o, _ in weights.draws(2, seed=s)]) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert (one != three).any()
    frame = weights.draw_shares(2, seed=1)
    made = frame[frame["draw"] > 0]["share"].to_numpy().reshape(one.shape)
    np.testing.assert_allclose(made * np.where(weights.wide > 0, weights.wide, 1.0), one, rtol=1e-12)
    np.testing.assert_array_equal(frame[frame["draw"] == 0]["share"], weights.frame["share"])
    with pytest.raises(InputError, match="n=0: draw at least once"):
        next(weights.draws(0))


def test_errors_that_no_distribution_has() -> None:
    shares = pd.DataFrame({"country": ["CHN"], "sector": ["c2"], "share": [0.6]})
    high = SplitWeights.from_shares(TABLE, TOY, shares, relative_error=0.4)
    with pytest.raises(
        InputError, match=r"CHN c2: share 0.6 .* log-normal draws would exceed 1; give distribution='beta'"
    ):
        next(high.draws(1))
    next(SplitWeights.from_shares(TABLE, TOY, shares, relative_error=0.4, distribution="beta").draws(1))
    wide = SplitWeights.from_shares(TABLE, TOY, shares, relative_error=1.0, distribution="beta")
    with pytest.raises(InputError, match="no beta distribution is as wide"):
        next(wide.draws(1))


def test_tables_are_drawn_and_balanced() -> None:
    split = TOY.split(TABLE, toy_trade(1, TABLE), linkage={("upstream", "midstream"): 0.5})
    tables = list(split.draws(3, seed=1))
    for table in tables:
        table.validate().require()
        back = table.aggregate(
            sectors={f"{s}:{p}": s for s in ("c1", "c2", "c3") for p in ("RE", "rest")}, keep_rest=True
        )
        np.testing.assert_allclose(back.Z, TABLE.Z, rtol=1e-9, atol=1e-12)
    assert not np.allclose(tables[0].Z, tables[1].Z)


def test_indices_of_draws_centre_on_the_split() -> None:
    trade = toy_trade(1, TABLE, 0.2)
    split = TOY.split(
        TABLE, trade, relative_error=0.1, sales_error=0.1, cap=0.3, linkage={("upstream", "midstream"): 0.5}
    )
    frame = split.draw_indices(60, seed=3)
    assert frame["draw"].nunique() == 61
    point = frame[frame["draw"] == 0].set_index(["country", "stage"])
    drawn = frame[frame["draw"] > 0].groupby(["country", "stage"], sort=False)
    for name in ("x", "va", "va_rate", "upstreamness", "wwyz_forward"):
        mean = drawn[name].mean()
        off = (mean - point[name].loc[mean.index]).abs()
        # four standard errors of 60 draws, and what the indices bend
        assert (off.dropna() <= (4 * drawn[name].std() / np.sqrt(60) + 2e-3 * mean).dropna()).all()
        assert (mean / point[name].loc[mean.index] - 1).abs().max() < 0.05
    compared = split.compare().set_index(["country", "stage"])
    for name in ("upstreamness", "va_rate", "wwyz_forward", "wwyz_backward", "va_share"):
        np.testing.assert_allclose(point[name], compared.loc[point.index, f"{name}_split"], rtol=1e-10)
    assert (drawn["upstreamness"].std().dropna() > 0).all()


def test_halves_of_a_country_count_as_one() -> None:
    labels = {"NA": "CN1", "CHN": "CN2"}
    table = toy_table(11)
    halves = IOTable.from_arrays(
        table.Z,
        table.Y,
        countries=[labels.get(c, c) for c in table.countries],
        sectors=table.sectors,
        final_categories=table.final_categories,
        va=table.va,
        x=table.x,
        year=2011,
        unit="million USD",
    )
    split = TOY.split(halves, trade({"exporter": "CN1"}, {"exporter": "CN2"}), missing="exports")
    frame, compared = split.draw_indices(1, seed=0), split.compare()
    assert set(frame["country"]) == {"AUS", "CHN", "ROW"}
    china = frame.query("draw == 0 and country == 'CHN' and stage == 'midstream'").iloc[0]
    same = compared.query("country == 'CHN' and stage == 'midstream'").iloc[0]
    assert china["x"] == pytest.approx(6.0)
    for name in ("upstreamness", "va_rate", "wwyz_forward", "wwyz_backward"):
        assert china[name] == pytest.approx(same[f"{name}_split"], rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_what_does_not_fit_goes_to_the_others(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wanted = rng.gamma(0.5, 1.0, (3, 6)) * (rng.random((3, 6)) < 0.6)
    limit = rng.gamma(0.5, 1.0, (3, 6))
    limit *= np.maximum(1.0, 1.01 * wanted.sum(axis=1) / limit.sum(axis=1))[:, None]
    fitted = fit_into(wanted, limit)
    assert (fitted <= limit * (1 + 1e-12)).all()
    np.testing.assert_allclose(fitted.sum(axis=1), wanted.sum(axis=1), rtol=1e-9)
    below = (wanted > 0) & (fitted < limit * (1 - 1e-9))
    for row in range(3):
        up = fitted[row, below[row]] / wanted[row, below[row]]
        assert (up >= 1 - 1e-12).all()
        assert up.size == 0 or np.ptp(up) < 1e-6 * up.max()
    room = wanted < limit
    np.testing.assert_array_equal(fit_into(wanted * room, limit), wanted * room)

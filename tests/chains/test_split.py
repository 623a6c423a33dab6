"""The split: parts add up to the table, hold its identities, follow the data; what cannot be is refused."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gvcpos._core.errors import EstimationError, InputError, LabelError, SpecificationError
from gvcpos.accounting import ValueAddedAccounts
from gvcpos.chains import Chain, Split, SplitWeights, Stage, compare_split, gvc_panel
from gvcpos.chains.split.balance import balanced_shares
from gvcpos.chains.split.cells import WideCells
from gvcpos.chains.split.estimates import wide_sales
from gvcpos.tables import IOTable
from gvcpos.tables.aggregation import reorder
from tests.chains.splits import MAKERS, TOY, toy_table, toy_trade, world_trade
from tests.shared import wiod2011

LINKAGE = {("upstream", "midstream"): 0.8}
RARE_EARTHS = Chain.rare_earths()


def assert_holds(split: Split, tolerance: float = 1e-9) -> None:
    """Parts sum to the table; rows, columns and value added as before; no new negative cell."""
    whole, parts, back = split.original, split.table, split.merged()
    scale = float(np.abs(whole.x).max())
    assert (back.countries, back.sectors) == (whole.countries, whole.sectors)
    for name in ("Z", "Y", "va", "x"):
        np.testing.assert_allclose(getattr(back, name), getattr(whole, name), rtol=tolerance, atol=1e-15 * scale)
    before, after = whole.validate(0.0), parts.validate(0.0)
    assert after.row_error <= before.row_error + 1e-12 * scale
    assert after.column_error <= before.column_error + 1e-12 * scale
    for name, axis in (("Z", (0, 1)), ("Y", (0,)), ("va", (1,))):
        was = _spread(getattr(whole, name), split, axis) < 0
        assert not ((getattr(parts, name) < 0) & ~was).any()


def _spread(matrix: np.ndarray, split: Split, axes: tuple[int, ...]) -> np.ndarray:
    """Every cell of the original at the places of its parts."""
    source = [s.rsplit(":", 1)[0] if ":" in s else s for s in split.table.sectors]
    N = len(split.original.sectors)
    at = [g * N + split.original.sectors.index(s) for g in range(len(split.original.countries)) for s in source]
    for axis in axes:
        matrix = np.take(matrix, at, axis=axis)
    return matrix


KEPT = ("AUS", "BRA", "CHN", "DEU", "EST", "FRA", "IND", "JPN", "KOR", "MEX", "TWN", "USA")


@lru_cache(maxsize=1)
def some_countries() -> IOTable:
    """WIOD 2011, twelve countries and the rest of the world."""
    return wiod2011().select(countries=KEPT, rest=("RoW", "OTHER"))


@lru_cache(maxsize=2)
def world(linked: bool = True) -> Split:
    """Real table, synthetic rare-earth trade of USD 4.1 billion."""
    table = some_countries()
    links = {("upstream", "midstream"): 0.8, ("midstream", "downstream"): 0.6} if linked else None
    return RARE_EARTHS.split(table, world_trade(table, RARE_EARTHS), linkage=links, missing="exports")


def test_a_whole_world_with_tiny_shares() -> None:
    table = wiod2011()
    split = RARE_EARTHS.split(table, world_trade(table, RARE_EARTHS), linkage=LINKAGE, missing="exports")
    assert_holds(split)
    world_share = split.world_shares.set_index("sector")["share"]
    assert set(world_share.index) == {"c2", "c9", "c12", "c14"}
    assert (world_share < 1e-3).all()
    assert (world_share > 1e-5).all()
    assert split.world_shares["output"].sum() == pytest.approx(4_100.0, rel=1e-9)
    parts = split.table
    own = [i for i, (c, s) in enumerate(parts.nodes) if s.endswith(":RE")]
    none = [i for i in own if parts.nodes[i][0] not in MAKERS]
    assert len(none) == 35 * 4
    for array in (parts.Z[none], parts.Z[:, none], parts.Y[none], parts.va[:, none], parts.x[none]):
        assert not array.any()
    made = [i for i in own if i not in none]
    rows = parts.Z[made].sum(axis=1) + parts.Y[made].sum(axis=1)
    np.testing.assert_allclose(rows, parts.x[made], rtol=1e-9)
    np.testing.assert_allclose(parts.Z[:, made].sum(axis=0) + parts.va_total[made], parts.x[made], rtol=1e-9)


def test_data_come_back_out_where_the_wide_flows_can_hold_them() -> None:
    split = world()
    frame = split.residuals
    _, to = wide_sales(split.original, split.estimates.sectors)
    country = {c: i for i, c in enumerate(split.original.countries)}
    sector = {s: i for i, s in enumerate(split.estimates.sectors)}
    room = to[frame["exporter"].map(country), frame["sector"].map(sector), frame["importer"].map(country)]
    asked, moved = frame["asked"].to_numpy(), frame["moved"].to_numpy()
    fits = (asked > 0) & (asked < 0.95 * room) & (frame["exporter"] == "CHN").to_numpy()
    assert fits.sum() > 20
    assert moved[fits].min() > -1e-9  # what does not fit elsewhere is added to them, in proportion
    for _, rows in frame[fits].groupby("sector"):
        at_limit = rows["balanced"].to_numpy() > 0.94 * room[rows.index]
        assert np.ptp(rows["moved"].to_numpy()[~at_limit]) < 1e-9
    short = (asked > 0.96 * room) & (frame["exporter"] == "CHN").to_numpy()
    assert short.any()
    assert (moved[short] < 0).all()
    sums = frame.groupby(["exporter", "sector"])["balanced"].sum()
    made = split.weights.set_index(["country", "sector"])["output"]
    np.testing.assert_allclose(sums, made[sums.index], rtol=1e-9)


def test_linkage_leads_down_the_chain() -> None:
    plain, linked = (world(x).linkage.set_index(["seller", "buyer"]) for x in (False, True))
    pair = ("upstream", "midstream")
    assert linked.loc[pair, "asked"] == 0.8
    assert plain.loc[pair, "asked"] == 0.0
    assert plain.loc[pair, "balanced"] < 0.01
    assert 0.1 < linked.loc[pair, "balanced"] <= 0.85


def test_rates_are_the_wide_sectors_unless_given() -> None:
    table = some_countries()
    trade = world_trade(table, RARE_EARTHS)
    split = RARE_EARTHS.split(table, trade, missing="exports", va_rates={"midstream": 0.11}, linkage=LINKAGE)
    assert_holds(split)
    rate, wide = (
        pd.Series(t.va_total, index=t.index) / pd.Series(t.x, index=t.index).replace(0.0, np.nan)
        for t in (split.table, table)
    )
    for country in MAKERS:
        assert rate[country, "c2:RE"] == pytest.approx(wide[country, "c2"], rel=1e-9)
        assert rate[country, "c9:RE"] == pytest.approx(0.11, rel=1e-9)


def test_inputs_that_are_given_are_bought() -> None:
    table = toy_table(5)
    trade = toy_trade(5, table, 0.01)
    inputs = pd.DataFrame({"stage": "midstream", "sector": ["c4", "c1"], "coefficient": [0.2, 0.1]})
    with pytest.raises(InputError, match=r"of which inputs= asks .* Change va_rates or inputs"):
        TOY.split(table, trade, inputs=inputs)
    split = TOY.split(table, trade, inputs=inputs, va_rates={"midstream": 0.4})
    assert_holds(split)
    frame = split.table.frame("Z")
    bought = frame.groupby(level="sector").sum()
    for country in table.countries:
        x = split.table.frame("x").loc[(country, "c2:RE"), "x"]
        ore = bought.loc[["c1:RE", "c1:rest"], (country, "c2:RE")].sum()
        assert bought.loc["c4", (country, "c2:RE")] == pytest.approx(0.2 * x, rel=0.02)
        assert ore == pytest.approx(0.1 * x, rel=0.02)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    size=st.sampled_from([1e-6, 1e-2, 1.0, 4.0]),
    linkage=st.floats(0, 1),
    rate=st.one_of(st.none(), st.floats(0.1, 0.3)),
)
def test_any_table_is_cut_without_a_seam(seed: int, size: float, linkage: float, rate: float | None) -> None:
    table = toy_table(seed, 3 + seed % 3)
    rates = None if rate is None else {"midstream": rate}
    options = {"cap": 0.6 if rate is None else 0.2, "linkage": {("upstream", "midstream"): linkage}, "va_rates": rates}
    try:
        split = TOY.split(table, toy_trade(seed, table, size), **options)
    except InputError as error:  # where the wide sector buys little, much may not be said of its part
        if rate is None or "Change va_rates" not in str(error):
            raise
        return
    assert_holds(split)
    np.testing.assert_allclose(
        split.residuals.groupby(["exporter", "sector"])["balanced"].sum().sum(), split.shares["output"].sum(), rtol=1e-9
    )


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_order_and_units_change_nothing(seed: int) -> None:
    table, rng = toy_table(seed), np.random.default_rng(seed)
    trade = toy_trade(seed, table)
    base = TOY.split(table, trade, cap=0.5, linkage=LINKAGE).table
    shuffled = trade.sample(frac=1.0, random_state=seed).assign(value=lambda f: 1e3 * f["value"])
    order = [table.countries[i] for i in rng.permutation(len(table.countries))]
    moved = reorder(table, order, ["c3", "c1", "c4", "c2"])
    other = TOY.split(moved, shuffled, unit="USD thousand", cap=0.5, linkage=LINKAGE).table
    back = reorder(other, base.countries, base.sectors)
    for name in ("Z", "Y", "va", "x"):
        np.testing.assert_allclose(getattr(back, name), getattr(base, name), rtol=1e-7, atol=1e-9)


def test_the_whole_sector_may_be_the_chain() -> None:
    table = toy_table(1)
    shares = pd.DataFrame({"country": table.countries, "sector": "c2", "share": 1.0})
    split = TOY.split(table, weights=SplitWeights.from_shares(table, TOY, shares))
    assert_holds(split)
    assert not split.table.frame("x").xs("c2:rest", level="sector")["x"].any()
    one = ValueAddedAccounts(table).indices()
    two = ValueAddedAccounts(split.table).indices()
    for name in ("upstreamness", "va_rate", "wwyz_forward"):
        np.testing.assert_allclose(
            two.loc[two["sector"] == "c2:RE", name], one.loc[one["sector"] == "c2", name], rtol=1e-9
        )


def test_nothing_of_the_chain_leaves_the_table() -> None:
    table = toy_table(1)
    shares = pd.DataFrame({"country": ["AUS"], "sector": ["c2"], "share": [0.0]})
    split = TOY.split(table, weights=SplitWeights.from_shares(table, TOY, shares))
    assert_holds(split)
    np.testing.assert_array_equal(split.table.frame("x").xs("c2:RE", level="sector")["x"], 0.0)
    compared = split.compare()
    assert (compared.loc[compared["stage"] == "midstream", "x_part"] == 0).all()
    assert compared["upstreamness_split"].isna().all()


def test_proportional_parts_are_the_wide_sector() -> None:
    """With one share everywhere and no linkage, the own part has the wide sector's indices."""
    table = toy_table(2, negatives=False)
    shares = pd.DataFrame({"country": table.countries, "sector": "c2", "share": 0.03})
    split = TOY.split(table, weights=SplitWeights.from_shares(table, TOY, shares))
    one, two = ValueAddedAccounts(table).indices(), ValueAddedAccounts(split.table).indices()
    for name in ("upstreamness", "downstreamness", "va_rate", "wwyz_forward", "wwyz_backward"):
        for part in ("c2:RE", "c2:rest"):
            np.testing.assert_allclose(
                two.loc[two["sector"] == part, name], one.loc[one["sector"] == "c2", name], rtol=1e-9
            )


def test_compare_sets_plain_and_split_side_by_side() -> None:
    split = world()
    frame = compare_split(split, ["upstreamness", "va_rate", "va_share"])
    assert list(frame.columns[:6]) == ["country", "stage", "year", "x_part", "va_part", "exports_part"]
    plain = gvc_panel([split.original], RARE_EARTHS)
    np.testing.assert_array_equal(frame["upstreamness_plain"], plain["upstreamness"])
    own, rest = (
        gvc_panel([split.table], Chain("c2", (Stage("upstream", (f"c2:{part}",)),))).set_index("country")
        for part in ("RE", "rest")
    )
    china = frame[(frame["country"] == "CHN") & (frame["stage"] == "upstream")].iloc[0]
    mean = china["x_part"] * own.loc["CHN", "upstreamness"] + (1 - china["x_part"]) * rest.loc["CHN", "upstreamness"]
    assert mean == pytest.approx(china["upstreamness_plain"], rel=1e-3)  # aggregation moves what is upstream a little
    assert 0 < china["x_part"] < 0.01
    shares = frame.groupby("stage")["va_share_split"].sum()
    np.testing.assert_allclose(shares, 1.0)
    assert frame.attrs["chain"] == RARE_EARTHS.name
    with pytest.raises(InputError, match="no measure nonsense in the panel"):
        compare_split(split, ["nonsense"])


@pytest.mark.parametrize(
    ("name", "boundary", "cut"),
    [
        ("rare_earths", "smelting_upstream", {"c2", "c12", "c9", "c14"}),
        ("lithium", None, {"c2", "c9", "c14"}),
        ("cobalt", None, {"c2", "c9", "c12", "c14"}),
        ("semiconductors", None, {"c9", "c13", "c14"}),
    ],
)
def test_every_shipped_chain_can_be_cut(name: str, boundary: str | None, cut: set[str]) -> None:
    table, chain = some_countries(), Chain.shipped(name, "adb35", boundary=boundary)
    split = chain.split(table, world_trade(table, chain), part=name, missing="exports")
    assert set(split.estimates.sectors) == cut
    assert set(split.chain.sectors) == {f"{sector}:{name}" for sector in cut}
    assert_holds(split)


def test_stages_without_goods_are_not_cut() -> None:
    chain = Chain("toy", (*TOY.stages, Stage("users", ("c4",))))
    table = toy_table(3)
    split = chain.split(table, toy_trade(3, table), cap=0.5)
    assert split.chain.stage_names == ("upstream", "midstream")
    assert split.compare().query("stage == 'users'")["x_part"].eq(0).all()
    assert "toy" in str(split)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"linkage": {("upstream", "nowhere"): 0.5}}, LabelError, "no such stage with goods: nowhere"),
        ({"linkage": {("upstream", "midstream"): 1.5}}, InputError, r"1.5: a fraction of output lies in \[0, 1\]"),
        ({"linkage": {"upstream": 0.5}}, InputError, "'upstream' is no pair of stages"),
        ({"va_rates": {"midstream": 1.0}}, InputError, r"va_rates of midstream is 1.0: .*\[0, 1\)"),
        ({"va_rates": {"midstream": 0.95}}, InputError, r"Change va_rates"),
        ({"part": "rest"}, SpecificationError, "give the parts two names"),
        (
            {"inputs": pd.DataFrame({"stage": "midstream", "sector": ["c4", "c1"], "coefficient": [0.7, 0.4]})},
            InputError,
            "'midstream' .* sum to 1.1 of output",
        ),
    ],
)
def test_assumptions_that_cannot_be_are_refused(options: dict, error: type, says: str) -> None:
    table = toy_table(4)
    shares = pd.DataFrame({"country": ["AUS", "AUS"], "sector": ["c1", "c2"], "share": [1.0, 1.0]})
    with pytest.raises(error, match=says):
        TOY.split(table, weights=SplitWeights.from_shares(table, TOY, shares), **options)


def test_what_split_takes() -> None:
    table = toy_table(4)
    with pytest.raises(InputError, match=r"takes trade .* or weights"):
        TOY.split(table)
    shares = pd.DataFrame({"country": ["AUS"], "sector": ["c1"], "share": [0.1]})
    weights = SplitWeights.from_shares(table, TOY, shares)
    with pytest.raises(InputError, match=r"takes trade .* or weights"):
        TOY.split(table, toy_trade(4, table), weights=weights)
    with pytest.raises(LabelError, match="made for a table of 2011 with other output"):
        TOY.split(toy_table(5), weights=weights)
    with pytest.raises(LabelError, match="the weights has ROW, EST, which the table does not have"):
        TOY.split(toy_table(4, 3), weights=SplitWeights.from_shares(toy_table(4, 5), TOY, shares))


def test_rows_and_columns_that_compete_come_together() -> None:
    """Coefficients beyond what the wide sector buys are cut, and what is left is balanced in several rounds."""
    table = toy_table(6)
    inputs = pd.DataFrame({"stage": "midstream", "sector": ["c4"], "coefficient": [0.5]})
    trade = toy_trade(6, table, 5.0)
    split = TOY.split(table, trade, inputs=inputs, cap=0.2, linkage=LINKAGE, va_rates={"midstream": 0.2})
    assert split.iterations > 1
    assert_holds(split)


def test_flows_that_cannot_hold_the_inputs_are_refused() -> None:
    """A cell that buys next to nothing but primary inputs cannot have a part that buys much."""
    table = toy_table(6)
    cells = WideCells.of(table, np.array([0]))
    shares = pd.DataFrame({"country": ["AUS"], "sector": ["c1"], "share": [0.5]})
    split = TOY.split(table, weights=SplitWeights.from_shares(table, TOY, shares))
    too_much = replace(split._prior, bought=2.0 * cells.columns.sum(axis=0))
    with pytest.raises(EstimationError, match=r"the purchases of \d+ cannot sum to"):
        balanced_shares(split._cells, too_much)
    with pytest.raises(EstimationError, match="did not balance: after 0 rounds"):
        balanced_shares(split._cells, split._prior, max_iterations=0)

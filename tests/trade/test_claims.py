"""Claims: every outcome has an example, faults have their line, and nothing is recomputed from itself."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import InputError, LabelError, SpecificationError
from gvcpos.trade import TradeFlows
from gvcpos.trade.claims import check_claims, load_claims, parse_claims
from gvcpos.trade.claims.comparing import OUTCOMES, to_one_digit
from gvcpos.trade.claims.formulas import recompute

HEAD = "source: invented\nclaims:\n"
PERCENT = "mine: {text: a, value: 1, unit: percent, year: 2023, status: press, formula: "
TONS = "mine: {text: a, value: 1, unit: t, year: 2023, status: press, "
BASE = """  exports: {text: exports, value: 100, unit: USD million, year: 2023, status: reported}
  imports: {text: imports, value: 140, unit: USD million, year: 2023, status: reported}
  tons: {text: tons, value: 12.3, unit: kt, year: 2023, status: reported}
"""


def claim(name: str, value: object, formula: str, unit: str = "percent", **more: object) -> str:
    """A line of a claims file."""
    extra = "".join(f", {key}: {val}" for key, val in more.items())
    figure = f"value: {value}, unit: {unit}, year: 2023, status: press"
    return f"  {name}: {{text: {name}, {figure}, formula: {formula}{extra}}}\n"


def outcome(value: object, formula: str, unit: str = "percent", **more: object) -> pd.Series:
    frame = check_claims(parse_claims(HEAD + BASE + claim("mine", value, formula, unit, **more)))
    return frame.set_index("id").loc["mine"]


@pytest.fixture(scope="module")
def shipped() -> pd.DataFrame:
    return check_claims().set_index("id")


@pytest.mark.parametrize(
    ("value", "formula", "unit", "more", "wanted"),
    [
        (71.4, "{ratio: [exports, imports]}", "percent", {}, "agrees"),
        (71, "{ratio: [exports, imports]}", "percent", {}, "agrees"),
        (71.3, "{ratio: [exports, imports]}", "percent", {}, "rounding"),  # 99.5 / 139.6 … 100.5 / 139.5
        (70, "{ratio: [exports, imports]}", "percent", {"about": "true"}, "rounding"),
        (70, "{ratio: [exports, imports]}", "percent", {}, "contradiction"),
        (80, "{ratio: [exports, imports]}", "percent", {"about": "true"}, "contradiction"),
        (714, "{ratio: [exports, imports]}", "percent", {}, "slip of a power of ten"),
        (0.0714, "{ratio: [exports, imports]}", "percent", {}, "slip of a power of ten"),
        (4, "{difference: [imports, exports]}", "USD billion", {"step": 1}, "slip of a power of ten"),
        (1, "{ratio: [exports, imports]}", "percent", {}, "contradiction"),  # 100 is not 71
        (7, "{ratio: [exports, imports]}", "percent", {}, "slip of a power of ten"),
        (0.04, "{difference: [imports, exports]}", "USD billion", {}, "agrees"),
        (-40, "{difference: [exports, imports]}", "USD million", {}, "agrees"),
        (40, "{difference: [exports, imports]}", "USD million", {}, "contradiction"),
        (60, "{ratio: [exports, imports]}", "percent", {"bound": "above"}, "agrees"),
        (60, "{ratio: [exports, imports]}", "percent", {"bound": "below"}, "contradiction"),
        (240, "{sum: [exports, imports]}", "USD million", {}, "agrees"),
        (40, "{growth: {first: exports, last: imports}}", "percent", {}, "agrees"),
        (18.3, "{growth: {first: exports, last: imports, years: 2}}", "percent/yr", {}, "agrees"),
        (8130, "{ratio: [exports, tons]}", "USD/t", {"step": 10}, "agrees"),
        (8.13, "{ratio: [exports, tons]}", "USD/kg", {}, "agrees"),
        (1.4, "{ratio: [imports, exports]}", "times", {}, "agrees"),
        (280, "{scale: {of: imports, by: 2}}", "USD million", {}, "agrees"),
        (30, "{product: [imports, {difference: [1, 0.786]}]}", "USD million", {}, "agrees"),
    ],
)  # fmt: skip
def test_outcomes(value: object, formula: str, unit: str, more: dict, wanted: str) -> None:
    row = outcome(value, formula, unit, **more)
    assert row["outcome"] == wanted
    assert f": {wanted} (" in row["sentence"]


def test_every_outcome_has_an_example() -> None:
    text = HEAD + BASE
    for i, (value, formula, more) in enumerate(
        [
            (71.4, "{ratio: [exports, imports]}", {}),
            (70, "{ratio: [exports, imports]}", {"about": "true"}),
            (7.14, "{ratio: [exports, imports]}", {}),
            (50, "{ratio: [exports, imports]}", {}),
        ]
    ):
        text += claim(f"c{i}", value, formula, **more)
    money = "unit: USD million, year: 2023"
    text += f"  net: {{text: net, {money}, status: implied, formula: {{difference: [imports, exports]}}}}\n"
    text += f'  sold: {{text: a, value: 103, {money}, status: press, trade: {{hs: ["2846"], measure: world}}}}\n'
    flows = TradeFlows.from_frame(
        pd.DataFrame({"year": [2023], "exporter": "CHN", "importer": "USA", "hs": "284690", "value": 100.0}),
        source="invented",
    )
    found = check_claims(parse_claims(text), flows)
    assert set(found["outcome"]) == set(OUTCOMES)


def test_shipped_claims_load_and_have_the_figures(shipped: pd.DataFrame) -> None:
    claims = load_claims()
    assert len(claims) >= 90
    assert claims["oec.compounds.world.2023"].value == 3520
    assert {c.status for c in claims} == {"reported", "press", "paper", "norm", "implied"}
    assert all(c.source for c in claims)
    assert set(shipped["outcome"]) == {"agrees", "rounding", "slip of a power of ten", "implied", "not recomputable"}
    frame = claims.to_frame()
    assert frame["id"].is_unique
    assert frame["place"].str.contains(r"\.yaml, line \d+$").all()
    with pytest.raises(LabelError, match="no claim is called 'oec'"):
        claims["oec"]


@pytest.mark.parametrize(
    ("name", "wanted", "recomputed"),
    [
        ("oec.compounds.growth", "agrees", 22.62),
        ("oec.metals.growth", "agrees", 5.934),
        ("oec.compounds.deficit.chn", "agrees", 1467.0),
        ("oec.metals.share", "agrees", 17.244),
        ("press.metals.share", "rounding", 17.244),
        ("press.concentrate", "slip of a power of ten", 1.238),
        ("press.compounds", "slip of a power of ten", 7.57),
        ("norms.loss.hard_rock", "agrees", 11.68),
        ("norms.loss.ionic", "agrees", 6.0),
        ("norms.ionic_share", "agrees", 13.679),
        ("norms.loss.mixed", "agrees", 10.885),
        ("ge2025.refining_loss", "rounding", 10.9),
        ("customs.exports.march.2024", "implied", 4709.9),
        ("customs.exports.q1.2024", "implied", 13490.0),
        ("customs.imports.march.2024", "implied", 13420.4),
        ("customs.imports.q1.2024", "implied", 35714.9),
        ("customs.exports.before_march.growth", "implied", -3.0537),
        ("customs.imports.before_march.growth", "implied", -24.10),
    ],
)
def test_the_shipped_figures(shipped: pd.DataFrame, name: str, wanted: str, recomputed: float) -> None:
    row = shipped.loc[name]
    assert row["outcome"] == wanted
    assert row["recomputed"] == pytest.approx(recomputed, rel=2e-4)
    assert row["low"] <= row["recomputed"] <= row["high"]


def test_sentences_say_what_is_wrong(shipped: pd.DataFrame) -> None:
    assert "100 times too large" in shipped.loc["press.concentrate", "sentence"]
    assert "10 times too large" in shipped.loc["press.compounds", "sentence"]
    about = shipped.loc["press.metals.share", "sentence"]
    assert "about 20 %" in about
    assert "17.2 %" in about
    assert "16 % above it" in about
    assert "1,980 − 513 = USD 1,467 million" in shipped.loc["oec.compounds.deficit.chn", "sentence"]
    assert "40.0 % of China's exports" in shipped.loc["customs.exports.march", "sentence"]
    assert "neither China's exports nor its imports" in shipped.loc["oec.metals.surplus.chn", "sentence"]


def test_a_part_larger_than_its_whole_is_a_contradiction() -> None:
    text = HEAD + BASE.replace("value: 140", "value: 90, part_of: exports").replace("value: 100", "value: 80")
    row = check_claims(parse_claims(text)).set_index("id").loc["imports"]
    assert row["outcome"] == "contradiction"
    assert "112.5 % of exports" in row["sentence"]


def test_spans_hold_what_rounding_hides() -> None:
    """Any figures that print as the stated ones give a value inside low … high."""
    claims = load_claims()
    formula = claims["oec.compounds.growth"].formula
    assert formula is not None
    _, low, high = recompute(formula, claims.claims)
    rng = np.random.default_rng(0)
    first, last = rng.uniform(1265, 1275, 500), rng.uniform(3515, 3525, 500)
    values = (last / first) ** 0.2 - 1
    assert (values >= low).all()
    assert (values <= high).all()
    assert values.max() - values.min() > 0.9 * (high - low)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (PERCENT + "{raito: [exports, imports]}}",
         r"f.yaml, line 7: unknown operation 'raito' in mine.formula.raito. Allowed: growth, difference, ratio"),
        (PERCENT + "{growth: {first: exports, lst: imports}}}",
         r"line 7: unknown key 'lst' in mine.formula.growth.lst. Allowed: first, last, years"),
        (PERCENT + "{product: [2, {sun: [1, 2]}]}}",
         r"line 7: unknown operation 'sun' in mine.formula.product.1.sun. Allowed: growth"),
        (PERCENT + "{ratio: [exports, inports]}}",
         r"line 7: mine.formula: no claim is called 'inports'"),
        (PERCENT + "{ratio: [exports, mine]}}",
         r"line 7: mine is recomputed from itself"),
        (PERCENT + "{ratio: [exports, tons]}}",
         r"line 7: mine.formula gives money per mass, but the claim is a pure number"),
        ("mine: {text: a, value: 1, unit: USD million, year: 2023, status: press, formula: {sum: [exports, tons]}}",
         r"line 7: mine.formula: sum of money and a mass: not alike"),
        (PERCENT + "{ratio: [exports]}}",
         r"line 7: mine.formula.ratio.1: is missing"),
        (PERCENT + "{}}",
         r"line 7: mine.formula: a formula is one operation of growth, .*here are 0"),
        ("mine: {text: a, value: 1, unit: percent, year: 2023, status: rumour}",
         r"line 7: mine.status = 'rumour': must be 'reported', 'press'"),
        ("mine: {text: a, value: 1, unit: stone, year: 2023, status: press}", r"7: mine.unit = 'stone': must be 't'"),
        ("mine: {text: a, value: much, unit: t, year: 2023, status: press}", r"mine.value = 'much': must be a number"),
        ("mine: {text: a, unit: t, year: 2023, status: press}", r"line 7: mine: a claim has a value, unless"),
        ("mine: {text: a, value: 1, unit: t, year: 2023, status: implied, formula: {sum: [tons, tons]}}",
         r"line 7: mine: a claim has a value, unless"),
        ("mine: {text: a, unit: t, year: 2023, status: implied}", r"line 7: mine: an implied figure needs a formula"),
        (TONS + "part_of: exports}",
         r"line 7: mine in t is no part of exports in USD million"),
        (TONS + "part_of: all}", r"line 7: mine.part_of = 'all'"),
        (TONS + "trade: {hs: [28461], measure: world}}",
         r"line 7: mine.trade.hs.0 = 28461: must be text"),
        (TONS + 'trade: {hs: ["28461"], measure: world}}',
         r"line 7: mine.trade.hs = \['28461'\]: HS codes have"),
        (TONS + 'trade: {hs: ["2846"], measure: exports}}',
         r"line 7: mine.trade: a country is needed"),
        ("exports: {text: a, value: 1, unit: t, year: 2023, status: press}", r"line 7: key 'exports' a second time"),
        ("mine: 3", r"line 7: mine = 3: must be a block of keys"),
    ],
)  # fmt: skip
def test_each_fault_is_one_error_with_its_line(line: str, words: str) -> None:
    text = f"title: t\n{HEAD}{BASE}  {line}\n"
    with pytest.raises(SpecificationError, match=words) as caught:
        parse_claims(text, "f.yaml")
    assert all(sentence.startswith("f.yaml, line 7: ") for sentence in str(caught.value).splitlines())


def test_implied_figures_do_not_go_round_or_come_back() -> None:
    """Neither a circle of implied figures, nor a stated one fed in by way of an implied one."""
    implied = "  {}: {{text: a, unit: USD million, year: 2023, status: implied, formula: {{sum: [{}, exports]}}}}\n"
    with pytest.raises(SpecificationError, match="rests on itself"):
        parse_claims(HEAD + BASE + implied.format("a", "b") + implied.format("b", "a"))
    back = claim("mine", 5, "{scale: {of: a, by: 1}}", "USD million") + implied.format("a", "mine")
    with pytest.raises(SpecificationError, match="mine is recomputed from itself"):
        parse_claims(HEAD + BASE + back)


def test_files_are_read_together_and_kept_apart(tmp_path) -> None:  # type: ignore[no-untyped-def]
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text(HEAD + BASE)
    two.write_text(HEAD + claim("mine", 71.4, "{ratio: [exports, imports]}"))
    assert check_claims(load_claims(one, two)).set_index("id").loc["mine", "outcome"] == "agrees"
    with pytest.raises(SpecificationError, match=r"two.yaml, line 3: mine.formula: no claim is called 'exports'"):
        load_claims(two)
    two.write_text(HEAD + BASE)
    with pytest.raises(SpecificationError, match=r"two.yaml, line 3: claim 'exports' is also in .*one.yaml, line 3"):
        load_claims(one, two)
    two.write_text("claims: [1]\n")
    with pytest.raises(SpecificationError, match="a claims file has the keys"):
        load_claims(two)
    two.write_text("claim: {}\nclaims: {}\n")
    with pytest.raises(SpecificationError, match=r"two.yaml, line 1: unknown key 'claim'"):
        load_claims(two)


def test_recomputation_from_trade_data() -> None:
    rows = [("MMR", "CHN", 1440.0), ("USA", "CHN", 140.0), ("MYS", "JPN", 531.0), ("CHN", "JPN", 478.0),
            ("CHN", "USA", 35.0)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["exporter", "importer", "value"]).assign(year=2023, hs="284690")
    flows = TradeFlows.from_frame(frame, source="invented", synthetic=True)
    found = check_claims(trade=flows)
    by = found[found["basis"] == "trade"].set_index("id")
    assert by.loc["oec.compounds.exports.mmr", "outcome"] == "agrees"
    assert by.loc["oec.compounds.exports.chn", "recomputed"] == 513.0
    assert by.loc["oec.compounds.exports.usa.chn", "outcome"] == "close"
    assert by.loc["oec.compounds.deficit.chn", "recomputed"] == 1067.0
    assert by.loc["oec.compounds.deficit.chn", "outcome"] == "contradiction"
    assert "has no flows of HS 280530" in by.loc["oec.metals.world.2023", "sentence"]
    assert "has no 2018" in by.loc["oec.compounds.world.2018", "sentence"]
    assert "has no trade of VNM" in by.loc["oec.compounds.imports.vnm", "sentence"]
    assert "synthetic" in by.loc["oec.compounds.exports.mmr", "sentence"]
    less = check_claims(trade=flows.select(importers=["CHN", "JPN"]))
    less = less[less["basis"] == "trade"].set_index("id")
    assert less.loc["oec.compounds.imports.usa.chn", "outcome"] == "not recomputable"  # an absent flow is no zero
    assert "has no such flow in 2023" in less.loc["oec.compounds.imports.usa.chn", "sentence"]
    strict = check_claims(trade=flows, tolerance=0.0)
    strict = strict[strict["basis"] == "trade"].set_index("id")
    assert strict.loc["oec.compounds.exports.usa.chn", "outcome"] == "contradiction"
    with pytest.raises(InputError, match="tolerance=-1"):
        check_claims(tolerance=-1.0)


def test_each_side_reports_its_own() -> None:
    frame = pd.DataFrame({"year": 2023, "exporter": "CHN", "importer": "JPN", "hs": "284690",
                          "value": [513.0, 478.0], "reporter": ["exporter", "importer"]})  # fmt: skip
    by = check_claims(trade=TradeFlows.from_frame(frame, source="invented"))
    by = by[by["basis"] == "trade"].set_index("id")
    assert by.loc["oec.compounds.exports.chn", "outcome"] == "agrees"
    assert by.loc["oec.compounds.imports.jpn", "outcome"] == "agrees"
    assert by.loc["oec.compounds.world.2023", "recomputed"] == 478.0


def test_rounding_to_one_digit() -> None:
    assert [to_one_digit(v) for v in (17.2, 10.9, 0.0321, -95.1, 0.0)] == [20.0, 10.0, 0.03, -100.0, 0.0]
    assert math.isnan(to_one_digit(math.nan))

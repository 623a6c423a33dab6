"""The shipped system against reported figures: nothing that is compared is fed in, and ours is what its flows say."""

from __future__ import annotations

import importlib.util
import math
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from gvcpos._core.errors import InputError
from gvcpos.flows import compare_scenarios
from gvcpos.flows.draws.results import FlowDraws
from gvcpos.flows.targets import FigureBlock, compare_targets, figure_outputs, load_targets
from gvcpos.trade.claims import Claim, ClaimSet, load_claims
from tests.flows.targets.systems import NAME, china
from tests.shared import ROOT

FILE = ROOT / "data" / "flows" / f"{NAME}.yaml"
DRAWS = 40


@lru_cache(maxsize=1)
def figures() -> dict[str, FigureBlock]:
    return load_targets(NAME)


@lru_cache(maxsize=1)
def compared() -> pd.DataFrame:
    return compare_targets(china(), draws=DRAWS, seed=1)


@lru_cache(maxsize=1)
def drawn() -> FlowDraws:
    return china().simulate(draws=2, seed=1, outputs=figure_outputs(china(), figures()))


def other_claims(factor: float) -> ClaimSet:
    """The shipped claims, every value of the study times a factor."""
    shipped = load_claims()

    def changed(claim: Claim) -> Claim:
        """One claim with another value, if the study has it."""
        if claim.value is None or not claim.id.startswith("ge2025."):
            return claim
        return claim.model_copy(update={"value": claim.value * factor + 1.0})

    return ClaimSet({key: changed(claim) for key, claim in shipped.claims.items()}, shipped.places)


def texts(found: Any) -> list[str]:
    """Every text of a YAML file, keys too."""
    if isinstance(found, dict):
        return [text for key, value in found.items() for text in (str(key), *texts(value))]
    if isinstance(found, list):
        return [text for value in found for text in texts(value)]
    return [str(found)]


# What the file says of itself -------------------------------------------------------------------------------------


def test_every_number_has_a_source_or_says_why_it_is_assumed() -> None:
    frame = china().to_frame()
    assert set(frame["status"]) <= {"source", "assumed"}
    assert (frame["grade"] != "").all()
    assert not frame["synthetic"].any()
    used = set(frame["source"]) - {""}
    named = {word for text in texts(yaml.safe_load(FILE.read_text(encoding="utf-8"))) for word in text.split()}
    plain = {word.strip("(),.;:") for word in named}
    assert used | (set(china().spec.sources) & plain) == set(china().spec.sources)  # none is listed for nothing


def test_worse_grades_are_less_certain() -> None:
    frame = china().to_frame()
    uncertain = frame[(frame["sd"] > 0) & (frame["what"] == "value")]
    spread = (uncertain["sd"] / uncertain["value"]).groupby(uncertain["grade"]).median()
    assert spread["A"] < spread["C"] < spread["D"]
    values = frame[(frame["what"] == "value") & (frame["grade"] != "A")]
    assert (values["sd"] > 0).all()


def test_baskets_are_those_of_the_oxide_prices() -> None:
    spec = importlib.util.spec_from_file_location("make_prices", ROOT / "data" / "flows" / "make_prices.py")
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    flows = yaml.safe_load(FILE.read_text(encoding="utf-8"))["flows"]
    for flow in module.FLOWS:
        for layer, series in module.prices(flow).items():
            assert flows[flow]["price"][layer]["values"] == pytest.approx(series), (flow, layer)
    for flow in ("to_hydrogen_storage", "to_alloys"):
        assert flows[flow]["price"]["values"] == pytest.approx(module.mischmetal())
    for mix in module.MIXES.values():
        assert sum(mix.values()) == pytest.approx(1.0, abs=0.002)


# No target is fed in ----------------------------------------------------------------------------------------------


def test_no_input_cites_the_study() -> None:
    said = " ".join(texts(yaml.safe_load(FILE.read_text(encoding="utf-8"))))
    for word in ("Ge,", "Ge et al", "ge2025", "Zhuang", "7:095009", "Commun."):
        assert word not in said


@pytest.mark.parametrize("key", load_targets(NAME))
def test_no_input_is_a_target(key: str) -> None:
    block = figures()[key]
    claim = load_claims()[block.claim]
    target = claim.value if block.target is None else block.target
    assert target is not None
    kind = {"kt": "kt", "USD billion": "money", "USD/t": "USD million/kt"}.get(claim.unit, "1")
    numbers = {"kt": target, "USD/t": target / 1e3, "percent": target / 1e2}
    sought = numbers.get(claim.unit, target)
    if sought == 0.0 or block.target is not None or kind == "money":
        return  # a limit of 0, a rank; no input is a sum of money
    for datum in china().data:
        if claim.id in datum.calibrated_to or datum.unit != kind or datum.what == "history":
            continue
        for value in dict.fromkeys(datum.values):
            near = [value * 10.0**power for power in ((-6, -3, 0, 3, 6) if kind != "1" else (-2, 0, 2))]
            near += [1.0 - value] if datum.what in ("share", "composition") else []
            for number in near:
                assert f"{number:.3g}" != f"{sought:.3g}", f"{datum.name} is {claim.id} = {claim.stated}"


def test_other_claims_change_the_comparison_and_nothing_of_ours() -> None:
    other = compare_targets(china(), draws=DRAWS, seed=1, claims=other_claims(3.0))
    for column in ("ours", "lower", "upper"):
        pd.testing.assert_series_equal(compared()[column], other[column])
    stated = compared()["figure"] != "compounds_rank"
    assert (compared()["target"] != other["target"])[stated].all()
    assert (compared()["outcome"] != other["outcome"]).any()


def test_ours_is_computed_without_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    from gvcpos.flows.targets import comparing

    def refuse(*_: object) -> ClaimSet:
        """Stand in for a reading of claims that must not happen."""
        raise AssertionError("claims are read while ours is computed")

    monkeypatch.setattr(comparing, "load_claims", refuse)
    point, _ = comparing.computed(china(), figures(), china().simulate(2, seed=1))
    expected = compared().set_index("figure")["ours"]
    assert point["concentrate"] == pytest.approx(expected["concentrate"], rel=1e-12)


@pytest.fixture(scope="module")
def elasticities() -> pd.DataFrame:
    """Relative change of each figure by that of each datum, by differences of 1 %: figure x datum."""
    run, values = drawn().run, china().data.values
    names = china().data.names
    batch = np.repeat(values[None], len(names) + 1, axis=0)
    for k in range(len(names)):
        batch[k + 1, :, k] *= 1.01
    outputs: dict[str, list[np.ndarray]] = {key: [] for key in figures()}
    for start in range(0, len(batch), 64):
        arrays = run.solved(batch[start : start + 64])
        for key, parts in outputs.items():
            parts.append(drawn().outputs[f"figure:{key}"](arrays))
    table = {key: np.concatenate(parts) for key, parts in outputs.items()}
    return pd.DataFrame({key: (found[1:] / found[0] - 1.0) / 0.01 for key, found in table.items()}, index=list(names)).T


@pytest.mark.parametrize("key", load_targets(NAME))
def test_no_figure_is_one_input_handed_through(elasticities: pd.DataFrame, key: str) -> None:
    if key == "compounds_rank":
        return  # a place does not move with small changes
    moved = elasticities.loc[key].abs().sort_values(ascending=False)
    assert (moved > 1e-3).sum() >= 2
    alone = moved.iloc[0] > 0.999 and moved.iloc[1] < 1e-3
    assert not alone, f"{key} is {moved.index[0]}"


# What comes out ---------------------------------------------------------------------------------------------------


def test_the_comparison_has_a_line_a_figure_and_a_reason_each() -> None:
    frame = compared()
    assert list(frame["figure"]) == list(figures())
    assert (frame["reason"].str.len() > 20).all()
    assert set(frame["outcome"]) <= {"met", "not met", "calibrated"}
    assert (frame["lower"] <= frame["upper"]).all()
    study = {claim.id for claim in load_claims() if claim.id.startswith("ge2025.") and claim.value is not None}
    assert study == set(frame["claim"])  # every figure of the study that has a value is compared
    main = frame[frame["variant_of"] == ""]
    assert main["claim"].duplicated().sum() == 1  # added value of compounds, and that it is the highest
    assert not frame.attrs["synthetic"]


def test_an_outcome_is_what_the_numbers_say() -> None:
    for row in compared().itertuples():
        claim = load_claims()[row.claim]
        if row.figure != "compounds_rank" and claim.bound is not None:
            holds = row.ours > row.target if claim.bound == "above" else row.ours < row.target
        else:
            holds = abs(row.ours - row.target) <= 0.1 * row.target
        assert (row.outcome == "met") == holds, row.figure


def test_masses_balance_in_every_process_layer_and_year() -> None:
    balance = china().balance()
    frame = balance.processes()
    assert frame["residual"].abs().max() < 1e-10 * float(np.abs(balance.mass).max())
    assert (balance.mass >= -1e-12).all()


def test_the_balance_is_plausible() -> None:
    system = china()
    mass, flows = system.balance().mass.sum(axis=-1), system.network.flows
    total = {name: mass[:, f] for f, name in enumerate(flows)}
    quota = np.array([105, 105, 105, 120, 132, 140, 168, 210])
    assert total["concentrate"] + total["ionic_concentrate"] == pytest.approx(quota, rel=0.15)
    reported = next(datum.values for datum in system.data if datum.name == "blanks")
    assert total["blanks"] == pytest.approx(reported, rel=0.35)  # reconciled with what metals are left for it
    assert 0.05 < total["recovered"].sum() / total["domestic_compounds_supply"].sum() < 0.3  # mostly of swarf
    assert (total["old_scrap"] < 0.05 * total["swarf"]).all()


def test_the_page_says_what_the_run_says() -> None:
    page = (ROOT / "docs" / "flows_china.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("|")]
    told = {row[0].replace("&nbsp;", "").strip("*").replace(" ", "_"): row for row in rows if len(row) == 6}
    for row in compared().itertuples():
        cells = told[row.figure]
        number = float(cells[2].split(" ")[0].replace(",", "").replace("−", "-"))
        assert number == pytest.approx(row.ours, rel=0.02, abs=0.006), row.figure
        assert cells[4] == row.outcome, row.figure
    numbers = china().to_frame().drop_duplicates("name")
    counted = numbers["status"].value_counts()
    told_of = f"Of {len(numbers)} numbers {counted['source']} have a source"
    assert told_of in " ".join(page.split())
    assert f"{(numbers['grade'] == 'D').sum()} are of grade D" in " ".join(page.split())


@pytest.mark.slow
def test_the_page_says_what_the_scenarios_change() -> None:
    page = (ROOT / "docs" / "flows_china.md").read_text(encoding="utf-8").partition("## Four scenarios")[2]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("|")]
    told = {row[0]: [float(cell.replace(",", "").replace("−", "-")) for cell in row[1:]] for row in rows[2:7]}
    found = compare_scenarios(china())
    flows = found.flows.query("year == 2022 and layer == 'total'").set_index(["scenario", "flow"])
    stages = found.stages.query("year == 2022 and measure == 'value_added'").set_index(["scenario", "stage"])

    def expected(scenario: str, column: str) -> list[float]:
        """Two flows and four stages."""
        tons = [flows[column][scenario, flow] for flow in ("recovered", "to_magnets")]
        return tons + [stages[column][scenario, s] for s in ("upstream", "midstream", "downstream", "end of life")]

    assert set(told) == {"as it is", *found.titles}
    for scenario in found.titles:
        assert told["as it is"] == pytest.approx(expected(scenario, "base"), rel=0.005), scenario
        assert told[scenario] == pytest.approx(expected(scenario, "difference"), abs=0.51, rel=0.02), scenario


def test_the_same_seed_gives_the_same_bytes() -> None:
    again = compare_targets(china(), draws=DRAWS, seed=1)
    assert again.to_csv() == compared().to_csv()
    other = compare_targets(china(), draws=DRAWS, seed=2)
    assert not math.isclose(float(other["lower"][0]), float(compared()["lower"][0]), rel_tol=1e-9)


def test_a_tolerance_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="tolerance"):
        compare_targets(china(), tolerance=1.5)

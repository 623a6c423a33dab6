"""Outcomes of a comparison: within the tolerance, on the side of a limit, calibrated, unlike units, no such claim."""

from __future__ import annotations

from pathlib import Path

import pytest

from gvcpos._core.errors import InputError, LabelError
from gvcpos.flows.system.flow_system import FlowSystem
from gvcpos.flows.targets import compare_targets
from gvcpos.trade.claims import ClaimSet, parse_claims
from tests.flows.targets.test_figures import TOY

UNCERTAIN = "value: {values: {2015: 2, 2016: 8}, unit: kt, uncertainty: {distribution: lognormal, relative: 0.1}}"
SYSTEM = FlowSystem.from_text(TOY.replace("value: {values: {2015: 2, 2016: 8}, unit: kt}", UNCERTAIN))
TARGETS = """
figures:
  fed: {claim: a.fed, words: w, reason: "because", mass: {plus: [concentrate, imports]}}
  loss: {claim: a.loss, words: w, reason: "because", share: {of: [slag], over: [concentrate, imports]}}
"""


def claims(fed: float = 34.0, unit: str = "kt", bound: str = "below") -> ClaimSet:
    """Two claims, one with a value and one with a limit."""
    return parse_claims(
        f"""
title: t
source: s
claims:
  a.fed: {{text: fed, value: {fed}, unit: {unit}, year: 2016, status: paper}}
  a.loss: {{text: loss, value: 11, bound: {bound}, unit: percent, year: 2016, status: paper}}
"""
    )


@pytest.fixture
def targets(tmp_path: Path) -> Path:
    """A file of two figures."""
    path = tmp_path / "targets.yaml"
    path.write_text(TARGETS, encoding="utf-8")
    return path


def outcomes(targets: Path, found: ClaimSet, system: FlowSystem = SYSTEM, tolerance: float = 0.1) -> list[str]:
    """Outcome of both lines."""
    frame = compare_targets(system, draws=50, seed=1, claims=found, targets=targets, tolerance=tolerance)
    return frame["outcome"].tolist()


def test_within_the_tolerance_or_not(targets: Path) -> None:
    assert outcomes(targets, claims(34.0)) == ["met", "met"]
    assert outcomes(targets, claims(31.0)) == ["met", "met"]
    assert outcomes(targets, claims(31.0), tolerance=0.05) == ["not met", "met"]
    assert outcomes(targets, claims(30.0)) == ["not met", "met"]
    assert outcomes(targets, claims(bound="above")) == ["met", "not met"]


def test_units_of_a_claim_do_not_matter(targets: Path) -> None:
    assert outcomes(targets, claims(34000.0, "t")) == ["met", "met"]
    assert outcomes(targets, claims(34.0, "t")) == ["not met", "met"]


def test_what_was_fitted_to_a_claim_is_never_met(targets: Path) -> None:
    fitted = TOY.replace(
        "unit: kt},\n    composition: {light: 0.75", "unit: kt, calibrated_to: [a.fed]},\n    composition: {light: 0.75"
    )
    assert fitted != TOY
    system = FlowSystem.from_text(fitted.replace("value: {values: {2015: 2, 2016: 8}, unit: kt}", UNCERTAIN))
    assert outcomes(targets, claims(34.0), system) == ["calibrated", "met"]
    assert outcomes(targets, claims(99.0), system) == ["calibrated", "met"]


def test_a_line_says_all_of_it(targets: Path) -> None:
    frame = compare_targets(SYSTEM, draws=50, seed=1, claims=claims(30.0), targets=targets)
    row = frame.iloc[0]
    assert row["sentence"].startswith("fed, 2016: reported 30 kt, ours 34.0 kt (")
    assert row["sentence"].endswith("not met. because")
    assert row["lower"] < row["ours"] < row["upper"]
    assert bool(row["inside"]) == (row["lower"] <= 30.0 <= row["upper"])
    assert frame.attrs["synthetic"]


def test_unlike_units_and_unknown_claims_are_refused(targets: Path) -> None:
    with pytest.raises(InputError, match=r"figure fed.*a\.fed is in USD/t"):
        compare_targets(SYSTEM, draws=2, claims=claims(34.0, "USD/t"), targets=targets)
    with pytest.raises(LabelError, match=r"a\.fed"):
        compare_targets(SYSTEM, draws=2, claims=parse_claims("title: t\nsource: s\nclaims: {}"), targets=targets)

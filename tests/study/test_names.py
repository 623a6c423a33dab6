"""What does not exist is refused before anything expensive is computed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gvcpos._core.errors import LabelError, SpecificationError
from gvcpos.chains import Chain, gvc_panel, panel_columns
from gvcpos.lockin import lock_in
from gvcpos.study import Study
from gvcpos.study.inputs import gather
from gvcpos.study.names import check_names
from gvcpos.study.places import Places
from gvcpos.tables import synthetic_world
from tests.lockin import worlds

QUICK = ("tables.countries=8", "tables.last_year=2011")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("panel.regressors=[upstreamnes]", r"panel.regressors: upstreamnes not in .*upstreamness.*rd_intensity"),
        ("panel.dependent=va_rat", "panel.dependent: va_rat not in"),
        ("space.moran=[nothing]", "space.moran: nothing not in"),
        ("lockin.capture=keep", "lockin.capture: keep not in"),
        ("lockin.position=place", "lockin.position: place not in"),
        ("lockin.controls=[gdp]", "lockin.controls: gdp not in"),
        ("lockin.participation=part", "lockin.participation: part not in"),
        ("robustness={positions: [plvv]}", "robustness.positions: plvv not in"),
        ("panel.stage=up", "panel.stage: up is no stage of the chain. There are: upstream, midstream, downstream"),
        ("lockin.downstream=end", "lockin.downstream: end is no stage"),
        ("space.stages=[top]", "space.stages: top is no stage"),
        ("panel.regressors=[year]", "year names the rows"),
        ("lockin.lags=3", "pull-through with lockin.lags = 3 needs at least 7"),
    ],
)  # fmt: skip
def test_names_and_years_come_first(setting: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def expensive(*_: object, **__: object) -> None:
        raise AssertionError("accounts were computed")

    monkeypatch.setattr("gvcpos.study.study.account_frames", expensive)
    with pytest.raises(SpecificationError, match=words):
        Study.from_yaml("demo", (*QUICK, setting)).run()


def test_what_exists_passes_with_years_enough() -> None:
    spec = Study.from_yaml("demo", (*QUICK, "lockin.participation=gvc_position", "robustness={positions: [plv]}")).spec
    inputs = gather(spec, Places(Path(), None))
    check_names(spec, inputs)
    short = replace(inputs, tables=inputs.series.between(2007, 2010))
    with pytest.raises(SpecificationError, match=r"4 years \(2007, 2008, 2009, 2010\), and .* needs at least 5"):
        check_names(spec, short)


def test_the_columns_of_a_panel_are_known_without_tables() -> None:
    world = synthetic_world(seed=0, countries=4, years=range(2007, 2009))
    assert panel_columns() == tuple(gvc_panel(world.tables, Chain.from_mapping(world.chain)).columns)


def test_scopes_are_looked_up_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def expensive(*_: object, **__: object) -> None:
        raise AssertionError("the headline was computed")

    monkeypatch.setattr("gvcpos.lockin.verdict.headline", expensive)
    with pytest.raises(LabelError, match="country of the panel: QQQ"):
        lock_in(worlds.panel(1, n=6, years=5), scopes=iter([None, "QQQ"]))

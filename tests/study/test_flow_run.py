"""`gvcpos flows`: from a file to a results folder, the same bytes again, and one message for what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from gvcpos._core.errors import InputError
from gvcpos.cli import app
from gvcpos.flows import FlowSystem, find_system
from gvcpos.study.flow_output import sankey_frame
from gvcpos.study.flow_run import FlowResults, run_flows

runner = CliRunner()


@pytest.fixture(scope="module")
def results() -> FlowResults:
    return run_flows(FlowSystem.shipped("toy"), draws=50, seed=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("flows") / "toy"
    done = runner.invoke(app, ["flows", "run", "toy", "--draws", "50", "--seed", "1", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "Heavy oxides three times as dear" in done.output
    return out


def test_everything_is_written_and_listed(folder: Path, results: FlowResults) -> None:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    listed = {item["path"] for item in manifest["outputs"]}
    assert listed == {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {"manifest.json"}
    assert {f"frames/{name}.parquet" for name in results.frames} <= listed
    for name in ("sankey_mass", "sankey_cost", "sankey_value", "cost_structure", "stages", "bands"):
        assert {f"figures/{name}.png", f"figures/{name}.svg", f"figures/{name}.csv"} <= listed
    assert {f"pages/sankey_{name}.html" for name in ("mass", "cost", "value")} <= listed
    assert manifest["synthetic"] is True
    assert manifest["seed"] == 1


def test_synthetic_numbers_say_so_everywhere(folder: Path) -> None:
    for path in folder.rglob("*.csv"):
        assert pd.read_csv(path)["synthetic"].all(), path
    for name in ("summary.md", "report.html", "pages/sankey_mass.html"):
        assert "SYNTHETIC" in (folder / name).read_text(encoding="utf-8")


def test_the_same_run_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    done = runner.invoke(app, ["flows", "run", "toy", "--draws", "50", "--seed", "1", "--out", str(again), "--quiet"])
    assert done.exit_code == 0
    assert done.output == ""
    outputs = [json.loads((at / "manifest.json").read_text(encoding="utf-8"))["outputs"] for at in (folder, again)]
    assert outputs[0] == outputs[1]


def test_diagrams_draw_what_flows(results: FlowResults) -> None:
    network, last = results.system.network, len(results.system.network.years) - 1
    mass = sankey_frame(results, "mass").set_index("flow")
    for flow, value in mass["value"].items():
        assert value == pytest.approx(results.balance.mass[last, network.flows.index(str(flow))].sum())
    assert set(mass.index[mass["kind"] == "recycled"]) == {"swarf", "recovered"}
    value = sankey_frame(results, "value").set_index("flow")["value"]
    assert value["magnet_exports"] == pytest.approx(mass.loc["magnet_exports", "value"] * 60.0)  # USD 60 a kg
    cost = sankey_frame(results, "cost").set_index("flow")["value"]
    unit = results.frames["unit_costs"].query("layer == 'total' and year == 2022").set_index("flow")["unit_cost"]
    assert cost["oxide"] == pytest.approx(mass.loc["oxide", "value"] * unit["oxide"] / 1000)


def test_without_draws_or_costs_the_rest_is_there() -> None:
    text = "name: bare\ntitle: Bare\nyears: [2020]\nprocesses: {mine: {}}\nflows:\n" + (
        "  ore: {from: outside, to: mine, value: {value: 5, unit: kt}}\n  rest: {from: mine, to: outside}\n"
    )
    bare = run_flows(FlowSystem.from_text(text), draws=0)
    assert set(bare.frames) == {"inputs", "flows", "processes", "fit"}
    assert bare.costs is None
    assert bare.scenarios is None


def test_what_is_wrong_is_told_in_one_message(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("name: x\ntitle: X\nyears: [2020]\nprocesses: {mine: {}}\nflows: {ore: {from: moon, to: mine}}\n")
    done = runner.invoke(app, ["flows", "run", str(wrong), "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "wrong.yaml, line 5" in done.output
    assert "moon" in done.output
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match="no shipped system of that name"):
        find_system("nowhere")
    with pytest.raises(InputError, match="draws=1"):
        run_flows(FlowSystem.shipped("toy"), draws=1)


def test_new_and_schema(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    assert runner.invoke(app, ["flows", "new", str(mine)]).exit_code == 0
    assert FlowSystem.from_yaml(mine).spec.name == "mine"
    again = runner.invoke(app, ["flows", "new", str(mine)])
    assert again.exit_code == 2
    assert "exists already" in again.output
    done = runner.invoke(app, ["flows", "schema"])
    assert set(json.loads(done.output)["properties"]) >= {"processes", "flows", "scenarios"}

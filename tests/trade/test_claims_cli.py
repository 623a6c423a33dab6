"""`gvcpos claims`: teaches, prints tables, answers errors with one message."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from gvcpos.cli import app
from tests.trade.worlds import baci, comtrade, plus

RUNNER = CliRunner()


def said(*arguments: str) -> str:
    done = RUNNER.invoke(app, ["claims", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_help_teaches() -> None:
    assert "claims" in RUNNER.invoke(app, ["--help"]).output
    top = RUNNER.invoke(app, ["claims", "--help"]).output
    for words in ("check", "list", "slips of a power of ten", "BACI"):
        assert words in top
    assert "gvcpos claims check --trade" in said("check", "--help")
    assert "gvcpos claims list --status press" in said("list", "--help")


def test_check_prints_the_worst_first_and_counts() -> None:
    out = said("check")
    assert out.index("slip of a power of ten") < out.index("rounding") < out.index("agrees") < out.index("implied")
    assert "100" in out
    assert "times too large" in out
    assert "98 checks: 8 agrees, 2 rounding, 2 slip of a power of ten, 15 implied, 71 not recomputable." in out
    assert "USGS" not in out
    assert len(said("check", "--all")) > 2 * len(out)


def test_list_and_its_filters() -> None:
    assert "quota of mining, REO" in said("list", "--about", "quota")
    press = said("list", "--status", "press")
    assert "press.concentrate" in press
    assert "oec.compounds" not in press
    assert "above 95 %" in said("list", "--about", "system and material")


def test_check_against_trade_files_and_to_a_file(tmp_path: Path) -> None:
    path = baci(
        tmp_path, ["2023,104,156,284690,1440000,1", "2023,156,392,280530,607000,1", "2023,156,392,010101,5,1"], 2023
    )
    output = tmp_path / "checked.csv"
    out = said("check", "--trade", str(path), "-o", str(output), "--tolerance", "0.1")
    assert "BACI V202401b, HS 2846, 2023" in out
    frame = pd.read_csv(output)
    found = frame[frame["basis"] == "trade"].set_index("id")
    assert found.loc["oec.metals.world.2023", "outcome"] == "agrees"
    assert found.loc["oec.compounds.exports.mmr", "outcome"] == "agrees"
    other = comtrade(tmp_path, [plus(cmdCode="284690", primaryValue=137e6)])
    assert "UN Comtrade, HS 2846, 2023: USD 137" in said("check", "--trade", str(other))


def test_claims_of_the_users_own(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "source: me\nclaims:\n  a: {text: a, value: 4, unit: t, year: 2023, status: press}\n"
        "  b: {text: b, value: 12, unit: t, year: 2023, status: press, formula: {scale: {of: a, by: 2}}}\n"
    )
    out = said("check", "--claims", str(mine))
    assert "contradiction" in out
    assert "50.0 % above it" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "--claims", "absent.yaml"], "absent.yaml: no such file"),
        (["check", "--claims", "wrong.yaml"], "wrong.yaml, line 3: unknown operation 'raito' in a.formula.raito"),
        (["check", "--trade", "absent.csv"], "absent.csv: no such file"),
        (["check", "--trade", "wrong.csv"], "wrong.csv: not a UN Comtrade file"),
        (["check", "--tolerance", "2"], "tolerance=2.0"),
        (["check", "-o", "wrong.csv/x.csv"], "wrong.csv"),
        (["list", "--status", "rumour"], "no claim with status='rumour'"),
    ],
)
def test_errors_are_one_message(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("wrong.yaml").write_text(
        "source: me\nclaims:\n  a: {text: a, value: 4, unit: t, year: 2023, status: press, formula: {raito: [1, 2]}}\n"
    )
    Path("wrong.csv").write_text("a,b\n1,2\n")
    done = RUNNER.invoke(app, ["claims", *arguments])
    assert done.exit_code == 2
    assert words in done.output
    assert done.output.count("error:") == 1
    assert "Traceback" not in done.output

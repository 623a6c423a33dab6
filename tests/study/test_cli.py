"""The command line: teaches, answers errors with one message, never shows a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from gvcpos.cli import app
from gvcpos.study import shares_outside
from gvcpos.tables import IOTable, synthetic_world
from tests.shared import shared
from tests.study.conftest import SMALL

RUNNER = CliRunner()


def gvcpos(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gvcpos.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


def test_help_teaches_and_every_command_has_an_example() -> None:
    top = RUNNER.invoke(app, ["--help"])
    assert top.exit_code == 0
    for command in ("run", "indices", "inspect", "new"):
        assert command in top.output
    for command in ("run", "indices"):
        assert f"gvcpos {command}" in RUNNER.invoke(app, [command, "--help"]).output


def test_every_command_that_writes_takes_both_names_of_the_option() -> None:
    commands = {"run": [], "indices": [], "claims": ["check"], "flows": ["run", "schema"]}
    for first, second in ((first, part) for first, parts in commands.items() for part in parts or [""]):
        tree = typer.main.get_command(app).commands[first]
        command = tree.commands[second] if second else tree
        (option,) = [one for one in command.params if "--out" in one.opts]
        assert option.opts == ["-o", "--out", "--output"], (first, second)


def test_help_starts_fast() -> None:
    """Processor seconds, so that a busy machine does not decide; the best of three."""
    import resource

    used = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert gvcpos("--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(used) <= 0.5


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, gvcpos.cli; print(*[m for m in ('numpy', 'pandas', 'matplotlib', 'scipy') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


def test_version() -> None:
    from gvcpos import __version__

    assert RUNNER.invoke(app, ["--version"]).output.strip() == f"gvcpos {__version__}"


def test_run_prints_planted_against_estimated(tmp_path: Path) -> None:
    settings = [part for text in SMALL for part in ("--set", text)]
    done = gvcpos("run", "demo", *settings, "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Planted against estimated (synthetic data)" in done.stdout
    assert "summary.md" in done.stdout
    assert (tmp_path / "out" / "manifest.json").is_file()
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "nothere.yaml"], "nothere.yaml: no such file"),
        (["run", "demo", "--set", "panel.effects=foo"], "--set panel.effects=foo"),
        (["run", "demo", "--set", "nonsense"], "expected key=value"),
        (["run", "wiod2013", "--data", "absent"], "no such folder"),
        (["inspect", "absent.xlsx"], "absent.xlsx: no such file"),
        (["inspect", "."], "a folder"),
        (["indices", "absent.csv", "-o", "x.parquet"], "absent.csv"),
        (["indices", "absent.csv", "-o", "x.doc"], ".parquet or .csv"),
        (["new", "taken.yaml"], "exists already"),
        (["run", "--out", "taken.yaml/sub"], "taken.yaml is a file"),
        (["run", "--out", "taken.yaml"], "taken.yaml: a file"),
        (["indices", "absent.csv", "-o", "taken.yaml/sub/x.csv"], "taken.yaml is a file"),
        (["indices", "absent.csv", "-o", "x.csv", "--tolerance", "-1"], "tolerance=-1.0: must be"),
        (["inspect", "empty.csv"], "empty.csv: the file is empty"),
        (["run", "notyaml.yaml"], "notyaml.yaml, line 2: not valid YAML"),
        (["inspect", "notyaml.yaml"], "notyaml.yaml"),
    ],
)
def test_errors_are_one_message(arguments: list[str], words: str, tmp_path: Path) -> None:
    (tmp_path / "taken.yaml").write_text("name: mine\n")
    (tmp_path / "empty.csv").touch()
    (tmp_path / "notyaml.yaml").write_text("{a: [1,\n")
    before = sorted(p.name for p in tmp_path.iterdir())
    done = gvcpos(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert "accounts" not in done.stderr  # the first bar of progress: nothing was computed
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_a_fault_of_ours_is_owned_up_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.delenv("GVCPOS_DEBUG", raising=False)
    monkeypatch.setattr("gvcpos.tables.inspection.inspect_file", broken)
    done = RUNNER.invoke(app, ["inspect", "x.csv"])
    assert done.exit_code == 1
    assert "internal error: ZeroDivisionError: oops" in done.output
    assert "Traceback" not in done.output


def test_new_writes_a_study_that_runs(tmp_path: Path) -> None:
    made = RUNNER.invoke(app, ["new", str(tmp_path / "mine.yaml")])
    assert made.exit_code == 0
    from gvcpos.study.loading import load_spec

    assert load_spec(tmp_path / "mine.yaml").name == "mine"


def test_indices_of_saved_tables(tmp_path: Path) -> None:
    world = synthetic_world(seed=1, countries=8, years=range(2007, 2009))
    files = [str(table.save(tmp_path / f"w_{table.year}.arrow")) for table in world.tables]
    done = RUNNER.invoke(app, ["indices", *files, "-o", str(tmp_path / "i.parquet")])
    assert done.exit_code == 0, done.output
    frame = pd.read_parquet(tmp_path / "i.parquet")
    assert frame.columns[:3].tolist() == ["country", "sector", "year"]
    assert len(frame) == 2 * 8 * len(world.sectors)
    by_country = RUNNER.invoke(app, ["indices", *files, "-o", str(tmp_path / "c.csv"), "--by", "country"])
    assert by_country.exit_code == 0
    assert len(pd.read_csv(tmp_path / "c.csv", keep_default_na=False)) == 16


def test_workers_do_not_change_the_indices(tmp_path: Path) -> None:
    world = synthetic_world(seed=1, countries=8, years=range(2007, 2010))
    for table in world.tables:
        table.save(tmp_path / f"w_{table.year}.arrow")
    for workers in ("1", "2"):
        done = gvcpos("indices", *(f"w_{y}.arrow" for y in (2007, 2008, 2009)), "-o", f"{workers}.csv",
                      "--workers", workers, cwd=tmp_path)  # fmt: skip
        assert done.returncode == 0, done.stderr
    one, two = (pd.read_csv(tmp_path / f"{workers}.csv", keep_default_na=False, na_values=[""]) for workers in "12")
    pd.testing.assert_frame_equal(one, two, rtol=1e-9, atol=1e-12)
    refused = gvcpos("indices", "w_2007.arrow", "-o", "x.csv", "--workers", "0", cwd=tmp_path)
    assert refused.returncode == 2


def test_indices_of_an_unbalanced_table_take_a_tolerance(tmp_path: Path) -> None:
    table = next(iter(synthetic_world(seed=1, countries=8, years=range(2007, 2009)).tables))
    off = np.array(table.x)
    off[3] += 10.0
    parts = {name: getattr(table, name) for name in ("countries", "sectors", "final_categories", "va", "va_rows")}
    path = (
        IOTable.from_arrays(table.Z, table.Y, x=off, **parts).with_meta(**vars(table.meta)).save(tmp_path / "w.arrow")
    )
    out = str(tmp_path / "i.parquet")
    refused = gvcpos("indices", str(path), "-o", out)
    assert refused.returncode == 2
    assert "give a larger tolerance" in refused.stderr
    assert gvcpos("indices", str(path), "-o", out, "--tolerance", "9.9").returncode == 2
    assert not Path(out).exists()
    taken = gvcpos("indices", str(path), "-o", out, "--tolerance", "10.001")
    assert taken.returncode == 0, taken.stderr
    assert len(pd.read_parquet(out)) == 8 * len(table.sectors)


def test_shares_outside_their_range_are_counted_and_named(tmp_path: Path) -> None:
    path = shared("icio/wiod2013/wiot2013_2011.npz")
    done = RUNNER.invoke(app, ["indices", str(path), "-o", str(tmp_path / "i.parquet")])
    assert done.exit_code == 0, done.output
    frame = pd.read_parquet(tmp_path / "i.parquet")
    said = shares_outside(frame)
    assert f"note: {said}" in done.output
    by_hand = ((frame["wwyz_backward_domestic"] < -1e-9) | (frame["wwyz_backward_domestic"] > 1 + 1e-9)).sum()
    assert by_hand > 20
    assert f"wwyz_backward_domestic ({by_hand})" in said
    assert "upstreamness" not in said
    assert shares_outside(frame[frame["country"] == "nobody"]) == ""


def test_inspect_says_synthetic(tmp_path: Path) -> None:
    table = next(iter(synthetic_world(seed=1, countries=8, years=range(2007, 2009)).tables))
    shown = RUNNER.invoke(app, ["inspect", str(table.save(tmp_path / "w.arrow"))])
    assert shown.exit_code == 0, shown.output
    assert "SYNTHETIC" in shown.output.upper()


def test_the_module_and_the_command_are_one() -> None:
    assert os.path.basename(gvcpos("--version").stdout.split()[0]) == "gvcpos"

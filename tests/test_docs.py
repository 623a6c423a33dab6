"""The guides say what is true: their snippets run, their links lead somewhere."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import get_args

import pytest

from tests.shared import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def snippets(page: Path) -> str:
    """All Python of a page, as one program whose line numbers are the page's."""
    out, inside = [], False
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            inside = line == "```python"
            out.append("")
        else:
            out.append(line if inside else "")
    return "\n".join(out)


def test_the_guide_to_the_accounts_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("xarray")
    program = tmp_path / "accounts.py"
    program.write_text(snippets(ROOT / "docs" / "accounts.md"), encoding="utf-8")
    runpy.run_path(str(program))
    assert "kww.FVA_INT" in capsys.readouterr().out


def test_the_guide_to_published_indices_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "published.py"
    program.write_text(snippets(ROOT / "docs" / "published.md"), encoding="utf-8")
    runpy.run_path(str(program))
    said = capsys.readouterr().out
    assert "computed from WIOD 2013" in said
    assert "va (value added)" in said


def test_the_guide_to_space_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "spatial.py"
    program.write_text(snippets(ROOT / "docs" / "spatial.md"), encoding="utf-8")
    runpy.run_path(str(program))
    said = capsys.readouterr().out
    assert "Decision: sdm with twoway effects." in said
    assert "1 of 60 entities: DEU" in said


def test_the_guide_to_lock_in_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "lockin.py"
    program.write_text(snippets(ROOT / "docs" / "lockin.md"), encoding="utf-8")
    runpy.run_path(str(program))
    assert "The null that there is no smile is rejected" in capsys.readouterr().out


def test_the_guide_to_chains_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "chains.py"
    program.write_text(snippets(ROOT / "docs" / "chains.md"), encoding="utf-8")
    runpy.run_path(str(program))
    said = capsys.readouterr().out
    assert "4 wide sectors cut" in said
    assert "12.625" in said


def test_the_guide_to_robustness_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "robustness.py"
    program.write_text(snippets(ROOT / "docs" / "robustness.md"), encoding="utf-8")
    runpy.run_path(str(program))
    said = capsys.readouterr().out
    assert "share_negative_rejected" in said
    assert "that it is one of them" in said


def test_the_guide_to_uncertainty_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "uncertainty.py"
    program.write_text(snippets(ROOT / "docs" / "uncertainty.md"), encoding="utf-8")
    runpy.run_path(str(program))
    said = capsys.readouterr().out
    assert "assumed log-normal errors of 10 % of a cell" in said
    assert "shift by one more dose of error: 0.0114" in said


def test_the_guide_to_space_names_what_is_public() -> None:
    from gvcpos import spatial
    from gvcpos.spatial import panel, weights

    text = (ROOT / "docs" / "spatial.md").read_text(encoding="utf-8")
    public = {*spatial.__all__, *panel.__all__, *weights.__all__}
    results = {name for name in public if name.endswith("Results")} | {"PanelTest", "SpecificationPath"}
    shown_as_methods = {"cips", "great_circle"}
    silent = {name for name in public - results - shown_as_methods if not re.search(rf"\b{name}\b", text)}
    assert not silent


def test_the_guide_to_space_knows_every_choice() -> None:
    from gvcpos._core import options

    text = (ROOT / "docs" / "spatial.md").read_text(encoding="utf-8")
    for kind in (options.SpatialModel, options.StaticEffects, options.CovarianceType, options.PredictionKind):
        assert not {name for name in get_args(kind) if f"`{name}`" not in text and f'"{name}"' not in text}


def test_the_guide_shows_every_frame() -> None:
    from gvcpos.accounting.measures import registry

    text = (ROOT / "docs" / "accounts.md").read_text(encoding="utf-8")
    frames = {frame for measure in registry().measures.values() for frame in measure.frames}
    silent = {frame for frame in frames if not re.search(rf"\b{frame}\(", text)}
    assert silent <= {"demand_origin", "distance_from_inputs", "intensities", "final_intensities"}


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as rendered Markdown names them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {"".join(c for c in h.lower() if c.isalnum() or c in " -_").replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        there = page.parent / file if file else page
        assert there.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(there), f"{page.name}: {target}"

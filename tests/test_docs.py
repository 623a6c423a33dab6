"""The guides say what is true: their snippets run, their links lead somewhere."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import get_args

import pytest

from tests.shared import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

# Every guide with snippets, and what it prints.
GUIDES = {
    "accounts": ("kww.FVA_INT",),
    "chains": ("4 wide sectors cut", "12.625"),
    "flows": ("recycling_20", "hypothetical extraction", "tailings.share"),
    "flows_china": ("not met", "reported 3,912 USD/t, ours", "to_magnets"),
    "lockin": ("The null that there is no smile is rejected", "Adjusted for 3 tests (Holm)"),
    "published": ("computed from WIOD 2013", "va (value added)"),
    "robustness": ("share_negative_rejected", "that it is one of them"),
    "spatial": ("Decision: sdm with twoway effects.", "1 of 60 entities: DEU"),
    "trade": ("Other Asia, nes are TWN", "100 times too large", "no forecast", "Synthetic numbers."),
    "uncertainty": ("assumed log-normal errors of 10 % of a cell", "shift by one more dose of error: 0.0114"),
}


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


@pytest.mark.parametrize(("guide", "said"), GUIDES.items(), ids=GUIDES)
def test_a_guide_runs(guide: str, said: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if guide == "accounts":
        pytest.importorskip("xarray")
    program = tmp_path / f"{guide}.py"
    program.write_text(snippets(ROOT / "docs" / f"{guide}.md"), encoding="utf-8")
    runpy.run_path(str(program))
    printed = capsys.readouterr().out
    for words in said:
        assert words in printed


def test_every_guide_with_snippets_is_run() -> None:
    pages = {page.stem for page in (ROOT / "docs").glob("*.md") if snippets(page).strip()}
    assert pages == set(GUIDES)


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

"""What a run hands back: every frame, model and test, before and after it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from gvcpos.lockin import Verdict
from gvcpos.spatial import LocalMoran, SpatialPanelResults, Weights
from gvcpos.study.spec import StudySpec

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True, eq=False)
class StudyResults:
    """The results of a study.

    Attributes
    ----------
    spec : StudySpec
    synthetic : bool
        Whether the numbers are invented.
    source : str
        Where the tables come from, for captions.
    frames : mapping of str to DataFrame
        Every frame that is written, by its file name.
    models : mapping of str to SpatialPanelResults
        In the order of the specification.
    local : LocalMoran
        Of the first Moran variable in the last year.
    verdict : Verdict
    weights : Weights
        Of the countries of the panel.
    polygons : GeoDataFrame
        Indexed by country; at least those of the panel.
    oddities : str
        Which shares lie outside 0-1, or an empty string.
    warnings : tuple of str
        What the run complained of, once each.
    dropped : tuple of str
        Those among them that say which countries were left out of which estimate, and why.
    """

    spec: StudySpec
    synthetic: bool
    source: str
    frames: Mapping[str, pd.DataFrame]
    models: Mapping[str, SpatialPanelResults]
    local: LocalMoran
    verdict: Verdict
    weights: Weights
    polygons: gpd.GeoDataFrame
    oddities: str = ""
    warnings: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    @property
    def main(self) -> SpatialPanelResults:
        """The model whose effects and tests are reported."""
        return self.models[self.spec.panel.main]

    def left_out(self) -> tuple[str, ...]:
        """Say which countries are missing from which estimate and why; nothing if none is."""
        if not self.dropped:
            return ()
        said = " ".join(text[0].upper() + text[1:] for text in self.dropped)
        return (f"Not every country is in every estimate. {said}",)

    def headline(self) -> str:
        """Return the verdict, what it leaves out and, on synthetic tables, planted against estimated, as text."""
        scopes = dict.fromkeys(run.scope for run in self.verdict.battery.runs)
        lines = [self.verdict.sentence, *(self.verdict.battery.sentence(s) for s in scopes), *self.left_out()]
        if "planted" in self.frames:
            from gvcpos.report import frame_table

            caption = "Planted against estimated (synthetic data)"
            shown = ["parameter", "stage", "planted", "estimate", "lower", "upper", "inside"]
            lines += ["", frame_table(self.frames["planted"], caption=caption, columns=shown, digits=3).to_text()]
        return "\n".join(lines)

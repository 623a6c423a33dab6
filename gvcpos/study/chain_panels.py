"""Panels that a study is looked at on again: other boundaries and sectors, regressors of years before."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import pandas as pd

from gvcpos._core.errors import EstimationError, FilledWarning, SpecificationError
from gvcpos.chains import Chain, SectorYear
from gvcpos.robustness.chains import panels_of
from gvcpos.study.chain_map import chain_of
from gvcpos.study.covariates import add_covariates
from gvcpos.study.inputs import Inputs
from gvcpos.study.spec import PublishedTables, StudySpec


def boundary_chains(spec: StudySpec, inputs: Inputs) -> dict[str, Chain]:
    """Return the chain with each further boundary that the specification curve asks for.

    Raises
    ------
    SpecificationError
        If the chain has no such boundary, indices are not published by sector, or the study splits sectors.
    """
    names = () if spec.robustness is None else spec.robustness.boundaries
    if not names:
        return {}
    if spec.chain.map == "world":
        raise SpecificationError(
            f"robustness.boundaries = {', '.join(names)}: the synthetic world's own chain has none. Remove it, or name "
            "another chain."
        )
    if inputs.split is not None:
        raise SpecificationError(
            "robustness.boundaries: the stages of a split are the chain's own parts, cut with one boundary. Remove it."
        )
    if inputs.published is not None and inputs.published.level != "sector":
        raise SpecificationError(
            f"robustness.boundaries: the indices are published by {inputs.published.level}, without a column sector, "
            "so that no other stages can be made of them. Remove it."
        )
    blocks = {name: spec.chain.model_copy(update={"boundary": name}) for name in names}
    return {
        name: chain_of(block, inputs.places, inputs.world, lambda: inputs.sectors) for name, block in blocks.items()
    }


def boundary_panels(
    spec: StudySpec, inputs: Inputs, panel: pd.DataFrame, years: Sequence[SectorYear]
) -> dict[str, pd.DataFrame]:
    """Return the study's own panel under the name of its boundary, and one for each further boundary.

    Parameters
    ----------
    spec : StudySpec
    inputs : Inputs
    panel : DataFrame
        The study's own, without the economies left out.
    years : sequence of SectorYear
        Every sector's indices; empty where they are published.
    """
    own = inputs.chain.boundary or "own"
    others = {name: chain for name, chain in boundary_chains(spec, inputs).items() if name != own}
    if not others:
        return {own: panel}
    variables = control_variables(spec, inputs, panel)
    panel_of, _ = panels_of(years if inputs.published is None else inputs.published, denominators(spec))
    return {own: panel, **{name: prepared(panel_of(c), spec.exclude, variables) for name, c in others.items()}}


def denominators(spec: StudySpec) -> Mapping[str, str] | None:
    """Return what published indices are weighted by; None for tables."""
    return spec.tables.weights if isinstance(spec.tables, PublishedTables) else None


def control_variables(spec: StudySpec, inputs: Inputs, panel: pd.DataFrame) -> pd.DataFrame | None:
    """Return the covariates by country and year, made once for all chains; None where the slope has no controls."""
    if not spec.lockin.controls:
        return None
    cells = panel[["country", "year"]].drop_duplicates().reset_index(drop=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FilledWarning)  # told once, with the chain's own panel
        return add_covariates(cells, inputs.covariates, spec.exclude)[0]


def prepared(panel: pd.DataFrame, exclude: Sequence[str], variables: pd.DataFrame | None) -> pd.DataFrame:
    """Return another chain's panel without the excluded economies, with covariates where the slope has controls."""
    panel = panel[~panel["country"].isin(exclude)].reset_index(drop=True)
    return panel if variables is None else panel.merge(variables, on=["country", "year"], how="left", validate="m:1")


def lagged(panel: pd.DataFrame, columns: Sequence[str], years: int) -> pd.DataFrame:
    """Put values of some years before in the place of columns; the first years, which have none, are left out.

    Raises
    ------
    EstimationError
        If no year is left.
    """
    if years == 0:
        return panel
    keys = ["country", "stage", "year"]
    before = panel[[*keys, *columns]].assign(year=panel["year"] + years)
    joined = panel.drop(columns=list(columns)).merge(before, on=keys, how="inner", validate="1:1")
    if joined.empty:
        raise EstimationError(f"a lag of {years} years leaves no year of {panel['year'].nunique()}.")
    joined.attrs.update(panel.attrs)
    return joined

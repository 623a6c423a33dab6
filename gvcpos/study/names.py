"""The stages, columns and years that a study needs, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gvcpos._core.errors import SpecificationError
from gvcpos._core.labels import enumerate_labels
from gvcpos.chains import panel_columns, published_panel
from gvcpos.lockin.common.trend import FEWEST_CHANGES
from gvcpos.study.spec import PublishedTables, StudySpec

if TYPE_CHECKING:
    from gvcpos.study.inputs import Inputs

_ROWS = ("country", "stage", "year")
_FEWEST_YEARS = 3  # of a two-way regression


def check_names(spec: StudySpec, inputs: Inputs) -> None:
    """Refuse a stage or a column that the panel will not have, and too few years.

    Raises
    ------
    SpecificationError
        Naming the key, what is wrong there, and what there is.
    """
    have = inputs.chain.stage_names
    for key, stages in _stages(spec):
        unknown = [stage for stage in stages if stage not in have]
        if unknown:
            raise SpecificationError(
                f"{key}: {enumerate_labels(unknown)} is no stage of the chain. There are: {enumerate_labels(have)}."
            )
    _check_columns(spec, inputs)
    _check_years(spec, inputs.years)


def variables(inputs: Inputs) -> list[str]:
    """Return the names of all variables that come from files."""
    out: list[str] = []
    for block, frame in inputs.covariates:
        ruled = None if block is None or not block.variables else list(block.variables)
        out += [c for c in frame.columns if c not in ("country", "year")] if ruled is None else ruled
    return out


def _check_columns(spec: StudySpec, inputs: Inputs) -> None:
    indices = [c for c in _indices(spec, inputs) if c not in _ROWS]
    own = variables(inputs)
    for key, columns in _columns(spec):
        rows = [name for name in columns if name in _ROWS]
        if rows:
            raise SpecificationError(
                f"{key}: {enumerate_labels(rows)} names the rows of the panel and cannot be a variable. Choose another."
            )
        unknown = [name for name in columns if name not in indices and name not in own]
        if unknown:
            raise SpecificationError(
                f"{key}: {enumerate_labels(unknown)} not in the study. It has the indices "
                f"{enumerate_labels(indices, 80)} and the covariates {enumerate_labels(own, 80) or 'none'}."
            )


def _indices(spec: StudySpec, inputs: Inputs) -> Sequence[str]:
    """Return the columns of the panel without covariates."""
    if inputs.published is None or not isinstance(spec.tables, PublishedTables):
        return panel_columns()
    return list(published_panel(inputs.published, inputs.chain, weights=spec.tables.weights).columns)


def _check_years(spec: StudySpec, years: Sequence[int]) -> None:
    """Refuse a study whose leader's trend or pull-through cannot be estimated."""
    block = spec.lockin
    fewest = {
        "the trend of the leader's share": FEWEST_CHANGES + 1,
        f"pull-through with lockin.lags = {block.lags}": block.lags + 1 + _FEWEST_YEARS,
    }
    what, least = max(fewest.items(), key=lambda item: item[1])
    if len(years) < least:
        raise SpecificationError(
            f"tables: {len(years)} years ({enumerate_labels(years, 40)}), and {what} needs at least {least}. Give more."
        )


def _stages(spec: StudySpec) -> Iterator[tuple[str, Sequence[str]]]:
    yield "panel.stage", (spec.panel.stage,)
    yield "lockin.upstream", (spec.lockin.upstream,)
    yield "lockin.downstream", (spec.lockin.downstream,)
    yield "space.stages", spec.space.stages


def _columns(spec: StudySpec) -> Iterator[tuple[str, Sequence[str]]]:
    """Give every key that names columns; participation, of test a alone, only where the study names one."""
    block = spec.lockin
    yield "panel.dependent", (spec.panel.dependent,)
    yield "panel.regressors", spec.panel.regressors
    yield "space.moran", spec.space.moran
    yield "lockin.capture", (block.capture,)
    yield "lockin.position", (block.position,)
    yield "lockin.controls", block.controls
    if "participation" in block.model_fields_set:
        yield "lockin.participation", (block.participation,)
    if spec.robustness is not None:
        yield "robustness.positions", spec.robustness.positions

"""What the choice of weights decides: Moran's I, the main model and the specification path under other weights."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gvcpos._core.errors import EstimationError, GvcposError, InputError, LeftOutWarning
from gvcpos.spatial import SpatialPanel, SpatialPanelResults, Weights
from gvcpos.spatial.panel import specification_path
from gvcpos.study.progress import Progress, silent
from gvcpos.study.samples import settled_sample
from gvcpos.study.space import moran_frame, stages_tested
from gvcpos.study.spec import StudySpec
from gvcpos.study.wording import weights_text

MAIN = "main"
_SPATIAL = ("rho", "lambda")


@dataclass(frozen=True)
class Paths:
    """Specification paths, one for each set of weights.

    Attributes
    ----------
    steps, tests : DataFrame
        weights, then what `SpecificationPath.steps` and ``.tests`` have.
    decisions : mapping of str to str
        Weights to the model and effects decided upon.
    text : str
        The path under the main weights, to read.
    """

    steps: pd.DataFrame
    tests: pd.DataFrame
    decisions: Mapping[str, str]
    text: str


def all_paths(
    panel: pd.DataFrame, spec: StudySpec, weights: Mapping[str, Weights], progress: Progress = silent
) -> Paths:
    """Go the specification path of the panel block under every set of weights.

    Warns
    -----
    LeftOutWarning
        If a path cannot be gone to its end; it is left out.
    """
    steps, tests, decisions, text = [], [], {}, ""
    for done, (name, W) in enumerate(weights.items(), start=1):
        try:
            path = specification_path(
                _panel(panel, spec, name, W), cov_type=spec.panel.cov_type, alpha=spec.lockin.level
            )
        except (EstimationError, InputError) as error:
            warnings.warn(f"specification path, {name} weights: left out: {error}", LeftOutWarning, stacklevel=2)
        else:
            steps.append(_first(path.steps, name))
            tests.append(_first(path.tests, name))
            decisions[name] = path.decision
            text = text or path.text
        progress("specification path", done, len(weights))
    return Paths(_stacked(steps), _stacked(tests), decisions, text)


def variant_frames(
    panel: pd.DataFrame, spec: StudySpec, variants: Mapping[str, Weights], progress: Progress = silent
) -> dict[str, pd.DataFrame]:
    """Compute Moran's I by stage and year, and the main model with its effects, under other weights than the main ones.

    Parameters
    ----------
    panel : DataFrame
        Without the excluded economies.
    spec : StudySpec
    variants : mapping of str to Weights
        Each of all or some of the panel's countries.

    Returns
    -------
    dict
        moran_variants, effects_variants, coefficients_variants, each with a first column weights; empty without
        variants.

    Warns
    -----
    LeftOutWarning
        If the main model has no estimate under some weights.
    """
    moran, effects, coefficients = [], [], []
    for done, (name, W) in enumerate(variants.items(), start=1):
        options: dict[str, Any] = {"seed": spec.seed, "drop_islands": drops_islands(spec, name)}
        moran.append(_first(moran_frame(panel, spec.space, stages_tested(spec), W, **options), name))
        try:
            fit = _panel(panel, spec, name, W).fit(cov_type=spec.panel.cov_type)
        except GvcposError as error:
            warnings.warn(f"{spec.panel.main}, {name} weights: left out: {error}", LeftOutWarning, stacklevel=2)
        else:
            effects.append(_first(fit.effects().reset_index(), name))
            coefficients.append(_first(fit.to_frame().rename_axis("term").reset_index(), name))
        progress("other weights", done, len(variants))
    frames = {"moran_variants": moran, "effects_variants": effects, "coefficients_variants": coefficients}
    return {name: pd.concat(parts, ignore_index=True) for name, parts in frames.items() if parts}


def weights_frame(
    spec: StudySpec,
    weights: Mapping[str, Weights],
    main: SpatialPanelResults,
    *,
    moran: pd.DataFrame,
    frames: Mapping[str, pd.DataFrame],
    decisions: Mapping[str, str],
) -> pd.DataFrame:
    """Compare sets of weights, one row each.

    Returns
    -------
    DataFrame
        weights, description, countries, islands, neighbours (mean number), moran (mean over years of the first
        variable, panel's stage), years_clustered (how many p ≤ level), spatial (ρ or λ of the main model),
        std_error, pvalue, path (what the specification path decides).
    """
    rows = []
    for name, W in weights.items():
        own = moran if name == MAIN else frames["moran_variants"].query("weights == @name")
        own = own[(own["variable"] == spec.space.moran[0]) & (own["stage"] == spec.panel.stage)]
        table = main.to_frame() if name == MAIN else _coefficients(frames, name)
        spatial = table.loc[[term for term in _SPATIAL if term in table.index]].head(1)
        found = spatial.iloc[0][["parameter", "std_error", "pvalue"]].tolist() if len(spatial) else [float("nan")] * 3
        neighbours = float((W.dense() > 0).sum(axis=1).mean())
        significant = int((own["p_sim"] <= spec.lockin.level).sum())
        block = spec.space.weights if name == MAIN else spec.space.variants[name]
        rows.append([name, weights_text(block, W.n), W.n, len(W.islands), neighbours, own["I"].mean(), significant,
                     *found, decisions.get(name, "")])  # fmt: skip
    columns = "weights description countries islands neighbours moran years_clustered spatial std_error pvalue path"
    return pd.DataFrame(rows, columns=columns.split())


def _coefficients(frames: Mapping[str, pd.DataFrame], name: str) -> pd.DataFrame:
    if "coefficients_variants" not in frames:
        return pd.DataFrame()
    return frames["coefficients_variants"].query("weights == @name").set_index("term")


def drops_islands(spec: StudySpec, name: str) -> bool:
    """Tell whether the weights of a name (main, or of a variant) leave islands out."""
    block = spec.space.weights if name == MAIN else spec.space.variants[name]
    return block.islands == "drop"


def _panel(panel: pd.DataFrame, spec: StudySpec, name: str, W: Weights) -> SpatialPanel:
    block = spec.panel
    columns = [block.dependent, *block.regressors]
    sample, weights = settled_sample(panel, block.stage, columns, W, drop_islands=drops_islands(spec, name))
    return SpatialPanel(
        sample[block.dependent],
        sample[list(block.regressors)],
        weights,
        model=block.main,
        effects=block.effects,
        method=block.method,
    )


def _first(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    return pd.concat([pd.Series(name, frame.index, name="weights"), frame], axis=1)


def _stacked(frames: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame({"weights": []})

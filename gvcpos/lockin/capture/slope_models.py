"""The regression of capture on position in one stage: least squares, or a spatial Durbin panel with weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd

from gvcpos._core.labels import align
from gvcpos._core.options import CovarianceType, choose
from gvcpos.lockin.common.regression import PanelErrors, twoway
from gvcpos.lockin.common.sample import complete_countries, complete_rows, require_size, stage_frame
from gvcpos.lockin.common.scope import just_these

if TYPE_CHECKING:
    from gvcpos.spatial import Weights

SlopeKind = Literal["coefficient", "direct", "total"]


@dataclass(frozen=True, eq=False)
class SlopeModel:
    """What is regressed on what, and how.

    Attributes
    ----------
    capture : str
        The dependent column.
    regressors : tuple of str
        The first is the position, whose slope it is.
    weights : Weights or None
        With them a spatial Durbin panel, without them least squares.
    slope : {"coefficient", "direct", "total"}
        Which slope of the Durbin model.
    errors : {"clustered", "driscoll-kraay"}
        Of least squares.
    cov_type : CovarianceType
        Of the Durbin model.
    exclude : tuple of str
        Countries left out; see `gvcpos.lockin.common.sample.stage_frame`.
    """

    capture: str
    regressors: tuple[str, ...]
    weights: Weights | None = None
    slope: SlopeKind = "coefficient"
    errors: PanelErrors = "clustered"
    exclude: tuple[str, ...] = ()
    cov_type: CovarianceType = "cluster-entity"

    def __post_init__(self) -> None:
        if self.weights is not None:
            from gvcpos.spatial import Weights

            object.__setattr__(self, "weights", Weights.of(self.weights, "weights"))
        choose(self.slope, SlopeKind, "slope")
        choose(self.errors, PanelErrors, "errors")
        choose(self.cov_type, CovarianceType, "cov_type")

    @property
    def text(self) -> str:
        """The regression in words."""
        return f"{self.capture} on {', '.join(self.regressors)}" if self.regressors else self.capture


@dataclass(frozen=True, eq=False)
class StageFit:
    """The slope of one stage.

    Attributes
    ----------
    stage : str
    model : {"ols", "sdm"}
    kind : str
        Which slope: coefficient, direct effect or total effect.
    slope, std_error : float
    df : float or None
        Of t: clusters less one, or None for the normal distribution where errors are taken as independent.
    nobs, ncountries : int
    frames : mapping of str to DataFrame
        ``coefficients``; ``within`` (country, year, position and capture with the means of countries and years taken
        out: the variation the slope rests on); for the Durbin model ``effects``.
    """

    stage: str
    model: str
    kind: str
    slope: float
    std_error: float
    df: float | None
    nobs: int
    ncountries: int
    frames: Mapping[str, pd.DataFrame]


def stage_sample(panel: pd.DataFrame, stage: str, model: SlopeModel) -> tuple[pd.DataFrame, Weights | None]:
    """Return the sample of a stage, and the weights of just its countries, in its order.

    With weights the sample is balanced. Countries that lack values leave both, with a warning; countries that one has
    and the other does not are an error.
    """
    what, weights = f"{stage}: {model.text}", model.weights
    frame = stage_frame(panel, stage, [model.capture, *model.regressors], model.exclude)
    if weights is not None:
        align(weights.ids, _countries(frame), "the weights", f"the panel ({stage})")
    frame = complete_rows(frame, what) if weights is None else complete_countries(frame, what)
    if weights is not None:
        weights = just_these(weights, _countries(frame))
    require_size(frame, len(model.regressors), what)
    return frame, weights


def fit_stage(panel: pd.DataFrame, stage: str, model: SlopeModel) -> StageFit:
    """Fit the model to one stage, with country and year effects."""
    frame, weights = stage_sample(panel, stage, model)
    if weights is not None:
        return _durbin(frame, stage, model, weights)
    position = model.regressors[0]
    fit = twoway(frame, model.capture, model.regressors, errors=model.errors, what=f"{stage}: capture on position")
    return StageFit(
        stage=stage,
        model="ols",
        kind="coefficient",
        slope=float(fit.params[position]),
        std_error=float(fit.std_errors[position]),
        df=fit.df,
        nobs=fit.nobs,
        ncountries=fit.ncountries,
        frames={"coefficients": fit.to_frame(), "within": _within(frame, model)},
    )


def _durbin(frame: pd.DataFrame, stage: str, model: SlopeModel, weights: Weights) -> StageFit:
    from gvcpos.spatial import SpatialPanel

    panel = SpatialPanel(frame[model.capture], frame[list(model.regressors)], weights, model="sdm", effects="twoway")
    fit = panel.fit(model.cov_type)
    effects = fit.effects()
    coefficients = pd.DataFrame({"estimate": fit.params, "std_error": fit.std_errors, "statistic": fit.tstats})
    position = model.regressors[0]
    table = coefficients if model.slope == "coefficient" else effects.loc[model.slope]
    return StageFit(
        stage=stage,
        model="sdm",
        kind=model.slope if model.slope == "coefficient" else f"{model.slope} effect",
        slope=float(table["estimate"][position]),
        std_error=float(table["std_error"][position]),
        df=_degrees(model.cov_type, weights.n, len(frame) // weights.n),
        nobs=len(frame),
        ncountries=weights.n,
        frames={
            "coefficients": coefficients.rename_axis("regressor").reset_index(),
            "effects": effects.reset_index(),
            "within": _within(frame, model),
        },
    )


def _degrees(cov_type: str, countries: int, years: int) -> float | None:
    """Clusters less one; of two ways the fewer."""
    clusters = {"cluster-entity": countries, "cluster-twoway": min(countries, years)}
    clusters |= {"cluster-time": years, "driscoll-kraay": years}
    return clusters[cov_type] - 1.0 if cov_type in clusters else None


def _within(frame: pd.DataFrame, model: SlopeModel) -> pd.DataFrame:
    """Take the means of countries and years out of position and capture, gaps in the panel allowed for."""
    from linearmodels.panel.data import PanelData

    columns = [model.regressors[0], model.capture]
    return PanelData(frame[columns]).demean("both").dataframe.loc[frame.index, columns].reset_index()


def _countries(frame: pd.DataFrame) -> list[str]:
    return [str(c) for c in dict.fromkeys(frame.index.get_level_values("country"))]

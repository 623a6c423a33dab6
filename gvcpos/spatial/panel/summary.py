"""The summary of a fitted panel: rows made in one place, laid out as text in another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gvcpos.spatial.panel.inference.clustered import resolved_bandwidth
from gvcpos.spatial.panel.inputs.period_checks import changing
from gvcpos.spatial.panel.ml import approximation
from gvcpos.spatial.weights.periods import PeriodWeights, islands_by_period

if TYPE_CHECKING:
    from gvcpos.spatial.panel.model import SpatialPanel
    from gvcpos.spatial.panel.results import SpatialPanelResults

MODELS = {
    "sdm": "Spatial Durbin model",
    "sar": "Spatial lag model",
    "sem": "Spatial error model",
    "slx": "Model with spatially lagged regressors",
    "sdem": "Spatial Durbin error model",
    "sac": "Spatial lag and error model",
    "gns": "General nesting spatial model",
}
EFFECTS = {
    "none": "none (pooled)",
    "entity": "fixed by entity",
    "time": "fixed by time",
    "twoway": "fixed by entity and time",
    "random": "random by entity",
    "random-time": "random by entity, fixed by time",
}
METHODS = {"lee-yu": "Lee-Yu transformation", "direct": "direct likelihood"}


@dataclass(frozen=True)
class SummaryRows:
    """What a summary says.

    Attributes
    ----------
    title : str
    facts : tuple of (name, value)
    header : tuple of str
    coefficients : tuple of rows, a name and numbers as text
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    header: tuple[str, ...]
    coefficients: tuple[tuple[str, ...], ...]


def rows(result: SpatialPanelResults) -> SummaryRows:
    """Make the rows of the summary."""
    model, t = result.model, result.model.transformation
    method = "maximum likelihood" if model.effects == "none" or model.random else METHODS[model.method]
    if t.lee_yu and t.entity and changing(model):
        restricted = "restricted likelihood, effects transformed away"
        method = restricted if model.features.error else "likelihood with its score set right for entity effects"
    facts = (
        ("Dependent variable", model.data.y_name),
        ("Effects", EFFECTS[model.effects]),
        ("Estimator", method),
        ("Covariance", covariance(result.cov_type, t.periods, result.bandwidth)),
        *((("P-values, intervals", "likelihood ratio"),) if result.by_likelihood else ()),
        ("Weights", model.weights.description or model.weights.kind),
        ("Entities x periods", f"{t.units} x {t.periods}"),
        *_islands(model),
        *model.left_out.facts,
        ("Observations", str(result.nobs)),
        ("In the likelihood", str(result.nobs_effective)),
        ("Log-likelihood", f"{result.loglik:.4f}"),
        *approximation.facts(result),
        ("AIC", f"{result.aic:.4f}"),
        ("BIC", f"{result.bic:.4f}"),
        ("sigma2", f"{result.sigma2:.6g}"),
        *_random(result),
        ("R2", f"{result.rsquared:.4f}"),
        ("R2 within", f"{result.rsquared_within:.4f}"),
        ("Squared correlation", f"{result.corr_squared:.4f}"),
    )
    frame = result.to_frame()
    numbers = zip(frame.index, frame.to_numpy(), strict=True)
    body = tuple((str(name), *_numbers(tuple(values))) for name, values in numbers)
    header = ("", "Parameter", "Std. err.", "T-stat", "P-value", "Lower CI", "Upper CI")
    return SummaryRows(MODELS[model.model], facts, header, body)


def _random(result: SpatialPanelResults) -> tuple[tuple[str, str], ...]:
    """Variance and kind of the random effects, where there are any."""
    variance = getattr(result, "sigma2_mu", None)
    if variance is None:
        return ()
    through = result.model.choices.random_error == "kkp"
    kind = "through the spatial error (KKP)" if through else "beside the error (Baltagi)"
    return ("sigma2_mu", f"{variance:.6g}"), ("Random effects", kind)


def covariance(cov_type: str, periods: int, bandwidth: int | None) -> str:
    """Say which covariance it is, with the kernel where it has one."""
    if cov_type != "driscoll-kraay":
        return cov_type
    return f"{cov_type}, Bartlett kernel with {resolved_bandwidth(periods, bandwidth)} lags"


def _islands(model: SpatialPanel) -> tuple[tuple[str, str], ...]:
    """Say which units have no neighbours in some period."""
    found = islands_by_period(model.weights) if isinstance(model.weights, PeriodWeights) else ""
    return (("Without neighbours", found),) if found else ()


def _numbers(values: tuple[float, ...]) -> tuple[str, ...]:
    estimate, error, tstat, pvalue, lower, upper = values
    return (f"{estimate:.5g}", f"{error:.5g}", f"{tstat:.4f}", f"{pvalue:.4f}", f"{lower:.5g}", f"{upper:.5g}")


def as_text(content: SummaryRows) -> str:
    """Lay the rows out as plain text."""
    table = (content.header, *content.coefficients)
    widths = [max(len(row[j]) for row in table) for j in range(len(content.header))]
    lines = [_line(row, widths) for row in table]
    rule = "-" * len(lines[0])
    longest = max(len(name) for name, _ in content.facts)
    facts = [f"{name.ljust(longest)}  {value}" for name, value in content.facts]
    return "\n".join([content.title, rule, *facts, rule, lines[0], rule, *lines[1:], rule])


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    """First cell to the left, the others to the right."""
    cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
    return "  ".join([row[0].ljust(widths[0]), *cells[1:]])

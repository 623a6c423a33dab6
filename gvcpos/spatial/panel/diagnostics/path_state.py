"""What a specification path knows on its way: the panel, the findings so far, and the fits that steps share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gvcpos._core.errors import GvcposError
from gvcpos.spatial.panel.diagnostics.tests import PanelTest, undefined
from gvcpos.spatial.panel.inputs.period_checks import changing
from gvcpos.spatial.panel.random.clustered import defined

if TYPE_CHECKING:
    from gvcpos.spatial.panel.model import SpatialPanel
    from gvcpos.spatial.panel.results import SpatialPanelResults


@dataclass(frozen=True)
class Decision:
    """What one step decided.

    Attributes
    ----------
    step : str
    question : str
    decision : str
    reason : str
        What in the tests led to it.
    alternatives : str
        Against what it was held.
    contradictions : tuple of str
        What in this step, or between it and earlier ones, points elsewhere.
    tests : tuple of PanelTest
    """

    step: str
    question: str
    decision: str
    reason: str
    alternatives: str
    contradictions: tuple[str, ...]
    tests: tuple[PanelTest, ...]


@dataclass
class State:
    """What the path has found so far.

    Attributes
    ----------
    panel : SpatialPanel
        The data, weights and choices; its effects are those the user began with.
    alpha : float
        Level of every test.
    cov_type : str
        Covariance of the Wald tests.
    hold_effects : bool
        Whether the effects stay as they are, whatever tests say.
    effects : str
        As decided so far.
    model : str
        As decided so far; the Durbin model until it is restricted.
    pointed : str
        What the LM tests point to: "sar", "sem", "both" or "none"; empty before they are made.
    """

    panel: SpatialPanel
    alpha: float
    cov_type: str
    hold_effects: bool
    effects: str
    model: str = "sdm"
    pointed: str = ""
    _fits: dict[tuple[str, str], SpatialPanelResults] = field(default_factory=dict)

    def specified(self, model: str, effects: str | None = None) -> SpatialPanel:
        """Return the panel with another model, and the effects decided so far or others."""
        chosen = self.effects if effects is None else effects
        through = model in {"sem", "sdem", "sac", "gns"} and chosen.startswith("random")
        error = self.panel.choices.random_error if through else "baltagi"
        return self.panel.respecified(model, effects=chosen, random_error=error)  # type: ignore[arg-type]

    def fitted(self, model: str, effects: str | None = None) -> SpatialPanelResults:
        """Fit a model once."""
        key = (model, self.effects if effects is None else effects)
        if key not in self._fits:
            panel = self.specified(*key)
            self._fits[key] = panel.fit(self._covariance(panel))  # type: ignore[arg-type]
        return self._fits[key]

    def compared(self, model: str) -> SpatialPanelResults:
        """Fit a model for its aic and bic: directly where weights change and entity effects are transformed away.

        The likelihoods of a lag and of an error model are then not those of the same data; direct ones always are.
        """
        if not (changing(self.panel) and self.effects in {"entity", "twoway"} and self.panel.method == "lee-yu"):
            return self.fitted(model)
        if (key := (f"{model}, direct", self.effects)) not in self._fits:
            self._fits[key] = self.specified(model).respecified(method="direct").fit()
        return self._fits[key]

    def _covariance(self, panel: SpatialPanel) -> str:
        """The covariance of the path, or the sandwich where random effects have not got it."""
        has = defined(panel.features, kkp=panel.choices.random_error == "kkp")
        return self.cov_type if not panel.random or self.cov_type in has else "sandwich"

    def rejects(self, test: PanelTest) -> bool | None:
        """Whether a test rejects at the path's level; None if it is not defined."""
        return None if test.pvalue != test.pvalue else bool(test.pvalue < self.alpha)


def asked(name: str, null: str, ask: Callable[[], PanelTest]) -> PanelTest:
    """Make a test, or the row that says why there is none."""
    try:
        return ask()
    except GvcposError as error:
        return undefined(name, null, str(error))


def shown(test: PanelTest) -> str:
    """Name and p-value of a test."""
    if test.pvalue != test.pvalue:
        return f"{test.name} not defined"
    return f"{test.name} p {'< 0.0001' if test.pvalue < 0.0001 else f'= {test.pvalue:.4f}'}"

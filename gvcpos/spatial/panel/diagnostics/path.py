"""specification_path: the usual sequence of tests from a regression to a spatial panel model, with its reasons.

Where weights change over time criteria compare direct likelihoods, and a test that needs one W is a row that says so.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels, unique
from gvcpos._core.options import CovarianceType, choose
from gvcpos.spatial.panel.diagnostics.path_state import Decision, State
from gvcpos.spatial.panel.diagnostics.path_steps import STEPS
from gvcpos.spatial.panel.model import SpatialPanel

if TYPE_CHECKING:
    from gvcpos.spatial.panel.results import SpatialPanelResults
    from gvcpos.spatial.weights import Weights

ORDER = tuple(STEPS)


@dataclass(frozen=True)
class SpecificationPath:
    """What a specification path found.

    Attributes
    ----------
    decisions : tuple of Decision
        One a step, in the order taken.
    model, effects : str
        What was decided.
    result : SpatialPanelResults
        The model decided upon, fitted.
    alpha : float
        Level of every test.
    """

    decisions: tuple[Decision, ...]
    model: str
    effects: str
    result: SpatialPanelResults
    alpha: float

    @property
    def decision(self) -> str:
        """The model and effects decided upon, in words."""
        return f"{self.model} with {self.effects} effects"

    @property
    def steps(self) -> pd.DataFrame:
        """One row a step: step, question, decision, reason, alternatives, contradictions."""
        return pd.DataFrame(
            [
                {
                    "step": one.step,
                    "question": one.question,
                    "decision": one.decision,
                    "reason": one.reason,
                    "alternatives": one.alternatives,
                    "contradictions": "; ".join(one.contradictions),
                }
                for one in self.decisions
            ]
        )

    @property
    def tests(self) -> pd.DataFrame:
        """One row a test: step, name, null, statistic, distribution, df, pvalue, rejected, sentence."""
        rows = [
            {
                "step": one.step,
                "name": test.name,
                "null": test.null,
                "statistic": test.statistic,
                "distribution": test.distribution,
                "df": test.df,
                "pvalue": test.pvalue,
                "rejected": bool(test.pvalue < self.alpha),
                "sentence": test.sentence,
            }
            for one in self.decisions
            for test in one.tests
        ]
        names = ["step", "name", "null", "statistic", "distribution", "df", "pvalue", "rejected", "sentence"]
        return pd.DataFrame(rows, columns=names)

    @property
    def contradictions(self) -> tuple[str, ...]:
        """Everything that points elsewhere, with the step that found it."""
        return tuple(f"{one.step}: {what}" for one in self.decisions for what in one.contradictions)

    @property
    def text(self) -> str:
        """The path to read: question, decision, reason and contradictions of each step."""
        lines = [f"Specification path, tests at {100 * self.alpha:g} %", ""]
        for place, one in enumerate(self.decisions, 1):
            lines.append(f"{place}. {one.question}")
            lines += _wrapped("   -> ", f"{one.decision[:1].upper()}{one.decision[1:]}.")
            lines += _wrapped("   why: ", one.reason)
            lines += _wrapped("   against: ", f"{one.alternatives}.")
            for what in one.contradictions:
                lines += _wrapped("   ! ", f"{what}.")
        lines += ["", f"Decision: {self.decision}."]
        count = len(self.contradictions)
        lines.append("Nothing contradicts it." if count == 0 else f"Contradictions on the way: {count}, marked !.")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<SpecificationPath: {self.decision}, {len(self.contradictions)} contradictions>"


def specification_path(
    panel: SpatialPanel | str,
    data: pd.DataFrame | None = None,
    W: Weights | None = None,
    *,
    alpha: float = 0.05,
    order: Sequence[str] = ORDER,
    cov_type: CovarianceType = "information",
    hold_effects: bool = False,
    **choices: Any,
) -> SpecificationPath:
    """Go the usual way from a regression to a spatial panel model, and say at each step what is decided and why.

    Moran's I of the regression's residuals; LM and robust LM tests on the chosen effects; likelihood ratios for entity
    and time effects; Hausman's test; the Durbin model; Wald and LR tests of it against the lag, the error and the SLX
    model; information criteria and posterior probabilities; direct and indirect effects.

    Parameters
    ----------
    panel : SpatialPanel or str
        Data, weights and choices; its `model` plays no part. Or a formula, for `data` and `W`.
    data, W : DataFrame and Weights, optional
        With a formula; see `SpatialPanel.from_formula`.
    alpha : float
        Level of every test, between 0 and 1.
    order : sequence of {"moran", "lm", "effects", "hausman", "durbin", "restrict", "criteria", "impacts"}
        Steps to take, in this order; each works with what those before it decided.
    cov_type : str
        Covariance of the Wald tests and the result; random effects that have no such one fall back to "sandwich".
    hold_effects : bool
        Whether to keep the effects of the panel whatever the tests say.
    **choices
        With a formula: effects, method, entity, time and the like; see `SpatialPanel.from_formula`.

    Returns
    -------
    SpecificationPath

    Raises
    ------
    InputError
        If a step is not known or given twice, alpha is not a level, or a formula lacks its data.

    Notes
    -----
    Rules: the effects whose scaled (Bartlett) LR rejects are kept, random ones where the robust Hausman test does not
    reject. The Durbin model is left for a smaller one only if neither Wald nor LR rejects that, and, for a lag or an
    error, the LM tests do not point to the other; among several the lowest bic decides. What disagrees is in
    `contradictions`. Tests follow each other on the same data: the level of the whole path is not `alpha`.
    """
    if not 0.0 < alpha < 1.0:
        raise InputError(f"alpha={alpha} is not a level between 0 and 1.")
    names = unique(order, "order")
    unknown = [name for name in names if name not in STEPS]
    if unknown or not names:
        raise InputError(f"order names {enumerate_labels(unknown) or 'no step'}. Allowed: {enumerate_labels(ORDER)}.")
    choose(cov_type, CovarianceType, "cov_type")
    start = _panel(panel, data, W, choices)
    state = State(start, alpha, cov_type, hold_effects, start.effects)
    decisions = tuple(STEPS[name](state) for name in names)
    return SpecificationPath(decisions, state.model, state.effects, state.fitted(state.model), alpha)


def _panel(panel: SpatialPanel | str, data: pd.DataFrame | None, W: Weights | None, choices: dict[str, Any]) -> Any:
    """Return the panel, made from a formula if need be."""
    if isinstance(panel, str):
        if data is None or W is None:
            raise InputError("a formula needs data and W; or give a SpatialPanel.")
        return _panel(SpatialPanel.from_formula(panel, data, W, **choices), None, None, {})
    if data is not None or W is not None or choices:
        given = [name for name, value in (("data", data), ("W", W)) if value is not None] + list(choices)
        raise InputError(f"a SpatialPanel has its own {enumerate_labels(given)}; give them with a formula only.")
    return panel


def _wrapped(mark: str, text: str) -> list[str]:
    return textwrap.wrap(text, 110, initial_indent=mark, subsequent_indent=" " * len(mark))

"""What a fitted panel can be asked about itself: the methods that `SpatialPanelResults` inherits."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, cast

import pandas as pd

from gvcpos._core.errors import SizeWarning
from gvcpos.spatial.panel.diagnostics import conditional, specification
from gvcpos.spatial.panel.diagnostics.residual_methods import ResidualMethods, collinearity
from gvcpos.spatial.panel.diagnostics.serial import serial_tests
from gvcpos.spatial.panel.diagnostics.tests import PanelTest, Question, answers
from gvcpos.spatial.panel.inputs.period_checks import refuse_transformed
from gvcpos.spatial.panel.ml import modes
from gvcpos.spatial.panel.random import diagnostics as random_diagnostics

if TYPE_CHECKING:
    from gvcpos.spatial.panel.random.results import RandomPanelResults
    from gvcpos.spatial.panel.results import SpatialPanelResults


class DiagnosticMethods(ResidualMethods):
    """Tests and measures of a fitted panel."""

    def wald(self, against: str, *, draws: int | None = None, seed: int = 0) -> PanelTest:
        """Wald test of this model against a nested one.

        Parameters
        ----------
        against : str
            Within sdm: sar (theta = 0), sem (theta + rho beta = 0), slx (rho = 0). Within sdem: sem, slx. Within sac:
            sar, sem. Within gns: sdm, sdem, sac, sar, sem, slx.
        draws, seed : int, optional
            How many samples are drawn under the null for the p-value, with the covariance under the null; 0 for
            chi-squared. By default 199 within sac and gns with one W for lag and error, where chi-squared rejects a
            true null in up to 8 and in 8 to 21 % of samples; else, and for a large sparse W, which would take minutes,
            0. See `drawn_wald`.

        Raises
        ------
        InputError
            If `against` is not nested in this model, or samples are asked for where they are not defined.

        Warns
        -----
        SizeWarning
            If the p-value is chi-squared where that is no guide.
        """
        return specification.wald_against(_result(self), against, draws, seed)

    def lr(self, against: str) -> PanelTest:
        """Likelihood-ratio test of this model against a nested one on the same data, effects and method; as `wald`.

        Raises
        ------
        InputError
            If `against` is not nested in this model.
        """
        return specification.lr_against(_result(self), against)

    def lm_conditional(self) -> tuple[PanelTest, ...]:
        """LM tests of the spatial lag or error that this model lacks, given the one it has (`conditional`)."""
        result = _result(self)
        model, found = result.model, result.estimate
        refuse_transformed(model, "lm_conditional")
        if model.random:
            estimate = cast("RandomPanelResults", result).estimate
            kkp = model.choices.random_error == "kkp"
            return random_diagnostics.conditional_lm(model.arrays, model.features, estimate, kkp=kkp)
        return conditional.conditional_lm(model.arrays, model.features, found.rho, found.lam)

    def lr_effects(self) -> tuple[PanelTest, ...]:
        """Likelihood-ratio tests of entity effects, of time effects and of both; see `effect_tests`."""
        return _result(self).model.lr_effects()

    def serial_correlation(self) -> tuple[PanelTest, ...]:
        """Tests of serial correlation of the innovations; see `serial`, and `random_diagnostics` for random effects."""
        result = _result(self)
        if result.model.random:
            estimate = cast("RandomPanelResults", result).estimate
            return (random_diagnostics.serial_lm(estimate, kkp=result.model.choices.random_error == "kkp"),)
        return serial_tests(result.estimate.resids, result.model.transformation)

    def modes_report(self) -> str:
        """Say which maxima the likelihood has, and whether the choice between them is close."""
        return modes.report(_result(self).modes)

    def influence(self, *, exact: bool = False) -> pd.DataFrame:
        """Change of every parameter when one unit is left out; see `influence.influence`."""
        from gvcpos.spatial.panel.diagnostics.influence import influence

        return influence(_result(self), exact=exact)

    def diagnostics(self, *, unit_roots: bool = True) -> pd.DataFrame:
        """All tests in one frame.

        Parameters
        ----------
        unit_roots : bool
            Whether to add the CIPS tests, whose distribution is simulated (about a second).

        Returns
        -------
        DataFrame
            Index: name of the test; columns null, statistic, distribution, df, pvalue, sentence. A test that is not
            defined here is a row without numbers whose sentence says why; vif and modes are measures without a
            p-value.
        """
        result = _result(self)
        roots = result.model.unit_root() if unit_roots else ()
        return specification.tests_frame([*answers(_questions(result)), *roots])


def _result(asked: DiagnosticMethods) -> SpatialPanelResults:
    return cast("SpatialPanelResults", asked)


def _questions(result: SpatialPanelResults) -> list[Question]:
    """Everything to ask: a name and a null should it fail, and what gives the tests."""
    model = result.model
    out: list[Question] = []
    if model.random:
        random = cast("RandomPanelResults", result)
        out += [
            ("lr_random", "no random effects", lambda: (random.lr_random(),)),
            ("lm_random", "no random effects", lambda: (random.lm_random(),)),
            ("hausman", "random effects are consistent", lambda: (random.hausman(),)),
        ]
    out += [
        ("lm", "no spatial lag or error", model.lm_tests),
        ("lm_conditional", "nothing is missing", result.lm_conditional),
    ]
    for against in specification.nested(model.model):
        for kind, test in (("wald", lambda name: _noted(result, name)), ("lr", result.lr)):
            name = f"{kind}_{model.model}_{against}"
            out.append((name, f"the model is {against}", lambda test=test, against=against: (test(against),)))  # type: ignore[misc]
    if model.effects in {"none", "random"}:
        out.append(("bsk", "no error components", lambda: model.component_tests(conditional=True)))
    if not model.random:
        out += [
            ("lr_effects", "no effects", result.lr_effects),
            ("cross_section", "no cross-sectional dependence", result.cross_section),
            ("jarque_bera", "innovations are normal", lambda: (result.normality(),)),
        ]
    out += [
        ("serial", "no serial correlation", result.serial_correlation),
        ("measures", "", lambda: _measures(result)),
    ]
    return out


def _noted(result: SpatialPanelResults, against: str) -> PanelTest:
    """Wald test whose note, in a table, says what the warning would."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SizeWarning)
        return result.wald(against)


def _measures(result: SpatialPanelResults) -> tuple[PanelTest, ...]:
    """The largest variance inflation factor, and how many maxima the likelihood has."""
    found = result.modes
    said = " ".join(line.strip() for line in modes.report(found).splitlines())
    return (
        collinearity(result),
        PanelTest("modes", "a measure: maxima of the likelihood", float(len(found)), "", 0, float("nan"), said),
    )

"""What a fitted dynamic panel can be asked about itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.options import BiasCorrection
from gvcpos.spatial.panel.diagnostics.influence import changes, cut, step, without_unit
from gvcpos.spatial.panel.diagnostics.residual_methods import ResidualMethods, collinearity
from gvcpos.spatial.panel.diagnostics.specification import tests_frame
from gvcpos.spatial.panel.diagnostics.tests import PanelTest, Question, answers, normal_test
from gvcpos.spatial.panel.dynamics.serial import serial_test

if TYPE_CHECKING:
    from gvcpos.spatial.panel.dynamics.model import DynamicSpatialPanel
    from gvcpos.spatial.panel.dynamics.results import DynamicResults

Array = npt.NDArray[np.float64]


class DynamicDiagnosticMethods(ResidualMethods):
    """Tests and measures of a fitted dynamic panel."""

    def serial_correlation(self) -> PanelTest:
        """Durbin's test of first-order serial correlation; under it tau and eta are inconsistent. See `serial`."""
        return serial_test(_result(self))

    def influence(self, *, exact: bool = False) -> pd.DataFrame:
        """Change of every parameter when one unit is left out, its past and W's row and column with it.

        Parameters
        ----------
        exact : bool
            Whether every smaller panel is fitted with the same correction; else one Newton step is taken from the
            maximum of the likelihood, whose change is nearly that of the corrected estimates, as a unit hardly changes
            the bias.

        Returns
        -------
        DataFrame
            As of static panels: unit, the change of each parameter in its standard errors, distance, note.

        Raises
        ------
        InputError
            If three units would be too few to leave one out.
        """
        result = _result(self)

        def change(unit: str) -> Array:
            """Return what leaving a unit out does to the parameters."""
            smaller = without(result.model, unit)
            if not exact:
                return step(result.uncorrected, smaller)
            found = smaller.fit(correction=cast(BiasCorrection, result.correction))
            return found.params.to_numpy(float) - result.params.to_numpy(float)

        return changes(result, change)

    def diagnostics(self, *, unit_roots: bool = True) -> pd.DataFrame:
        """All tests in one frame.

        Parameters
        ----------
        unit_roots : bool
            Whether to add the CIPS tests, whose distribution is simulated (about a second).

        Returns
        -------
        DataFrame
            Index: name of the test; columns null, statistic, distribution, df, pvalue, sentence. Wald tests of the
            dynamic terms and of tau + rho + eta = 1, the tests of `cross_section`, Moran's I of every year
            (``moran_2010``), serial correlation, normality; stability and vif are measures without a p-value. A test
            that is not defined here is a row without numbers whose sentence says why.
        """
        result = _result(self)
        roots = result.model.unit_root() if unit_roots else ()
        return tests_frame([*answers(_questions(result)), *roots])


def without(model: DynamicSpatialPanel, unit: str) -> DynamicSpatialPanel:
    """Return the same model on the panel without one unit.

    Raises
    ------
    InputError
        If a unit has no other neighbour, or the panel is too small.
    """
    part, changed = cut(model.data, model.choices, unit)
    keep = np.array([one != unit for one in model.weights.ids])
    past = without_unit(model.given.past_weights, unit)
    given = replace(model.given, panel=part, y0=model.given.y0[keep], past_weights=past)
    return model.respecified(data=given, **changed)


def _result(asked: DynamicDiagnosticMethods) -> DynamicResults:
    return cast("DynamicResults", asked)


def _questions(result: DynamicResults) -> list[Question]:
    """Everything to ask: a name and a null should it fail, and what gives the tests."""
    out: list[Question] = []
    terms = result.model.terms
    for names in [[name] for name in terms] + ([list(terms)] if len(terms) > 1 else []):
        name = f"wald_{'_'.join(names)}"
        out.append((name, f"{', '.join(names)} = 0", lambda name=name, names=names: (_named(result, name, names),)))  # type: ignore[misc]
    return [
        *out,
        ("stability", "shocks fade", lambda: _stability(result)),
        ("cross_section", "no cross-sectional dependence", result.cross_section),
        ("moran_by_year", "residuals are not spatially autocorrelated", lambda: _yearly(result)),
        ("serial_durbin", "innovations are not serially correlated", lambda: (result.serial_correlation(),)),
        ("jarque_bera", "innovations are normal", lambda: (result.normality(),)),
        ("vif", "a measure: collinearity after the effects", lambda: (collinearity(result),)),
    ]


def _named(result: DynamicResults, name: str, names: list[str]) -> PanelTest:
    return replace(result.wald(names), name=name)


def _stability(result: DynamicResults) -> tuple[PanelTest, ...]:
    """The spectral radius, and the Wald test that shocks to all units never fade."""
    found = result.stability
    said = "The dynamics die out" if found.stable else "The dynamics do not die out"
    note = f"{said}: the spectral radius is {found.radius:.4g}."
    measure = PanelTest(
        "stability", "a measure: spectral radius of the dynamics", found.radius, "", 0, float("nan"), note
    )
    return measure, found.unit_sum


def _yearly(result: DynamicResults) -> list[PanelTest]:
    """Moran's I of the innovations of every period, by its moments over permutations."""
    frame = result.moran_by_year(permutations=0)
    time = str(result.resids.index.names[1])
    return [
        normal_test(f"moran_{year}", f"residuals of {year} are not spatially autocorrelated", z)
        for year, z in zip(frame[time], frame["z_rand"].to_numpy(float), strict=True)
    ]

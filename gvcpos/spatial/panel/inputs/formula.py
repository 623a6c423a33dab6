"""From a formula and a long frame to y and X on (entity, time), with lag(...) and W(...)."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gvcpos._core.errors import DroppedRowsWarning, InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos._core.options import SpatialModel
from gvcpos.spatial.panel.dynamics.initial import check_spacing
from gvcpos.spatial.panel.inputs.recipe import Recipe, recipe_of
from gvcpos.spatial.panel.inputs.rows import indexed
from gvcpos.spatial.panel.inputs.terms import LAG, SPATIAL, Special, read

_WITH_LAGS: dict[str, SpatialModel] = {"sar": "sdm", "sem": "sdem", "sac": "gns"}


@dataclass(frozen=True)
class Evaluated:
    """A formula brought to columns.

    Attributes
    ----------
    y : Series
    X : DataFrame
        Without the constant, lag(y) and spatial lags.
    intercept : bool
        Whether the formula has a constant.
    dynamic : {"none", "time", "space", "space-time"}
        Which of lag(y) and W(lag(y)) it has.
    lagged : tuple of str
        Columns of X for which it has W(...); empty where it says nothing of spatial lags.
    recipe : Recipe
        What brings new data to the columns of X.
    """

    y: pd.Series
    X: pd.DataFrame
    intercept: bool
    dynamic: str
    lagged: tuple[str, ...]
    recipe: Recipe

    def refuse_dynamic(self, formula: str) -> None:
        """Refuse a formula with lag(y) or W(lag(y)) for a static model.

        Raises
        ------
        InputError
        """
        if self.dynamic != "none":
            raise InputError(
                f"formula {formula!r} has the past of {self.y.name}: a dynamic model, whose fixed effects bias it. "
                "DynamicSpatialPanel.from_formula takes it and corrects the bias."
            )

    def specified(self, model: SpatialModel, not_lagged: Sequence[str]) -> tuple[SpatialModel, tuple[str, ...]]:
        """Return the model and the regressors without spatial lag that W(x) in the formula asks for.

        With W(x) only regressors so named are lagged, and sar, sem and sac become sdm, sdem and gns.

        Raises
        ------
        InputError
            If `not_lagged` is given too.
        """
        if not self.lagged:
            return model, tuple(not_lagged)
        if not_lagged:
            raise InputError("the formula says with W(x) which regressors are lagged: leave not_lagged out.")
        return _WITH_LAGS.get(model, model), tuple(str(name) for name in self.X.columns if name not in self.lagged)


def evaluate(formula: str, data: pd.DataFrame, entity: str, time: str) -> Evaluated:
    """Evaluate a formula with formulaic, which sees the data, its own functions and ``lag`` alone.

    Parameters
    ----------
    formula : str
        ``lag(x)`` is x one period before in the same entity, ``lag(x, 2)`` two; ``W(x)`` asks for a spatial lag of x.
    data : DataFrame
        On a two-level index, or with the columns `entity` and `time`.
    entity, time : str

    Raises
    ------
    InputError
        If columns are absent, the formula has no or more than one left side or cannot be evaluated, or W or lag is
        used where it has no meaning.

    Warns
    -----
    DroppedRowsWarning
        If the first periods are left out because ``lag(x)`` has no value there.
    """
    from formulaic import Formula, model_matrix
    from formulaic.errors import FormulaicError

    frame = indexed(data, entity, time)
    plain = frame.reset_index(drop=True)  # the rows of the index are checked later, with better messages
    try:
        parsed = Formula(formula)
        special = _special(formula, parsed)
        _refuse_hidden(special, plain.columns)
        context = {LAG: _lag(frame.index, special), SPATIAL: lambda values: values}
        sides = model_matrix(parsed, plain, context=context, na_action="ignore")
    except FormulaicError as error:
        raise InputError(f"formula {formula!r}: {error} Columns: {enumerate_labels(data.columns, 20)}.") from error
    if sides.lhs.shape[1] != 1:
        raise InputError(f"formula {formula!r}: one variable is needed left of '~'.")
    y, X = pd.DataFrame(sides.lhs).iloc[:, 0], pd.DataFrame(sides.rhs)
    y.index = X.index = frame.index
    intercept = "Intercept" in X.columns
    X = X.drop(columns=["Intercept", *special.drop], errors="ignore")
    _refuse_alone(special, X.columns)
    kept = _kept(frame.index, special)
    recipe = recipe_of(sides.rhs.model_spec, (*special.drop, *special.back), entity, time)
    return Evaluated(y[kept], X[kept], intercept, special.dynamic, special.lagged, recipe)


def _special(formula: str, parsed: object) -> Special:
    """Read lag(...) and W(...) from the terms."""
    sides = (getattr(parsed, "lhs", None), getattr(parsed, "rhs", None))
    if sides[0] is None or sides[1] is None or len(list(sides[0])) != 1:
        raise InputError(f"formula {formula!r}: one variable is needed left of '~'.")
    target = next(iter(sides[0]))
    return read(str(target), [tuple(factor.expr for factor in term.factors) for term in sides[1]])


def _refuse_hidden(special: Special, columns: pd.Index) -> None:
    hidden = [name for name in special.uses if name in columns]
    if hidden:
        raise InputError(
            f"the data have a column {hidden[0]!r}, which hides {hidden[0]}(...) of the formula. Rename it."
        )


def _refuse_alone(special: Special, columns: pd.Index) -> None:
    """W(x) needs x: the effects of x are made of both coefficients."""
    alone = [name for name in special.lagged if name not in columns]
    if alone:
        raise InputError(
            f"W({alone[0]}) without {alone[0]}: effects are made of both coefficients. Add {alone[0]} to the formula "
            f"as a numeric term of the same spelling; it has {enumerate_labels(columns, 20)}."
        )


def _lag(index: pd.Index, special: Special) -> Callable[..., pd.Series]:
    """Make the function that lags values within entities; it is given rows in the order of `index`."""
    if LAG not in special.uses:
        return lambda values, periods=1: values
    times = sorted(set(index.get_level_values(1)))
    check_spacing(times)
    before = dict(zip(times[1:], times[:-1], strict=True))
    rows = [(str(entity), time) for entity, time in index]
    place = {row: i for i, row in enumerate(rows)}
    previous = np.array([place.get((entity, before.get(time)), -1) for entity, time in rows], dtype=np.intp)

    def lag(values: pd.Series, periods: int = 1) -> pd.Series:
        out = pd.Series(values).reset_index(drop=True)
        for _ in range(periods):
            out = out.iloc[np.maximum(previous, 0)].reset_index(drop=True).where(previous >= 0)
        return out

    return lag


def _kept(index: pd.Index, special: Special) -> np.ndarray:
    """Rows that stay: a dynamic model's first period is its past and needs no regressors."""
    times = sorted(set(index.get_level_values(1)))
    gone = times[: max(special.depth - (special.dynamic != "none"), 0)]
    if not gone:
        return np.ones(len(index), dtype=bool)
    kept = ~index.get_level_values(1).isin(gone)
    warnings.warn(
        f"{int((~kept).sum())} rows left out: lag(...) has no value in {enumerate_labels(gone)}.",
        DroppedRowsWarning,
        stacklevel=4,
    )
    return np.asarray(kept)

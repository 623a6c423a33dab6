"""From a formula and a long frame to y and X on (entity, time)."""

from __future__ import annotations

import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels


def design(formula: str, data: pd.DataFrame, entity: str, time: str) -> tuple[pd.Series, pd.DataFrame, bool]:
    """Evaluate a formula.

    Parameters
    ----------
    formula : str
    data : DataFrame
        On a two-level index, or with the columns `entity` and `time`.
    entity, time : str

    Returns
    -------
    y : Series
    X : DataFrame
        Without the constant.
    intercept : bool
        Whether the formula has a constant.

    Raises
    ------
    InputError
        If columns are absent, or the formula has no or more than one left side or cannot be evaluated.
    """
    from formulaic import model_matrix
    from formulaic.errors import FormulaicError

    frame = indexed(data, entity, time)
    plain = frame.reset_index(drop=True)  # the rows of the index are checked later, with better messages
    try:
        sides = model_matrix(formula, plain, na_action="ignore")
    except FormulaicError as error:
        raise InputError(f"formula {formula!r}: {error} Columns: {enumerate_labels(data.columns, 20)}.") from error
    if not hasattr(sides, "lhs") or sides.lhs.shape[1] != 1:
        raise InputError(f"formula {formula!r}: one variable is needed left of '~'.")
    y, X = pd.DataFrame(sides.lhs).iloc[:, 0], pd.DataFrame(sides.rhs)
    intercept = "Intercept" in X.columns
    y.index = X.index = frame.index
    return y, X.drop(columns="Intercept", errors="ignore"), intercept


def indexed(data: pd.DataFrame, entity: str, time: str) -> pd.DataFrame:
    """Return `data` on the index (entity, time).

    Raises
    ------
    InputError
        If it has neither such an index nor such columns.
    """
    if isinstance(data.index, pd.MultiIndex) and data.index.nlevels == 2:
        return data
    absent = [name for name in (entity, time) if name not in data.columns]
    if absent:
        raise InputError(
            f"the data have no column {' and no column '.join(map(repr, absent))} and no two-level index. "
            f"Say entity=..., time=...; columns: {enumerate_labels(data.columns, 20)}."
        )
    return data.set_index([entity, time])

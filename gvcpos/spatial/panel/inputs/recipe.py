"""A formula kept with the model: new data are brought to the columns of the fit as its own data were."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos.spatial.panel.inputs.rows import indexed


@dataclass(frozen=True)
class Recipe:
    """The right side of a formula without lag(...) and W(...), with what its terms learned from the data.

    Means that are subtracted, levels of categories and knots of splines are those of the fit.

    Attributes
    ----------
    spec : formulaic.ModelSpec
    entity, time : str
        Columns that name the rows where the index does not.
    """

    spec: Any
    entity: str
    time: str

    def completed(self, data: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
        """Return new data on the index (entity, time), with the columns of those names that the formula gives.

        Parameters
        ----------
        data : DataFrame
            The variables of the formula; a column under the name of a term is taken as it is.
        names : sequence of str
            Columns of the model.

        Raises
        ------
        InputError
            If a variable of the formula is absent, or a category is none of the fit.
        """
        frame = indexed(data, self.entity, self.time)
        absent = {name for name in names if name not in frame.columns}
        terms = [term for term, where in self.spec.term_slices.items() if absent & set(self.spec.column_names[where])]
        if not terms:
            return frame
        made = self._made(frame, self.spec.subset(terms))
        made.index = frame.index
        return frame.assign(**{name: made[name] for name in names if name in absent and name in made.columns})

    def _made(self, frame: pd.DataFrame, spec: Any) -> pd.DataFrame:
        """Evaluate some terms on new data."""
        from formulaic.errors import DataMismatchWarning, FormulaicError

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", DataMismatchWarning)
                return pd.DataFrame(spec.get_model_matrix(frame.reset_index(drop=True)))
        except (FormulaicError, DataMismatchWarning) as error:
            needed = [str(name) for name in spec.required_variables if name not in frame.columns]
            why = f"it lacks {enumerate_labels(sorted(needed))}" if needed else str(error)
            terms = enumerate_labels(str(term) for term in spec.terms)
            raise InputError(
                f"X cannot be brought to the terms {terms} of the formula: {why}. Give the variables of the formula, "
                "or the terms evaluated under their names."
            ) from error


def recipe_of(spec: Any, without: Sequence[str], entity: str, time: str) -> Recipe:
    """Keep a right side without the terms `without` and those that look at another period.

    Parameters
    ----------
    spec : formulaic.ModelSpec
        Of the evaluated right side.
    without : sequence of str
        Terms that are no columns of the model, as ``W(x)``, or need other rows, as ``lag(x)``.
    entity, time : str
    """
    kept = [term for term in spec.terms if ":".join(factor.expr for factor in term.factors) not in set(without)]
    return Recipe(spec.subset(kept), entity, time)

"""Covariates of a study with errors: the columns of its files drawn, the variables made of them anew."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from gvcpos._core.errors import EstimationError, FilledWarning, InputError, SpecificationError
from gvcpos._core.labels import enumerate_labels
from gvcpos.study.covariates import add_covariates
from gvcpos.study.inputs import Inputs
from gvcpos.study.spec import CovariatesBlock, UncertaintyBlock
from gvcpos.uncertainty import Covariates

Files = tuple[tuple[CovariatesBlock | None, pd.DataFrame], ...]


@dataclass(frozen=True, eq=False)
class DrawnFiles:
    """Files of covariates, and how wrong which of their columns are.

    Attributes
    ----------
    files : tuple of (CovariatesBlock or None, DataFrame)
    errors : tuple of mapping
        File by file: column to its relative error, or to the column of its standard errors.
    cells : DataFrame
        country, year: for which variables are made.
    """

    files: Files
    errors: tuple[Mapping[str, float | str], ...]
    cells: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def frame(self) -> pd.DataFrame:
        """The variables as published."""
        return self._made(self.files)

    def drawn(self, rng: np.random.Generator) -> pd.DataFrame:
        """Return the variables made of drawn columns.

        Raises
        ------
        EstimationError
            If a drawn value has no place in a transformation, as a logarithm of what is not positive.
        """
        pairs = zip(self.files, self.errors, strict=True)
        drawn = tuple((b, Covariates(f, e).drawn(rng) if e else f) for (b, f), e in pairs)
        try:
            return self._made(drawn)
        except InputError as error:
            raise EstimationError(f"drawn covariates: {error}") from error

    def _made(self, files: Files) -> pd.DataFrame:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FilledWarning)  # told with the published data
            return add_covariates(self.cells, files, ())[0]


def drawn_files(block: UncertaintyBlock, inputs: Inputs) -> DrawnFiles | None:
    """Find the columns behind the variables that have errors; None where the study has no covariates.

    Raises
    ------
    SpecificationError
        If a variable is none of the study's, or one column would have two errors.
    InputError
        If a column of standard errors is not there, or has negative ones.
    """
    errors: list[dict[str, float | str]] = []
    known: list[str] = []
    for covariates, frame in inputs.covariates:
        rules = {} if covariates is None else covariates.variables
        columns = {name: how.column for name, how in rules.items()}
        columns = columns or {c: c for c in frame.columns if c not in ("country", "year")}
        known += columns
        errors.append(_of_file(block, columns))
        Covariates(frame.drop_duplicates(["country", "year"]), errors[-1])
    unknown = [name for name in block.covariates if name not in known]
    if unknown:
        raise SpecificationError(
            f"uncertainty.covariates: {enumerate_labels(unknown)} not among the study's variables "
            f"({enumerate_labels(known, 40) if known else 'it has none'})."
        )
    return DrawnFiles(inputs.covariates, tuple(errors)) if inputs.covariates else None


def _of_file(block: UncertaintyBlock, columns: Mapping[str, str]) -> dict[str, float | str]:
    out: dict[str, float | str] = {}
    for name, column in columns.items():
        if name not in block.covariates:
            continue
        given = block.covariates[name]
        size = given if isinstance(given, str) else float(str(given))
        if out.setdefault(column, size) != size:
            raise SpecificationError(
                f"uncertainty.covariates: {name} and another variable are made of {column}, with two errors. Give one."
            )
    return out
